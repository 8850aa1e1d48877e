"""Break-even costs, worked out by hand."""

from __future__ import annotations

import pytest

from engine.statistics.costs import Filled, breakeven_bps


def test_the_cost_at_which_nothing_is_left() -> None:
    """10 bought at 99 and sold at 101, 5 at 50 and 49.5: 2,497.5 were traded for a gain of 15."""
    trades = [Filled(10.0, 99.0, 101.0, 17.5), Filled(5.0, 50.0, 49.5, -2.5)]
    found = breakeven_bps(trades)
    assert found == pytest.approx(15 / 2497.5 * 1e4)
    assert sum(each.pnl - found / 1e4 * each.quantity * (each.entry_price + each.exit_price) for each in trades) == (
        pytest.approx(0.0)
    )


def test_a_loss_has_none_and_nothing_earned_is_nought() -> None:
    assert breakeven_bps([Filled(1.0, 10.0, 10.0, -0.1)]) is None
    assert breakeven_bps([Filled(1.0, 10.0, 10.0, 0.0)]) == 0.0
    assert breakeven_bps([]) is None
