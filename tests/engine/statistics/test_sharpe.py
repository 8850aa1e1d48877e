"""Probabilistic and deflated Sharpe ratios: the published figures, and plain loops."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics.sessions import moments
from engine.statistics.sharpe import (
    deflated_sharpe,
    expected_maximum,
    normal_below,
    normal_quantile_above,
    probabilistic_sharpe,
    variance_of_trials,
)
from tests.oracles import statistics as oracle
from tests.support.noise import returns_of_noise


def test_the_published_probabilistic_sharpe_ratio() -> None:
    """24 months of a hedge fund index, with raw kurtosis."""
    found = probabilistic_sharpe(1.585 / math.sqrt(12), -2.448, 10.164, 24)
    assert found == pytest.approx(0.9132343069, abs=1e-9)


def test_the_published_deflated_sharpe_ratio() -> None:
    """2.5 a year of 250 sessions, the best of 100 whose variance is 0.5 a year, five years."""
    found = deflated_sharpe(2.5 / math.sqrt(250), -3.0, 10.0, 1250, 100, 0.5 / 250)
    assert found == pytest.approx(0.9003968344, abs=1e-9)


def test_the_published_expected_maximum() -> None:
    assert expected_maximum(100) == pytest.approx(2.5306028932, abs=1e-9)


def test_one_trial_is_deflated_by_nothing() -> None:
    assert expected_maximum(1) == 0.0
    assert deflated_sharpe(0.1, 0.2, 4.0, 500, 1, 0.3) == probabilistic_sharpe(0.1, 0.2, 4.0, 500)


@pytest.mark.parametrize("trials", [2, 3, 10, 1000, 10**6])
def test_the_expected_maximum_is_the_formulas(trials: int) -> None:
    assert expected_maximum(trials) == pytest.approx(oracle.expected_maximum(trials), rel=1e-9)


def test_more_trials_than_one_less_a_share_can_tell_apart() -> None:
    assert expected_maximum(10**18) > expected_maximum(10**17) > expected_maximum(10**16) > 8


def test_near_copies_have_the_variance_of_an_estimate() -> None:
    assert variance_of_trials([0.05, 0.05, 0.05 + 1e-9], 101) == 0.01
    assert variance_of_trials([0.05], 101) == variance_of_trials([], 101) == 0.01
    assert variance_of_trials([-0.5, 0.5], 101) == 0.5


@pytest.mark.parametrize(("seed", "trials"), [(0, 5), (1, 5), (2, 60), (3, 1)])
def test_the_deflated_ratio_is_what_plain_loops_find(seed: int, trials: int) -> None:
    returns, _ = returns_of_noise(seed, 400, 5)
    columns = returns.T.tolist()
    sharpes = [oracle.sharpe(column) for column in columns]
    of = moments(returns)
    for nth, column in enumerate(columns):
        ratio = float(of.mean[nth] / of.spread[nth])
        found = deflated_sharpe(
            ratio, float(of.skew[nth]), float(of.kurtosis[nth]), 400, trials, variance_of_trials(sharpes, 400)
        )
        assert found == pytest.approx(oracle.dsr(column, trials, sharpes), rel=1e-9)


def test_a_ratio_without_a_variance_of_its_own_has_no_probability() -> None:
    assert probabilistic_sharpe(1.0, 2.0, 5.0, 100) is None


@given(st.floats(-0.5, 0.5), st.integers(1, 10**6), st.floats(1e-6, 1.0))
def test_trials_only_ever_deflate(sharpe: float, trials: int, variance: float) -> None:
    alone = probabilistic_sharpe(sharpe, 0.0, 3.0, 300)
    among = deflated_sharpe(sharpe, 0.0, 3.0, 300, trials, variance)
    assert alone is not None
    assert among is not None
    assert 0 <= among <= alone <= 1


@given(st.floats(-2, 8))
def test_the_normal_distribution_and_its_quantile_are_one(z: float) -> None:
    assert normal_quantile_above(normal_below(-z)) == pytest.approx(z, abs=1e-9)
    assert normal_below(z) == pytest.approx(NormalDist().cdf(z), abs=1e-15)


def test_the_normal_distribution_far_out() -> None:
    assert normal_below(-20.0) == pytest.approx(2.7536241186062337e-89, rel=1e-12)
    assert normal_below(-40.0) == pytest.approx(0.0, abs=1e-300)
    assert normal_below(0.0) == 0.5
