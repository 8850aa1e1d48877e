"""pandas frames: bars from one, trades and events as one. pandas is imported when one of these is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.account.ledger import Trade
from engine.desk.accounts import TradeView
from engine.desk.journal import EventView
from engine.errors import DataError, InvalidError
from engine.market.bars import Bars, BoolArray, Dataset, FloatArray, IntArray
from engine.market.quality import quality_warnings
from engine.market.sessions import MICROS_PER_SECOND, zone
from engine.validation import StrictModel, check_symbol, quoted
from storage.market_files import rules
from storage.market_files.faults import KEPT, FaultLog
from storage.market_files.layout import FIGURES, Layout, read_layout
from storage.market_files.loading import bars_by_symbol
from storage.market_files.reading import Reading
from storage.market_files.table import UNREADABLE, SymbolCodes, Table
from storage.market_files.times import EARLIEST, LATEST, read_time

if TYPE_CHECKING:
    import pandas as pd

    Columns = Mapping[int, pd.Series[Any]]

NAME = "the frame"
_TIMES = frozenset({"ts", "recorded_at", "entry_ts", "exit_ts"})
_TYPES = dict.fromkeys(("quantity", "price", "entry_price", "exit_price", "fees", "pnl"), "float64") | {"seq": "int64"}
_MICROS_OF = {"s": (MICROS_PER_SECOND, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}


def dataset_from_frame(frame: pd.DataFrame, symbol: str | None = None, session_tz: str = "UTC") -> Dataset:
    """The bars of a frame, under the rules of data files; its rows are counted from 1.

    The columns are those of a file: a time (or a `DatetimeIndex`), `open`, `high`, `low`, `close`, `volume`, perhaps
    `symbol`; others are left alone. Times without a zone are UTC. `symbol` names what a frame without that column
    holds; a frame with it must then hold that one alone. The dataset's `sha256` is of its bars.

    DataError lists what is wrong with the frame; InvalidError says that a symbol or a zone cannot be one.
    """
    _check_frame(frame)
    zone(session_tz)
    _check_named(symbol)
    reading = _read(frame, symbol)
    if reading.log.count:
        raise _refused(reading.log)
    bars = bars_by_symbol([reading], None, session_tz)
    turned = (f"{NAME}: the rows are newest-first and were turned round",) if reading.newest_first else ()
    warnings = (*turned, *(warning for one in bars.values() for warning in quality_warnings(one)))
    return Dataset(bars, session_tz, _digest(bars), (NAME,), warnings)


def trades_frame(trades: Iterable[TradeView | Trade]) -> pd.DataFrame:
    """A trade a row; the columns are the fields of `TradeView`, times are UTC."""
    return _frame_of(TradeView, [TradeView.of(trade) if isinstance(trade, Trade) else trade for trade in trades])


def events_frame(events: Iterable[EventView]) -> pd.DataFrame:
    """An event a row; the columns are the fields of `EventView`, times are UTC, payloads are dicts."""
    return _frame_of(EventView, list(events))


def _frame_of(model: type[StrictModel], rows: Sequence[StrictModel]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - slow to import, and few need it

    def column(name: str) -> pd.Series[Any]:
        values = [getattr(row, name) for row in rows]
        if name in _TIMES:
            return pd.Series(values, dtype="datetime64[us, UTC]")
        return pd.Series(values, dtype=_TYPES.get(name, "object"))

    return pd.DataFrame({name: column(name) for name in model.model_fields})


def _check_frame(frame: Any) -> None:
    import pandas as pd  # noqa: PLC0415 - slow to import, and few need it

    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        raise InvalidError("INVALID_DATA", f"{kind} is not a pandas DataFrame", hint="make one: pandas.DataFrame(…)")


def _check_named(symbol: str | None) -> None:
    try:
        if symbol is not None:
            check_symbol(symbol)
    except ValueError as error:
        raise InvalidError("INVALID_DATA", f"the symbol {error}", hint="name the one that the frame holds") from error


def _refused(log: FaultLog) -> DataError:
    counted = "1 fault" if log.count == 1 else f"{log.count:,} faults"
    return DataError(
        f"{NAME}: {counted} in the data, nothing was read",
        faults=log.sentences()[:KEPT],
        fault_count=log.count,
        hint="correct the frame",
    )


def _digest(bars: Mapping[str, Bars]) -> str:
    """The same bars have the same sha256, however their frame was made."""
    sha256 = hashlib.sha256()
    for symbol, one in bars.items():
        sha256.update(f"{symbol}\0{len(one)}\0".encode())
        for column in (one.ts, one.open, one.high, one.low, one.close, one.volume):
            sha256.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
    return sha256.hexdigest()


def _read(frame: pd.DataFrame, symbol: str | None) -> Reading:
    """What came of a frame: its faults, and its rows unless its columns could not be told."""
    log = FaultLog(NAME)
    log.header_row = 0
    named = _columns(frame)
    layout = read_layout([name for name, _ in named], log)
    if layout is not None and layout.symbol is None and symbol is None:
        log.add(0, "has no symbol column; name the symbol it holds: dataset_from_frame(frame, symbol='AAPL')")
    columns = {place: column for place, (_, column) in enumerate(named)}
    if layout is None or log.count or not _types_fit(columns, layout, log):
        return Reading(log, "")
    table = _table(columns, layout, SymbolCodes(symbol if layout.symbol is None else None), log)
    newest_first = rules.check(table, layout, log)
    if symbol is not None and layout.symbol is not None:
        for name, row in list(table.first_rows().items()):
            if name != symbol:
                log.add(row, f"{name!r} is not {symbol!r}; name none to read every symbol", layout.symbol)
    return Reading(log, "", table, newest_first)


def _columns(frame: pd.DataFrame) -> list[tuple[str, pd.Series[Any]]]:
    """Names and columns; an index of times is the first."""
    import pandas as pd  # noqa: PLC0415

    columns = [(str(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)]
    if isinstance(frame.index, pd.DatetimeIndex):
        columns.insert(0, (str(frame.index.name or "ts"), pd.Series(frame.index)))
    return columns


def _types_fit(columns: Columns, layout: Layout, log: FaultLog) -> bool:
    """Whether the figures are numbers; a fault for each column that holds something else."""
    for place, name in zip(layout.figures, FIGURES, strict=True):
        if columns[place].dtype.kind not in "iuf":
            log.add(0, f"is of type {columns[place].dtype}; the {name} is an integer or a float", place)
    return not log.count


def _table(columns: Columns, layout: Layout, symbols: SymbolCodes, log: FaultLog) -> Table:
    count = len(columns[layout.times[0]])
    opening, high, low, close, volume = (_figures(columns[place], place, log) for place in layout.figures)
    codes = np.zeros(count, np.int64)
    if layout.symbol is not None:
        codes = _codes(columns[layout.symbol], layout.symbol, symbols, log)
    ts = _times(columns, layout.times, log)
    return Table(np.arange(1, count + 1), ts, codes, (opening, high, low, close, volume), symbols.names)


def _figures(column: pd.Series[Any], place: int, log: FaultLog) -> FloatArray:
    """One column as float64, NaN where there is a fault."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    log.add_rows(_rows(np.isnan(values)), place, lambda _: "is not a number (NaN)")
    log.add_rows(_rows(np.isinf(values)), place, lambda _: "is infinite")
    return np.where(np.isinf(values), np.nan, values)


