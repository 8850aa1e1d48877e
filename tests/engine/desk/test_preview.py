"""A preview says what an order would do, and does nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from engine.desk import Desk
from engine.errors import ConflictError, InvalidError, NotFoundError, PapertapeError
from engine.vocabulary import IntentAction, TradingState
from tests.support.memory_desks import memory_desk

BUY, SELL, SHORT = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG, IntentAction.OPEN_SHORT
FIRST = UUID(int=7)

ORDERS = {
    "opened": (BUY, "GOOG", 2, 10.0),
    "scaled": (BUY, "IBM", 1, 30.0),
    "closed": (SELL, "IBM", 5, 25.0),
    "beyond the cash": (BUY, "GOOG", 2_000, 10.0),
}
REFUSED = {
    "UNSUPPORTED_ACTION": (SHORT, "GOOG", 1, 10.0),
    "INVALID_FILL_PRICE": (BUY, "GOOG", 1, -1.0),
    "INVALID_QUANTITY": (BUY, "GOOG", float("inf"), 1.0),
    "INVALID_INTENT": (BUY, " ", 1, 1.0),
    "NO_POSITION": (SELL, "GOOG", 1, 1.0),
    "PARTIAL_CLOSE_NOT_SUPPORTED": (SELL, "IBM", 1, 1.0),
}


@pytest.fixture
def desk() -> Desk:
    made = memory_desk()
    made.trading.order(BUY, "IBM", 5, 20.0, intent_id=FIRST)
    made.accounts.set_policy({"fee_bps": "10", "max_order_notional": "50000"})
    return made


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_it_is_what_the_order_then_does(desk: Desk, order: tuple[IntentAction, str, float, float]) -> None:
    before, head = desk.accounts.state(), desk.journal.head()
    seen = desk.trading.preview(*order)
    assert desk.accounts.state() == before
    assert desk.journal.head() == head
    done = desk.trading.order(*order)
    after = desk.accounts.state()
    assert (seen.success, seen.error, seen.error_code) == (done.success, done.error, done.error_code)
    assert (seen.position_action, seen.policy) == (done.position_action, done.policy)
    assert (seen.cash_before, seen.cash_after) == (before.cash, after.cash)
    assert seen.realized_pnl == after.realized_pnl - before.realized_pnl
    assert seen.position_before == before.positions.get(order[1])
    now = after.positions.get(order[1])
    assert (seen.position_after is None) == (now is None)
    if seen.position_after is not None and now is not None:  # the time of opening is the order's own
        assert seen.position_after.quantity == now.quantity
        assert seen.position_after.avg_price == now.avg_price
    assert seen.notional == order[2] * order[3]
    assert seen.fees == (done.fees if done.success else 0.001 * seen.notional)


@pytest.mark.parametrize(("code", "order"), REFUSED.items(), ids=REFUSED)
def test_the_broker_s_refusals_are_raised(desk: Desk, code: str, order: tuple[IntentAction, str, float, float]) -> None:
    with pytest.raises(InvalidError) as preview:
        desk.trading.preview(*order)
    with pytest.raises(InvalidError) as real:
        desk.trading.order(*order)
    assert preview.value.code == code
    assert preview.value.sentence == real.value.sentence


def test_the_kill_switch_refuses_by_its_rule(desk: Desk) -> None:
    desk.accounts.set_trading_state(TradingState.HALTED)
    seen = desk.trading.preview(BUY, "GOOG", 1, 10.0)
    assert not seen.success
    assert seen.error_code == "POLICY_REJECTED"
    assert seen.policy["rule"] == "trading_state"
    assert seen.cash_after == seen.cash_before


@pytest.mark.parametrize(
    ("order", "code"),
    [((BUY, "IBM", 5, 99.0), "ALREADY_EXECUTED"), ((BUY, "IBM", 6, 20.0), "INTENT_ID_REUSED")],
)
def test_an_id_that_was_executed_names_its_first_order(
    desk: Desk, order: tuple[IntentAction, str, float, float], code: str
) -> None:
    with pytest.raises(ConflictError) as refused:
        desk.trading.preview(*order, intent_id=FIRST)
    assert refused.value.code == code
    assert refused.value.details["first_order"]["correlation_id"] == str(FIRST)


def test_a_default_workspace_is_not_made_by_looking() -> None:
    desk = memory_desk()
    assert desk.trading.preview(BUY, "GOOG", 1, 10.0).cash_before == 10_000.0
    assert desk.accounts.all() == []
    with pytest.raises(NotFoundError) as refused:
        desk.trading.preview(BUY, "GOOG", 1, 10.0, workspace="nobody")
    assert isinstance(refused.value, PapertapeError)
    assert refused.value.code == "WORKSPACE_NOT_FOUND"
