"""The fast form of a fill's events says what the one builder of events says."""

from __future__ import annotations

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from engine.account.ledger import BUY, SELL, Ledger, Trade
from engine.account.state import Account
from engine.broker.paper import check, place
from engine.events import CountedStamps, EventRow, FillEvents
from engine.intents import TradeIntent
from engine.market.sessions import from_micros
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.vocabulary import IntentAction

ID = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
PRICES = st.floats(0.01, 1e6)


def comparable(row: EventRow) -> tuple[object, ...]:
    """Without the ids, of which the fast form has fewer to count, and the intent's own correlation."""
    return row._replace(event_id="", correlation_id=None, intent_id=None, order_id=None)


@given(PRICES, PRICES, st.floats(0.01, 1000), st.sampled_from(["sma_cross", 'a "quoted" é']), st.integers(1, 4_000))
def test_a_round_trip_has_the_same_events(bought: float, sold: float, quantity: float, strategy: str, day: int) -> None:
    workspace = Workspace(ID, "w", 1e12, 0, limits=Limits(fee_bps=3.0, fee_fixed=0.1))
    account, stamps = Account(ID, Ledger.fresh(1e12)), CountedStamps(ID, lambda: 7)
    slow: list[EventRow] = []
    trade: Trade | None = None
    times = [day * 86_400_000_000, (day + 3) * 86_400_000_000 + 1]
    for action, price, ts in zip((IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG), (bought, sold), times, strict=True):
        held = account.ledger.holdings.get("é.X")
        intent = TradeIntent(
            id=UUID(int=ts),
            workspace_id=ID,
            symbol="é.X",
            action=action,
            quantity=quantity if held is None else held.quantity,
            strategy_id=strategy,
            created_at=from_micros(ts),
        )
        placement = place(check(intent, price), account, workspace, ts, stamps)
        slow += placement.events[-2:]
        trade = placement.trade
    assert trade is not None
    made = FillEvents(str(ID), "p", json.dumps(strategy, ensure_ascii=False), 7)
    buy, sale = (row for row in slow if row.side in (BUY, SELL))
    opened = (buy.lots, buy.price, buy.fees, buy.ts, buy.session)
    closed = (sale.lots, sale.price, sale.fees, sale.ts, sale.session)
    of_trade = (trade.entry_ts, trade.entry_price, trade.exit_price, trade.fees, trade.pnl)
    fast = [*made.opened(1, "é.X", *opened), *made.closed(5, "é.X", *closed, of_trade)]  # type: ignore[arg-type]
    assert [comparable(row) for row in fast] == [comparable(row) for row in slow]