def _codes(column: pd.Series[Any], place: int, symbols: SymbolCodes, log: FaultLog) -> IntArray:
    """Each row's symbol number, -1 where there is a fault."""
    import pandas as pd  # noqa: PLC0415

    index, found = pd.factorize(column)
    codes = np.full(len(found) + 1, -1, np.int64)  # the last is what a missing symbol has
    reasons = [""] * len(found) + ["is empty"]
    for which, text in enumerate(found):
        try:
            codes[which] = symbols.code(_symbol(text))
        except ValueError as error:
            reasons[which] = str(error)
    wrong = np.flatnonzero(codes[index] < 0)
    log.add_rows(wrong + 1, place, lambda i: reasons[int(index[wrong[i]])])
    numbered: IntArray = codes[index]
    return numbered


def _symbol(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(str(value))} is a {type(value).__name__}; a symbol is text")
    return value


def _times(columns: Columns, places: tuple[int, ...], log: FaultLog) -> IntArray:
    """Each row's time in UTC microseconds, UNREADABLE where there is a fault; a date and a time are joined."""
    empty = [columns[place].isna().to_numpy(np.bool_) for place in places]
    for place, nulls in zip(places, empty, strict=True):
        log.add_rows(_rows(nulls), place, lambda _: "is empty")
    missing: BoolArray = np.logical_or.reduce(empty)
    if len(places) == 1 and columns[places[0]].dtype.kind == "M":
        return _stored_times(columns[places[0]], places[0], missing, log)
    parts = [columns[place].tolist() for place in places]
    ts = np.full(len(missing), UNREADABLE, np.int64)
    for i in np.flatnonzero(~missing).tolist():
        try:
            ts[i] = read_time("T".join(_time_text(part[i]) for part in parts))
        except ValueError as error:
            log.add(i + 1, str(error), places[0])
    return ts


def _stored_times(column: pd.Series[Any], place: int, missing: BoolArray, log: FaultLog) -> IntArray:
    naive = column if column.dt.tz is None else column.dt.tz_convert(None)  # which is UTC
    stored = naive.to_numpy()
    numerator, denominator = _MICROS_OF[np.datetime_data(stored.dtype)[0]]
    counts = np.where(missing, 0, stored.astype(np.int64))
    outside = (counts < -(-EARLIEST * denominator // numerator)) | (counts > LATEST * denominator // numerator)
    finer = ~outside & (counts % denominator != 0)
    log.add_rows(_rows(outside), place, lambda _: "is outside the years 1 to 9999 (0001-01-02 to 9999-12-30 are read)")
    log.add_rows(_rows(finer), place, lambda _: "is finer than a microsecond")
    unread = missing | outside | finer
    return np.where(unread, UNREADABLE, np.where(unread, 0, counts) * numerator // denominator)


def _time_text(value: Any) -> str:
    """A cell as a file would have it."""
    if isinstance(value, datetime):
        whole_day = value.tzinfo is None and value.time() == time.min
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, float):
        return format(Decimal(repr(float(value))), "f").removesuffix(".0")
    return str(value).strip(" \t")


def _rows(wrong: BoolArray) -> IntArray:
    """The numbers of the rows that a mask names."""
    return np.flatnonzero(wrong) + 1
