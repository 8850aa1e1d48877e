"""Driving the dashboard over a real database file: no timer, no clock but our own, no sleeps."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static
from textual.worker import WorkerCancelled, WorkerFailed

from storage.settings import Settings
from tui.dashboard.app import DashboardApp
from tui.dashboard.opening import Surroundings

NOON = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
SNAPSHOTS = Path(__file__).parent / "snapshots"

Driver = Pilot[None]


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class World:
    """What a dashboard is opened in: preferences beside the database, counted ids, no timer."""

    db: Path
    clock: HandClock
    surroundings: Surroundings

    @classmethod
    def of(cls, db: Path, prefs: Path | None = None) -> World:
        clock, count = HandClock(), itertools.count(1)
        prefs = prefs or db.with_suffix(".prefs.json")
        around = Surroundings(prefs, clock, new_id=lambda: UUID(int=next(count)), poll_seconds=None)
        return cls(db, clock, around)

    def app(self, workspace: str | None = None, poll_seconds: float | None = None) -> DashboardApp:
        return DashboardApp(
            lambda: Settings(db=self.db), replace(self.surroundings, poll_seconds=poll_seconds), workspace
        )


@asynccontextmanager
async def dashboard(
    db: Path | World, *, size: tuple[int, int] = (80, 24), workspace: str | None = None
) -> AsyncIterator[tuple[DashboardApp, Driver]]:
    """The dashboard over a database, opened and settled. Its toasts and tooltips work as on a terminal."""
    world = db if isinstance(db, World) else World.of(db)
    app = world.app(workspace)
    try:
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            await settled(app, pilot)
            yield app, pilot
    finally:
        app.close()


async def settled(app: DashboardApp, pilot: Driver) -> None:
    """Until no worker is under way and every message has been taken."""
    await pilot.pause()
    while running := [worker for worker in app.workers if not worker.is_finished]:
        for worker in running:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()
        await pilot.pause()


async def press(app: DashboardApp, pilot: Driver, *keys: str) -> None:
    """Press keys one after the other, each with all that comes of it."""
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def refreshed(app: DashboardApp, pilot: Driver) -> None:
    """One look at the database, as the timer would do it."""
    app.refresh_now()
    await settled(app, pilot)


def screen_text(app: DashboardApp) -> str:
    """What is on the terminal now, as plain text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


def plain(widget: Static) -> str:
    """What a widget holds, as text on lines that are long enough."""
    console = Console(width=200, file=StringIO(), color_system=None)
    console.print(widget.content)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def toasts(app: DashboardApp) -> list[str]:
    """What the toasts say, oldest first."""
    return [toast.message for toast in app._notifications]


def matches(app: DashboardApp, name: str) -> None:
    """The screen is as the committed file `snapshots/NAME.txt` has it; with PAPERTAPE_SNAPSHOTS=write it is written."""
    import os

    file, now = SNAPSHOTS / f"{name}.txt", screen_text(app)
    if os.environ.get("PAPERTAPE_SNAPSHOTS") == "write":
        file.write_text(now, encoding="utf-8")
    assert without_tabs(now) == without_tabs(file.read_text(encoding="utf-8"))


_TABS = re.compile(r"^\W{0,3}1\b[^\n]*?(?=[●▼■])")


def without_tabs(text: str) -> str:
    """The text of a screen without the tabs at its top, which change with every screen that is added."""
    return _TABS.sub("", text)
