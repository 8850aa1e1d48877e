"""The same run plans in several Pythons, compiled or not, with one worker or two, killed and resumed: are they equal?

    python -m benchmarks.pythons                             in this Python alone
    python -m benchmarks.pythons PYTHON [PYTHON ...]         paths of interpreters that have papertape installed

Results and statistics are compared figure by figure: bit for bit between the ways of one Python, to 1e-12 between
Pythons, whose numpy may differ too. Exit 1 where they are not equal.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.children import ChildError, ask

PLANS = 3
_TOLERANCE = 1e-12
_DIES_AT = 20
"""After RUN_STARTED and a few of the variants."""

Figures = dict[str, Any]


@dataclass(frozen=True)
class Came:
    """What came of the plans, by path within the document; and the versions of what ran them."""

    way: str
    figures: Figures
    versions: dict[str, str]


def ways_of(python: str) -> Iterator[Came]:
    """The plans in one Python, in every way."""
    for form in ("plain", "compiled"):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as room:
                question = {"db": f"{room}/desk.db", "form": form, "workers": workers}
                yield _came(
                    f"{form}, {workers} worker{'s' * (workers > 1)}",
                    ask("benchmarks.pythons_plan", question, python=python),
                )
    with tempfile.TemporaryDirectory() as room:
        question = {"db": f"{room}/desk.db", "form": "plain", "workers": 1}
        for plan in range(PLANS):
            _killed({**question, "plan": plan, "dies_at": _DIES_AT}, python)
        resumed = {**question, "form": "compiled", "workers": 2, "resume": True}
        yield _came(
            "plain, killed; resumed compiled, 2 workers", ask("benchmarks.pythons_plan", resumed, python=python)
        )


def differing(one: Figures, other: Figures, tolerance: float = 0.0) -> list[str]:
    """The paths at which two documents differ; numbers by more than a share of them."""
    return sorted(
        path
        for path in one.keys() | other.keys()
        if path not in one or path not in other or not _equal(one[path], other[path], tolerance)
    )


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a JSON document with its path."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in items:
            yield from flat(each, f"{path}/{name}")
    else:
        yield path, value


def main(arguments: list[str] | None = None) -> int:
    """Run, compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON")
    asked = parser.parse_args(arguments)
    try:
        return _compare(asked.pythons)
    except ChildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _compare(pythons: Sequence[str]) -> int:
    first: Came | None = None
    unequal = 0
    for python in pythons:
        ways = list(ways_of(python))
        here = ways[0]
        print(", ".join(f"{name} {number}" for name, number in here.versions.items()))
        if first is not None:
            unequal += _say("against the first Python", here.figures, first.figures, _TOLERANCE)
        for way in ways[1:]:
            unequal += _say(way.way, way.figures, here.figures)
        first = first or here
    return 1 if unequal else 0


def _say(what: str, one: Figures, other: Figures, tolerance: float = 0.0) -> bool:
    """A line on two documents; whether they differ by more than they may."""
    exact, beyond = differing(one, other), differing(one, other, tolerance)
    how = (
        "bit for bit" if not exact else f"to {tolerance:g}, {len(exact):,} not bit for bit" if not beyond else "UNEQUAL"
    )
    print(f"  {what:<44} {len(one):,} figures {how}", flush=True)
    for path in beyond[:5]:
        print(f"    {path}: {one.get(path)} and {other.get(path)}")
    return bool(beyond)


def _came(way: str, answered: dict[str, Any]) -> Came:
    return Came(way, dict(flat(answered["documents"])), answered["versions"])


def _killed(question: dict[str, Any], python: str) -> None:
    try:
        ask("benchmarks.pythons_plan", question, python=python)
    except ChildError as error:
        if error.code == -signal.SIGKILL:
            return
        raise
    raise ChildError(f"plan {question['plan']} came to its end, and was to be killed")


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    return type(one) is type(other) and one == other


if __name__ == "__main__":
    sys.exit(main())
