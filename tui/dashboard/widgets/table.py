"""The table of all screens: hjkl, g and G, copy, order by a column, and rows paged in as they are wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import CellDoesNotExist

from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.textual_internals import FastTable
from tui.dashboard.widgets.columns import Column, Fitting, copy, frozen, row_cells

if TYPE_CHECKING:
    from textual.coordinate import Coordinate

PAGE = 500
"""Rows that are read and added at once."""

SLICE = 150
"""Rows that are put in before a frame is painted; the others follow it, so many at a time."""

MOST_SPACE = 3
"""Cells that a column is widened by at most, where there is room."""

BEFORE, BEYOND = "◂", "▸"
"""In the line of titles: there are columns to the left, to the right."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Order:
    """The column that rows are ordered by."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.column}"

    @classmethod
    def parse(cls, text: str | None) -> Order | None:
        """The order that `str` turned into text."""
        return cls(text.removeprefix("-"), text.startswith("-")) if text else None


class DeskTable(FastTable, Generic[Row]):
    """Rows of one kind, each with a key of its own (`key`).

    `show` puts rows in place of what is there: what stays is updated where it stands, and the cursor stays on its
    row. `append` adds a page. Every column has a fixed width, so nothing is measured but what is put in.

    `frozen` of the first columns stay when the others scroll, as far as there is room. `whole` says that `G` goes on
    to the last row of all, a page after the other, each in a turn of the loop of its own. `opens` says whether
    there is something to open of a row; else Enter does nothing and is not offered.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--row", "grid--edge"}
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "cursor_down", "down", "to the next row", "table.down"),
        bound("k,up", "cursor_up", "up", "to the row before", "table.up"),
        bound("h,left", "cursor_left", "left", "to the column before", "table.left"),
        bound("l,right", "cursor_right", "right", "to the next column, also those beyond the edge", "table.right"),
        bound("g,ctrl+home", "scroll_top", "first row", "to the top", "table.top"),
        bound("G,ctrl+end", "scroll_bottom", "last row", "to the end; in a journal, of what is read", "table.bottom"),
        bound("ctrl+f,pagedown", "page_down", "page down", "a screenful down", "table.page_down"),
        bound("ctrl+b,pageup", "page_up", "page up", "a screenful up", "table.page_up"),
        bound("enter", "select_cursor", "open", "details of the row", "table.open", show=True),
        bound("s", "order", "sort", "by the cursor's column; again: in reverse", "table.sort"),
        bound("y", "copy_cell", "copy cell", "to the clipboard, over ssh too", "table.copy_cell"),
        bound("Y", "copy_row", "copy row", "to a spreadsheet: plain numbers, tabs", "table.copy_row"),
    ]

    class Chosen(Message):
        """A row was chosen with Enter or the mouse."""

        def __init__(self, table: DeskTable[Any], row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> DeskTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

    class Ordered(Message):
        """Another order was requested; the owner of the rows shows them again in it (`in_order`)."""

        def __init__(self, table: DeskTable[Any], order: Order) -> None:
            super().__init__()
            self.table, self.order = table, order

        @property
        def control(self) -> DeskTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

    class MoreWanted(Message):
        """The cursor is on the last row that was read, and there are more."""

        def __init__(self, table: DeskTable[Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> DeskTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], str],
        *,
        order: Order | None = None,
        frozen: int = 1,
        whole: bool = True,
        opens: Callable[[Row], bool] = lambda _: True,
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        # under the cursor a gain is told by its sign alone: its colour could not be read on the cursor's
        super().__init__(id=id, fixed_columns=1, cell_padding=0, cursor_foreground_priority="css")
        self._frozen, self._whole, self._opens = frozen, whole, opens
        self._shown_columns, self._key = tuple(columns), key
        known = order is not None and any(column.key == order.column for column in columns)
        self.order = order if known else None
        self.total = 0
        self.items: list[Row] = []
        self._fitting = Fitting(self._shown_columns)
        self._asked = self._goes_on = False
        self._waiting: deque[tuple[str, tuple[Text, ...]]] = deque()
        self._went_on_from = 0

    def on_mount(self) -> None:
        """Add the columns before any rows."""
        for column in self._shown_columns:
            self.add_column(Text(), key=column.key, width=1)
        self._lay_out()

    def show(self, rows: Sequence[Row], total: int | None = None) -> None:
        """Show these rows, of `total` in all (default: these are all)."""
        before = [self._key(row) for row in self.items]
        self.items, self.total, self._asked = list(rows), len(rows) if total is None else total, False
        self._put(before)
        self._go_on()
        self.call_after_refresh(self.refresh_bindings)  # whether there is something to open under the cursor

    def append(self, rows: Sequence[Row], total: int) -> None:
        """Add a page of rows, of `total` in all."""
        cells = self._fitting.more(rows, self._room, Palette.of(self.app))
        if cells is None:
            self.show([*self.items, *rows], total)
            return
        self.items += rows
        self.total, self._asked = total, False
        self._add([self._key(row) for row in rows], cells)
        self._lay_out()
        self._go_on()

    @property
    def current(self) -> Row | None:
        """The row that the cursor is on."""
        return self.items[self.cursor_row] if 0 <= self.cursor_row < len(self.items) else None

    def in_order(self, rows: Iterable[Row]) -> list[Row]:
        """The rows in the table's order: for a screen that has all of them."""
        ordered = list(rows)
        if self.order is not None:
            column = next(column for column in self._shown_columns if column.key == self.order.column)
            ordered.sort(key=column.order, reverse=self.order.descending)
        return ordered

    def ask_order(self, order: Order) -> None:
        """Have the rows shown in another order."""
        self.order = order
        self._lay_out()
        self.post_message(self.Ordered(self, order))

    def action_order(self) -> None:
        """Order by the cursor's column; numbers come greatest first."""
        self._order_by(self.cursor_column)

    def action_copy_cell(self) -> None:
        """Copy the cell; a number without thousands separators."""
        if self.current is not None:
            copy(self, [self._shown_columns[self.cursor_column].plain(self.current, Palette.of(self.app))])

    def action_copy_row(self) -> None:
        """Copy the row's cells with tabs between them."""
        if self.current is not None:
            copy(self, list(row_cells(self._shown_columns, self.current, Palette.of(self.app))))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Enter only where it opens something."""
        return action != "select_cursor" or (self.current is not None and self._opens(self.current))

    def put_all(self) -> None:
        """Add the rows that wait for later frames now."""
        while self._waiting:
            key, cells = self._waiting.popleft()
            self.add_row(*cells, key=key)
        self.update_size()

    def action_scroll_bottom(self) -> None:
        """Go to the last row that is read, then on to the last of all."""
        self.put_all()
        self._goes_on, self._went_on_from = self._whole and len(self.items) < self.total, len(self.items) - 1
        super().action_scroll_bottom()
        if not self._asked:
            self._go_on()

    def on_data_table_cell_selected(self, event: DataTable.CellSelected) -> None:
        """Enter, or a click on the cursor's cell."""
        event.stop()
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """A click on a title orders by it."""
        event.stop()
        self._order_by(event.column_index)

    def on_data_table_cell_highlighted(self, event: DataTable.CellHighlighted) -> None:
        """Ask for more rows, once, when the cursor is on the last one."""
        event.stop()
        self._goes_on = self._goes_on and self.cursor_row == self._went_on_from  # else it was taken elsewhere
        at_end = event.coordinate.row >= len(self.items) - 1
        if at_end and len(self.items) < self.total and not self._asked:
            self._asked = True
            self.post_message(self.MoreWanted(self))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A title's tooltip says what the column is."""
        meta = event.style.meta
        index = meta.get("column", -1) if meta.get("row") == -1 else -1
        why = self._shown_columns[index].why if 0 <= index < len(self._shown_columns) else ""
        self.tooltip = Text(why) if why else None

    def on_resize(self) -> None:
        """Share spare room out to the columns; where there is too little, some columns shorten their cells."""
        if self._fitting.is_other(self._room):
            self._put([self._key(row) for row in self.items])
        else:
            self._lay_out()

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        """Redraw the rows that the cursor leaves and enters, not only their cells."""
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        if old_coordinate.row != new_coordinate.row:
            self.refresh_row(old_coordinate.row)
            self.refresh_row(new_coordinate.row)
            before, after = (
                0 <= row < len(self.items) and self._opens(self.items[row])
                for row in (old_coordinate.row, new_coordinate.row)
            )
            if before != after:
                self.refresh_bindings()

    def row_style(self, row_index: int) -> Style:
        """The cursor's row is highlighted as a whole, its cell more so."""
        is_current = row_index == self.cursor_row and self.show_cursor
        return self.get_component_rich_style("grid--row") if is_current else Style.null()

    def render_line(self, y: int) -> Strip:
        """A line; the titles with a mark at each edge beyond which there are columns. They replace a scroll bar."""
        line = super().render_line(y)
        if y or not self.show_header:
            return line
        widths, left = [column.get_render_width(self) for column in self.ordered_columns], self.scroll_offset.x
        if sum(widths) > left + self._room:
            line = self._marked(line, self._room - 1, BEYOND)
        return self._marked(line, sum(widths[: self.fixed_columns]), BEFORE) if left > 0 else line

    def _marked(self, line: Strip, at: int, mark: str) -> Strip:
        style = self.get_component_rich_style("grid--edge")
        return Strip.join([line.crop(0, at), Strip([Segment(mark, style)]), line.crop(at + 1)])

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def _put(self, before: Sequence[str]) -> None:
        """Replace the rows with keys `before` by the current ones."""
        cells = self._fitting.make(self.items, self._room, Palette.of(self.app))
        keys = [self._key(row) for row in self.items]
        if keys[: len(before)] == before:
            self.put_all()
            self._update(before, cells)
            self._add(keys[len(before) :], cells[len(before) :])
        else:
            self._goes_on = False
            self._replace(keys, cells)
        self._lay_out()

    def _go_on(self) -> None:
        """On the way to the last row of all: ask for a page more, or go to the last row when all are there."""
        if self._goes_on and len(self.items) < self.total:
            self._asked = True
            self.post_message(self.MoreWanted(self))
        elif self._goes_on:
            self._goes_on = False
            self.put_all()
            self.move_cursor(row=len(self.items) - 1)

    def _update(self, keys: Sequence[str], cells: Sequence[tuple[Text, ...]]) -> None:
        for key, row in zip(keys, cells, strict=False):  # of the rows that were there
            for column, cell in zip(self._shown_columns, row, strict=True):
                had = self.get_cell(key, column.key)
                if had != cell or had.style != cell.style:
                    self.update_cell(key, column.key, cell)

    def _add(self, keys: Sequence[str], cells: Sequence[tuple[Text, ...]], least: int = SLICE) -> None:
        """Add rows at the end: at least `least` now, the others after the next frames."""
        is_under_way = bool(self._waiting)
        self._waiting.extend(zip(keys, cells, strict=True))
        if not is_under_way:
            self._add_some(least)

    def _add_some(self, most: int = SLICE) -> None:
        for _ in range(min(most, len(self._waiting))):
            key, cells = self._waiting.popleft()
            self.add_row(*cells, key=key)
        self.update_size()
        if self._waiting:
            self.call_after_refresh(self._add_some)

    def _replace(self, keys: Sequence[str], cells: Sequence[tuple[Text, ...]]) -> None:
        try:
            on: str | None = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        except CellDoesNotExist:
            on = None
        row, column, top = *self.cursor_coordinate, self.scroll_y
        row = keys.index(on) if on in keys else max(0, min(row, len(keys) - 1))
        self._waiting.clear()
        self.clear()
        self._add(keys, cells, max(SLICE, row + self.size.height))  # with the room to scroll in, before it is scrolled
        if keys:
            self.scroll_to(y=top, animate=False)
            self.move_cursor(row=row, column=column, animate=False)

    def _lay_out(self) -> None:
        """Titles and widths, with the room that is left shared out."""
        if not self.columns:
            return
        least = self._fitting.least()
        before = [(known.label, known.width) for known in self.ordered_columns]
        spare = max(0, min(MOST_SPACE, (self._room - sum(least)) // len(least)))
        for column, known, width in zip(self._shown_columns, self.ordered_columns, least, strict=True):
            known.label, known.width = self._title(column), width + spare
        self.fixed_columns = frozen([width + spare for width in least], self._frozen, self._room)
        if before != [(known.label, known.width) for known in self.ordered_columns]:
            self.redraw_all()
        self.update_size()

    def _title(self, column: Column[Row]) -> Text:
        """The column's title; the one that rows are ordered by has an arrow in the gap before it."""
        mark = ""
        if self.order is not None and self.order.column == column.key:
            mark = "↓" if self.order.descending else "↑"
        if column.form.right:
            return Text(f"{mark}{column.title}", justify="right", no_wrap=True)
        return Text(f"{mark or ' '}{column.title}", no_wrap=True)

    def _order_by(self, index: int) -> None:
        if not 0 <= index < len(self._shown_columns):
            return
        column = self._shown_columns[index]
        again = self.order is not None and self.order.column == column.key
        descending = not self.order.descending if again and self.order else column.form.right
        self.ask_order(Order(column.key, descending))
