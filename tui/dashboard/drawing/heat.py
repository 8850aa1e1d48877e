"""A heat map in half blocks: a cell is at least one column wide and half a row high, so a whole sweep is in view.

Cells that have room show their figures. Where there are more cells than half rows or columns, neighbours share one: it
has the best figure among them. Without colour a cell is a shade, a row high at least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.text import Text

from tui.dashboard.drawing.axes import Label, spaced
from tui.dashboard.drawing.canvas import Canvas
from tui.dashboard.drawing.ramp import LEVELS, Ramp, Scale
from tui.shared.text import cell_width, fit, pad

if TYPE_CHECKING:
    from engine.market.bars import FloatArray, IntArray

SHADES = "░▒▓█"
"""Four shades, the worst first: what a cell is without colour."""
NOTHING = "·"
"""A cell without a figure: no such variant, or one that failed or was skipped."""
_LIT = "▉"
_NONE, _OUTSIDE = -1, -2
"""Levels of a cell without a figure, and of what is below the last row"""
_MOST_WIDTH, _MOST_HEIGHT = 24, 8
"""Of a cell, in columns and in half rows: a small sweep does not fill a wide screen with four blocks."""
_LABEL = 14
_AXIS = 1
"""Rows below the cells: the names of the columns"""

Place = tuple[int, int]
"""A row and a column of the grid"""


class HeatLayout(NamedTuple):
    """Where cells are drawn: `label` columns for the names of rows; `width` columns and `height` half rows a block.

    A block is `across` cells of the grid wide and `down` high: 1 by 1 where every cell has room.
    """

    label: int
    width: int
    height: int
    across: int
    down: int
    with_figures: bool

    def cell_at(self, x: int, y: int, shape: tuple[int, int]) -> Place | None:
        """The grid's row and column that is drawn at a place on the screen; None beside the cells."""
        column, row = (x - self.label) // self.width * self.across, 2 * y // self.height * self.down
        inside = x >= self.label and 0 <= column < shape[1] and 0 <= row < shape[0]
        return (row, column) if inside else None

    @property
    def has_brackets(self) -> bool:
        """Whether a block has room for the cursor's brackets."""
        return self.width >= 3 and self.height >= 2


class Inks(NamedTuple):
    """The theme's colours beside the ramp: of text, of a cell without a figure, of names; or no colours at all."""

    foreground: str
    empty: str
    muted: str
    strong: str = "bold"
    coloured: bool = True


