"""The table of all screens, by itself: what stays, what moves, what is asked for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from tui.dashboard import app
from tui.dashboard.colours import FALLBACK, Palette
from tui.dashboard.textual_internals import is_plain
from tui.dashboard.widgets.columns import COUNTS, GAINS, MINUTES, PRICES, WORDS, Column, Fitting, frozen
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import BEFORE, BEYOND, SLICE, DeskTable, Order


@dataclass(frozen=True)
class Fruit:
    name: str
    count: int
    price: float | None
    gain: float = 0.0


COLUMNS: tuple[Column[Fruit], ...] = (
    Column("name", "name", WORDS, lambda row: row.name),
    Column("count", "count", COUNTS, lambda row: row.count, "how many"),
    Column("price", "price", PRICES, lambda row: row.price),
    Column("gain", "gain", GAINS, lambda row: row.gain),
)
FRUIT = [Fruit("pear", 1_234, 1.5), Fruit("apple", 7, 0.1234, 3.0), Fruit("fig", 89, None, -3.0)]


class Basket(App[None]):
    """A pane, and what its table said."""

    CSS_PATH = Path(app.__file__).with_name("app.tcss")

    def __init__(self, order: Order | None = None) -> None:
        super().__init__()
        self.pane: TablePane[Fruit] = TablePane(
            COLUMNS, lambda row: row.name, noun="fruit", empty="Pick some.", order=order, id="fruit"
        )
        self.said: list[object] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_desk_table_more_wanted(self, event: DeskTable.MoreWanted) -> None:
        self.said.append(event)

    def on_desk_table_ordered(self, event: DeskTable.Ordered) -> None:
        self.said.append(event)

    def on_desk_table_chosen(self, event: DeskTable.Chosen) -> None:
        self.said.append(event)


def column(app: Basket, index: int) -> list[str]:
    table = app.pane.table
    return [table.get_row_at(row)[index].plain.strip() for row in range(table.row_count)]


async def filled(app: Basket, pilot: Pilot[None], rows: list[Fruit], total: int | None = None) -> None:
    app.pane.show(rows, total)
    await pilot.pause()
    app.pane.table.focus()
    await pilot.pause()


async def test_a_column_has_the_same_decimals_and_stands_at_the_right() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        assert column(app, 1) == ["1,234", "7", "89"]
        assert column(app, 2) == ["1.5000", "0.1234", "-"]
        assert column(app, 3) == ["0.00", "▲ +3.00", "▼ -3.00"]
        assert [cell.justify for cell in app.pane.table.get_row_at(0)] == [None, "right", "right", "right"]


async def test_hjkl_and_g_move() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        table = app.pane.table
        await pilot.press("j", "l")
        assert table.cursor_coordinate == (1, 1)
        await pilot.press("k", "h")
        assert table.cursor_coordinate == (0, 0)
        await pilot.press("G")
        assert table.cursor_row == 2
        await pilot.press("g")
        assert table.cursor_row == 0


async def test_copy_a_cell_and_a_row() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.press("j", "l", "l", "y")
        assert app.clipboard == "0.1234"
        await pilot.press("Y")
        assert app.clipboard == "apple\t7\t0.1234\t3.00"
        await pilot.press("k", "Y")
        assert app.clipboard == "pear\t1234\t1.50\t0.00"
        await pilot.press("h", "y")
        assert app.clipboard == "1234"


async def test_what_was_copied_is_told_readably() -> None:
    app = Basket()
    async with app.run_test(notifications=True) as pilot:
        await filled(app, pilot, [Fruit("fig\t1", 89, None, -3.0), Fruit("=1+1", 1, 1.0)])
        await pilot.press("Y", "j", "Y", "y")
        await pilot.pause()
        assert [toast.message for toast in app._notifications] == [
            "copied: fig\\t1 | 89 |  | -3.00",
            "copied: '=1+1 | 1 | 1.00 | 0.00",
            "copied: =1+1",
        ]
        assert app.clipboard == "=1+1"


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        ("s", ["apple", "fig", "pear"]),
        ("ss", ["pear", "fig", "apple"]),
        ("ls", ["pear", "fig", "apple"]),
        ("lls", ["pear", "apple", "fig"]),
        ("llss", ["fig", "apple", "pear"]),
    ],
)
async def test_rows_are_ordered_by_the_cursor_s_column(keys: str, order: list[str]) -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.press(*keys)
        assert [row.name for row in app.pane.table.in_order(FRUIT)] == order
        assert isinstance(app.said[-1], DeskTable.Ordered)


async def test_a_click_on_a_title_orders_too() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.click(DeskTable, offset=(2, 0))
        await pilot.pause()
        assert app.pane.table.order == Order("name")
        await pilot.click(DeskTable, offset=(2, 0))
        await pilot.pause()
        assert app.pane.table.order == Order("name", descending=True)


@pytest.mark.parametrize("order", [Order("name"), Order("count", descending=True)])
def test_an_order_is_a_text_and_back(order: Order) -> None:
    assert Order.parse(str(order)) == order


async def test_an_order_by_a_column_that_is_not_there_is_none() -> None:
    app = Basket(Order("gone"))
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        assert app.pane.table.in_order(FRUIT) == FRUIT


async def test_counts_are_truthful_and_more_is_asked_for_once() -> None:
    rows = [Fruit(f"f{index:04}", index, 1.0) for index in range(500)]
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, rows, 12_345)
        assert app.pane.counted == "500 of 12,345 fruits"
        assert app.said == []
        await pilot.press("G", "k", "G")
        assert len(app.said) == 1
        app.pane.append([Fruit("more", 1, 2.0)], 12_345)
        await pilot.pause()
        assert app.pane.counted == "501 of 12,345 fruits"
        await pilot.press("G")
        assert len(app.said) == 2
        assert app.pane.table.virtual_size.height == 502  # the title, and every row


async def test_a_page_that_needs_more_decimals_gives_them_to_all() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT[:1], 2)
        assert column(app, 2) == ["1.50"]
        app.pane.append(FRUIT[1:2], 2)
        await pilot.pause()
        assert column(app, 2) == ["1.5000", "0.1234"]
        assert app.pane.counted == "2 fruits"


async def test_the_cursor_stays_on_its_row_when_others_come_and_go() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.press("j", "j", "l")
        await filled(app, pilot, [Fruit("kiwi", 1, 1.0), *FRUIT])
        assert app.pane.table.current == FRUIT[2]
        await filled(app, pilot, FRUIT[:2])
        assert app.pane.table.current == FRUIT[1]
        assert app.pane.table.cursor_column == 1


async def test_a_row_that_stays_is_updated_where_it_stands() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await filled(app, pilot, [FRUIT[0], Fruit("apple", 8, 0.1234, -1.0), FRUIT[2]])
        assert column(app, 1) == ["1,234", "8", "89"]
        assert column(app, 3)[1] == "▼ -1.00"


async def test_an_empty_table_says_what_to_do() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        app.pane.show([])
        await pilot.pause()
        assert not app.pane.table.display
        assert app.pane._nothing.display
        assert str(app.pane._nothing.render()) == "Pick some."
        await filled(app, pilot, FRUIT)
        assert app.pane.table.display
        assert not app.pane._nothing.display


async def test_enter_and_the_mouse_choose_a_row() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.press("enter")
        await pilot.click(DeskTable, offset=(2, 1))
        await pilot.pause()
        chosen = [event.row for event in app.said if isinstance(event, DeskTable.Chosen)]
        assert chosen == [FRUIT[0], FRUIT[0]]


def by_character(lines: list[list[Segment]]) -> list[list[tuple[str, Style | None]]]:
    return [[(character, segment.style) for segment in line for character in segment.text] for line in lines]


@pytest.mark.parametrize("width", [3, 9, 30])
async def test_cells_are_drawn_as_textual_draws_them(width: int) -> None:
    """Put together without Rich's console: the same characters in the same styles, wherever cursor and mouse are."""
    app = Basket(Order("price"))
    async with app.run_test() as pilot:
        await filled(app, pilot, [*FRUIT, Fruit("梨の木 a tall one", 10**9, 1e-9, 12.5), Fruit("", 0, None)])
        table, drawn = app.pane.table, 0
        for row, column, cursor, hover in itertools.product(range(-1, 5), range(4), (False, True), (False, True)):
            base = Style.parse("red on blue underline")
            asked = (row, column, base, width, cursor, hover)
            ours = table._render_cell(*asked)
            table._cell_render_cache.clear()
            lit = base + table.get_component_rich_style("grid--row") if row == table.cursor_row else base
            theirs = DataTable._render_cell(table, row, column, lit, *asked[3:])
            assert by_character(ours) == by_character(theirs)
            table._cell_render_cache.clear()
            cell = table.ordered_columns[column].label if row < 0 else table.get_row_at(row)[column]
            drawn += is_plain(cell)
        assert drawn == 6 * 4 * 4, "none was left to Textual"


