"""Ticks are round, in range and few enough; names on a line never touch."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from tui.dashboard.drawing.axes import Label, decimals_of, round_ticks, spaced

ENDS = st.floats(-1e12, 1e12, allow_subnormal=False)


def test_ticks_are_round_numbers() -> None:
    assert round_ticks(0.0, 100.0, 6) == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert round_ticks(661.2, 806.0, 6) == [675.0, 700.0, 725.0, 750.0, 775.0, 800.0]
    assert round_ticks(0.0, 1.0, 5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert round_ticks(5.0, 5.0, 4) == [5.0]
    assert round_ticks(1.0, math.inf, 4) == round_ticks(2.0, 1.0, 4) == []


@given(ENDS, ENDS, st.integers(2, 12))
def test_ticks_lie_in_the_range_evenly_spaced_and_not_too_many(one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))
    ticks = round_ticks(low, high, most)
    room = (high - low) * 1e-6
    assert 1 <= len(ticks) <= most
    assert all(low - room <= tick <= high + room for tick in ticks) or len(ticks) == 1
    steps = [after - before for before, after in itertools.pairwise(ticks)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3) and step > 0 for step in steps)


def test_decimals_tell_ticks_apart() -> None:
    assert decimals_of([0.0, 20.0]) == 0
    assert decimals_of([0.0, 0.25]) == 2
    assert decimals_of([0.0, 2.5]) == 1
    assert decimals_of([7.0]) == 2


@given(st.lists(st.tuples(st.integers(-5, 90), st.integers(1, 12), st.booleans()), max_size=30), st.integers(1, 80))
def test_names_on_a_line_never_touch(given_labels: list[tuple[int, int, bool]], width: int) -> None:
    labels = [Label(at, "x" * long, must) for at, long, must in given_labels]
    placed = spaced(labels, width)
    for begins, label in placed:
        assert begins >= 0
        assert begins + len(label.text) <= width
    for (before, label), (after, _) in itertools.pairwise(placed):
        assert before + len(label.text) + 2 <= after


def test_a_name_that_must_be_shown_drives_its_neighbours_away() -> None:
    labels = [Label(5, "five"), Label(8, "eight", must=True), Label(20, "twenty")]
    assert [label.text for _, label in spaced(labels, 40)] == ["eight", "twenty"]
