"""The comparison of run plans in several Pythons: `python -m benchmarks.pythons PYTHON ...` does it in all of them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from benchmarks import pythons
from benchmarks.children import ChildError, ask
from benchmarks.pythons import PLANS, Came, differing, flat, main
from benchmarks.pythons_plan import plans
from benchmarks.tries_killed import open_desk

CHILD = "benchmarks.pythons_plan"


def test_a_plan_is_the_same_killed_and_resumed_compiled_or_not_with_one_worker_or_two(tmp_path: Path) -> None:
    plain = {"form": "plain", "workers": 1, "plan": 1}
    whole = ask(CHILD, {**plain, "db": f"{tmp_path}/whole.db"})
    broken = {**plain, "db": f"{tmp_path}/broken.db"}
    with pytest.raises(ChildError) as death:
        ask(CHILD, {**broken, "dies_at": 20})
    assert death.value.code == -signal.SIGKILL
    with open_desk(Path(broken["db"]), lambda: "code") as desk:
        (left,) = desk.plans.all()
    assert left.status == "interrupted"
    assert 0 < left.done < left.variants
    resumed = ask(CHILD, {**broken, "form": "compiled", "workers": 2, "resume": True})
    assert resumed["documents"] == whole["documents"]
    (document,) = whole["documents"]
    assert document["statistics"]["p_luck"] is not None
    assert document["statistics"]["pbo"] is not None


def test_there_is_a_plan_of_every_kind() -> None:
    every = plans()
    assert len(every) == PLANS
    bars = [digest for plan in every for digest in map(plan.data.bars_sha256, plan.data.symbols)]
    assert len(set(bars)) == len(bars), "a plan that is killed must not be a try on another's data"


def test_figures_are_compared_one_by_one() -> None:
    one = dict(flat({"a": [1.0, None, {}], "b": {"c": 2}, "d": []}))
    assert one == {"/a/0": 1.0, "/a/1": None, "/a/2": {}, "/b/c": 2, "/d": []}
    near = {**one, "/a/0": 1.0 + 2**-52}
    assert differing(one, near) == ["/a/0"]
    assert differing(one, near, 1e-12) == []
    assert differing(one, {**one, "/a/0": 1.0 + 1e-11}, 1e-12) == ["/a/0"]
    assert differing(one, {**one, "/b/c": 2.0, "/e": 1}) == ["/b/c", "/e"]


def test_the_command_says_what_differs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def ways(python: str) -> list[Came]:
        value = float(python)
        return [Came("one", {"/a": value}, {"python": python}), Came("other", {"/a": value}, {})]

    monkeypatch.setattr(pythons, "ways_of", ways)
    assert main(["1", "1.0000000000000002"]) == 0
    assert "to 1e-12, 1 not bit for bit" in capsys.readouterr().out
    assert main(["1", "1.1"]) == 1
    assert "/a: 1.1 and 1.0" in capsys.readouterr().out

    def odd(python: str) -> list[Came]:
        return [Came("one", {"/a": 1.0}, {}), Came("other", {"/a": 1.0 + 2**-52}, {})]

    monkeypatch.setattr(pythons, "ways_of", odd)
    assert main(["1"]) == 1, "the ways of one Python are equal bit for bit"


def test_a_plan_that_does_not_run_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any, **__: Any) -> dict[str, Any]:
        raise ChildError("it has no numba")

    monkeypatch.setattr(pythons, "ask", fails)
    assert main([]) == 1
    assert "error: it has no numba" in capsys.readouterr().err
