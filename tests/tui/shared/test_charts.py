"""The equity curve in the terminal: stepped, reduced to the width, its extremes kept."""

from __future__ import annotations

import math
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.shared.charts import HEIGHT, Axes, Series, decimals_of, plot, reduced, round_ticks, step_chart, steps
from tui.shared.text import cell_width

START = datetime(2024, 1, 1, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day) for day in range(count)]


@pytest.mark.parametrize("width", [40, 80, 133])
@pytest.mark.parametrize("count", [1, 2, 50, 5_000])
def test_a_chart_fits(width: int, count: int) -> None:
    values = [10_000 + (day * 7919) % 1000 for day in range(count)]
    drawn = step_chart(days(count), values, width).splitlines()
    assert len(drawn) == HEIGHT
    assert max(map(cell_width, drawn)) <= width
    assert "\x1b" not in "".join(drawn)


def test_the_lowest_and_the_highest_are_on_the_axis() -> None:
    drawn = step_chart(days(3), [10_000.0, 8_765.4, 12_345.6], 80)
    assert "12,346" in drawn
    assert "8,765" in drawn
    assert "2024-01-01" in drawn
    assert "2024-01-03" in drawn


def test_a_flat_curve_has_one_value() -> None:
    assert "10,000.00" in step_chart(days(3), [10_000.0] * 3, 80)


def test_colour_only_when_asked() -> None:
    assert "\x1b" in step_chart(days(3), [1.0, 2.0, 3.0], 80, colour=True)


def test_ascii_alone_when_asked() -> None:
    assert step_chart(days(3), [1.0, 2.0, 3.0], 80, unicode=False).isascii()


def test_a_step_keeps_its_value_until_the_next() -> None:
    assert steps([(0, 1.0), (1, 3.0), (2, 2.0)]) == [(0, 1.0), (1, 1.0), (1, 3.0), (2, 3.0), (2, 2.0)]


def test_reducing_keeps_every_columns_extremes_and_the_order() -> None:
    points = [(float(x), float((x * 7919) % 1009)) for x in range(10_000)]
    kept = reduced(points, 100)
    assert len(kept) <= 400
    assert all(a[0] < b[0] for a, b in pairwise(kept))
    assert {kept[0], kept[-1]} == {points[0], points[-1]}
    assert max(y for _, y in kept) == max(y for _, y in points)
    assert min(y for _, y in kept) == min(y for _, y in points)


def test_a_short_series_is_left_alone() -> None:
    points = [(0.0, 1.0), (1.0, 2.0)]
    assert reduced(points, 100) == points


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
    apart = [after - before for before, after in pairwise(ticks)]
    assert all(math.isclose(step, apart[0], rel_tol=1e-3) and step > 0 for step in apart)


def test_decimals_tell_ticks_apart() -> None:
    assert decimals_of([0.0, 20.0]) == 0
    assert decimals_of([0.0, 0.25]) == 2
    assert decimals_of([0.0, 2.5]) == 1
    assert decimals_of([7.0]) == 2


@pytest.mark.parametrize("stepped", [True, False])
def test_an_area_is_solid_from_the_line_to_the_lower_edge(stepped: bool) -> None:
    """Without a gap, however few points there are: the rows below the lowest of them are full."""
    points = [(0.0, 10.0), (1.0, 40.0), (5.0, 20.0), (9.0, 40.0)]
    line = Series(points, (200, 200, 200), stepped=stepped, area=(60, 60, 60))
    drawn = plot([line], 80, 20, Axes(timed=False, framed=False, x_ticks=False, bounds=(0.0, 40.0), rounded=True))
    rows = [row.split("│")[-1].split("┤")[-1] for row in drawn.splitlines()]
    assert all(row.count("█") == len(row) - 2 for row in rows[-5:-1])  # half a column is left at both ends
    assert rows[1].count(" ") > 10


def test_an_area_does_not_widen_the_axes() -> None:
    """Years from 1970 and thousands above 0 are not drawn for the sake of the area's foot."""
    start = START.timestamp()
    line = Series([(start, 10_000.0), (start + 86_400, 10_050.0)], (200, 200, 200), area=(60, 60, 60))
    rows = plot([line], 80, 12, Axes(framed=False, x_ticks=False, rounded=True)).splitlines()
    assert rows[-1].count("█") + rows[-1].count("▀") > 60
    labels = [row.split("┤")[0].strip() for row in rows if "┤" in row]
    assert labels
    assert all(label.startswith("10,0") for label in labels)


def test_an_area_far_above_zero_takes_no_more_memory_than_another() -> None:
    """The rows down to zero would be a hundred million."""
    tracemalloc.start()
    line = Series([(0.0, 15_199_000.0), (1.0, 15_199_000.1)], (200, 200, 200), area=(60, 60, 60))
    drawn = plot([line], 100, 20, Axes(timed=False, framed=False, x_ticks=False, rounded=True))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "█" in drawn.splitlines()[-2]
    assert most < 50_000_000


def test_an_area_under_a_line_that_is_never_above_zero_hangs_from_zero() -> None:
    line = Series([(0.0, 0.0), (1.0, -10.0), (2.0, -5.0)], (200, 200, 200), area=(60, 60, 60))
    rows = plot([line], 60, 12, Axes(timed=False, framed=False, x_ticks=False, rounded=True)).splitlines()
    assert rows[0].count("█") + rows[0].count("▄") + rows[0].count("▀") > 30
    assert rows[-1].count("█") < 10
