"""The plain loops of holdout and walk-forward themselves, on cases counted by hand."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from tests.oracles.out_of_sample import (
    Market,
    Variant,
    Walk,
    chosen_counts,
    efficiency,
    folds_of,
    held_out,
    out_of_sample,
    sessions_of,
    stitched_returns,
    trade,
    walk_forward,
)
from tests.oracles.rows import Row
from tests.oracles.statistics import returns

DAYS = [date(2024, 1, 1) + timedelta(days=nth) for nth in range(12)]


def places(walk: Walk, count: int) -> list[tuple[int, int, int, int]]:
    return [
        tuple(DAYS.index(day) for day in (fold.train[0], fold.train[-1], fold.test[0], fold.test[-1]))
        for fold in folds_of(DAYS[:count], walk)
    ]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("walk", "count", "expected"),
    [
        (Walk(4, 2, 2), 12, [(0, 3, 4, 5), (2, 5, 6, 7), (4, 7, 8, 9), (6, 9, 10, 11)]),
        (Walk(4, 2, 2, anchored=True), 12, [(0, 3, 4, 5), (0, 5, 6, 7), (0, 7, 8, 9), (0, 9, 10, 11)]),
        (Walk(4, 2, 2, purge=1), 12, [(0, 3, 5, 6), (2, 5, 7, 8), (4, 7, 9, 10)]),
        (Walk(4, 2, 3), 12, [(0, 3, 4, 5), (3, 6, 7, 8), (6, 9, 10, 11)]),
        (Walk(4, 2, 2), 11, [(0, 3, 4, 5), (2, 5, 6, 7), (4, 7, 8, 9)]),
        (Walk(4, 2, 2), 6, [(0, 3, 4, 5)]),
        (Walk(4, 2, 2), 5, []),
    ],
)
def test_folds(walk: Walk, count: int, expected: list[tuple[int, int, int, int]]) -> None:
    assert places(walk, count) == expected


@pytest.mark.parametrize(
    ("share", "last"), [(Fraction(1, 5), 2), (Fraction(1, 4), 3), (Fraction(8, 100), 0), (Fraction(99, 100), 11)]
)
def test_a_share_is_rounded_down(share: Fraction, last: int) -> None:
    before, held = held_out(DAYS, share)
    assert (len(before), len(held)) == (12 - last, last)
    assert before + held == DAYS


def test_a_day_begins_the_holdout_whether_or_not_it_is_a_session() -> None:
    sessions = [DAYS[0], DAYS[3], DAYS[5]]
    assert held_out(sessions, DAYS[3]) == ([DAYS[0]], [DAYS[3], DAYS[5]])
    assert held_out(sessions, DAYS[4]) == ([DAYS[0], DAYS[3]], [DAYS[5]])


def row(day: date, price: float) -> Row:
    return Row((day - date(1970, 1, 1)).days * 86_400_000_000, price, price, price, price, day)


PRICES = [10, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15, 16]
SPEC = {
    "strategy_id": "breakout_52w_high",
    "symbols": ["A"],
    "entry": {"lookback_days": 1},
    "exit": {"type": "none", "max_bars": 1},
}
MARKET = Market({"A": [row(day, price) for day, price in zip(DAYS, PRICES, strict=True)]}, "UTC", {}, 0.0)


def test_a_window_looks_back_before_its_first_day_and_closes_at_its_last() -> None:
    """Place 3 breaks out over place 2, which is history; the last bar would break out too, and does not enter."""
    traded = trade(MARKET, SPEC, DAYS[3:5], 1000.0)
    assert [(each["entry_price"], each["exit_price"]) for each in traded.world.account.trades] == [(12, 13)]
    assert traded.world.held_back == {}
    assert traded.equity == [1000.0, 1000.0, pytest.approx(1000 + 1000 / 12)]
    still = trade(MARKET, {**SPEC, "exit": {"type": "none"}}, DAYS[6:8], 1000.0)
    assert [(each["entry_price"], each["exit_price"]) for each in still.world.account.trades] == [(13, 14)]


def test_each_test_goes_on_with_the_equity_of_the_last() -> None:
    variants = [Variant("b", SPEC), Variant("a", {**SPEC, "exit": {"type": "none", "max_bars": 2}})]
    walked = walk_forward(MARKET, variants, "return", folds_of(DAYS, Walk(4, 2, 2)), 2000.0)
    assert [each.equity[0] for each in walked.tested] == [2000.0, *(each.equity[-1] for each in walked.tested[:-1])]
    assert all(each.equity[0] == 2000.0 for each in walked.trained)
    whole = out_of_sample(MARKET, walked)
    assert whole["ending_equity"] == walked.tested[-1].equity[-1]
    assert whole["trade_count"] == sum(len(each.world.account.trades) for each in walked.tested) == 4
    assert len(stitched_returns(walked)) == 8
    counts = chosen_counts(walked, {"b": 1, "a": 2})
    assert sum(count for _, count in counts) == 4
    assert efficiency(walked) is not None


def test_where_nothing_traded_in_training_the_baseline_trades() -> None:
    still = {**SPEC, "entry": {"lookback_days": 300}}
    walked = walk_forward(
        MARKET, [Variant("z", still), Variant("a", still)], "return", folds_of(DAYS, Walk(4, 2, 2)), 1.0
    )
    assert walked.chosen == ["z"] * 4
    assert walked.scores == [None] * 4
    assert efficiency(walked) is None


def test_a_symbol_that_ended_earlier_keeps_its_place_and_trades_no_more() -> None:
    rows = {**MARKET.rows, "B": MARKET.rows["A"][:3]}
    assert sessions_of(rows, ["A", "B"], DAYS[3]) == DAYS[3:]
    traded = trade(Market(rows, "UTC", {}, 0.0), {**SPEC, "symbols": ["B", "A"]}, DAYS[6:], 1000.0)
    assert {each["symbol"] for each in traded.world.account.trades} == {"A"}
    halves = [value / 2 for value in returns([13, *(float(price) for price in PRICES[6:])])]
    assert traded.holding[0] == halves[0] == 0.0
