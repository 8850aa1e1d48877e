"""Datasets from files, each read and validated whole, then split by symbol and cut; and what `data check` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import DataError, InvalidError, SystemFault
from engine.market.bars import Bars, Dataset, IntArray, make_bars
from engine.market.quality import quality_warnings
from engine.market.sessions import is_intraday, zone
from engine.market.spacing import timeframe_of
from engine.market.zones import NOTHING_STATED, Stated
from engine.ports import Unwatched, Watch
from engine.symbols import check_symbol
from storage.market_files.importing.offering import import_hint
from storage.market_files.reading import Reading, read_source
from storage.market_files.sources import Extent, Source, digest, named_sources, read_bytes, read_extent, stem_symbol
from storage.market_files.table import KEPT, Table, read_stored_symbol, read_symbol, rows_by_symbol
from storage.system import Clock, wall_clock


def warnings_of(
    readings: Sequence[Reading], kept: Mapping[str, Bars], session_tz: str, now: int | None
) -> tuple[str, ...]:
    """Sentences of the readings and of the bars that are kept of them; `now` is the wall clock (UTC microseconds)."""
    stated = {symbol: statement for reading in readings for symbol, statement in _stated(reading, kept).items()}
    turned = [
        f"{each.log.file}: the rows are newest-first and were turned round" for each in readings if each.newest_first
    ]
    by_symbol = (
        quality_warnings(bars, session_tz, stated.get(symbol, NOTHING_STATED), now) for symbol, bars in kept.items()
    )
    return (*turned, *(warning for warnings in by_symbol for warning in warnings))


def _stated(reading: Reading, kept: Mapping[str, Bars]) -> dict[str, Stated]:
    """What the times of each kept symbol state of their zone; most files state nothing."""
    table = reading.table
    if table is None or table.offsets is None:
        return {}
    step, stated = -1 if reading.newest_first else 1, {}
    for symbol, rows in rows_by_symbol(table):
        if symbol in kept:
            ts, bars = table.ts[rows][::step], kept[symbol]
            first = int(np.searchsorted(ts, bars.ts[0]))
            stated[symbol] = Stated(table.offsets[rows][::step][first : first + len(bars)], table.zone)
    return stated


def load_dataset(
    sources: Sequence[Source],
    *,
    symbols: Sequence[str] | None = None,
    session_tz: str = "UTC",
    start: str | None = None,
    end: str | None = None,
    cut: str | None = None,
    watch: Watch | None = None,
    unnamed: str | None = None,
    stored: bool = False,
    clock: Clock = wall_clock,
) -> Dataset:
    """The bars of one or several files, each validated whole, then cut.

    `symbols` are the spec's: only these are kept, and each must be there. A lone one names the symbol of a file that
    has no symbol column and whose source names none; otherwise `unnamed` does. `start`, `end` and `cut` are `--from`,
    `--to` and `--cut`, inclusive: a date is the session of that day in `session_tz`, a time an instant. Bars before the
    cut or after the end are dropped; bars before the start stay, as the history of the window that begins there.
    `sha256` is that of a lone file's bytes as they are on disk (compressed or not); of several files, that of their hex
    digests joined in order. `stored`: the call is a run plan's own, whose symbols were accepted when it began. `clock`
    decides only whether to warn that the last session is not over.

    Raises DataError with the faults of the files, NotFoundError for a missing one, InvalidError for a time, zone or
    symbol that is not one, SystemFault CANCELLED if `watch` stops it, and EXTRA_MISSING if Parquet needs its extra.
    """
    sources = named_sources(sources)
    if not stored:
        _check_symbols([*(symbol for symbol, _ in sources), *(symbols or ()), unnamed])
    zone(session_tz)
    extent = read_extent(cut, start, end)
    only = symbols[0] if symbols is not None and len(symbols) == 1 else unnamed
    readings = _read_all(sources, only, watch or Unwatched(), read_stored_symbol if stored else read_symbol)
    bars = bars_by_symbol(readings, symbols, session_tz)
    _refuse_absent(symbols, bars, sources)
    kept = _cut(bars, extent)
    warnings = warnings_of(readings, kept, session_tz, clock())
    paths = tuple(str(path) for _, path in sources)
    whole = Dataset(kept, session_tz, digest([reading.sha256 for reading in readings]), paths, warnings)
    return _window(whole, extent)


def _check_symbols(symbols: Iterable[str | None]) -> None:
    for symbol in symbols:
        try:
            if symbol is not None:
                check_symbol(symbol)
        except ValueError as error:
            hint = "name the one that the file holds"
            raise InvalidError("INVALID_DATA", f"the symbol {error}", hint=hint) from error


def _read_all(
    sources: Sequence[Source], only: str | None, watch: Watch, symbol_of: Callable[[str], str]
) -> list[Reading]:
    """A sound reading of every file. Raises DataError with the faults of all of them."""
    progress = _Progress(watch, [path for _, path in sources])
    readings: list[Reading] = []
    for source in sources:
        raw = read_bytes(source[1])
        reading = read_source(source, raw, only, progress.at, symbol_of=symbol_of)
        if reading.log.count and reading.table is not None:
            reading.log.remedy = import_hint(raw, reading.log)
        readings.append(reading)
        progress.behind(len(raw))
    _refuse_shared_symbols(readings)
    _refuse_faults(readings)
    return readings


class _Progress:
    """Reports bytes of all files to the watch. Raises SystemFault CANCELLED when it requests a stop."""

    def __init__(self, watch: Watch, paths: Sequence[Path]) -> None:
        self._watch = watch
        self._total = sum(path.stat().st_size for path in paths if path.is_file())
        self._behind = 0

    def at(self, done: int) -> None:
        """Report `done` bytes of the current file."""
        if self._watch.stopped():
            raise SystemFault("CANCELLED", "the reading of the data was stopped")
        behind = self._behind + done
        self._watch.advance(behind, max(self._total, behind))  # a pipe has no size

    def behind(self, size: int) -> None:
        """Report that a file of `size` bytes is done."""
        self._behind += size


def _refuse_shared_symbols(readings: Sequence[Reading]) -> None:
    holders: dict[str, str] = {}
    for reading in readings:
        first_rows = {} if reading.table is None else reading.table.first_rows()
        for symbol, row in first_rows.items():
            if symbol in holders:
                reading.log.add(row, f"{symbol!r} is already in {holders[symbol]}; a symbol comes from one file")
        holders |= dict.fromkeys(first_rows, reading.log.file)


def _refuse_faults(readings: Sequence[Reading]) -> None:
    faulty = [reading.log for reading in readings if reading.log.count]
    if not faulty:
        return
    count = sum(log.count for log in faulty)
    faults = [sentence for log in faulty for sentence in log.sentences()][:KEPT]
    files = ", ".join(log.file for log in faulty)
    counted = "1 fault" if count == 1 else f"{count:,} faults"
    remedies = [log.remedy for log in faulty if log.remedy]
    raise DataError(
        f"{files}: {counted} in the data, nothing was read",
        faults=faults,
        fault_count=count,
        hint=" or ".join(["correct the file", *(f"make one that is read: {remedy}" for remedy in remedies[:1])]),
    )


def bars_by_symbol(readings: Sequence[Reading], symbols: Sequence[str] | None, session_tz: str) -> dict[str, Bars]:
    """The bars of several readings, in the order in which symbols first appear; only `symbols`, if given."""
    bars: dict[str, Bars] = {}
    for reading in readings:
        table = reading.table
        if table is None:
            continue
        for symbol, rows in rows_by_symbol(table):
            if symbols is None or symbol in symbols:
                bars[symbol] = _bars(symbol, table, rows, reading.newest_first, session_tz)
    return bars


def _bars(symbol: str, table: Table, rows: IntArray | slice, newest_first: bool, session_tz: str) -> Bars:
    step = -1 if newest_first else 1
    opening, high, low, close, volume = (np.ascontiguousarray(column[rows][::step]) for column in table.figures)
    ts = np.ascontiguousarray(table.ts[rows][::step])
    return make_bars(symbol, ts, opening, high, low, close, volume, session_tz)


def _refuse_absent(symbols: Sequence[str] | None, bars: dict[str, Bars], sources: Sequence[Source]) -> None:
    absent = [symbol for symbol in symbols or () if symbol not in bars]
    if absent:
        files = ", ".join(str(path) for _, path in sources)
        faults = [f"{files}: the spec's symbol {symbol!r} is not in the data" for symbol in absent]
        raise DataError(
            f"{files}: no bars of {', '.join(absent)}, which the spec names",
            faults=faults[:KEPT],
            fault_count=len(faults),
            hint="name a file that holds it, or take it out of the spec's symbols",
        )


def _cut(bars: dict[str, Bars], extent: Extent) -> dict[str, Bars]:
    kept = {symbol: extent.apply(one) for symbol, one in bars.items()}
    within = extent.said("cut", "end")
    faults = [
        f"{symbol!r} has {len(one)} of its {len(bars[symbol])} bars within {within}; at least 2 are needed"
        for symbol, one in kept.items()
        if len(one) < 2
    ]
    if faults:
        raise DataError(
            f"too few bars remain within {within}", faults=faults[:KEPT], fault_count=len(faults), hint="widen the cut"
        )
    return kept


def _window(dataset: Dataset, extent: Extent) -> Dataset:
    """The data as they are traded; DataError when a symbol has no bar from the start on."""
    if extent.start is None:
        return dataset
    window = dataset.window(extent.start.at)
    faults = window.untraded(window.symbols)
    if faults:
        raise DataError(
            f"there is nothing to trade within {extent.said('start', 'end')}",
            faults=faults[:KEPT],
            fault_count=len(faults),
            hint="begin earlier, or give data that go on",
        )
    return window


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
