"""An account as callers see it, and what differs between two of them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, SELL, Fill, Ledger
from engine.account.state import Account, PaperPosition, PaperState, drift, folded, values_apart
from engine.intents import LOTS_PER_UNIT

ID = UUID(int=1)
SECOND = 1_000_000
DAY = 19_000
"""2022-01-08"""


def fill(seq: int, symbol: str, side: int, units: float, price: float, fees: float = 0.0, day: int = DAY) -> Fill:
    return Fill(seq, symbol, side, round(units * LOTS_PER_UNIT), price, fees, (day * 86_400 + seq) * SECOND, day)


def account(*fills: Fill, marks: dict[str, float] | None = None) -> Account:
    made = Account(ID, Ledger.fresh(10_000.0), marks)
    assert apply_fills(made.ledger, fills) == []
    return made


def busy() -> Account:
    """Holds A (marked) and C (without a mark), has closed B on the day before, and was reconciled."""
    made = account(
        fill(1, "B", BUY, 4, 10.0, 1.0, day=DAY - 1),
        fill(2, "B", SELL, 4, 12.5, 2.0, day=DAY - 1),
        fill(3, "C", BUY, 3, 20.0, 0.5),
        fill(4, "A", BUY, 2, 10.0, 0.25),
        marks={"C2": 1.0, "A": 13.0},
    )
    made.reconciled_at = (DAY * 86_400 + 60) * SECOND
    return made


def at(seconds: int, day: int = 8) -> datetime:
    return datetime(2022, 1, day, 0, 0, seconds, tzinfo=UTC)


A = PaperPosition(
    symbol="A",
    quantity=2.0,
    avg_price=10.0,
    opened_at=at(4),
    mark=13.0,
    market_value=26.0,
    unrealized_pnl=6.0,
)
C = PaperPosition(
    symbol="C",
    quantity=3.0,
    avg_price=20.0,
    opened_at=at(3),
    mark=20.0,
    market_value=60.0,
    unrealized_pnl=0.0,
)


def test_a_state_is_everything_that_the_fold_and_the_marks_make() -> None:
    cash = 10_000.0 - 41.0 + 48.0 - 60.5 - 20.25
    assert busy().state() == PaperState(
        workspace_id=ID,
        starting_equity=10_000.0,
        cash=cash,
        realized_pnl=-1.0 + 8.0 - 0.5 - 0.25,
        unrealized_pnl=6.0,
        equity=cash + 26.0 + 60.0,
        equity_at_cost=cash + 20.0 + 60.0,
        positions={"A": A, "C": C},
        peak_equity=10_007.0,
        realized_today=-0.75,
        session=date(2022, 1, 8),
        last_closed_at={"B": at(2, day=7)},
        orders_count=4,
        trades_count=1,
        last_seq=4,
        last_event_at=at(4),
        reconciled_at=datetime(2022, 1, 8, 0, 1, tzinfo=UTC),
        marks={"A": 13.0, "C2": 1.0},
    )
    assert list(busy().state().marks) == ["A", "C2"]


def test_a_fresh_account_has_no_session_and_no_events() -> None:
    state = account().state()
    assert (state.session, state.last_event_at, state.reconciled_at, state.realized_today) == (None, None, None, 0.0)
    assert (state.equity, state.positions, state.last_closed_at, state.marks) == (10_000.0, {}, {}, {})


def test_a_position_is_valued_at_its_mark_and_without_one_at_its_cost() -> None:
    assert [busy().position(symbol) for symbol in ("A", "B", "C")] == [A, None, C]


def test_what_fills_make_is_compared_by_these_names() -> None:
    assert folded(busy()) == {
        "starting_equity": 10_000.0,
        "cash": 9926.25,
        "realized_pnl": 6.25,
        "positions": {
            "A": {"quantity": 2.0, "avg_price": 10.0, "opened_at": "2022-01-08T00:00:04+00:00", "entry_fees": 0.25},
            "C": {"quantity": 3.0, "avg_price": 20.0, "opened_at": "2022-01-08T00:00:03+00:00", "entry_fees": 0.5},
        },
        "peak_equity": 10_007.0,
        "realized_today": -0.75,
        "session": "2022-01-08",
        "realized_by_session": {"2022-01-07": 7.0, "2022-01-08": -0.75},
        "last_closed_at": {"B": "2022-01-07T00:00:02+00:00"},
        "orders_count": 4,
        "trades_count": 1,
        "equity_by_session": {},
        "exposed_by_session": {},
    }
    assert folded(account())["session"] is None


def test_a_drift_has_what_differs_and_of_maps_the_keys_that_do() -> None:
    other = busy()
    other.ledger.cash += 1.0
    other.ledger.holdings["A"].entry_fees = 0.5
    del other.ledger.holdings["C"]
    other.ledger.last_closed_at["D"] = 0
    other.ledger.last_seq, other.marks["A"], other.reconciled_at = 99, 1.0, None
    found = drift(folded(busy()), folded(other))
    a, c = folded(busy())["positions"].values()
    assert found == {
        "cash": [9926.25, 9927.25],
        "positions": [{"A": a, "C": c}, {"A": {**a, "entry_fees": 0.5}}],
        "last_closed_at": [{}, {"D": "1970-01-01T00:00:00+00:00"}],
    }
    assert drift(folded(busy()), folded(busy())) == {}
    assert list(values_apart(found)) == [
        ("cash", 9926.25, 9927.25),
        ("positions.A.entry_fees", 0.25, 0.5),
        ("positions.C.quantity", 3.0, None),
        ("positions.C.avg_price", 20.0, None),
        ("positions.C.opened_at", "2022-01-08T00:00:03+00:00", None),
        ("positions.C.entry_fees", 0.5, None),
        ("last_closed_at.D", None, "1970-01-01T00:00:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "apart"),
    [
        ({"a": 1}, None, [("x.a", 1, None)]),
        (None, {"a": 1}, [("x.a", None, 1)]),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, [("x.a", 1, None), ("x.b", 2, 3), ("x.c", None, 4)]),
        (1, 1, []),
    ],
)
def test_values_of_a_map_that_is_not_there_are_told_apart_from_none(old: Any, new: Any, apart: list[Any]) -> None:
    assert list(values_apart({"x": [old, new]})) == apart


def test_a_mark_that_makes_an_amount_no_finite_number_is_left_out_and_the_others_are_set() -> None:
    holding = account(fill(1, "A", BUY, 2, 10.0), marks={"A": 11.0})
    assert holding.value_at({"A": 1e308, "B": 1e308}) == ["A"]
    assert holding.marks == {"A": 11.0, "B": 1e308}
    assert holding.value_at({"A": 8e307}) == []
    assert math.isfinite(holding.state().equity)


def test_a_gain_that_is_no_finite_number_leaves_a_mark_out_where_equity_would_be_one() -> None:
    short_of_cash = account(fill(1, "A", BUY, 2, 10.0), fill(2, "B", BUY, 1, 10.0))
    short_of_cash.ledger.cash = -1.7e308
    short_of_cash.ledger.holdings["A"].avg_price = -8.5e307
    assert short_of_cash.value_at({"A": 8.5e307}) == ["A"]
    assert short_of_cash.ledger.equity_at({"A": 8.5e307}) == 10.0
    assert short_of_cash.value_at({"A": 0.0}) == [], "B has no mark, and counts at what it cost"
