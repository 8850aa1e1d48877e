"""How the table of all screens is drawn: the cursor's whole row, and marks where columns go on beyond an edge."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import Column as GridColumn

from tui.dashboard.widgets.cell_lines import cell_line, is_plain

if TYPE_CHECKING:
    from textual.coordinate import Coordinate

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
