"""A thousand symbols and a workspace whose names would be markup, commands, or a mess: they are text."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from tests.support.desks import any_symbol_taken, open_test_desk
from tests.tui.dashboard.conftest import BUY, SELL
from tests.tui.dashboard.driving import World, dashboard, press, screen_text, settled, toasts
from tui.dashboard.colours import Palette
from tui.dashboard.screens.positions.screen import PositionsScreen
from tui.dashboard.widgets.columns import WORDS, Column
from tui.dashboard.widgets.table import PAGE

COUNT = 1_000
NAME = "[@click=app.quit]x[/] [red]\u202eevil[/]"
SHAPES = (
    "[@click=app.quit]{}[/]",
    "[/]{}",
    "[b]{}",
    "{}]]][[[",
    "$(reboot){}",
    "=1+{}",
    "{}\u202egnp.exe",
    "\u05d0\u05d1\u05d2{}",
    "\u6f22\u5b57\u6f22\u5b57{}",
    "\U0001f4c8\U0001f1e9\U0001f1ea{}",
    "e\u0301\u0301\u0301{}",
    "\u200d\u200b{}",
    "{}\ufeff",
    "NULL{}",
    "\\{}\\",
    "%s%n{}",
    "{{{{{}}}}}",
    "'; DROP TABLE x; --{}",
    "{}\u3000wide\uff21",
    "<script>{}",
)


def hostile_symbols() -> list[str]:
    return [SHAPES[index % len(SHAPES)].replace("{}", str(index))[:32] for index in range(COUNT)]


@pytest.fixture
def hostile(hostile_db: Path, tmp_path: Path) -> World:
    """The database, with preferences of each test's own."""
    return World.of(hostile_db, tmp_path / "prefs.json")


@pytest.fixture(scope="module")
def hostile_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand positions in a workspace of a hostile name, and one closed trade."""
    db = tmp_path_factory.mktemp("hostile") / "desk.db"
    with open_test_desk(db) as desk, any_symbol_taken():
        desk.accounts.create(NAME, 1e9)
        for index, symbol in enumerate(hostile_symbols()):
            desk.trading.order(BUY, symbol, index + 1, 100.0, workspace=NAME)
        desk.trading.order(BUY, "[blink]done", 1, 100.0, workspace=NAME)
        desk.trading.order(SELL, "[blink]done", 1, 90.0, workspace=NAME)
    return db


def test_the_symbols_are_hostile() -> None:
    found = hostile_symbols()
    assert len(set(found)) == COUNT
    assert any("[@click" in symbol for symbol in found)
    assert any(cell_len(symbol) > len(symbol) for symbol in found)
    assert any(unicodedata.bidirectional(char) in {"R", "RLO"} for symbol in found for char in symbol)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_they_are_shown_as_they_are(hostile: World, size: tuple[int, int]) -> None:
    async with dashboard(hostile, size=size, workspace=NAME) as (app, pilot):
        shown = screen_text(app)
        assert "500 of 1,000 positions" in shown
        assert "[@click=app.quit]x[/]" in shown.splitlines()[1]
        assert "\u202e" not in shown
        await press(app, pilot, "s", "y")  # the first by symbol, copied
        assert toasts(app) == [f"copied: {app.clipboard}"]
        await press(app, pilot, "enter")
        assert "the fills that made it" in screen_text(app)
        await press(app, pilot, "escape", "c")
        assert "intent id" in screen_text(app)
        await press(app, pilot, "escape", "m")
        app.screen.query_one(Input).value = "[@click=app.quit]1[/]"
        await press(app, pilot, "enter")
        assert "error INVALID_PRICE: '[@click=app.quit]1[/]'" in screen_text(app)
        await press(app, pilot, "escape", "w")
        assert "[@click=app.quit]x[/]" in screen_text(app)
        await press(app, pilot, "escape")
        assert app.is_running


async def test_every_one_of_them_is_reached(hostile: World) -> None:
    async with dashboard(hostile, workspace=NAME) as (app, pilot):
        screen = app.desk_screen
        assert isinstance(screen, PositionsScreen)
        await press(app, pilot, "G", "G")
        assert screen.table.row_count == COUNT
        assert "1,000 positions" in screen_text(app)
        assert " of 1,000" not in screen_text(app)
        current = screen.table.current
        assert current is not None
        assert current.position.symbol == sorted(hostile_symbols())[-1]
        await press(app, pilot, "g")
        assert screen.table.cursor_row == 0


async def test_a_thousand_positions_stay_quick(hostile: World) -> None:
    """A page of rows is put in anew within what a person does not notice."""
    async with dashboard(hostile, size=(120, 40), workspace=NAME) as (app, pilot):
        screen = app.desk_screen
        assert isinstance(screen, PositionsScreen)
        spent = []
        for _ in range(5):
            began = time.process_time()
            screen.table.action_order()
            screen._fill()
            spent.append(time.process_time() - began)
            await settled(app, pilot)
        assert screen.table.row_count == PAGE
        assert min(spent) < 0.1


@pytest.mark.parametrize("char", ["\x1b", "\n", "\t", "\x00", "\x7f", "\x9b", "\u2028", "\u202e", "\ud800"])
def test_a_cell_has_no_control_characters(char: str) -> None:
    column: Column[str] = Column("text", "text", WORDS, lambda row: row)
    (cell,) = column.cells([f"a{char}[31mb"], 0, Palette("#000000", "#000000", "#000000", "#000000", ()))
    assert char not in cell.plain
    assert "[31mb" in cell.plain
    assert not cell.spans
