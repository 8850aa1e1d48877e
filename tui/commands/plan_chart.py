"""The equity of a sweep's best variant over its baseline's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.commands import figures

if TYPE_CHECKING:
    from engine.desk.accounts import EquityPoint
    from tui.charts import Points
    from tui.commands.pages import Page

BEST_COLOUR, BASE_COLOUR = (80, 200, 120), (150, 150, 150)
COLUMNS_A_MARK = 2
"""The baseline is a row of marks with gaps: it must not be taken for the line, colour or not."""


def draw_over(page: Page, best: Sequence[EquityPoint], baseline: Sequence[EquityPoint]) -> None:
    """Both curves in one frame, the best a line, the baseline a row of marks; nothing when neither closed a trade."""
    from tui.charts import Series, plot

    times = [point.ts.timestamp() for point in (*best, *baseline) if point.ts is not None]
    if not times:
        return
    first, last = min(times), max(times)
    glyph = "·" if page.unicode else "."
    base = _marks(_curve(baseline, first, last), page.width // COLUMNS_A_MARK)
    marks = Series(base, BASE_COLOUR if page.colour else None, glyph)
    line = Series(_curve(best, first, last), BEST_COLOUR if page.colour else None, stepped=True)
    page.raw(plot([marks, line], page.width, colour=page.colour, unicode=page.unicode))
    page.line(f"line: the best, to {_end(best)}   {glyph} {glyph} {glyph} the baseline, to {_end(baseline)}")


def _curve(points: Sequence[EquityPoint], first: float, last: float) -> Points:
    """The points of a curve from one time to another, at which it starts and ends though nothing is closed there."""
    closed = [(point.ts.timestamp(), point.equity) for point in points if point.ts is not None]
    times = accumulate((x for x, _ in closed), max)  # in the order of closing, a time may stand still
    rising = list(zip(times, (y for _, y in closed), strict=True))
    return [(first, points[0].equity), *rising, (last, points[-1].equity)]


def _marks(curve: Points, count: int) -> Points:
    """The curve's value at evenly spread times."""
    times = [x for x, _ in curve]
    first, span = times[0], times[-1] - times[0]
    at = [first + span * step / max(1, count - 1) for step in range(count)]
    return [(x, curve[max(0, bisect_right(times, x) - 1)][1]) for x in at]


def _end(points: Sequence[EquityPoint]) -> str:
    return figures.money(points[-1].equity)
