"""An account as callers see it: `PaperState` and `PaperPosition`, and what differs between two of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.account.arithmetic import total
from engine.account.ledger import Holding, Ledger
from engine.account.session_equity import SessionEquity
from engine.market.sessions import day_to_date, from_micros, iso
from engine.numerals import table
from engine.validation import StrictModel, UtcTime


class PaperPosition(StrictModel):
    """What is held in one symbol; `market_value` and `unrealized_pnl` are at the mark, in the account's currency."""

    symbol: str
    quantity: float
    avg_price: float
    opened_at: UtcTime
    mark: float
    market_value: float
    unrealized_pnl: float


class PaperState(StrictModel):
    """An account as of `last_seq`. `equity_at_cost` values positions at their average price, `equity` at marks."""

    workspace_id: UUID
    starting_equity: float
    cash: float
    realized_pnl: float
    unrealized_pnl: float
    equity: float
    equity_at_cost: float
    positions: dict[str, PaperPosition]
    peak_equity: float
    realized_today: float
    session: date | None
    last_closed_at: dict[str, UtcTime]
    orders_count: int
    trades_count: int
    last_seq: int
    last_event_at: UtcTime | None
    reconciled_at: UtcTime | None
    marks: dict[str, float]

    def __repr__(self) -> str:
        held = f"{len(self.positions):,} position{'' if len(self.positions) == 1 else 's'}"
        return f"<PaperState of {self.workspace_id}: equity {self.equity:,.2f}, cash {self.cash:,.2f}, {held}>"

    def _repr_html_(self) -> str:
        held = [
            (one.symbol, one.quantity, one.avg_price, one.market_value, one.unrealized_pnl)
            for one in self.positions.values()
        ]
        said = f"account {self.workspace_id}: equity {self.equity:,.2f}, cash {self.cash:,.2f}"
        return table(said, held, ("symbol", "quantity", "average price", "value", "unrealized"))


class Account:
    """A workspace's ledger with what stands beside the fold: marks, and when it was last reconciled."""

    __slots__ = ("ledger", "marks", "reconciled_at", "workspace_id")

    def __init__(
        self,
        workspace_id: UUID,
        ledger: Ledger,
        marks: dict[str, float] | None = None,
        reconciled_at: int | None = None,
    ) -> None:
        self.workspace_id = workspace_id
        self.ledger = ledger
        self.marks = marks if marks is not None else {}
        self.reconciled_at = reconciled_at

    def value_at(self, marks: Mapping[str, float]) -> list[str]:
        """Set marks; one that would make an amount not finite is left out, and its symbol is returned."""
        if self._finite_at({**self.marks, **marks}):
            self.marks.update(marks)
            return []
        refused = []
        for symbol, mark in marks.items():
            if self._finite_at({**self.marks, symbol: mark}):
                self.marks[symbol] = mark
            else:
                refused.append(symbol)
        return refused

    def _finite_at(self, marks: dict[str, float]) -> bool:
        held = self.ledger.holdings.values()
        gains = ((marks.get(each.symbol, each.avg_price) - each.avg_price) * each.quantity for each in held)
        return math.isfinite(total(gains)) and math.isfinite(self.ledger.equity_at(marks))

    def position(self, symbol: str) -> PaperPosition | None:
        """What is held in a symbol, for callers to read."""
        holding = self.ledger.holdings.get(symbol)
        return None if holding is None else _position(holding, self.marks.get(symbol, holding.avg_price))

    def state(self) -> PaperState:
        """The account for callers to read."""
        ledger = self.ledger
        positions = {
            symbol: _position(holding, self.marks.get(symbol, holding.avg_price))
            for symbol, holding in ledger.holdings.items()
        }
        session = ledger.session
        return PaperState(
            workspace_id=self.workspace_id,
            starting_equity=ledger.starting_equity,
            cash=ledger.cash,
            realized_pnl=ledger.realized_pnl,
            unrealized_pnl=total(position.unrealized_pnl for position in positions.values()),
            equity=ledger.equity_at(self.marks),
            equity_at_cost=ledger.equity_at_cost,
            positions=positions,
            peak_equity=ledger.peak_equity,
            realized_today=ledger.realized_today,
            session=None if session is None else day_to_date(session),
            last_closed_at={symbol: from_micros(ts) for symbol, ts in sorted(ledger.last_closed_at.items())},
            orders_count=ledger.orders_count,
            trades_count=ledger.trades_count,
            last_seq=ledger.last_seq,
            last_event_at=_when(ledger.last_event_at),
            reconciled_at=_when(self.reconciled_at),
            marks=dict(sorted(self.marks.items())),
        )


