"""The equity curve in the terminal: stepped, reduced to the width, its extremes kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tui.shared.charts import HEIGHT, reduced, step_chart, steps
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
