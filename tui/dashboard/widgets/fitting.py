"""A table's rows as cells, and the room that its columns need; where there is too little, some columns say less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.text import Text

from tui.dashboard.widgets.columns import Column
from tui.dashboard.widgets.money import Palette

Row = TypeVar("Row")
Cells = list[tuple[Text, ...]]


class Fitting(Generic[Row]):
    """`make` is for all rows, `more` for those that are added; `least` is the room that each column needs then."""

    def __init__(self, columns: Sequence[Column[Row]]) -> None:
        self._columns = columns
        self._detail = [0] * len(columns)
        self._content = [0] * len(columns)
        self._tight = False
        self._wanted = 0

    def make(self, rows: Sequence[Row], room: int, palette: Palette) -> Cells:
        """The rows' cells; some columns say less where all that they have to say is wider than the room."""
        cells = self._make(rows, palette, tight=False)
        self._wanted = sum(self.least())
        return self._make(rows, palette, tight=True) if self._must_yield(room) else cells

    def more(self, rows: Sequence[Row], room: int, palette: Palette) -> Cells | None:
        """The cells of rows that are added; None where those before them must be made anew to be alike."""
        detail = [max(had, one) for had, one in zip(self._detail, self._details(rows), strict=True)]
        if detail != self._detail:  # a value that needs more decimals than any before
            return None
        cells = self._cells(rows, palette)
        self._measure(cells)
        self._wanted = max(self._wanted, sum(self.least()))
        return None if self.is_other(room) else cells

    def is_other(self, room: int) -> bool:
        """Whether in this room the cells are not what they were made to be."""
        return self._tight != self._must_yield(room)

    def least(self) -> list[int]:
        """The cells of each column's content or title, with the gap before it."""
        pairs = zip(self._content, self._columns, strict=True)
        return [max(content, cell_len(column.title) + 1) for content, column in pairs]

    def _must_yield(self, room: int) -> bool:
        return 0 < room < self._wanted and any(column.yields for column in self._columns)

    def _make(self, rows: Sequence[Row], palette: Palette, *, tight: bool) -> Cells:
        self._tight, self._content = tight, [0] * len(self._columns)
        self._detail = self._details(rows)
        cells = self._cells(rows, palette)
        self._measure(cells)
        return cells

    def _details(self, rows: Sequence[Row]) -> list[int]:
        return [column.detail(rows, tight=self._tight) for column in self._columns]

    def _cells(self, rows: Sequence[Row], palette: Palette) -> Cells:
        pairs = zip(self._columns, self._detail, strict=True)
        return list(zip(*(column.cells(rows, detail, palette) for column, detail in pairs), strict=True))

    def _measure(self, cells: Cells) -> None:
        for index, column in enumerate(self._columns):
            gap = 1 if column.form.right else 0  # at the left it is in the cell
            widest = max((cell_len(row[index].plain) + gap for row in cells), default=0)
            wanted = max(self._content[index], widest, column.least)
            self._content[index] = min(column.most(tight=self._tight), wanted)