def backgrounds(app: Basket, row: int) -> list[str]:
    """The background of each cell of a row, as it is drawn."""
    table = app.pane.table
    line = table.render_line(row + 1)
    starts = itertools.accumulate((column.get_render_width(table) for column in table.ordered_columns), initial=0)
    styles = [segment.style for segment in line for _ in segment.text]
    return [str(styles[start].bgcolor) for start in list(starts)[:-1]]  # type: ignore[union-attr]


async def test_the_cursor_s_whole_row_is_lit_and_its_cell_more_so() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        await pilot.press("j", "l")
        first, cell, *rest = backgrounds(app, 1)
        plain = set(backgrounds(app, 0)) | set(backgrounds(app, 2))
        assert rest == [first, first]
        assert cell != first
        assert not {first, cell} & plain
        await pilot.press("k")
        assert plain == set(backgrounds(app, 1)), "nothing is left where the cursor was"


async def test_without_colour_the_cursor_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        styles = [segment.style for segment in app.pane.table.render_line(1) if segment.text.strip()]
        assert [style.reverse or False for style in styles if style] == [True, False, False, False]
        assert all(style.bold for style in styles if style)


async def test_a_mark_says_that_columns_go_on() -> None:
    app = Basket()
    async with app.run_test(size=(24, 10)) as pilot:
        await filled(app, pilot, FRUIT)
        table = app.pane.table
        assert table.render_line(0).text.endswith(BEYOND)
        assert BEFORE not in table.render_line(0).text
        await pilot.press("l", "l", "l")
        assert BEFORE in table.render_line(0).text
        assert not table.render_line(0).text.endswith(BEYOND)
        assert table.scrollable_content_region.height == table.size.height, "no row is a scroll bar's"


