"""Quantities beyond 2^53 lots, where several lots share one float: the same float is the same quantity."""

from __future__ import annotations

from uuid import UUID

import pytest

from engine.errors import ConflictError, InvalidError
from engine.intents import MAX_LOTS, to_quantity
from engine.vocabulary import IntentAction
from tests.support.memory_desks import memory_desk

PRICE = 0.000007
UNITS = 142_857_142.8571428
"""What 1,000 dollars buy at that price; its shortest decimal names a lot that its float does not."""


@pytest.mark.parametrize("units", [UNITS, 20_000_000_000.1, to_quantity(MAX_LOTS)])
def test_a_position_of_many_units_opens_and_closes_whole(units: float) -> None:
    desk = memory_desk()
    desk.accounts.create("a", 10_000_000.0)
    bought = desk.trading.order(IntentAction.OPEN_LONG, "SHIB", units, PRICE, workspace="a")
    assert (bought.success, bought.quantity_filled) == (True, units)
    sold = desk.trading.order(IntentAction.CLOSE_LONG, "SHIB", units, PRICE, workspace="a")
    assert (sold.success, sold.position_action) == (True, "closed")
    state = desk.accounts.state("a")
    assert (state.cash, state.positions) == (10_000_000.0, {})
    assert desk.accounts.reconcile("a").drift == {}


def test_the_same_float_again_is_the_same_order() -> None:
    desk = memory_desk()
    desk.accounts.create("a")
    first, second = UUID(int=1), UUID(int=2)
    # scaled in thirds, the lots held are not those that the float's shortest decimal names
    for number in range(3, 6):
        desk.trading.order(IntentAction.OPEN_LONG, "SHIB", UNITS / 3, PRICE, workspace="a", intent_id=UUID(int=number))
    held = desk.accounts.state("a").positions["SHIB"].quantity
    desk.trading.order(IntentAction.CLOSE_LONG, "SHIB", held, PRICE, workspace="a", intent_id=first)
    with pytest.raises(ConflictError) as caught:
        desk.trading.order(IntentAction.CLOSE_LONG, "SHIB", held, PRICE, workspace="a", intent_id=first)
    assert caught.value.code == "ALREADY_EXECUTED"
    desk.trading.order(IntentAction.OPEN_LONG, "SHIB", UNITS, PRICE, workspace="a", intent_id=second)
    with pytest.raises(ConflictError) as caught:
        desk.trading.order(IntentAction.OPEN_LONG, "SHIB", UNITS * 2, PRICE, workspace="a", intent_id=second)
    assert caught.value.code == "INTENT_ID_REUSED"


def test_more_than_the_most_is_refused() -> None:
    desk = memory_desk()
    desk.accounts.create("a", 1e12)
    with pytest.raises(InvalidError, match=r"not between 0.00000001 and 46116860184.27388") as caught:
        desk.trading.order(IntentAction.OPEN_LONG, "SHIB", to_quantity(MAX_LOTS) * 1.001, PRICE, workspace="a")
    assert caught.value.code == "INVALID_QUANTITY"
    desk.trading.order(IntentAction.OPEN_LONG, "SHIB", to_quantity(MAX_LOTS), PRICE, workspace="a")
    with pytest.raises(InvalidError, match=r"would exceed 2\^62 lots"):
        desk.trading.order(IntentAction.OPEN_LONG, "SHIB", 1.0, PRICE, workspace="a")
