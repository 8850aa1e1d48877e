"""The verdict on noise and on a planted edge, in small: `python -m benchmarks.calibration` does it at length."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import KINDS, PLANTED, Judged, alpha_sharpe, calibrate, dataset, main, share, swept
from engine.statistics.verdict import Verdict
from tests.support.memory_desks import memory_desk

SWEEPS = range(1, 17)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three years, in which an edge must be larger to be seen, and a desk in memory."""
    desk = memory_desk()
    monkeypatch.setattr(calibration, "SESSIONS", 756)
    monkeypatch.setattr(calibration, "EDGE", 2 * calibration.EDGE)
    monkeypatch.setattr(calibration, "_desk", lambda: desk)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != PLANTED])
def test_noise_is_seldom_beyond_luck(kind: str) -> None:
    found = calibrate(kind, SWEEPS)
    assert share(found) <= 0.1
    assert np.mean([each.p_luck <= 0.05 for each in found]) <= 0.15
    assert np.mean([each.p_luck <= 0.5 for each in found]) >= 0.2  # nor is it always unlikely


def test_a_planted_edge_is_found() -> None:
    assert np.mean([each.p_luck <= 0.05 for each in calibrate(PLANTED, SWEEPS)]) >= 0.8


def test_a_sweep_is_a_plan_of_its_own_data() -> None:
    result = swept("random walk", 1)
    others = [swept(PLANTED, seed).trials for seed in (6, 11)]
    assert [(each.in_plan, each.on_these_data) for each in others if each] == [(25, 25), (100, 100)]
    assert result.trials == swept("random walk", 1).trials


def test_what_is_left_beyond_the_market_is_that_of_its_returns() -> None:
    result = swept(PLANTED, 1)
    returns = calibration._desk().plans.returns_frame(result.run_plan_id, dataset(PLANTED, 1))
    best = returns[str(result.best_variant_id)].to_numpy()
    market = returns_of_holding(PLANTED, 1)
    slope = np.polyfit(market, best, 1)[0]
    left = best - slope * market
    assert result.statistics is not None
    a_year = result.statistics.sessions_a_year
    assert a_year == pytest.approx(261, abs=0.5)
    assert alpha_sharpe(result) == pytest.approx(left.mean() / left.std(ddof=1) * a_year**0.5, rel=1e-9)


def returns_of_holding(kind: str, seed: int) -> np.ndarray:
    """Of a share bought at its second close."""
    (bars,) = dataset(kind, seed).bars.values()
    return np.concatenate([[0.0, 0.0], bars.close[2:] / bars.close[1:-1] - 1])


def test_the_command_says_whether_it_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    beyond, like = Judged(Verdict.BEYOND_LUCK, 0.01, 1.5), Judged(Verdict.LIKE_LUCK, 0.5, 0.1)
    by_kind = {kind: [like] for kind in KINDS} | {PLANTED: [beyond]}
    monkeypatch.setattr(calibration, "calibrate", lambda kind, *_: by_kind[kind])
    assert main(["--sweeps", "1"]) == 0
    assert capsys.readouterr().out.count("\n") == 1 + len(KINDS)
    by_kind["random walk"] = [beyond]
    assert main(["--sweeps", "1"]) == 1
    by_kind["random walk"], by_kind[PLANTED] = [like], [like]
    assert main(["--sweeps", "1"]) == 1