async def test_where_all_fits_there_is_no_mark() -> None:
    app = Basket()
    async with app.run_test() as pilot:
        await filled(app, pilot, FRUIT)
        assert not {BEFORE, BEYOND} & set(app.pane.table.render_line(0).text)


class Larder(Basket):
    """A basket that has all of its fruit, and puts in a page when it is asked to."""

    fruit = tuple(Fruit(f"f{index:04}", index, 1.0) for index in range(2_000))

    def on_desk_table_more_wanted(self, event: DeskTable.MoreWanted) -> None:
        here = len(self.pane.table.items)
        self.pane.append(self.fruit[here : here + 500], len(self.fruit))


async def test_the_last_row_is_the_last_of_all() -> None:
    app = Larder()
    async with app.run_test() as pilot:
        await filled(app, pilot, list(app.fruit[:500]), 2_000)
        await pilot.press("G")
        await pilot.pause()
        assert app.pane.table.current == app.fruit[-1]
        assert app.pane.counted == "2,000 fruits"
        assert len(app.said) == 3, "a page in each turn of the loop"


async def test_another_move_ends_the_way_to_the_last_row() -> None:
    app = Larder()
    async with app.run_test() as pilot:
        await filled(app, pilot, list(app.fruit[:500]), 2_000)
        app.pane.table.action_scroll_bottom()
        app.pane.table.action_scroll_top()
        await pilot.pause()
        assert app.pane.table.cursor_row == 0
        assert len(app.pane.table.items) < 2_000


