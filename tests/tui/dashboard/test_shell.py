"""What all screens share: the header, the keys, the palette, what is remembered, how it opens and ends."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input
from textual.widgets._toast import Toast

from engine.errors import SystemFault
from engine.vocabulary import TradingState
from storage.settings import Settings
from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.support.desks import open_test_desk
from tests.tui.dashboard.conftest import BUY
from tests.tui.dashboard.driving import NOON, World, dashboard, press, refreshed, screen_text, settled, toasts
from tui.dashboard.app import MOST_TOASTS, DashboardApp
from tui.dashboard.keys import bindings_of, every_binding, key_lines
from tui.dashboard.live import Live
from tui.dashboard.opening import default_path
from tui.dashboard.palette import commands
from tui.dashboard.registry import SCREENS, ScreenEntry
from tui.dashboard.widgets.header import WIDE, DeskHeader, tabs
from tui.dashboard.widgets.keys import HelpDialog, HelpPage
from tui.dashboard.widgets.pickers import WorkspacePicker
from tui.shared import figures


def header(app: DashboardApp) -> str:
    return "\n".join(screen_text(app).splitlines()[:2])


def chip(app: DashboardApp) -> str:
    """What is filled on the first line, at its left."""
    strip = app.screen.query_one(DeskHeader).render_line(0)
    return next(segment.text for segment in strip if segment.style is not None and segment.style.reverse)


async def test_the_header_says_whose_account_and_what_it_is_worth(stocked: Path) -> None:
    async with dashboard(stocked, size=(120, 24)) as (app, _):
        shown = header(app)
        for part in ("PAPER", "● ACTIVE", "default", "as of 12:00:00", "equity at marks 10,244.21", "cash 3,390.00"):
            assert part in shown
        assert "realized ▲ +90.00" in shown
        assert "unrealized ▲ +154.21" in shown


@pytest.mark.parametrize(
    ("state", "words"), [(TradingState.REDUCING, "REDUCING exits only"), (TradingState.HALTED, "HALTED no orders")]
)
async def test_a_trading_state_is_said_in_words(stocked: Path, state: TradingState, words: str) -> None:
    with open_test_desk(stocked) as other:
        async with dashboard(stocked, size=(140, 24)) as (app, pilot):
            other.accounts.set_trading_state(state)
            await refreshed(app, pilot)
            assert words in header(app)
            assert app.screen.query_one(DeskHeader).has_class(f"-{state.value.lower()}")


async def test_large_figures_fit_at_80_columns(db: Path) -> None:
    with open_test_desk(db) as desk:
        desk.accounts.create("a name of sixty-four characters, which is as long as it may be..", 987_654_321_987.0)
        name = desk.accounts.all()[0].name
    async with dashboard(db, workspace=name) as (app, _):
        lines = header(app).splitlines()
        assert max(map(len, lines)) <= 80
        assert "987,654,321,987" in lines[1]
        assert "as of 12:00:00" in lines[0]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
async def test_the_header_leads_to_every_screen_with_the_mouse(stocked: Path, width: int) -> None:
    async with dashboard(stocked, size=(width, 24)) as (app, pilot):
        for entry in reversed(SCREENS):
            line = header(app).splitlines()[0]
            at = line.index(f" {entry.key} ") + 1
            await pilot.click(DeskHeader, offset=(at, 0))
            await settled(app, pilot)
            assert entry.name == app.desk_screen.NAME
            assert chip(app).strip() == f"{entry.key} {entry.title if width >= WIDE else entry.short}"


async def test_the_header_stands_still_when_figures_arrive(stocked: Path) -> None:
    app = World.of(stocked).app()
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            shown = app.screen.query_one(DeskHeader)
            shown.show(Live(), NOON)
            before = shown.render().plain.splitlines()[0]  # type: ignore[union-attr]
            await settled(app, pilot)
            after = shown.render().plain.splitlines()[0]  # type: ignore[union-attr]
            shown_tabs = tabs("positions", 80, "").plain
            assert before.startswith(shown_tabs)
            assert after.startswith(shown_tabs)
            assert before.endswith("reading…")
            assert after.endswith("● ACTIVE  as of 12:00:00")
    finally:
        app.close()


@pytest.mark.parametrize("state", ["REDUCING", "HALTED"])
@pytest.mark.parametrize("equity", [10_000.0, 250_000.55, 987_654_321_987.0])
async def test_in_the_worst_state_the_header_is_whole(db: Path, state: str, equity: float) -> None:
    with open_test_desk(db) as desk:
        desk.accounts.create("a name of sixty-four characters, which is as long as it may be..", equity)
        name = desk.accounts.all()[0].name
        desk.trading.order(BUY, "ACME", 10, 100.0, workspace=name)
        desk.accounts.mark("ACME", 212.34, name)
        desk.accounts.set_trading_state(TradingState(state), name)
    with closing(sqlite3.connect(db)) as around, around:
        around.execute("UPDATE account_states SET last_seq = last_seq - 1")
    world = World.of(db)
    async with dashboard(world, workspace=name) as (app, pilot):
        world.clock.advance(4)
        app.desk_screen.catch_up()
        await pilot.pause()
        first, second = header(app).splitlines()
        assert first.startswith(tabs("positions", 80, "").plain)
        assert first.endswith(f" {state}   STALE 12:00:00")
        assert second.startswith(" PAPER  a na")
        assert " BEHIND " in second
        assert max(map(len, (first, second))) <= 80
        cash = figures.decimals(equity - 1000, 0)
        assert re.search(
            rf"… +BEHIND +eq.* [\d,]+(\.\d\d)? +cash {cash}(\.\d\d)? +real 0(\.00)?( +unreal .*\d)?$", second
        )


async def test_toasts_are_few_and_narrow(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "2")
        for number in range(2 * MOST_TOASTS):
            app.warn(f"toast {number}: {'a sentence that goes on and on ' * 4}")
        await settled(app, pilot)
        newest = [f"toast {number}" for number in range(MOST_TOASTS, 2 * MOST_TOASTS)]
        assert [message.partition(":")[0] for message in toasts(app)] == newest
        found = list(app.screen.query(Toast))
        assert len(found) == MOST_TOASTS
        assert all(toast.outer_size.width <= 40 for toast in found)
        submit = app.screen.query_one("#submit").region
        assert not any(toast.region.overlaps(submit) for toast in found)


async def test_a_state_that_is_not_at_the_journal_s_head_is_marked(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        assert "BEHIND" not in header(app)
        with sqlite3.connect(stocked) as around:
            around.execute("UPDATE account_states SET last_seq = last_seq - 1")
        around.close()
        await refreshed(app, pilot)
        assert " BEHIND " in header(app)


async def test_what_nobody_confirmed_goes_stale(stocked: Path) -> None:
    world = World.of(stocked)
    async with dashboard(world) as (app, pilot):
        world.clock.advance(4)
        app.desk_screen.catch_up()
        await pilot.pause()
        assert " STALE 12:00:00 " in screen_text(app).splitlines()[0] + " "
        await refreshed(app, pilot)
        assert "as of 12:00:04" in header(app)
        assert "STALE" not in header(app)


async def test_a_read_that_fails_is_told_once_and_mends(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(stocked) as (app, pilot):
        assert app.desk is not None

        def fails() -> int:
            raise SystemFault("DATABASE_ERROR", "the disk failed under desk.db", hint="look after the disk")

        with monkeypatch.context() as broken:
            broken.setattr(app.desk.journal, "data_version", fails)
            await refreshed(app, pilot)
            await refreshed(app, pilot)
        assert toasts(app) == ["error DATABASE_ERROR: the disk failed under desk.db; look after the disk"]
        assert "STALE" in header(app)
        await refreshed(app, pilot)
        assert "STALE" not in header(app)


async def test_a_database_that_was_moved_is_stale_and_takes_no_order(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        elsewhere = stocked.rename(stocked.with_name("elsewhere.db"))
        await refreshed(app, pilot)
        assert "STALE" in header(app)
        assert ["moved, replaced or deleted" in toast for toast in toasts(app)] == [True]
        await press(app, pilot, "c", "enter")
        assert "error DATABASE_MOVED" in screen_text(app)
        await press(app, pilot, "escape")
        assert not stocked.exists()
        elsewhere.rename(stocked)
        await refreshed(app, pilot)
        assert "STALE" not in header(app)


async def test_the_timer_looks_by_itself(stocked: Path) -> None:
    world = World.of(stocked)
    app = world.app(poll_seconds=0.01)
    try:
        async with app.run_test() as pilot:
            while app.live.reading is None:
                await pilot.pause()
            assert app.live.reading.overview.state.marks["IBM"] != 1.0
            with open_test_desk(stocked) as other:
                other.accounts.mark("IBM", 1.0)
            while app.live.reading.overview.state.marks["IBM"] != 1.0:  # by itself, or never
                await pilot.pause()
    finally:
        app.close()


async def test_another_workspace_and_it_is_remembered(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        desk.accounts.create("second", 77_000.0)
    world = World.of(stocked)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "w")
        assert isinstance(app.screen, WorkspacePicker)
        await press(app, pilot, "s", "e", "enter")
        assert "second" in header(app)
        assert "77,000.00" in header(app)
    async with dashboard(world) as (app, _):
        assert "second" in header(app)
    async with dashboard(world, workspace="default") as (app, _):  # what is asked for by name goes first
        assert "default" in header(app)


async def test_a_closed_world_is_opened_by_its_id_and_an_unknown_name_is_told(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "w")
        app.screen.query_one(Input).value = "nobody"
        await press(app, pilot, "enter")
        assert "error WORKSPACE_NOT_FOUND" in toasts(app)[-1]
        await press(app, pilot, "escape")
        assert "default" in header(app)


async def test_the_header_s_name_is_a_button(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await pilot.click(DeskHeader, offset=(header(app).splitlines()[1].index("default") + 1, 1))
        await settled(app, pilot)
        assert isinstance(app.screen, WorkspacePicker)


async def test_help_lists_every_key_with_a_word_of_why(stocked: Path) -> None:
    async with dashboard(stocked, size=(200, 50)) as (app, pilot):
        lines = key_lines(app.screen)
        assert {"close", "mark", "open", "sort", "copy row", "keys", "quit"} <= {line.does for line in lines}
        assert all(line.why and line.keys for line in lines)
        await press(app, pilot, "question_mark")
        assert isinstance(app.screen, HelpDialog)
        shown = screen_text(app)
        assert all(line.why in shown and line.name in shown for line in lines)
        await press(app, pilot, "escape")
        assert app.screen is app.desk_screen


@pytest.mark.parametrize("entry", SCREENS, ids=lambda entry: entry.name)
async def test_help_is_seen_whole_at_120_by_40(stocked: Path, entry: ScreenEntry) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, entry.key, "question_mark")
        assert app.screen.query_one(HelpPage).max_scroll_y == 0
        shown = screen_text(app)
        assert all(line.name in shown for line in key_lines(app.desk_screen))


async def test_help_scrolls_by_the_keys_of_tables(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "question_mark")
        page = app.screen.query_one(HelpPage)
        assert app.focused is page
        assert page.max_scroll_y > 0
        assert "j k g G scroll" in screen_text(app)
        for key, at in (("j", 1), ("down", 2), ("k", 1), ("G", page.max_scroll_y), ("g", 0)):
            await press(app, pilot, key)
            await pilot.wait_for_animation()
            assert page.scroll_target_y == at
        await press(app, pilot, "q")
        assert app.screen is app.desk_screen


async def test_the_palette_has_screens_workspace_theme_and_actions(stocked: Path) -> None:
    async with dashboard(stocked) as (app, _):
        titles = [command.title for command in commands(app, app.screen)]
        assert {"Close", "Mark", "Switch workspace", "Theme", "Quit", "Copy cell"} <= set(titles)
        assert {f"Go to {entry.title}" for entry in SCREENS} <= set(titles)
        assert len(titles) == len(set(titles))


async def test_a_palette_command_does_its_work(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "ctrl+p", *"mark", "enter")
        assert "Mark GOOG" in screen_text(app)


async def test_the_palette_has_the_actions_of_all_screens(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        titles = [command.title for command in commands(app, app.screen)]
        for entry in SCREENS[1:]:
            assert {f"{entry.title}: {binding.description}" for binding in bindings_of(entry.load())} <= set(titles)
        assert not any(title.startswith("Positions:") for title in titles)
        await press(app, pilot, "3")
        assert "Positions: close" in {command.title for command in commands(app, app.screen)}


@pytest.mark.parametrize(
    ("words", "screen", "shown"),
    [
        ("halt trading", "reconciliation", "Halt trading? Every order is refused"),
        ("kill switch no", "reconciliation", "Halt trading? Every order is refused"),
        ("reconcile apply", "reconciliation", "Reconcile default?"),
        ("journal trace", "journal", "Trace of"),
        ("replay new", "replay", "New replay"),
        ("run plan map", "run_plan", "There is no run plan yet"),
    ],
)
async def test_an_action_of_another_screen_is_done_there(stocked: Path, words: str, screen: str, shown: str) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "ctrl+p", *words, "enter")
        assert screen == app.desk_screen.NAME
        assert shown in screen_text(app)
        told = toasts(app)
        assert told == (["Run plan: map is not possible now"] if screen == "run_plan" else [])


async def test_a_palette_that_finds_nothing_says_so(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CommandPalette, "_NO_MATCHES_COUNTDOWN", 1e-3)
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "ctrl+p", *"zzzz")
        while "No matches found" not in screen_text(app):  # its timer has to fire
            await pilot.pause()


async def test_every_screen_has_its_number(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        for entry in SCREENS:
            await press(app, pilot, entry.key)
            assert entry.name == app.desk_screen.NAME


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast"])
async def test_a_theme_is_remembered_and_colours_what_is_there(stocked: Path, theme: str) -> None:
    world = World.of(stocked)
    async with dashboard(world) as (app, pilot):
        app.theme = theme
        await settled(app, pilot)
    async with dashboard(world) as (app, _):
        assert app.theme == theme
        assert "GOOG" in screen_text(app)


async def test_an_order_is_remembered(stocked: Path) -> None:
    world = World.of(stocked)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "l", "s")  # by quantity, greatest first
        assert "↓quantity" in screen_text(app)
        assert screen_text(app).index("IBM") < screen_text(app).index("GOOG")
    async with dashboard(world) as (app, _):
        assert "↓quantity" in screen_text(app)
        assert screen_text(app).index("IBM") < screen_text(app).index("GOOG")


def test_every_action_has_a_name_of_its_own_and_a_word_of_why() -> None:
    found = every_binding()
    assert {"positions.close", "map.open", "tree.fold", "help.down", "replay.begin", "app.quit"} <= found.keys()
    assert all(binding.tooltip and binding.description for binding in found.values())


async def test_keys_of_the_config_file(stocked: Path) -> None:
    world = World.of(stocked)
    keys = {"positions.close": "x", "positions.clse": "z", "map.open": "o"}
    app = DashboardApp(lambda: Settings(db=stocked, keys=keys), world.surroundings, None)
    try:
        async with app.run_test(notifications=True) as pilot:
            await settled(app, pilot)
            assert "there is no action 'positions.clse'; did you mean positions.close? ? shows" in toasts(app)[0]
            assert "docs/reference/settings.md" in toasts(app)[0]
            assert len(toasts(app)) == 1
            await press(app, pilot, "c")
            assert app.screen is app.desk_screen
            await press(app, pilot, "x")
            assert "Close GOOG" in screen_text(app)
    finally:
        app.close()


async def test_no_color_reads_well(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(stocked) as (app, _):
        coloured = screen_text(app)
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(stocked) as (app, _):
        assert app.no_color
        assert screen_text(app) == coloured


async def test_q_ends_it(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0
        assert app.failure is None


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_ctrl_c_ends_it_even_in_a_dialog(stocked: Path, key: str) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "question_mark")
        await pilot.press(key)
        await pilot.pause()
        assert app.return_code == 0


@pytest.mark.parametrize("workspace", ["nobody", "4a1c5f0e-2b53-4a55-9a3e-000000000000"])
async def test_a_workspace_that_is_not_there_ends_it(stocked: Path, workspace: str) -> None:
    async with dashboard(stocked, workspace=workspace) as (app, _):
        assert app.failure is not None
        assert app.failure.code == "WORKSPACE_NOT_FOUND"


async def test_a_foreign_file_ends_it_and_stays_untouched(db: Path) -> None:
    db.write_bytes(b"not a database" * 100)
    async with dashboard(db) as (app, _):
        assert app.failure is not None
        assert app.failure.code == "DATABASE_NOT_OURS"
    assert db.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize(
    "rubbish", ["", "{", "[]", '{"theme": 3, "order": {"positions-table": 7}}', '{"theme": {"name": "gone"}}']
)
async def test_rubbish_in_the_preferences_is_ignored(stocked: Path, rubbish: str) -> None:
    world = World.of(stocked)
    world.surroundings.prefs.write_text(rubbish, encoding="utf-8")
    async with dashboard(world) as (app, pilot):
        assert app.theme == "dark"
        await press(app, pilot, "s")
    assert json.loads(world.surroundings.prefs.read_text(encoding="utf-8"))["order"]["positions-table"]


async def test_preferences_that_cannot_be_kept_are_said_to_be(stocked: Path, tmp_path: Path) -> None:
    world = World.of(stocked)
    (tmp_path / "file").write_text("", encoding="utf-8")
    nowhere = replace(world, surroundings=replace(world.surroundings, prefs=tmp_path / "file" / "prefs.json"))
    async with dashboard(nowhere) as (app, pilot):
        await press(app, pilot, "s")
        assert "the choice is not remembered" in toasts(app)[0]


def test_the_preferences_lie_beside_the_database() -> None:
    assert default_path().parent == Settings().db.parent
