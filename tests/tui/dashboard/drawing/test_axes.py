"""Names on a line never touch."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tui.dashboard.drawing.axes import Label, spaced


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
