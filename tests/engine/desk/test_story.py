"""The fills that made a position, and an account at one look."""

from __future__ import annotations

from uuid import uuid4

import pytest

from engine.desk import Desk
from engine.errors import NotFoundError
from engine.vocabulary import IntentAction
from tests.support.memory_desks import memory_desk

BUY, SELL = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG


def bought(desk: Desk, symbol: str = "GOOG") -> list[float | None]:
    return [event.quantity for event in desk.journal.story(symbol)]


def test_the_fills_since_the_position_was_last_flat_oldest_first() -> None:
    desk = memory_desk()
    for action, quantity in ((BUY, 1), (SELL, 1), (BUY, 2), (BUY, 3)):
        desk.trading.order(action, "GOOG", quantity, 10.0)
        if action is BUY:
            desk.trading.order(BUY, "IBM", 7, 10.0)
    assert bought(desk) == [2.0, 3.0]
    assert bought(desk, "IBM") == [7.0, 7.0, 7.0]
    assert bought(desk, "AAPL") == []


def test_many_fills_are_all_told() -> None:
    desk = memory_desk()
    desk.trading.order(BUY, "GOOG", 1000, 0.01)
    desk.trading.order(SELL, "GOOG", 1000, 0.01)
    for count in range(1, 251):
        desk.trading.order(BUY, "GOOG", count, 0.01)
    assert bought(desk) == [float(count) for count in range(1, 251)]


def test_after_a_reset_the_story_begins_anew_until_a_reconciliation_brings_it_back() -> None:
    desk = memory_desk()
    desk.trading.order(BUY, "GOOG", 1, 10.0)
    desk.accounts.reset(confirmed=True)
    assert bought(desk) == []
    desk.trading.order(BUY, "GOOG", 2, 10.0)
    assert bought(desk) == [2.0]
    desk.accounts.reconcile()
    assert bought(desk) == [1.0, 2.0]
    assert desk.accounts.state().positions["GOOG"].quantity == 3.0


def test_an_overview_is_of_one_moment() -> None:
    desk = memory_desk()
    desk.trading.order(BUY, "GOOG", 1, 10.0)
    other = desk.accounts.create("other")
    seen = desk.accounts.overview()
    assert seen.workspace == desk.accounts.require()
    assert seen.state == desk.accounts.state()
    assert seen.head == seen.state.last_seq == desk.journal.head(seen.workspace.id)
    assert seen.journal_head == desk.journal.head() == desk.journal.head(other.id)
    assert not seen.is_behind


@pytest.mark.parametrize("ref", [None, "nobody", uuid4()])
def test_an_overview_makes_nothing(ref: object) -> None:
    desk = memory_desk()
    with pytest.raises(NotFoundError) as refused:
        desk.accounts.overview(ref)  # type: ignore[arg-type]
    assert refused.value.code == "WORKSPACE_NOT_FOUND"
    assert desk.accounts.all() == []
