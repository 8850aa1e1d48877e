"""pandas frames: bars from a frame, trades and events as one. pandas is imported only when one of these is called."""

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
from engine.market.sessions import MICROS_PER_SECOND, zone
from engine.symbols import check_symbol, quoted
from engine.validation import StrictModel
from storage.market_files.layout import FIGURES, TIME_NAMES, Layout, is_time, read_layout
from storage.market_files.loading import bars_by_symbol, warnings_of
from storage.market_files.reading import Reading, check_rules
from storage.market_files.table import KEPT, UNREADABLE, FaultLog, OffsetArray, SymbolCodes, Table
from storage.market_files.values import EARLIEST, LATEST, read_stamp
from storage.system import Clock, wall_clock

if TYPE_CHECKING:
    import pandas as pd

    Columns = Mapping[int, pd.Series[Any]]

NAME = "the frame"
_TIMES = frozenset({"ts", "recorded_at", "entry_ts", "exit_ts"})
_TYPES = dict.fromkeys(("quantity", "price", "entry_price", "exit_price", "fees", "pnl"), "float64") | {"seq": "int64"}
_MICROS_OF = {"s": (MICROS_PER_SECOND, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}


def dataset_from_frame(
    frame: pd.DataFrame, symbol: str | None = None, session_tz: str = "UTC", clock: Clock = wall_clock
) -> Dataset:
    """The bars of a frame, under the rules of data files; its rows are counted from 1.

    The columns are those of a file: a time (or an index of times), `open`, `high`, `low`, `close`, `volume`, perhaps
    `symbol`; others are left alone. Times without a zone are UTC. `symbol` names what a frame without that column
    holds; a frame with it must then hold that one alone. The dataset's `sha256` is of its bars. `clock` is only asked
    whether the last session is over, for a warning.

    DataError lists what is wrong with the frame; InvalidError says that a symbol or a zone cannot be one.
    """
    _check_frame(frame)
    zone(session_tz)
    _check_named(symbol)
    reading = _read(frame, symbol)
    if reading.log.count:
        raise _refused(reading.log)
    bars = bars_by_symbol([reading], None, session_tz)
    warnings = warnings_of([reading], bars, session_tz, clock())
    return Dataset(bars, session_tz, _digest(bars), (NAME,), warnings)


def trades_frame(trades: Iterable[TradeView | Trade]) -> pd.DataFrame:
    """A frame with a row for each trade; the columns are the fields of `TradeView`, times are UTC."""
    return _frame_of(TradeView, [TradeView.of(trade) if isinstance(trade, Trade) else trade for trade in trades])


def events_frame(events: Iterable[EventView]) -> pd.DataFrame:
    """A frame with a row for each event; the columns are those of `EventView`, times are UTC, payloads are dicts."""
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
    """The sha256 of the bars, the same however their frame was made."""
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
    found = frame_layout(frame, log)
    if found is None:
        return Reading(log, "")
    layout, columns = found
    if layout.symbol is None and symbol is None:
        log.add(0, "has no symbol column; name the symbol it holds: dataset_from_frame(frame, symbol='AAPL')")
        return Reading(log, "")
    table = frame_table(columns, layout, SymbolCodes(symbol if layout.symbol is None else None), log)
    newest_first = check_rules(table, layout, log)
    if symbol is not None and layout.symbol is not None:
        for name, row in list(table.first_rows().items()):
            if name != symbol:
                log.add(row, f"{name!r} is not {symbol!r}; name none to read every symbol", layout.symbol)
    return Reading(log, "", table, newest_first)


def frame_layout(frame: pd.DataFrame, log: FaultLog) -> tuple[Layout, Columns] | None:
    """The layout of a frame and its columns by place; None with the faults in the log.

    An index is the first column, unless it only counts the rows; one without a name of its own holds the times where no
    column is called as a time.
    """
    if _has_levels(frame, log):
        return None
    named = _columns(frame)
    columns = {place: column for place, (_, column) in enumerate(named)}
    layout = read_layout([name for name, _ in named], log, lambda place: _holds_times(columns[place]))
    if layout is None or not _types_fit(columns, layout, log):
        return None
    return layout, columns


def _has_levels(frame: pd.DataFrame, log: FaultLog) -> bool:
    """Whether columns, or the index that is to hold the times, have several levels; logged as a fault."""
    if frame.columns.nlevels > 1:
        log.add(0, f"the columns are a MultiIndex ({_levels(frame.columns)}); {_one_level(frame)}")
    elif frame.index.nlevels > 1 and not any(str(name).lower() in TIME_NAMES for name in frame.columns):
        log.add(0, f"the index is a MultiIndex ({_levels(frame.index)}); call reset_index() on the frame")
    return bool(log.count)


def _levels(axis: pd.Index[Any]) -> str:
    return ", ".join(str(name or "unnamed") for name in axis.names)


def _one_level(frame: pd.DataFrame) -> str:
    columns = frame.columns
    if "Ticker" in columns.names:
        ticker = columns.get_level_values("Ticker")[0] if len(columns) else ""
        return f"yfinance gives them so: take one ticker with frame.xs({ticker!r}, axis=1, level='Ticker')"
    return "keep one level of names: frame.columns = frame.columns.get_level_values(0)"


def _columns(frame: pd.DataFrame) -> list[tuple[str, pd.Series[Any]]]:
    """Names and columns; the index comes first, unless it only counts the rows."""
    import pandas as pd  # noqa: PLC0415 - slow to import, and few need it

    columns = [(str(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)]
    if not isinstance(frame.index, (pd.RangeIndex, pd.MultiIndex)):
        name = str(frame.index.name or "")
        columns.insert(0, (name if name.lower() in TIME_NAMES else "", pd.Series(frame.index)))
    return columns


def _holds_times(column: pd.Series[Any]) -> bool:
    return column.dtype.kind == "M" or (len(column) > 0 and is_time(_time_text(column.iloc[0])))


def _types_fit(columns: Columns, layout: Layout, log: FaultLog) -> bool:
    """Whether the figures are numbers; a fault is logged for each column that holds something else."""
    for place, name in zip(layout.figures, FIGURES, strict=True):
        if columns[place].dtype.kind not in "iuf":
            log.add(0, f"is of type {columns[place].dtype}; the {name} is an integer or a float", place)
    return not log.count


def frame_table(columns: Columns, layout: Layout, symbols: SymbolCodes, log: FaultLog) -> Table:
    """Every row of a frame; values that cannot be read are logged, with NaN or UNREADABLE in their place."""
    count = len(columns[layout.times[0]])
    opening, high, low, close, volume = (_figures(columns[place], place, log) for place in layout.figures)
    codes = np.zeros(count, np.int64)
    if layout.symbol is not None:
        codes = _codes(columns[layout.symbol], layout.symbol, symbols, log)
    ts, offsets = _times(columns, layout.times, log)
    rows, zone = np.arange(1, count + 1), _zone_name(columns[layout.times[0]])
    said = offsets if offsets.any() else None
    return Table(rows, ts, codes, (opening, high, low, close, volume), symbols.names, said, zone)


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


def _zone_name(column: pd.Series[Any]) -> str:
    """The zone of a column of times; empty if it has none."""
    return str(getattr(column.dtype, "tz", None) or "")


def _times(columns: Columns, places: tuple[int, ...], log: FaultLog) -> tuple[IntArray, OffsetArray]:
    """Each row's time in UTC microseconds, UNREADABLE where there is a fault, and its offset in minutes.

    A date and a time are joined.
    """
    empty = [columns[place].isna().to_numpy(np.bool_) for place in places]
    for place, nulls in zip(places, empty, strict=True):
        log.add_rows(_rows(nulls), place, lambda _: "is empty")
    missing: BoolArray = np.logical_or.reduce(empty)
    if len(places) == 1 and columns[places[0]].dtype.kind == "M":
        column = columns[places[0]]
        return _stored_times(column, places[0], missing, log), _stored_offsets(column, missing)
    parts = [columns[place].tolist() for place in places]
    ts, offsets = np.full(len(missing), UNREADABLE, np.int64), np.zeros(len(missing), np.int16)
    for i in np.flatnonzero(~missing).tolist():
        try:
            ts[i], offsets[i] = read_stamp("T".join(_time_text(part[i]) for part in parts))
        except ValueError as error:
            log.add(i + 1, str(error), places[0])
    return ts, offsets


def _stored_offsets(column: pd.Series[Any], missing: BoolArray) -> OffsetArray:
    """How many minutes the clocks of a column's zone are ahead of UTC; zeros for a column without one."""
    if column.dt.tz is None:
        return np.zeros(len(column), np.int16)
    ahead = (column.dt.tz_localize(None) - column.dt.tz_convert(None)).dt.total_seconds().to_numpy()
    return (np.where(missing, 0, ahead) // 60).astype(np.int16)


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
    """A cell as a file would write it."""
    if isinstance(value, datetime):
        whole_day = value.tzinfo is None and value.time() == time.min
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, float):
        return format(Decimal(repr(float(value))), "f").removesuffix(".0")
    return str(value).strip(" \t")


def _rows(wrong: BoolArray) -> IntArray:
    """The numbers of the rows that a mask names."""
    return np.flatnonzero(wrong) + 1
