"""An account as callers see it: `PaperState` and `PaperPosition`, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.account.arithmetic import total
from engine.account.ledger import Holding, Ledger
from engine.market.sessions import day_to_date, from_micros
from engine.validation import StrictModel

DRIFT_IGNORES = frozenset({"marks", "last_seq", "last_event_at", "reconciled_at"})


class PaperPosition(StrictModel):
    """What is held in one symbol; `market_value` and `unrealized_pnl` are at the mark, in the account's currency."""

    symbol: str
    quantity: float
    avg_price: float
    opened_at: datetime
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
    last_closed_at: dict[str, datetime]
    orders_count: int
    trades_count: int
    last_seq: int
    last_event_at: datetime | None
    reconciled_at: datetime | None
    marks: dict[str, float]


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


def drift(old: Account, new: Account) -> dict[str, list[Any]]:
    """Field to `[old, new]` for every field of the fold that differs, bit for bit; positions field by field."""
    before, after = _comparable(old), _comparable(new)
    fields = [*before, *(name for name in after if name not in before)]
    return {
        name: [before.get(name), after.get(name)]
        for name in fields
        if name not in DRIFT_IGNORES and before.get(name) != after.get(name)
    }


def _comparable(account: Account) -> dict[str, Any]:
    ledger = account.ledger
    flat: dict[str, Any] = {
        "starting_equity": ledger.starting_equity,
        "cash": ledger.cash,
        "realized_pnl": ledger.realized_pnl,
        "peak_equity": ledger.peak_equity,
        "orders_count": ledger.orders_count,
        "trades_count": ledger.trades_count,
    }
    for symbol, holding in ledger.holdings.items():
        flat[f"positions.{symbol}.quantity"] = holding.quantity
        flat[f"positions.{symbol}.avg_price"] = holding.avg_price
        flat[f"positions.{symbol}.opened_at"] = from_micros(holding.opened_at).isoformat()
        flat[f"positions.{symbol}.entry_fees"] = holding.entry_fees
    flat.update(_by(ledger.last_closed_at, "last_closed_at", lambda ts: from_micros(ts).isoformat()))
    flat.update(_by_session(ledger.realized_by_session))
    return flat


def _by(values: Mapping[str, int], name: str, shown: Any) -> dict[str, Any]:
    return {f"{name}.{key}": shown(value) for key, value in sorted(values.items())}


def _by_session(values: Mapping[int, float]) -> dict[str, float]:
    return {f"realized.{day_to_date(day).isoformat()}": value for day, value in sorted(values.items())}


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
