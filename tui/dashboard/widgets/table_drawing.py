"""How the table of all screens is drawn: the cursor's whole row, and marks where columns go on beyond an edge."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import Column as GridColumn

from tui.dashboard.widgets.columns import Column
from tui.dashboard.widgets.money import Palette

if TYPE_CHECKING:
    from textual.coordinate import Coordinate


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


ELLIPSIS = "…"


def is_plain(cell: object) -> bool:
    """Whether `cell_line` draws it as Rich would: one line in one style, cut with an ellipsis."""
    return (
        isinstance(cell, Text)
        and not cell.spans
        and cell.overflow in {None, "ellipsis"}
        and cell.justify in {None, "left", "right"}
        and "\n" not in cell.plain
        and "\t" not in cell.plain
    )


def cell_line(cell: Text, width: int, before: Style, after: Style, style: Style) -> list[Segment]:
    """The cell in `style`, over `before` and below `after`, padded to `width` columns.

    At the right the space before the text is the text's own, at the left the space behind it is the table's: as Rich
    has it, which shows where a style underlines or reverses.
    """
    words, length = cell.plain, cell_len(cell.plain)
    if length > width:
        mark = ELLIPSIS if cell.overflow == "ellipsis" else ""
        words, length = set_cell_size(words, width - len(mark)) + mark, width
    spare = " " * (width - length)
    if cell.justify == "right":
        words, spare = spare + words, ""
    line = [Segment(words, before + style + after)]
    if spare:
        line.append(Segment(spare, before + after))
    return line


BEFORE, BEYOND = "◂", "▸"
"""In the line of titles: there are columns to the left, to the right."""

MOST_FROZEN = 0.65
"""The part of the width that frozen columns take at most; the others need the rest to be seen in."""


class Grid(DataTable[Text]):
    """A `DataTable` whose cursor is a cell within a row that is highlighted too, and that needs no scroll bar below."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--row", "grid--edge"}

    _in_order: tuple[GridColumn, ...] = ()

    @property
    def ordered_columns(self) -> list[GridColumn]:
        """The columns, which never change places here: Textual would put them in order for every row and line."""
        if len(self._in_order) != len(self.columns):
            self._in_order = tuple(super().ordered_columns)
        return list(self._in_order)

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        """The rows that the cursor leaves and comes to are drawn anew, not the cells alone."""
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        if old_coordinate.row != new_coordinate.row:
            self.refresh_row(old_coordinate.row)
            self.refresh_row(new_coordinate.row)

    def render_line(self, y: int) -> Strip:
        """A line; that of the titles with a mark at each edge that columns are beyond."""
        line = super().render_line(y)
        if y or not self.show_header:
            return line
        before, beyond = self._beyond()
        if beyond:
            line = self._marked(line, self.scrollable_content_region.width - 1, BEYOND)
        return self._marked(line, sum(self._widths[: self.fixed_columns]), BEFORE) if before else line

    @property
    def _widths(self) -> list[int]:
        return [column.get_render_width(self) for column in self.ordered_columns]

    def _beyond(self) -> tuple[bool, bool]:
        """Whether columns are hidden, or cut, at the left and at the right."""
        left = self.scroll_offset.x
        return left > 0, sum(self._widths) > left + self.scrollable_content_region.width

    def _marked(self, line: Strip, at: int, mark: str) -> Strip:
        style = self.get_component_rich_style("grid--edge")
        return Strip.join([line.crop(0, at), Strip([Segment(mark, style)]), line.crop(at + 1)])

    def _render_cell(
        self,
        row_index: int,
        column_index: int,
        base_style: Style,
        width: int,
        cursor: bool = False,
        hover: bool = False,
    ) -> list[list[Segment]]:
        """A plain cell is put together here: Rich's console takes ten times as long, for each of hundreds."""
        is_title = row_index == -1
        if row_index == self.cursor_row and self.show_cursor:
            base_style += self.get_component_rich_style("grid--row")
        row_key = self._header_row_key if is_title else self._row_locations.get_key(row_index)
        column_key = self._column_locations.get_key(column_index)
        if row_key is None or column_key is None or column_index < 0:
            return super()._render_cell(row_index, column_index, base_style, width, cursor, hover)
        key = (row_key, column_key, base_style, cursor, hover, self._show_hover_cursor)
        cache_key = (*key, self._update_count, self._pseudo_class_state)
        known = self._cell_render_cache.get(cache_key)
        if known is not None:
            return known
        cell = self.columns[column_key].label if is_title else self._data[row_key][column_key]
        if not is_plain(cell):
            return super()._render_cell(row_index, column_index, base_style, width, cursor, hover)
        component, after = self._get_styles_to_render_cell(
            is_title,
            False,
            not is_title and column_index < self.fixed_columns,
            hover,
            cursor,
            self.show_cursor,
            self._show_hover_cursor,
            self.cursor_foreground_priority == "css",
            self.cursor_background_priority == "css",
        )
        before = base_style + Style.from_meta({"row": row_index, "column": column_index}) + component
        style = self.app.console.get_style(cell.style) if isinstance(cell.style, str) else cell.style
        lines = [cell_line(cell, width, before, after, style)]
        self._cell_render_cache[cache_key] = lines
        return lines


def frozen(widths: Sequence[int], wanted: int, room: int) -> int:
    """How many of the first columns stay where they are: the wanted ones, fewer where they leave no room."""
    fitting = sum(1 for end in accumulate(widths[:wanted]) if end <= room * MOST_FROZEN)
    return max(1, fitting)
