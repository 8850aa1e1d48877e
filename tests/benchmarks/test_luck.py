"""The measurements of a plan's statistics run, and find the same as plain ones."""

from __future__ import annotations

import pytest

from benchmarks import luck
from engine.statistics.overfitting import overfitting


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(luck, "_TIMES", 1)


def test_the_plain_implementation_finds_the_same() -> None:
    returns, _ = luck.matrix(96, 5)
    assert luck.plain_pbo(returns, 6) == overfitting(returns, 6) != 0


def test_every_statistic_is_measured() -> None:
    took = luck.measure(*luck.matrix(64, 5))
    assert list(took)[-1] == "dsr, pbo and p_luck"
    assert all(each.wall > 0 for each in took.values())


def test_tools_that_disagree_are_told_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    returns, _ = luck.matrix(100, 5)
    monkeypatch.setattr(luck, "blocks_of", lambda _: 4)
    monkeypatch.setattr(luck, "RIVALS", {"plain numpy": luck.plain_pbo, "purgedcv": luck.with_purgedcv})
    monkeypatch.setattr(luck, "find_spec", lambda _: None)
    assert luck.beside(returns)
    assert "purgedcv: not installed" in capsys.readouterr().out
    monkeypatch.setattr(luck, "RIVALS", {"plain numpy": lambda *_: 2.0})
    assert not luck.beside(returns)
