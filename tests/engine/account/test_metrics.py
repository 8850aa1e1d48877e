"""Metrics of a trade-equity curve, from figures that were worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.account.ledger import Trade
from engine.account.measure import metrics_of
from engine.account.metrics import Metrics


def metrics(*curve: tuple[float, float], start: float = 100.0) -> Metrics:
    """Of trades with these (P&L, equity after it)."""
    return metrics_of(start, [Trade("X", 1, 2, 1, 1.0, 1.0, 0.0, pnl, equity) for pnl, equity in curve])


def of_the_curve(found: Metrics) -> dict[str, Any]:
    """The metrics that follow from the curve alone."""
    names = ("trade_count", "starting_equity", "ending_equity", "return_pct", "max_drawdown_pct", "win_rate")
    return {name: getattr(found, name) for name in (*names, "profit_factor", "gross_profit", "gross_loss", "sharpe")}


def test_a_curve_up_down_and_up() -> None:
    """Relative changes of 0.5, -0.5 and 0.6; the fall from 150 to 75 is half of the peak."""
    changes = [150.0 / 100.0 - 1, 75.0 / 150.0 - 1, 120.0 / 75.0 - 1]
    mean = (changes[0] + changes[1] + changes[2]) / 3
    spread = math.sqrt(((changes[0] - mean) ** 2 + (changes[1] - mean) ** 2 + (changes[2] - mean) ** 2) / 3)
    assert of_the_curve(metrics((50.0, 150.0), (-75.0, 75.0), (45.0, 120.0))) == {
        "trade_count": 3,
        "starting_equity": 100.0,
        "ending_equity": 120.0,
        "return_pct": (120.0 / 100.0 - 1) * 100,
        "max_drawdown_pct": 50.0,
        "win_rate": 2 / 3,
        "profit_factor": 95.0 / 75.0,
        "gross_profit": 95.0,
        "gross_loss": 75.0,
        "sharpe": mean / spread,
    }


def test_without_trades_there_are_no_rates() -> None:
    found = metrics(start=250.0)
    assert of_the_curve(found) == {
        "trade_count": 0,
        "starting_equity": 250.0,
        "ending_equity": 250.0,
        "return_pct": 0.0,
        "max_drawdown_pct": 0.0,
        "win_rate": None,
        "profit_factor": None,
        "gross_profit": 0.0,
        "gross_loss": 0.0,
        "sharpe": None,
    }
    names = ("avg_trade_pct", "best_trade_pct", "worst_trade_pct", "expectancy", "sqn", "avg_bars_held")
    assert [getattr(found, name) for name in names] == [None] * 6
    assert found.fees_paid == 0.0


def test_what_trades_earned_of_their_cost() -> None:
    """Costs of 200 and 50: gains of 10 % and -20 %; P&L of 20 and -10 have a mean of 5 and a deviation of sqrt(450)."""
    lots = 100_000_000
    trades = [
        Trade("X", 1, 3, 2 * lots, 100.0, 111.0, 2.0, 20.0, 1_020.0),
        Trade("X", 4, 5, lots, 50.0, 41.0, 1.0, -10.0, 1_010.0),
    ]
    found = metrics_of(1_000.0, trades, bars_held=[2, 1])
    assert (found.avg_trade_pct, found.best_trade_pct, found.worst_trade_pct) == (-5.0, 10.0, -20.0)
    assert (found.expectancy, found.fees_paid, found.avg_bars_held) == (5.0, 3.0, 1.5)
    assert found.sqn == math.sqrt(2) * 5.0 / math.sqrt(450.0)
    assert metrics_of(1_000.0, trades).avg_bars_held is None


@pytest.mark.parametrize(
    ("curve", "sharpe"),
    [
        ([(50.0, 150.0)], None),  # one trade
        ([(100.0, 200.0), (200.0, 400.0)], None),  # the same change twice
        ([(-100.0, 0.0), (50.0, 50.0)], None),  # nothing left on the way
        ([(-150.0, -50.0), (200.0, 150.0)], None),  # less than nothing
        ([(-99.5, 0.5), (99.5, 100.0)], 99.0025 / 99.9975),  # half a unit is something
        ([(100.0, 200.0), (0.0, 200.0)], 1.0),
        ([(0.0, 100.0), (100.0, 200.0)], 1.0),
        ([(-50.0, 50.0), (50.0, 100.0)], 0.25 / 0.75),
    ],
    ids=["one trade", "no deviation", "zero", "below zero", "half a unit", "up and flat", "flat and up", "down and up"],
)
def test_there_is_a_sharpe_ratio_of_two_trades_that_differ_while_something_is_left(
    curve: list[tuple[float, float]], sharpe: float | None
) -> None:
    found = metrics(*curve).sharpe
    assert found == (None if sharpe is None else pytest.approx(sharpe, rel=1e-12))


def test_a_trade_that_comes_to_nothing_is_neither_won_nor_lost() -> None:
    found = metrics((10.0, 110.0), (0.0, 110.0), (0.25, 110.25), (-0.25, 110.0))
    assert (found.win_rate, found.gross_profit, found.gross_loss, found.profit_factor) == (0.5, 10.25, 0.25, 41.0)


def test_without_a_loss_there_is_no_profit_factor() -> None:
    assert metrics((10.0, 110.0), (5.0, 115.0)).profit_factor is None
    found = metrics((-10.0, 90.0), (-5.0, 85.0))
    assert (found.profit_factor, found.gross_loss, found.win_rate) == (0.0, 15.0, 0.0)


def test_the_fall_is_from_the_peak_so_far_the_start_included() -> None:
    assert metrics((-20.0, 80.0), (60.0, 140.0), (-7.0, 133.0)).max_drawdown_pct == 20.0
    assert metrics((100.0, 200.0), (-50.0, 150.0), (100.0, 250.0), (-50.0, 200.0)).max_drawdown_pct == 25.0
