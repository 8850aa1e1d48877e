"""No fill is lost or doubled, whatever is killed; and the harness that says so can tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def crash(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.support.crash", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_runs_killed_around_every_step_come_to_the_uninterrupted_state() -> None:
    code, report = crash("--kills", "42", "--seed", "7")
    assert (code, report["faults"]) == (0, [])
    assert report["kills"] == 42
    assert len(report["by_point"]) == 7, report["by_point"]
    assert report["acknowledged"] > 0


def test_runs_killed_at_any_moment_come_to_the_uninterrupted_state() -> None:
    code, report = crash("--kills", "15", "--seed", "11", "--random")
    assert (code, report["faults"]) == (0, [])


@pytest.mark.parametrize(
    ("sabotage", "noticed"),
    [("ack-before-commit", "not in the journal"), ("events-apart-from-state", "drift")],
)
def test_the_harness_notices_what_is_taken_apart(sabotage: str, noticed: str) -> None:
    code, report = crash("--kills", "40", "--seed", "7", "--sabotage", sabotage)
    assert code == 1
    assert any(noticed in fault for fault in report["faults"]), report["faults"]