def drift(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field of the state to `[old, new]`, for every field of two `folded` states that differs, bit for bit.

    Of fields that are maps (`positions`, `last_closed_at`, those by session) only the keys that differ are shown.
    """
    found = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    return {name: _where_they_differ(*pair) if isinstance(pair[0], dict) else pair for name, pair in found.items()}


def values_apart(found: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Each single value that a `drift` names, as `positions.GOOG.quantity`, before and after; None where it lacks.

    How far two states have drifted apart is said in these, whatever shows it.
    """
    for name, (old, new) in found.items():
        yield from _values(name, old, new)


def folded(account: Account, equity: Iterable[SessionEquity] = ()) -> dict[str, Any]:
    """The fields that fills make, as JSON has them, and the rows of equity by session, which the recording makes too.

    `entry_fees` and what is by session are not in `PaperState`.
    """
    ledger, rows = account.ledger, [(day_to_date(row.session).isoformat(), row) for row in equity]
    session = ledger.session
    return {
        "starting_equity": ledger.starting_equity,
        "cash": ledger.cash,
        "realized_pnl": ledger.realized_pnl,
        "positions": {symbol: _folded_position(holding) for symbol, holding in ledger.holdings.items()},
        "peak_equity": ledger.peak_equity,
        "realized_today": ledger.realized_today,
        "session": None if session is None else day_to_date(session).isoformat(),
        "realized_by_session": {
            day_to_date(day).isoformat(): realized for day, realized in sorted(ledger.realized_by_session.items())
        },
        "last_closed_at": {symbol: iso(ts) for symbol, ts in sorted(ledger.last_closed_at.items())},
        "orders_count": ledger.orders_count,
        "trades_count": ledger.trades_count,
        "equity_by_session": {day: row.equity for day, row in rows},
        "exposed_by_session": {day: row.is_exposed for day, row in rows},
    }


def _where_they_differ(old: dict[str, Any], new: dict[str, Any]) -> list[Any]:
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [{key: each[key] for key in keys if key in each} for each in (old, new)]


def _values(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Of two maps, one of which may lack (a position that was opened), what differs within them."""
    if not isinstance(old, dict) and not isinstance(new, dict):
        if old != new:
            yield path, old, new
        return
    before, after = old or {}, new or {}
    for key in {**before, **after}:
        yield from _values(f"{path}.{key}", before.get(key), after.get(key))


def _folded_position(holding: Holding) -> dict[str, Any]:
    return {
        "quantity": holding.quantity,
        "avg_price": holding.avg_price,
        "opened_at": iso(holding.opened_at),
        "entry_fees": holding.entry_fees,
    }


def _position(holding: Holding, mark: float) -> PaperPosition:
    return PaperPosition(
        symbol=holding.symbol,
        quantity=holding.quantity,
        avg_price=holding.avg_price,
        opened_at=from_micros(holding.opened_at),
        mark=mark,
        market_value=holding.quantity * mark,
        unrealized_pnl=(mark - holding.avg_price) * holding.quantity,
    )


def _when(ts: int | None) -> datetime | None:
    return None if ts is None else from_micros(ts)
