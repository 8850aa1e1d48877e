"""The benchmark of a plan's report runs, and says no to one that is too large."""

from __future__ import annotations

import re

import pytest

from benchmarks import plan_report


def test_it_measures_a_small_plan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_report, "MOST_SECONDS", 600.0)  # a busy machine
    assert plan_report.main(["--quick"]) == 0
    said = re.fullmatch(r"report of a plan of 40 variants: [\d.]+ s, ([\d,]+) bytes\n", capsys.readouterr().out)
    assert said is not None
    monkeypatch.setattr(plan_report, "MOST_BYTES", int(said[1].replace(",", "")) - 1)
    assert plan_report.main(["--quick"]) == 1