@dataclass(frozen=True)
class Heat:
    """What a map shows: the cells that have a figure, and what stands at the edges.

    `at` is the row and the column of each figure, shape (n, 2), and `values` are the figures, shape (n,), NaN where
    there is none: a sweep of which only a part was run has far more cells than variants. `marks` are signs on cells,
    `shown` the figures as text, empty for a map without them.
    """

    at: IntArray
    values: FloatArray
    rows: Sequence[str]
    columns: Sequence[str]
    scale: Scale
    marks: Mapping[Place, str] = field(default_factory=dict)
    shown: Mapping[Place, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return len(self.rows), len(self.columns)

    def laid_out(self, width: int, height: int, *, coloured: bool = True) -> HeatLayout:
        """What fits into so many columns and rows, the line of column names included."""
        rows, columns = self.shape
        label = min(_LABEL, self._widest_row_name) + 1
        room, halves = max(1, width - label), max(2, 2 * (height - _AXIS))
        across, down = -(-columns // room), -(-rows // (halves if coloured else halves // 2))
        wide = min(_MOST_WIDTH, room // -(-columns // across))
        high = min(_MOST_HEIGHT, halves // -(-rows // down))
        high = high if high == 1 and coloured else max(2, high - high % 2)
        widest = max(map(cell_width, self.shown.values()), default=0)
        signs = max(map(len, self.marks.values()), default=0)
        fits = across == down == 1 and bool(self.shown) and wide >= widest + signs + 2 and high >= 2
        return HeatLayout(label, wide, high, across, down, fits)

    @cached_property
    def _widest_row_name(self) -> int:
        return max(map(cell_width, self.rows), default=0)

    @cached_property
    def _widest_column_name(self) -> int:
        return max(map(cell_width, self.columns), default=1)

    def text(self, layout: HeatLayout, cursor: Place, ramp: Ramp, inks: Inks) -> Text:
        """The cells with the names of their rows, and below them those of the columns.

        The cursor's cell stands in brackets, or has the colour of text where there is no room for them; the names of
        its row and column are bold. `inks` without colour draws shades.
        """
        levels = self._levels(layout)
        rows, columns = levels.shape
        height = -(-rows * layout.height // 2)
        canvas = Canvas(layout.label + columns * layout.width, height + _AXIS)
        here = cursor[0] // layout.down, cursor[1] // layout.across
        sheet = _Sheet(canvas, layout, levels, ramp, inks)
        sheet.fill(None if layout.has_brackets else here)
        self._sign(sheet)
        if layout.has_brackets:
            sheet.bracket(here)
        self._name_rows(canvas, layout, height, cursor[0], inks)
        self._name_columns(canvas, layout, height, cursor[1], inks)
        return canvas.text()

    def _levels(self, layout: HeatLayout) -> np.ndarray:
        """The level of each block: the greatest among its cells, -1 where none has a figure."""
        rows, columns = self.shape
        blocks = np.full((-(-rows // layout.down), -(-columns // layout.across)), _NONE, np.int64)
        block_of = self.at[:, 0] // layout.down, self.at[:, 1] // layout.across
        np.maximum.at(blocks, block_of, self.scale.levels(self.values))
        return blocks

    def _sign(self, sheet: _Sheet) -> None:
        layout = sheet.layout
        if not layout.with_figures:
            for (row, column), sign in self.marks.items():
                sheet.stamp((row // layout.down, column // layout.across), sign)
            return
        for place in product(range(len(self.rows)), range(len(self.columns))):
            sheet.stamp(place, f"{self.marks.get(place, '')}{self.shown.get(place, NOTHING)}", right=True)

    def _name_rows(self, canvas: Canvas, layout: HeatLayout, height: int, here: int, inks: Inks) -> None:
        """A name on the line where its row begins: the cursor's, and others that are not beside it."""
        own = here // layout.down * layout.height // 2
        names = {own: here}
        apart = 1 if layout.height >= 2 else 3
        for line in range(0, height, apart):
            row = -(-2 * line // layout.height) * layout.down
            begins = row // layout.down * layout.height // 2
            if row < len(self.rows) and begins not in names and (apart == 1 or abs(begins - own) >= 2):
                names[begins] = row
        for line, row in names.items():
            name = pad(fit(self.rows[row], layout.label - 1), layout.label - 1, right=True)
            canvas.put(0, line, name, inks.strong if row == here else inks.muted)

    def _name_columns(self, canvas: Canvas, layout: HeatLayout, height: int, here: int, inks: Inks) -> None:
        every = max(1, -(-(self._widest_column_name + 2) // layout.width) * layout.across)
        places = sorted({*range(0, len(self.columns), every), here})
        labels = [
            Label(place // layout.across * layout.width + layout.width // 2, self.columns[place], place == here)
            for place in places
        ]
        for x, label in spaced(labels, canvas.width - layout.label):
            canvas.put(layout.label + x, height, label.text, inks.strong if label.must else inks.muted)


class _Sheet:
    """The cells of a map on a canvas."""

    def __init__(self, canvas: Canvas, layout: HeatLayout, levels: np.ndarray, ramp: Ramp, inks: Inks) -> None:
        self.canvas, self.layout, self.levels, self._ramp, self._inks = canvas, layout, levels, ramp, inks

    def fill(self, lit: Place | None) -> None:
        """Draw every block; the one that is `lit` has the colour of text."""
        layout, levels = self.layout, self.levels.copy()
        if lit is not None:
            levels[lit] = LEVELS
        halves = np.repeat(np.repeat(levels, layout.height, axis=0), layout.width, axis=1)
        if len(halves) % 2:
            halves = np.vstack([halves, np.full((1, halves.shape[1]), _OUTSIDE)])
        for y, (upper, lower) in enumerate(zip(halves[::2].tolist(), halves[1::2].tolist(), strict=True)):
            for x, (above, below) in enumerate(zip(upper, lower, strict=True), layout.label):
                self._draw(x, y, above, below)

    def stamp(self, block: Place, text: str, *, right: bool = False) -> None:
        """Write on a block: in its middle, or at its right."""
        layout = self.layout
        text = text[: layout.width]
        x = layout.label + block[1] * layout.width
        x += layout.width - 1 - len(text) if right else (layout.width - len(text)) // 2
        y = block[0] * layout.height // 2 + (0 if right else (layout.height - 1) // 4)
        self.canvas.put(x, y, text, self._on(block))

    def bracket(self, block: Place) -> None:
        """The cursor's brackets at both ends of a block, on its first line."""
        layout = self.layout
        x, y = layout.label + block[1] * layout.width, block[0] * layout.height // 2
        self.canvas.put(x, y, "[", self._on(block))
        self.canvas.put(x + layout.width - 1, y, "]", self._on(block))

    def _draw(self, x: int, y: int, above: int, below: int) -> None:
        if self._inks.coloured:
            self.canvas.halves(x, y, self._colour(above), self._colour(below))
        elif above >= LEVELS:
            self.canvas.put(x, y, _LIT, self._inks.strong)
        elif above == _OUTSIDE or above < 0:
            self.canvas.put(x, y, " " if above == _OUTSIDE else NOTHING)
        else:
            self.canvas.put(x, y, SHADES[min(len(SHADES) - 1, above * len(SHADES) // LEVELS)])

    def _colour(self, level: int) -> str:
        if level >= LEVELS:
            return self._inks.foreground
        return self._ramp.colours[level] if level >= 0 else self._inks.empty if level == _NONE else ""

    def _on(self, block: Place) -> str:
        level = int(self.levels[block])
        if not self._inks.coloured:
            return "bold reverse"
        if level < 0:
            return self._inks.strong
        return f"bold {self._ramp.inks[level]} on {self._ramp.colours[level]}"
