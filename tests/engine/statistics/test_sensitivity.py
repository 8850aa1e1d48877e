"""Medians by value, neighbours of the best and break-even costs, worked out by hand."""

from __future__ import annotations

from itertools import product

import pytest

from engine.statistics.sensitivity import (
    Filled,
    Neighbours,
    Scalar,
    Sensitivity,
    Tried,
    ValueScore,
    breakeven_bps,
    sensitivity,
)


def tried(fast: Scalar, slow: Scalar, score: float | None, in_grid: bool = True) -> Tried:
    return Tried({"entry.fast": fast, "entry.slow": slow}, score, in_grid)


SCORES = {(5, 50): 1.0, (5, 100): 2.0, (5, 200): None, (10, 50): 4.0, (10, 100): 8.0, (10, 200): 3.0}
GRID = [tried(fast, slow, SCORES[fast, slow]) for fast, slow in product((10, 5), (100, 50, 200))]
BEST = GRID[0]
OFF = tried(20, 60, 5.0, in_grid=False)


def test_medians_and_neighbours() -> None:
    assert sensitivity([OFF, *GRID], BEST, OFF) == Sensitivity(
        {
            "entry.fast": [ValueScore(5, 1.5, 2), ValueScore(10, 4.0, 3)],
            "entry.slow": [ValueScore(50, 2.5, 2), ValueScore(100, 5.0, 2), ValueScore(200, 3.0, 1)],
        },
        Neighbours(3, 3.0, 0),  # (5, 100), (10, 50), (10, 200)
    )


def test_neighbours_that_beat_the_baseline() -> None:
    baseline = tried(20, 60, 2.5, in_grid=False)
    assert sensitivity([baseline, *GRID], BEST, baseline).neighbours == Neighbours(3, 3.0, 2)


def test_any_score_beats_a_baseline_without_one() -> None:
    baseline = tried(20, 60, None, in_grid=False)
    corner = GRID[5]  # (5, 200) has no score; its neighbours are (5, 100) and (10, 200)
    assert sensitivity([baseline, *GRID], corner, baseline).neighbours == Neighbours(2, 2.5, 2)
    beside = GRID[3]  # (5, 100), whose neighbour (5, 200) has none
    assert sensitivity([baseline, *GRID], beside, baseline).neighbours == Neighbours(3, 4.5, 2)


def test_a_baseline_whose_values_lie_on_the_grid_stands_there() -> None:
    baseline = tried(5, 200, 9.0, in_grid=False)
    without = [one for one in GRID if one is not GRID[5]]  # cut away by the limit of variants
    found = sensitivity([baseline, *without], baseline, baseline)
    assert found.parameters["entry.slow"][2] == ValueScore(200, 6.0, 2)
    assert found.neighbours == Neighbours(2, 2.5, 0)


def test_a_point_counts_once() -> None:
    baseline = tried(5, 100, 2.0, in_grid=False)  # the same configuration as a variant of the grid
    assert sensitivity([baseline, *GRID], BEST, baseline).parameters == sensitivity(GRID, BEST, OFF).parameters


@pytest.mark.parametrize("best", [None, OFF, tried(5, 60, 1.0, in_grid=False)])
def test_off_the_grid_there_are_no_neighbours(best: Tried | None) -> None:
    found = sensitivity([OFF, *GRID], best, OFF)
    assert found.neighbours is None
    assert found.parameters == sensitivity(GRID, BEST, OFF).parameters


def test_a_value_without_any_score_has_no_median() -> None:
    found = sensitivity([tried(1, 2, None), tried(3, 2, 0.5)], None, OFF)
    assert found.parameters["entry.fast"] == [ValueScore(1, None, 0), ValueScore(3, 0.5, 1)]


def test_neighbours_without_any_score_have_no_mean() -> None:
    grid = [tried(1, 2, 1.0), tried(3, 2, None)]
    assert sensitivity(grid, grid[0], OFF).neighbours == Neighbours(1, None, 0)


def test_values_that_are_words_switches_or_nothing() -> None:
    grid = [tried(value, 1, score) for value, score in (("late", 1.0), (None, 2.0), ("early", 3.0))]
    found = sensitivity(grid, grid[2], grid[0])
    assert [each.value for each in found.parameters["entry.fast"]] == [None, "early", "late"]
    assert found.neighbours == Neighbours(2, 1.5, 1)
    switches = [tried(True, 1, 1.0), tried(False, 1, 2.0)]
    assert [each.value for each in sensitivity(switches, None, OFF).parameters["entry.fast"]] == [False, True]


def test_without_variants_there_is_nothing() -> None:
    assert sensitivity([], None, OFF) == Sensitivity({}, None)


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
