"""`data import`: files read, put together, adjusted and resampled, and as the content of the one to be written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import DataError, SystemFault, UsageError
from engine.market.bars import Bars, FloatArray, make_bars
from engine.market.spacing import timeframe_of
from engine.ports import Unwatched, Watch
from storage.market_files.importing.columns import TextArray
from storage.market_files.importing.joining import Joined, join
from storage.market_files.importing.opening import open_texts
from storage.market_files.importing.options import Counted, FileReport, ImportOptions
from storage.market_files.importing.reading import Part, read_text
from storage.market_files.importing.resampling import read_spacing, resample
from storage.market_files.importing.writing import check_ending, encode
from storage.market_files.sources import read_bytes


@dataclass(frozen=True, slots=True)
class ImportedSymbol:
    """One symbol of what was imported, None where nothing names it; times are UTC microseconds, both inclusive."""

    symbol: str | None
    bars: int
    first_ts: int
    last_ts: int


@dataclass(frozen=True, slots=True)
class Import:
    """The content of the file to be written, and what was done to get it: a report a file, and what was computed."""

    content: bytes
    sha256: str
    timeframe: str
    bar_count: int
    symbols: tuple[ImportedSymbol, ...]
    files: tuple[FileReport, ...]
    computed: tuple[Counted, ...]


def import_files(paths: Sequence[Path], to: Path, options: ImportOptions, watch: Watch | None = None) -> Import:
    """What `to` will hold: the bars of the files, in the form that papertape reads. Nothing is written.

    Raises DataError with the faults of a file, UsageError for options that do not fit, NotFoundError for a missing
    file, EXTRA_MISSING where Parquet needs pyarrow, SystemFault CANCELLED if `watch` stops it.
    """
    check_ending(to)
    _refuse_overwriting(paths, to)
    parts = _read_all(paths, options, watch or Unwatched())
    reports = tuple({id(part.report): part.report for part in parts}.values())
    computed: list[Counted] = []
    bars = join(parts, options)
    del parts
    if options.adjusted:
        bars = [_adjusted(one, computed) for one in bars]
    if options.timeframe:
        bars = [_resampled(one, options.timeframe, computed) for one in bars]
    content = encode(bars, to)
    symbols = tuple(ImportedSymbol(one.symbol, len(one.ts), int(one.ts[0]), int(one.ts[-1])) for one in bars)
    count = sum(symbol.bars for symbol in symbols)
    sha256 = hashlib.sha256(content).hexdigest()
    return Import(content, sha256, _timeframe(bars), count, symbols, reports, tuple(computed))


def _refuse_overwriting(paths: Sequence[Path], to: Path) -> None:
    for path in paths:
        try:
            same = path.resolve() == to.resolve() or (to.exists() and path.exists() and path.samefile(to))
        except (OSError, ValueError, RuntimeError):  # what is no path is refused when it is read
            continue
        if same:
            raise UsageError("USAGE", f"--to {to} is one of the files to be imported", hint="name another file")


def _read_all(paths: Sequence[Path], options: ImportOptions, watch: Watch) -> list[Part]:
    parts: list[Part] = []
    for done, path in enumerate(paths):
        if watch.stopped():
            raise SystemFault("CANCELLED", "the import was stopped")
        watch.advance(done, len(paths))
        for text in open_texts(str(path), read_bytes(path)):
            parts += read_text(text, options)
    watch.advance(len(paths), len(paths))
    return parts


def _adjusted(bars: Joined, computed: list[Counted]) -> Joined:
    """Open, high and low in proportion to what the adjusted close is of the close, which it takes the place of."""
    adjusted = bars.adjusted
    if adjusted is None:
        raise DataError(
            "--adjusted: there is no adjusted close",
            hint="leave --adjusted out, or name it with --column adj_close=NAME",
        )
    if not np.all(np.isfinite(adjusted) & (adjusted > 0)):
        raise DataError("--adjusted: an adjusted close is not above zero", hint="correct the file")
    opening, high, low, close, _ = bars.values
    scaled = [column * adjusted / close for column in (opening, high, low)]
    top, bottom = np.maximum(scaled[0], adjusted), np.minimum(scaled[0], adjusted)
    prices = [
        scaled[0],
        np.maximum(scaled[1], top),
        np.minimum(scaled[2], bottom),
        adjusted,
    ]  # rounding moves no high below a close
    changed = int(np.count_nonzero(adjusted != close))
    computed.append(
        Counted(changed, f"adjusted{_of(bars)}: open, high, low and close times adjusted close / close", unit="bar")
    )
    return Joined(bars.symbol, bars.ts, [*map(_decimals, prices), bars.texts[4]], [*prices, bars.values[4]], None)


def _resampled(bars: Joined, timeframe: str, computed: list[Counted]) -> Joined:
    opening, high, low, close, volume = bars.values
    made = resample(bars.ts, (opening, high, low, close, volume), read_spacing(timeframe))
    if len(made.ts) < 2:
        raise DataError(
            f"--timeframe {timeframe}: {len(made.ts)} bars{_of(bars)} are complete; at least 2 are needed",
            hint="import more data, or a shorter timeframe",
        )
    computed.append(Counted(len(bars.ts), f"resampled{_of(bars)} to {len(made.ts):,} of {timeframe}", unit="bar"))
    if made.incomplete:
        computed.append(Counted(made.incomplete, f"incomplete, of {timeframe}{_of(bars)}, left out", unit="bar"))
    return Joined(bars.symbol, made.ts, [_decimals(column) for column in made.figures], list(made.figures), None)


def _of(bars: Joined) -> str:
    return "" if bars.symbol is None else f" of {bars.symbol}"


def _decimals(values: FloatArray) -> TextArray:
    """The shortest decimals that read back as the same float64."""
    return np.array([repr(value) for value in values.tolist()], np.bytes_)


def _timeframe(bars: Sequence[Joined]) -> str:
    return timeframe_of(_bars(one) for one in bars)


def _bars(one: Joined) -> Bars:
    opening, high, low, close, volume = one.values
    return make_bars(one.symbol or "the file", one.ts, opening, high, low, close, volume, "UTC")