async def test_under_a_filter_the_count_says_of_how_many() -> None:
    app = Basket()
    async with app.run_test():
        app.pane.show(FRUIT, of=32)
        assert app.pane.counted == "3 of 32 fruits"
        app.pane.show(FRUIT, 250, of=5_000)
        assert app.pane.counted == "3 of 250 found, of 5,000 fruits"
        app.pane.show(FRUIT, of=3)
        assert app.pane.counted == "3 fruits"


DAYS: tuple[Column[Fruit], ...] = (
    Column("name", "name", WORDS, lambda row: row.name, tight_widest=6),
    Column("picked", "picked", MINUTES, lambda _: datetime(2024, 3, 1, 12, 30, tzinfo=UTC), tight_detail=0),
    Column("count", "count", COUNTS, lambda row: row.count, least=8),
)


@pytest.mark.parametrize(
    ("room", "cells"),
    [
        (40, ["a long name", "2024-03-01 12:30"]),
        (35, ["a long name", "2024-03-01"]),
        (24, ["a long name", "2024-03-01"]),
    ],
)
def test_columns_say_less_where_there_is_no_room_for_all(room: int, cells: list[str]) -> None:
    fitting, palette = Fitting(DAYS), Palette("", "", "", "", ())
    row = fitting.make([Fruit("a long name", 5, None)], room, palette)[0]
    assert [cell.plain.strip() for cell in row[:2]] == cells
    assert fitting.least() == ([12, 17, 8] if room == 40 else [6, 11, 8])
    assert not fitting.is_other(room)
    assert fitting.is_other(36) == (room == 40)


@pytest.mark.parametrize(("room", "expected"), [(100, 3), (30, 2), (12, 1), (5, 1)])
def test_columns_are_frozen_as_far_as_there_is_room(room: int, expected: int) -> None:
    assert frozen([5, 5, 20, 9], 3, room) == expected


async def test_many_rows_are_put_in_between_frames_and_none_is_missed() -> None:
    """A page would stop the screen: what is first seen comes first, and what is asked meanwhile finds all of it."""
    app = Basket()
    many = [Fruit(f"f{number:04}", number, 1.0) for number in range(4 * SLICE)]
    async with app.run_test() as pilot:
        await pilot.pause()
        table = app.pane.table
        app.pane.show(many)
        assert table.row_count == SLICE
        other = [many[0], *many[:0:-1]]  # the cursor's row stays the first
        app.pane.show(other)  # before the others are there
        assert table.row_count == SLICE
        app.pane.append([Fruit("last", 1, 1.0)], len(many) + 1)
        table.put_all()
        names = [*(fruit.name for fruit in other), "last"]
        assert [table.get_row_at(row)[0].plain.strip() for row in range(table.row_count)] == names
        app.pane.show(many)
        await pilot.pause()
        while table.row_count < len(many):
            await pilot.pause()
        assert [table.get_row_at(row)[0].plain.strip() for row in range(table.row_count)] == [one.name for one in many]


async def test_the_cursor_s_row_is_put_in_at_once() -> None:
    app = Basket()
    many = [Fruit(f"f{number:04}", number, 1.0) for number in range(4 * SLICE)]
    async with app.run_test() as pilot:
        await filled(app, pilot, many)
        await pilot.press("G")
        app.pane.show(many[::-1])
        assert app.pane.table.current == many[-1]
        app.pane.show(many)
        assert app.pane.table.current == many[-1]
