"""Calls off the event loop: shown, dropped when outdated, stopped when cancelled, told when they fail."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.desk import Desk
from engine.errors import InvalidError
from engine.ports import Watch
from tests.tui.dashboard.driving import dashboard, settled, toasts


async def test_it_runs_off_the_loop_and_shows_on_it(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        threads: list[int] = []

        def call(desk: Desk, _: Watch) -> str:
            threads.append(threading.get_ident())
            return desk.accounts.require().name

        def show(name: str) -> None:
            assert name == "default"
            threads.append(threading.get_ident())

        app.desk_screen.load(call, show)
        await settled(app, pilot)
        assert threads[0] != threads[1] == threading.get_ident()


async def test_the_result_of_an_outdated_call_is_dropped_and_its_watch_stops(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        begun, stopped, shown = threading.Event(), threading.Event(), []

        def slow(_: Desk, watch: Watch) -> str:
            begun.set()
            while not watch.stopped():
                pass
            stopped.set()
            return "old"

        app.desk_screen.load(slow, shown.append)
        while not begun.is_set():
            await pilot.pause()
        app.desk_screen.load(lambda _desk, _watch: "new", shown.append)
        await settled(app, pilot)
        assert shown == ["new"]
        assert stopped.wait(10)


async def test_in_turn_the_newest_of_those_that_wait_is_run(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        go, shown = threading.Event(), []

        def first(_: Desk, __: Watch) -> int:
            go.wait(10)
            return 0

        screen = app.desk_screen
        screen.load(first, shown.append, group="g", in_turn=True)
        for number in (1, 2, 3):
            screen.load(lambda _desk, _watch, number=number: number, shown.append, group="g", in_turn=True)
        go.set()
        await settled(app, pilot)
        assert shown == [0, 3]


async def test_progress_comes_to_the_loop_the_newest_alone(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        told: list[tuple[int, int]] = []

        def work(_: Desk, watch: Watch) -> None:
            for done in range(1, 1_001):
                watch.advance(done, 1_000)

        app.desk_screen.load(work, lambda _: None, advanced=lambda done, total: told.append((done, total)))
        await settled(app, pilot)
        assert told == sorted(told)
        assert told[-1] == (1_000, 1_000)


async def test_an_error_is_a_toast_in_the_command_line_s_words(db: Path) -> None:
    async with dashboard(db) as (app, pilot):

        def refused(_: Desk, __: Watch) -> None:
            raise InvalidError("INVALID_PRICE", "[red]x[/] is not a price", hint="give a number")

        app.desk_screen.load(refused, lambda _: None)
        await settled(app, pilot)
        assert toasts(app) == ["error INVALID_PRICE: [red]x[/] is not a price; give a number"]


async def test_a_fault_of_our_own_does_not_end_the_dashboard(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        app.desk_screen.load(lambda _desk, _watch: 1 / 0, lambda _: None)
        await settled(app, pilot)
        assert toasts(app)[0].startswith("error INTERNAL: ZeroDivisionError")
        assert app.is_running


async def test_what_ends_with_the_dashboard_is_stopped(db: Path) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def endless(_: Desk, watch: Watch) -> None:
        begun.set()
        while not watch.stopped():
            pass
        stopped.set()

    async with dashboard(db) as (app, pilot):
        app.desk_screen.load(endless, lambda _: None)
        while not begun.is_set():
            await pilot.pause()
        await pilot.press("q")
    assert stopped.wait(10)
