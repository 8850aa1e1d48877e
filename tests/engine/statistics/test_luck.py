"""p_plan and p_luck: plain loops over drawn sessions, and what a plan can be padded with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.statistics.luck import PlanLuck, long_run_variance, luck, plan_luck
from tests.oracles import statistics as oracle
from tests.support.noise import Matrix, normals, returns_of_noise


def p_plan(returns: Matrix, market: Matrix, best: int = 0, sha256: str = "bars", draws: int = 2000) -> float:
    found = plan_luck(returns, market, best, sha256, draws)
    assert found is not None
    return found.p_plan


def skilled(seed: int, sessions: int = 400, variants: int = 12, edge: float = 0.0008) -> tuple[Matrix, Matrix]:
    """Noise, of which variant 0 earns something more a day."""
    returns, market = returns_of_noise(seed, sessions, variants)
    returns[:, 0] += edge + 0.004 * normals(seed + 50, sessions)
    return returns, market


@pytest.mark.parametrize(("seed", "sessions", "variants"), [(0, 40, 4), (1, 65, 3), (2, 130, 6), (3, 3, 2), (4, 9, 1)])
def test_it_is_what_plain_loops_find(seed: int, sessions: int, variants: int) -> None:
    returns, market = returns_of_noise(seed, sessions, variants)
    returns = returns + 0.003 * normals(seed + 9, sessions, variants)
    for best in range(min(variants, 3)):
        found = plan_luck(returns, market, best, f"bars{seed}", 120)
        expected, t = oracle.p_plan(returns.T.tolist(), market.tolist(), best, f"bars{seed}", 120)
        assert found is not None
        assert (found.p_plan, found.t_best) == (expected, pytest.approx(t, rel=1e-9))


@pytest.mark.parametrize("sessions", [3, 4, 10, 11, 64, 125, 250])
def test_the_long_run_variance_is_hansens_formula(sessions: int) -> None:
    returns = normals(7, sessions, 4) + np.sin(np.arange(sessions) / 5)[:, np.newaxis]
    expected = [oracle.omega(column) for column in returns.T.tolist()]
    assert np.sqrt(long_run_variance(returns)).tolist() == pytest.approx(expected, rel=1e-9)


def test_poor_variants_are_not_lifted_to_the_middle() -> None:
    """A variant far below nought keeps its mean in the draws, so that it is no rival to the best."""
    returns, market = skilled(3)
    poor = returns[:, [1]] - 0.01
    assert p_plan(np.concatenate([returns, poor], axis=1), market) == p_plan(returns, market)


def test_skill_stands_out_and_noise_does_not() -> None:
    returns, market = skilled(4, edge=0.002)
    assert p_plan(returns, market) < 0.01
    noise, market = returns_of_noise(4, 400, 12)
    assert p_plan(noise, market, best=5) > 0.05


def test_holding_is_no_skill() -> None:
    """Nor is holding with a part, whose sessions differ from the market's by rounding alone."""
    _, market = returns_of_noise(5, 300, 1, drift=0.004)
    equity = 10_000 * np.cumprod(np.concatenate([[1.0], 1 + market]))
    rounded = (equity * 3.1)[1:] / (equity * 3.1)[:-1] - 1
    for returns in (market, rounded, 0.5 * market):
        found = plan_luck(returns[:, np.newaxis], market, 0, "bars", 200)
        assert found == PlanLuck(1.0, 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_idle_variants_and_copies_buy_nothing(seed: int) -> None:
    returns, market = skilled(seed)
    alone = p_plan(returns, market)
    idle = np.zeros((len(market), 40))
    assert p_plan(np.concatenate([returns, idle], axis=1), market) == alone
    assert p_plan(np.concatenate([returns, np.tile(returns, 5)], axis=1), market) == alone
    near = np.tile(returns, 5) * (1 + 1e-7 * normals(seed + 70, len(market), 60))
    assert p_plan(np.concatenate([returns, near], axis=1), market) == pytest.approx(alone, abs=2 / 2001)


def test_a_stake_twice_as_large_is_no_more_skill() -> None:
    returns, market = skilled(6)
    assert p_plan(returns * 2.0 ** np.arange(-3, 9), market) == p_plan(returns, market)


def test_each_further_blind_variant_makes_it_less_likely_skill() -> None:
    returns, market = skilled(8, variants=40)
    shares = [p_plan(returns[:, :count], market) for count in (1, 4, 12, 40)]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0]


def test_the_market_is_taken_away() -> None:
    """Being long half the time earns half of the drift, which is no skill."""
    returns, market = returns_of_noise(9, 1000, 10, drift=0.002)
    assert p_plan(returns, market, best=3) > 0.05
    assert p_plan(returns, np.zeros(1000), best=3) < 0.01


@pytest.mark.parametrize("sessions", [0, 1, 2])
def test_two_sessions_say_nothing(sessions: int) -> None:
    assert plan_luck(np.zeros((sessions, 2)), np.zeros(sessions), 0, "bars") is None


def test_other_bars_other_draws() -> None:
    returns, market = skilled(11, edge=0.0004)
    assert p_plan(returns, market, sha256="a") != p_plan(returns, market, sha256="b")
    assert p_plan(returns, market, sha256="a") == p_plan(returns, market, sha256="a")


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_the_layout_of_the_matrix_changes_nothing(layout: object) -> None:
    returns, market = skilled(12)
    assert callable(layout)
    assert plan_luck(layout(returns), market, 0, "bars") == plan_luck(returns, market, 0, "bars")


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(-3, 6), st.integers(0, 10**4))
def test_tries_outside_the_plan_count(share: float, t: float, outside: int) -> None:
    found = luck(PlanLuck(share, t), outside)
    assert share - 1e-12 <= found <= 1
    assert luck(PlanLuck(share, t), outside + 1) >= found - 1e-12


def test_tries_outside_the_plan_by_hand() -> None:
    assert luck(PlanLuck(0.02, 1.0), 0) == 0.02
    assert luck(PlanLuck(0.02, 0.0), 3) == 1 - 0.98 / 8
