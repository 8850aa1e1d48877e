"""The table of all screens, by itself: what stays, what moves, what is asked for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from tui.dashboard.themes import FALLBACK
from tui.dashboard.widgets.cell_lines import is_plain
from tui.dashboard.widgets.columns import COUNTS, GAINS, PRICES, WORDS, Column
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import DeskTable, Order


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
        assert app.clipboard == "apple\t7\t0.1234\t▲ +3.00"


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
            assert by_character(ours) == by_character(DataTable._render_cell(table, *asked))
            table._cell_render_cache.clear()
            cell = table.ordered_columns[column].label if row < 0 else table.get_row_at(row)[column]
            drawn += is_plain(cell)
        assert drawn == 6 * 4 * 4, "none was left to Textual"
