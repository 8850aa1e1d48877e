"""The paper broker's checks and fills, on an account in memory."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.account.state import Account
from engine.broker.paper import Placement, check, place
from engine.errors import InvalidError
from engine.intents import MAX_LOTS, IntentAction, TradeIntent, to_lots, to_quantity
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from tests.support.memory_desks import counted_stamps

ID = UUID(int=7)


def account(*fills: tuple[str, int, float], cash: float = 10_000.0) -> Account:
    """An account that bought (symbol, lots, price), without fees."""
    made = Account(ID, Ledger.fresh(cash))
    bought = [Fill(0, symbol, BUY, lots, price, 0.0, 1, 0) for symbol, lots, price in fills]
    assert apply_fills(made.ledger, bought) == []
    return made


def submit(on: Account, action: IntentAction, quantity: float, price: float, **limits: Any) -> Placement:
    workspace = Workspace(ID, "w", on.ledger.starting_equity, 0, limits=Limits(**limits))
    intent = TradeIntent(id=UUID(int=1), workspace_id=ID, symbol="X", action=action, quantity=quantity)
    return place(check(intent, price), on, workspace, 2, counted_stamps())


@pytest.mark.parametrize("lots", [9_173_021_677_453_854, MAX_LOTS - 300])
def test_a_close_sells_the_lots_that_are_held_and_pays_for_those(lots: int) -> None:
    """Beyond 2^26 units a quantity's shortest decimal may name other lots than those it came from."""
    quantity = to_quantity(lots)
    assert to_lots(quantity) != lots
    held = account(("X", lots, 1.0), cash=1e12)
    placement = submit(held, IntentAction.CLOSE_LONG, quantity, 1.5, fee_per_share=0.3)
    assert placement.fill is not None
    assert (placement.fill.lots, placement.fill.fees) == (lots, 0.3 * quantity)
    assert placement.trade is not None
    assert (placement.trade.lots, placement.trade.pnl) == (lots, (1.5 - 1.0) * quantity - 0.3 * quantity)
    assert (held.ledger.holdings, held.ledger.trades_count) == ({}, 1)
    filled = next(event for event in placement.events if event.event_type == "ORDER_FILLED")
    assert (filled.lots, filled.fees) == (lots, 0.3 * quantity)


@pytest.mark.parametrize(
    ("quantity", "price", "limits"),
    [(1.0, 1e308, {}), (1.0, 1.0, {"fee_per_share": 1e308, "fee_fixed": 1e308}), (10.0, 1.0, {"fee_per_share": 1e308})],
    ids=["cash and proceeds", "fees", "fees of ten"],
)
def test_a_close_that_makes_cash_no_finite_number_is_refused_and_changes_nothing(
    quantity: float, price: float, limits: dict[str, float]
) -> None:
    held = account(("X", to_lots(quantity), 1.0), cash=1e308)
    before = held.ledger.copy()
    with pytest.raises(InvalidError, match="makes an amount that is not finite") as caught:
        submit(held, IntentAction.CLOSE_LONG, quantity, price, **limits)
    assert caught.value.code == "INVALID_FILL_PRICE"
    assert (held.ledger, held.marks) == (before, {})
