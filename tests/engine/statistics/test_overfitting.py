"""The probability of backtest overfitting: known matrices, plain loops, and what must not change it."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics import overfitting as module
from engine.statistics.overfitting import blocks_of, mean_score, overfitting
from tests.oracles import statistics as oracle
from tests.support.noise import Matrix, normals, returns_of_noise

ROWS = np.array([[-1, -3, 2, -1], [2, -3, 2, 3], [-5, -1, 3, -4], [6, 4, 1, -4]], dtype=np.float64)


def known_matrix() -> Matrix:
    t, j = np.arange(512)[:, np.newaxis], np.arange(20)
    return (((7919 * t + 104729 * j + 31 * t**2 + 613 * t * j) % 2003) - 1001 + j - 9) / 1e5


def test_the_known_matrix() -> None:
    assert overfitting(known_matrix()) == overfitting(known_matrix(), 16)
    assert overfitting(known_matrix(), 16) == pytest.approx(0.6864024864, abs=1e-9)
    assert overfitting(known_matrix(), 8) == 54 / comb(8, 4)


def test_four_rows_by_the_mean() -> None:
    assert overfitting(ROWS, 4, mean_score) == 2 / 6
    assert oracle.pbo(ROWS.T.tolist(), 4, oracle.mean) == 2 / 6


@pytest.mark.parametrize(
    ("seed", "sessions", "variants", "blocks"),
    [(0, 61, 7, 6), (1, 64, 12, 8), (2, 47, 2, 4), (3, 33, 25, 4), (4, 20, 3, 2)],
)
def test_it_is_what_plain_loops_find(seed: int, sessions: int, variants: int, blocks: int) -> None:
    returns, _ = returns_of_noise(seed, sessions, variants)
    assert overfitting(returns, blocks) == oracle.pbo(returns.T.tolist(), blocks)
    assert overfitting(returns, blocks, mean_score) == oracle.pbo(returns.T.tolist(), blocks, oracle.mean)


@given(st.integers(0, 10**6), st.integers(8, 30), st.integers(2, 5), st.sampled_from([2, 4, 6]))
def test_it_is_what_plain_loops_find_where_much_ties(seed: int, sessions: int, variants: int, blocks: int) -> None:
    """Means of small whole numbers, which add up exactly: many series tie, inside and outside."""
    returns = np.round(normals(seed, sessions, variants))
    assert overfitting(returns, blocks, mean_score) == oracle.pbo(returns.T.tolist(), blocks, oracle.mean)


def test_equal_columns_count_once() -> None:
    returns, _ = returns_of_noise(5, 200, 6)
    doubled = returns[:, [0, 1, 1, 2, 3, 0, 4, 5, 5, 5]]
    assert overfitting(doubled) == overfitting(returns)
    assert overfitting(returns[:, [2, 2, 2]]) is None


def test_the_best_of_a_tie_is_the_first_in_plan_order() -> None:
    """Columns 0 and 1 tie in the first half; only the first of them is the lowest outside."""
    returns = np.array([[2.0, 2.0, 1.0], [0.0, 1.0, 0.5]])
    assert overfitting(returns, 2, mean_score) == 0.5  # the other way round column 1 leads, and is level at the top
    assert overfitting(returns[:, [1, 0, 2]], 2, mean_score) == 0.0


def test_columns_that_scale_one_another_stay_level() -> None:
    """Twice the stake has the same Sharpe ratio in every half, to the bit."""
    returns, _ = returns_of_noise(6, 160, 4)
    scaled = np.concatenate([returns[:, :1] * 2, returns, returns[:, 1:2] / 4], axis=1)
    swapped = np.concatenate([returns[:, :1] / 8, returns, returns[:, 1:2] * 2], axis=1)
    assert overfitting(scaled) == overfitting(swapped)


def test_a_series_without_variation_has_a_ratio_of_nought() -> None:
    returns, _ = returns_of_noise(7, 64, 3, drift=0.0)
    with_idle = np.concatenate([returns, np.zeros((64, 1)), np.full((64, 1), 0.1)], axis=1)
    assert overfitting(with_idle, 4) == oracle.pbo(with_idle.T.tolist(), 4)


def test_sessions_that_fill_no_block_are_left_out_at_the_start() -> None:
    returns, _ = returns_of_noise(8, 131, 5)
    assert overfitting(returns, 8) == overfitting(returns[3:], 8)


def test_how_many_blocks() -> None:
    assert [blocks_of(sessions) for sessions in (0, 31, 32, 47, 48, 63, 64, 127, 128, 10_000)] == [
        *(None, None, 4, 4, 6, 6, 8, 14, 16, 16)
    ]
    assert overfitting(normals(9, 31, 3)) is None
    assert overfitting(normals(9, 31, 3), 2) is not None


def test_pieces_of_the_work_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    returns, _ = returns_of_noise(10, 150, 9)
    whole = overfitting(returns, 10)
    monkeypatch.setattr(module, "_CELLS_AT_ONCE", 40)
    assert overfitting(returns, 10) == whole
    assert overfitting(np.asfortranarray(returns), 10) == whole


def test_the_order_of_columns_matters_only_in_ties() -> None:
    returns, _ = returns_of_noise(11, 200, 8)
    assert overfitting(returns[:, ::-1]) == overfitting(returns)


def test_a_series_that_is_best_everywhere_is_not_overfitted() -> None:
    returns = normals(12, 128, 10)
    returns[:, 4] += 3
    assert overfitting(returns) == 0.0
