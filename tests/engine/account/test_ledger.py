"""A ledger's own figures, and copies of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, SELL, Fill, Ledger

UNIT = 100_000_000


def ledger() -> Ledger:
    """Holds A and B, has closed C; 2 days."""
    made = Ledger.fresh(1000.0)
    fills = [
        Fill(1, "C", BUY, UNIT, 50.0, 1.0, 10, 4),
        Fill(2, "C", SELL, UNIT, 60.0, 1.0, 20, 5),
        Fill(3, "B", BUY, 2 * UNIT, 30.0, 0.5, 30, 5),
        Fill(4, "A", BUY, 4 * UNIT, 20.0, 0.25, 40, 5),
    ]
    assert apply_fills(made, fills) == []
    return made


def test_a_fresh_account_is_worth_its_start() -> None:
    made = Ledger.fresh(250.0)
    assert made == Ledger(250.0, 250.0, 0.0, 250.0, {}, {}, {}, 0, 0, 0, None)
    assert (made.invested, made.equity_at_cost, made.session, made.realized_today) == (0.0, 250.0, None, 0.0)


def test_what_is_invested_and_what_it_is_worth() -> None:
    made = ledger()
    assert made.cash == 1000.0 - 51.0 + 59.0 - 60.5 - 80.25
    assert (made.invested, made.equity_at_cost) == (140.0, made.cash + 80.0 + 60.0)
    assert made.equity_at({"A": 25.0, "C": 1.0}) == made.cash + 100.0 + 60.0
    assert (made.session, made.realized_today) == (5, 9.0 - 0.5 - 0.25)


def put(name: str, value: float) -> Callable[[Ledger], None]:
    return lambda made: setattr(made, name, value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_an_amount_that_is_no_finite_number_is_found_wherever_it_is(value: float) -> None:
    def on_a_day(made: Ledger) -> None:
        made.realized_by_session[4] = value

    def in_a_position(made: Ledger) -> None:
        made.holdings["A"].avg_price = value

    assert ledger().is_finite
    for change in (put("cash", value), put("realized_pnl", value), put("peak_equity", value), on_a_day, in_a_position):
        made = ledger()
        change(made)
        assert not made.is_finite


def test_a_copy_is_apart_from_what_it_is_of() -> None:
    made = ledger()
    copy = made.copy()
    assert copy == made
    copy.holdings["A"].avg_price = 1.0
    copy.realized_by_session[5] = 1.0
    copy.last_closed_at["C"] = 1
    del copy.holdings["B"]
    assert made == ledger()
    copy.become(ledger())
    assert copy == made
