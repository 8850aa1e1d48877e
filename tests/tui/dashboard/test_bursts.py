"""Keys faster than screens: at every dialog, and while every screen is still loading; nothing of it ends the dashboard.

Keys are posted without waiting for what they do, as a terminal delivers those that it read at once.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input, Select

from engine.desk import Desk
from engine.ports import Watch
from tests.tui.dashboard.driving import Driver, dashboard, press, settled
from tui.dashboard.app import DashboardApp
from tui.dashboard.loading import is_there
from tui.dashboard.registry import SCREENS
from tui.dashboard.widgets.dialog import Confirm, DeskDialog

BURSTS = (
    ("escape", "escape"),
    ("enter", "enter"),
    ("enter", "escape"),
    ("escape", "enter"),
    ("down", "enter", "enter"),
    ("y", "y"),
    ("ctrl+s", "ctrl+s", "escape"),
)
OPENED_BY: dict[str, tuple[str, ...]] = {
    "workspace": ("w",),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
    "story": ("1", "enter"),
    "close": ("1", "c"),
    "mark": ("1", "m"),
    "trace": ("2", "t"),
    "state": ("4", "t"),
    "halt": ("4", "x"),
    "reset": ("4", "R"),
    "past": ("4", "p"),
    "new sweep": ("5", "n"),
    "its data": ("5", "n", "ctrl+o"),
    "new replay": ("7", "n"),
}


def burst(app: DashboardApp, *keys: str) -> None:
    """Keys as they come in one read."""
    for key in keys:
        char = key if len(key) == 1 else None
        app.post_message(events.Key(_character_to_key(key) if char else key, char))


async def left(app: DashboardApp, pilot: Driver) -> None:
    """Out of all dialogs; a form that was filled in asks once more."""
    for _ in range(6):
        await press(app, pilot, "escape")
        if app.screen is app.desk_screen:
            return
        if isinstance(app.screen, Confirm):
            await press(app, pilot, "y")
    raise AssertionError(f"{app.screen} cannot be left")


@pytest.mark.parametrize("dialog", OPENED_BY)
async def test_two_keys_in_one_read_end_no_dialog_twice(stocked: Path, dialog: str) -> None:
    async with dashboard(stocked, size=(100, 30)) as (app, pilot):
        for keys in BURSTS:
            await press(app, pilot, *OPENED_BY[dialog])
            if app.screen is app.desk_screen:  # what was held is sold by now, the account is halted
                assert keys != BURSTS[0]
                break
            burst(app, *keys)
            await settled(app, pilot)
            assert app.is_running, (dialog, keys)
            if app.crash is None and app.screen is not app.desk_screen:
                await left(app, pilot)
        assert app.crash is None


@pytest.mark.parametrize("dialog", ["new sweep", "new replay", "past", "story", "workspace", "trace", "palette"])
async def test_a_dialog_may_be_left_while_it_opens(stocked: Path, dialog: str) -> None:
    *before, opens = OPENED_BY[dialog]
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, *before)
        for turns in range(12):  # it is left a turn of the loop later each time
            burst(app, opens)
            for _ in range(turns):
                await pilot.pause(0)
            burst(app, "escape", "escape")
            await settled(app, pilot)
            if app.screen is not app.desk_screen:
                await left(app, pilot)
        assert app.is_running


@pytest.mark.parametrize("entry", SCREENS, ids=lambda entry: entry.name)
async def test_a_screen_may_be_left_while_it_loads(stocked: Path, entry: object) -> None:
    async with dashboard(stocked) as (app, pilot):
        for other in SCREENS:
            burst(app, entry.key, other.key, entry.key)  # type: ignore[attr-defined]
            await settled(app, pilot)
        burst(app, *(each.key for each in SCREENS), *"5n")
        burst(app, "escape")
        await settled(app, pilot)
        assert app.is_running


async def test_a_page_down_before_a_list_is_laid_out_is_nothing(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "5", "n")
        burst(app, "enter", "pagedown", "pageup")
        await settled(app, pilot)
        select = app.screen.query(Select).first()
        select.focus()
        await settled(app, pilot)
        burst(app, "enter", "pagedown", "pageup")
        await settled(app, pilot)
        assert app.crash is None


@pytest.mark.parametrize("size", [(1, 1), (6, 20)], ids=str)
async def test_no_terminal_is_too_small(stocked: Path, size: tuple[int, int]) -> None:
    async with dashboard(stocked) as (app, pilot):
        for dialog in ("palette", "new sweep", "workspace", "state"):
            await press(app, pilot, *OPENED_BY[dialog])
            await pilot.resize_terminal(*size)
            await settled(app, pilot)
            burst(app, "down", "pagedown", "tab", "enter")
            await settled(app, pilot)
            assert app.crash is None, dialog
            await pilot.resize_terminal(80, 24)
            await left(app, pilot)


async def test_what_comes_for_a_dialog_that_has_gone_is_dropped(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "5", "n")
        dialog, go, came = app.screen, threading.Event(), []
        assert isinstance(dialog, DeskDialog)

        def slow(_: Desk, __: Watch) -> str:
            go.wait(10)
            return "late"

        dialog.loader.load(slow, came.append, group="late", failed=came.append)
        dialog.dismiss(None)
        assert not is_there(dialog)
        go.set()
        await settled(app, pilot)
        assert came == []
        assert is_there(app.desk_screen)


async def test_a_dialog_is_left_once_and_takes_its_questions_along(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "5", "n")
        app.screen.query_one("#data", Input).value = "mine.csv"
        await press(app, pilot, "escape")
        question, form = app.screen, app.screen_stack[1]
        assert isinstance(question, Confirm)
        form.dismiss(None)
        form.dismiss(None)
        question.dismiss(True)
        await settled(app, pilot)
        assert app.screen is app.desk_screen
        assert app.is_running
