"""Every private name of Textual that the dashboard uses. No other file of `tui` uses one, and a test lists them.

A new version of Textual may rename any of these, so each has to earn its place. Three are for speed; with and without
them `python -m benchmarks.textual_internals` takes, at 120x40 on two cores:

    draw a screenful of cells (FastTable._render_cell)          18 ms, else 57 ms
    add 500 rows (FastTable._update_dimensions)                117 ms, else 162 ms
    open a screen for the first time (mark_styles_current)     196 ms, else 246 ms

The others do what no public name can: they mend a crash, or handle a traceback, a notification or a terminal title as
the dashboard needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App
from textual.content import Content
from textual.widgets import DataTable, OptionList
from textual.widgets.data_table import Column as GridColumn
from textual.widgets.data_table import RowKey

if TYPE_CHECKING:
    from textual.notifications import Notification
    from textual.screen import Screen

_move_page, _wrap_and_format = OptionList._move_page, Content._wrap_and_format


def _move_page_safely(self: OptionList, direction: Any) -> None:
    if (self.highlighted or 0) in self._index_to_line:
        _move_page(self, direction)


def _wrap_into_a_column(self: Content, width: int, *rest: Any, **named: Any) -> Any:
    least = 1 + 2 * named.get("line_pad", 0)
    return _wrap_and_format(self, max(least, width), *rest, **named)


def patch_textual() -> None:
    """Mend two crashes of Textual in this process; calling it again changes nothing.

    A list of options that pages looks up the line of the highlighted option, which has none before it is laid out or
    where it has no room: KeyError. Text that is wrapped into no column divides by zero. Both happen inside the palette
    and inside selects too, so a subclass of ours could not replace them.
    """
    OptionList._move_page = _move_page_safely  # type: ignore[method-assign]
    Content._wrap_and_format = _wrap_into_a_column  # type: ignore[method-assign]


def mark_styles_current(screen: Screen[Any]) -> None:
    """Tell Textual that a new screen has its styles: its widgets get them as they are made.

    Otherwise Textual parses all stylesheets again when the screen is first shown, 50 to 90 ms for each screen.
    """
    screen._css_update_count = screen.app._css_update_count


class QuietApp(App[None]):
    """An application that ends without a traceback at an unforeseen exception, and shows its newest notifications."""

    @property
    def is_left(self) -> bool:
        """Whether it was told to end; its widgets may be gone. `is_running` stays true until they all are."""
        return self._exit

    def end_with(self, error: Exception) -> None:
        """End at an unforeseen exception; subclasses keep it and then call this.

        Textual would render a traceback over several pages; the command line reports the exception in one line.
        """
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def write_to_terminal(self, sequence: str) -> None:
        """Send an escape sequence; nothing happens without a terminal. Only the driver writes it between frames."""
        if self._driver is not None:
            self._driver.write(sequence)

    def show_notification(self, notification: Notification, most: int) -> None:
        """Show a notification; the oldest beyond `most` go. A message that is on the screen is not repeated.

        Textual itself can only add a notification or remove all of them.
        """
        standing = [*self._notifications]
        if notification.message in {other.message for other in standing}:
            return  # an outage is told once, however many reads failed
        newest = [*standing, notification][-most:]
        self._notifications.clear()
        for kept in newest:
            self._notifications.add(kept)
        self._refresh_notifications()

    def _handle_exception(self, error: Exception) -> None:
        self.end_with(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()


ELLIPSIS = "…"


def is_plain(cell: object) -> bool:
    """Whether `cell_line` draws the cell as Rich would: one line in one style, cut with an ellipsis."""
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

    Padding before right-aligned text belongs to the text, padding after left-aligned text to the table. Rich does the
    same; it shows where a style underlines or reverses.
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


class FastTable(DataTable[Text]):
    """A `DataTable` of columns with fixed widths, whose plain cells are drawn without Rich's console."""

    _column_order: tuple[GridColumn, ...] = ()

    def row_style(self, row_index: int) -> Style:
        """A style below the cells of a row; subclasses override it."""
        return Style.null()

    @property
    def ordered_columns(self) -> list[GridColumn]:
        """The columns, which never change places here: Textual would sort them for every row and line."""
        if len(self._column_order) != len(self.columns):
            self._column_order = tuple(super().ordered_columns)
        return list(self._column_order)

    def update_size(self) -> None:
        """Make room for the rows and the widths that the table has now."""
        self._update_dimensions(())

    def redraw_all(self) -> None:
        """Draw every cell again: titles or widths have changed."""
        self._clear_caches()
        self.refresh()

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        super()._update_dimensions(())  # widths are fixed: measuring the new cells would take most of the time

    def _render_cell(
        self,
        row_index: int,
        column_index: int,
        base_style: Style,
        width: int,
        cursor: bool = False,
        hover: bool = False,
    ) -> list[list[Segment]]:
        """As Textual's, but a plain cell is put together here: Rich's console takes several times as long."""
        is_title = row_index == -1
        base_style += self.row_style(row_index)
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
