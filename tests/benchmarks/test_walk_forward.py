"""The measurement of a walk-forward's cost runs, on ten folds, and knows when it is too much."""

from __future__ import annotations

import pytest

from benchmarks import walk_forward
from benchmarks.walk_forward import CASES, FOLDS, Cost
from engine.sweeps.out_of_sample.windows import WalkForwardTerms


@pytest.mark.parametrize("sessions", [240, 2_520, 2_533])
def test_there_are_ten_folds_over_all_sessions(sessions: int) -> None:
    import numpy as np

    for name, text in walk_forward.walks(sessions):
        folds = WalkForwardTerms.read(text).folds(np.arange(sessions))
        assert len(folds) == FOLDS
        assert folds[0].train.first == folds[0 if name == "rolling" else -1].train.first
        assert (folds[-1].test.last - folds[0].train.first).days == sessions - 1


def test_every_case_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(walk_forward, "CASES", CASES[:1])
    monkeypatch.setattr(walk_forward, "expect_much_work", lambda: None)
    assert walk_forward.main(["--quick"]) == 0
    out = capsys.readouterr().out
    assert out.count("the walk-forward costs") == 2


def test_what_costs_more_than_is_owed_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(walk_forward, "costs", lambda *_: [Cost("a", 1.0, 4.0), Cost("b", 1.0, 4.01)])
    assert walk_forward.main([]) == 1
    assert "at most 3.01 sweeps, over the 3 owed" in capsys.readouterr().out
