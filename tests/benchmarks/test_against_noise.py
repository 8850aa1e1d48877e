"""p_noise on noise and on a planted edge, in small: `python -m benchmarks.against_noise` does it at length."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import against_noise, calibration
from benchmarks.against_noise import SWEEPS, Took, calibrate, distance, main, speed
from benchmarks.calibration import KINDS, PLANTED
from tests.support.memory_desks import memory_desk

PLANS = range(1, 11)


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three years, in which an edge must be larger to be seen, and a desk in memory."""
    desk = memory_desk()
    monkeypatch.setattr(calibration, "SESSIONS", 756)
    monkeypatch.setattr(calibration, "EDGE", 2 * calibration.EDGE)
    monkeypatch.setattr(calibration, "_desk", lambda: desk)
    monkeypatch.setattr(against_noise, "OF_A_PLAN", 39)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("kind", ["random walk", "random walk with a bull market's drift"])
def test_noise_is_uniform(kind: str) -> None:
    found = calibrate(kind, PLANS)
    assert distance(found, 40) <= against_noise.TOO_FAR / len(found) ** 0.5
    assert 0.3 < np.mean(found) < 0.7


@pytest.mark.usefixtures("_small")
def test_a_planted_edge_is_found() -> None:
    assert np.mean([p < 0.05 for p in calibrate(PLANTED, PLANS)]) >= 0.8


def test_the_distance_is_that_of_the_two_distributions() -> None:
    assert distance([0.25, 0.5, 0.75, 1.0], 4) == 0.0
    assert distance([0.25] * 4, 4) == 0.75
    assert distance([1.0] * 3, 4) == 0.75
    assert distance([0.25, 0.25, 0.75, 1.0], 4) == 0.25


@pytest.mark.parametrize("strategy", SWEEPS)
def test_the_speed_is_that_of_a_thousand_variants(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against_noise, "BARS", 200)
    took = speed(strategy, 1, draws=1)
    assert took.variants == 1_001
    assert took.wall > 0


def test_the_command_says_whether_it_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(against_noise, "speed", lambda *_: Took(1.0, 1.0, 1_001))
    even = [nth / 100 for nth in range(1, 101)]
    by_kind = dict.fromkeys(KINDS, even) | {PLANTED: [0.01] * 100}
    monkeypatch.setattr(against_noise, "calibrate", lambda kind, *_: by_kind[kind])
    assert main([]) == 0
    assert capsys.readouterr().out.count("\n") == len(SWEEPS) + len(KINDS)
    by_kind["random walk"] = [0.01] * 100
    assert main([]) == 1
    assert main(["--speed"]) == 0
    by_kind["random walk"], by_kind[PLANTED] = even, even
    assert main([]) == 1
