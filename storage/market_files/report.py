"""`data check`: whether a file is sound, what it holds, and the timeframe of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

from engine.market.bars import Bars, Dataset
from engine.market.sessions import is_intraday
from engine.market.spacing import timeframe_of
from engine.ports import Watch
from storage.market_files.loading import load_dataset
from storage.market_files.sources import Source, stem_symbol


def infer_timeframe(dataset: Dataset) -> str:
    """The timeframe that the most common spacing of all symbols suggests.

    Within sessions `<n>h` or `<n>m` (`<n>s` below a minute or between minutes). If the usual session has one bar:
    `daily`, `weekly`, `monthly`, `quarterly` or `yearly`. Of two spacings that are equally common, the shorter one.
    """
    return timeframe_of(dataset.bars.values())


@dataclass(frozen=True, slots=True)
class SymbolReport:
    """One symbol of a file; the times are UTC microseconds, both inclusive."""

    symbol: str
    bars: int
    sessions: int
    first_ts: int
    last_ts: int
    timeframe: str
    intraday: bool


@dataclass(frozen=True, slots=True)
class DataReport:
    """The content of a sound file, with its warnings."""

    source: str
    sha256: str
    session_tz: str
    timeframe: str
    bar_count: int
    symbols: tuple[SymbolReport, ...]
    warnings: tuple[str, ...]


def check_file(source: Source, session_tz: str = "UTC", watch: Watch | None = None) -> DataReport:
    """The content of a file. Raises what `load_dataset` raises if it is refused.

    The symbol of a file that neither has a symbol column nor is given a symbol is taken from its name
    (`AAPL_daily.csv`: AAPL).
    """
    dataset = load_dataset([source], session_tz=session_tz, watch=watch, unnamed=stem_symbol(source[1]))
    return data_report(dataset)


def data_report(dataset: Dataset) -> DataReport:
    """The report of a dataset that is already loaded."""
    return DataReport(
        source=", ".join(dataset.sources),
        sha256=dataset.sha256,
        session_tz=dataset.session_tz,
        timeframe=infer_timeframe(dataset),
        bar_count=dataset.bar_count,
        symbols=tuple(_symbol_report(bars) for bars in dataset.bars.values()),
        warnings=dataset.warnings,
    )


def _symbol_report(bars: Bars) -> SymbolReport:
    sessions = 1 + int((bars.session[1:] != bars.session[:-1]).sum())
    return SymbolReport(
        bars.symbol,
        len(bars),
        sessions,
        int(bars.ts[0]),
        int(bars.ts[-1]),
        timeframe_of([bars]),
        is_intraday(bars.session),
    )
