"""How a map is drawn: headings, the names of the values, the cells that fit around the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from engine.numerals import value_text
from tui.dashboard.colours import Palette, rgb
from tui.shared.metrics import formatted
from tui.shared.text import cell_width, fit, pad, safe_text

if TYPE_CHECKING:
    from engine.sweeps.results import VariantResult
    from tui.shared.grid import Cut, Grid


SHADES = ("░", "▒", "▓", "█")
NOTHING = "·"
"""A cell without a figure: no such variant, or one that failed or was skipped."""
FRAME = 2
"""Columns at both ends of a cell, where the cursor's brackets stand."""


def shade_of(value: float | None, low: float, high: float) -> str:
    """Which of four shades a figure has between the least and the greatest."""
    if value is None:
        return NOTHING
    if high <= low:
        return SHADES[1]
    return SHADES[min(len(SHADES) - 1, int((value - low) / (high - low) * len(SHADES)))]


def colour_between(value: float, worst: float, best: float, palette: Palette) -> str:
    """A colour between that of a loss, for the worst, and that of a gain, for the best; either may be the greater."""
    part = 0.5 if best == worst else (value - worst) / (best - worst)
    mixed = (round(a + (b - a) * part) for a, b in zip(rgb(palette.loss), rgb(palette.gain), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def cell(shade: str, colour: str, signs: str, shown: str, width: int, *, here: bool) -> Text:
    """`▓▓* 12.30`, as wide as it is told: the shade has what signs and figure leave.

    The cursor's cell stands in brackets: the shade stays as it is.
    """
    content = f"{signs}{shown}"
    ink = Text(shade * max(1, width - FRAME - len(content)), colour)
    opened, closed = "[]" if here else "  "
    return Text.assemble((opened, "bold"), ink, (content, "bold" if here else ""), (closed, "bold"))


ABOVE = 4
"""Lines above the cells: what is shown, the scale, what the cursor is on, the names of the columns."""
INK, INK_ALONE, MOST_INK = 1, 2, 12
"""Columns of shade in a cell: beside a figure and without one at least, and where there is room."""
LONGEST_NAME = 12
BEST, BEST_OF_PLAN, BASE = "*", "◆", "b"
SIGNS = {BEST: "best", BEST_OF_PLAN: "best by the objective", BASE: "base values"}
"""What stands in a cell: the best is by the figure that is shown."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which cells are drawn, from the first at the left and the top; widths in cells of the terminal."""

    left: int
    columns: int
    top: int
    rows: int
    label: int
    width: int
    with_figures: bool

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The column and the row that are drawn there."""
        column, row = (x - self.label) // self.width, y - ABOVE
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        return (column + self.left, row + self.top) if inside else None


class MapPage:
    """The drawing of one cut of a grid; `at` is the cursor's column and row."""

    def __init__(self, grid: Grid, cut: Cut, best: str | None, palette: Palette) -> None:
        self.at = (0, 0)
        self._width = 0
        self._grid, self._cut, self._best, self._palette = grid, cut, best, palette
        self._figure = grid.figure(cut)
        self._columns, self._rows = grid.columns(cut), grid.rows(cut)
        self._has_rows = bool(grid.axes(cut)[1])
        values = [value for value in map(self._figure.of, grid.within(cut)) if value is not None]
        self._bounds = (min(values), max(values)) if values else (0.0, 0.0)
        self._signs = dict(self._signed())
        self._room = max(map(len, self._signs.values()), default=0)
        """Columns that signs take in a cell"""
        self._widest = max((len(formatted(value, self._figure.metric.digits)) for value in values), default=1)

    def laid_out(self, width: int, height: int) -> Layout:
        """What fits; figures are shown when they do in every column."""
        label = min(LONGEST_NAME, max(map(cell_width, map(self._row_name, self._rows[:1_000])))) + 1
        names = max(map(cell_width, map(_name, self._columns[:1_000])))
        self._width, room = width, width - label
        wide = max(FRAME + INK + self._room + 1 + self._widest, names + 2)
        with_figures = wide * len(self._columns) <= room
        wide = wide if with_figures else FRAME + INK_ALONE + self._room
        wide = max(wide, min(wide + MOST_INK, room // len(self._columns)))
        left, columns = window(self.at[0], len(self._columns), max(1, room // wide))
        top, rows = window(self.at[1], len(self._rows), max(1, height - ABOVE - 1))
        return Layout(left, columns, top, rows, label, wide, with_figures)

    def text(self, layout: Layout) -> Text:
        """The map with its headings, names and legend as text."""
        lines = [*self._heading(), self._names(layout), *self._cells(layout)]
        if layout.columns < len(self._columns) or layout.rows < len(self._rows):
            across = f"columns {_of(layout.left, layout.columns, len(self._columns))}"
            down = f", rows {_of(layout.top, layout.rows, len(self._rows))}"
            lines.append(Text(across + down, self._palette.muted))
        for line in lines:
            line.truncate(self._width, overflow="ellipsis")
        page = Text("\n").join(lines)
        page.no_wrap, page.overflow = True, "ellipsis"
        return page

    def _heading(self) -> Iterator[Text]:
        across, down = self._grid.axes(self._cut)
        title = Text.assemble((self._figure.metric.label, "bold"), "  by ", (safe_text(across), "bold"), " →")
        title.append(f"  and {safe_text(down)} ↓" if self._has_rows else "")
        fixed = ", ".join(f"{path} = {value_text(value)}" for path, value in self._grid.fixed(self._cut).items())
        yield title.append(f"  fixed: {safe_text(fixed)}" if fixed else "", self._palette.muted)
        yield self._scale()
        yield self._under_cursor()

    def _scale(self) -> Text:
        """The shades between the figures that they stand for, and what the signs mean."""
        low, high = (formatted(bound, self._figure.metric.digits) for bound in self._bounds)
        used = set("".join(self._signs.values()))
        words = "".join(f"  {sign} {means}" for sign, means in SIGNS.items() if sign in used)
        scale = "".join(shade * 2 for shade in SHADES)
        return Text(f"{low} {scale} {high}  {NOTHING} no figure{words}", self._palette.muted)

    def _signed(self) -> Iterator[tuple[str, str]]:
        """The variants of the cut that have signs; the objective's best has its own where another is the best here."""
        known = [
            (value, result) for result in self._grid.within(self._cut) if (value := self._figure.of(result)) is not None
        ]
        better = self._figure.metric.better.value
        first = max(known, key=lambda value_and_result: value_and_result[0] * better)[1] if known and better else None
        for result in self._grid.within(self._cut):
            signs = BEST if result is first else BEST_OF_PLAN if result.variant_id == self._best else ""
            signs += BASE if self._grid.is_base(result) else ""
            if signs:
                yield result.variant_id, signs

    def _under_cursor(self) -> Text:
        result = self._grid.variant(self._cut, *self.at)
        if result is None:
            return Text("there is no such variant", "italic")
        value = self._figure.of(result)
        what = formatted(value, self._figure.metric.digits) if value is not None else _why(result)
        signs = self._signs.get(result.variant_id, "")
        return Text.assemble(safe_text(result.label), "  ", (safe_text(what), "bold"), f"  {signs}")

    def _names(self, layout: Layout) -> Text:
        shown = self._columns[layout.left : layout.left + layout.columns]
        width = layout.width - 1
        names = (pad(fit(_name(value), width), width, right=True) + " " for value in shown)
        return Text(" " * layout.label + "".join(names), self._palette.muted)

    def _cells(self, layout: Layout) -> Iterator[Text]:
        for row in range(layout.top, layout.top + layout.rows):
            name = fit(self._row_name(self._rows[row]), layout.label - 1)
            line = Text(pad(name, layout.label - 1, right=True) + " ", self._palette.muted)
            for column in range(layout.left, layout.left + layout.columns):
                line.append_text(self._cell(column, row, layout))
            yield line

    def _cell(self, column: int, row: int, layout: Layout) -> Text:
        result = self._grid.variant(self._cut, column, row)
        value = None if result is None else self._figure.of(result)
        figure = f" {formatted(value, self._figure.metric.digits).rjust(self._widest)}" if layout.with_figures else ""
        return cell(
            shade_of(value, *self._bounds),
            self._colour(value),
            ("" if result is None else self._signs.get(result.variant_id, "")).ljust(self._room),
            figure,
            layout.width,
            here=(column, row) == self.at,
        )

    def _colour(self, value: float | None) -> str:
        """The best figures have a gain's colour, be they the least; where neither is better there is one colour."""
        if value is None or not self._figure.metric.better.value:
            return self._palette.muted if value is None else self._palette.line
        worst, best = self._bounds[:: self._figure.metric.better.value]
        return colour_between(value, worst, best, self._palette)

    def _row_name(self, value: Any) -> str:
        return _name(value) if self._has_rows else ""


def window(at: int, count: int, room: int) -> tuple[int, int]:
    """The first of so many things that there is room for, and how many, with `at` among them."""
    if count <= room:
        return 0, count
    return min(max(0, at - room // 2), count - room), room


def _name(value: Any) -> str:
    return safe_text(value_text(value))


def _of(first: int, shown: int, count: int) -> str:
    return f"{first + 1:,} to {first + shown:,} of {count:,}"


def _why(result: VariantResult) -> str:
    return result.skip_reason or result.error or result.status
