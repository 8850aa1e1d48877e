"""The verdict on noise and on a planted edge, in small: `python -m benchmarks.calibration` does it at length."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import KINDS, PLANTED, Judged, calibrate, main, share, swept
from engine.statistics.verdict import Verdict

SWEEPS = range(1, 41)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three years, in which an edge must be larger to be seen, and fewer draws."""
    monkeypatch.setattr(calibration, "SESSIONS", 756)
    monkeypatch.setattr(calibration, "DRAWS", 300)
    monkeypatch.setattr(calibration, "EDGE", 2 * calibration.EDGE)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != PLANTED])
def test_noise_is_seldom_beyond_luck(kind: str) -> None:
    found = calibrate(kind, SWEEPS)
    assert share(found) <= 0.1
    assert np.mean([each.p_luck <= 0.05 for each in found]) <= 0.15
    assert np.mean([each.p_luck <= 0.5 for each in found]) >= 0.2  # nor is it always unlikely


def test_a_planted_edge_is_found() -> None:
    found = calibrate(PLANTED, SWEEPS)
    assert np.mean([each.p_luck <= 0.05 for each in found]) >= 0.8


def test_what_is_swept_trades_as_its_signals_say() -> None:
    market = calibration.driftless(1)
    found = swept(market, 1, blind=False)
    assert found.returns.shape == (756, 36)
    assert set(np.unique(np.abs(found.returns / market[:, np.newaxis]).round(9))) == {0.0, 1.0}
    first = found.returns[:, 0] != 0
    assert found.entered[0] == np.count_nonzero(np.diff(first.astype(int)) == 1)
    assert 0 < found.losing[0] < found.entered[0]


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
