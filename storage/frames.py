"""pandas frames: bars from a frame, trades and events as one. pandas is imported only when one of these is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.account.ledger import Trade
from engine.desk.accounts import TradeView
from engine.desk.journal import EventView
from engine.errors import DataError, InvalidError
from engine.market.bars import Bars, Dataset
from engine.market.sessions import zone
from engine.symbols import check_symbol
from engine.validation import StrictModel
from storage.frame_columns import frame_layout, frame_table
from storage.market_files import rules
from storage.market_files.faults import KEPT, FaultLog
from storage.market_files.loading import bars_by_symbol, warnings_of
from storage.market_files.reading import Reading
from storage.market_files.table import SymbolCodes
from storage.system import Clock, wall_clock

if TYPE_CHECKING:
    import pandas as pd

NAME = "the frame"
_TIMES = frozenset({"ts", "recorded_at", "entry_ts", "exit_ts"})
_TYPES = dict.fromkeys(("quantity", "price", "entry_price", "exit_price", "fees", "pnl"), "float64") | {"seq": "int64"}


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
    newest_first = rules.check(table, layout, log)
    if symbol is not None and layout.symbol is not None:
        for name, row in list(table.first_rows().items()):
            if name != symbol:
                log.add(row, f"{name!r} is not {symbol!r}; name none to read every symbol", layout.symbol)
    return Reading(log, "", table, newest_first)
