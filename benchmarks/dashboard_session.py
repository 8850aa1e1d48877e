"""One sitting at the dashboard: every screen is opened by its key, every table paged, sorted and filtered.

    python -m benchmarks.dashboard_session DATABASE ANSWER [ROUNDS] [--why]      on a terminal

It drives itself and writes what it measured to the file ANSWER as JSON. `--why` adds what the event loop was busy with.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from benchmarks.dashboard_heart import Heart, Watcher
from storage.settings import Settings
from tui.dashboard.app import DashboardApp
from tui.dashboard.opening import Surroundings
from tui.dashboard.registry import SCREENS
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.widgets.table import DeskTable

WORKSPACE = "desk"
NAMES = tuple(entry.name for entry in SCREENS)
READING = "reading…"
FILLED = ("positions", "execution", "journal", "run_plans")
"""Screens that have rows to show as soon as they are open."""
SAID = {"reconciliation": "#standing"}
"""Screens that are open when they say how things stand: the replay that follows tells how far it is."""
KEY_EVERY = 0.03
"""Seconds between two keys: a key that is held down comes about thirty times a second."""
PATIENCE = 60.0
"""Seconds after which a screen counts as broken."""


class BrokenError(Exception):
    """A screen did not show what it was asked for."""


SEE = "see"
"""Among the keys of an action: until what was asked for is there to be typed into."""


@dataclass(frozen=True)
class Action:
    """Keys on a screen, one after the other as fast as a person holds them down."""

    screen: str
    what: str
    keys: tuple[str, ...]


PAGE_ON, PAGE_BACK, DOWN = ("pagedown",) * 12, ("pageup",) * 12, ("j",) * 20
SORT = ("l", "s", "s", "l", "l", "s", "s", "h", "h", "h")
ACTIONS = (
    Action("positions", "page", ("G", *PAGE_BACK, "g", *PAGE_ON, *DOWN, "g")),
    Action("positions", "sort", SORT),
    Action("execution", "page", ("escape", "G", *PAGE_BACK, "G", "g", *PAGE_ON, *DOWN, "g")),
    Action("execution", "sort", ("s", "s")),
    Action("execution", "type an order", ("i", SEE, *"AA000", "enter", *"250", "enter", *"101.5", "escape")),
    Action("journal", "page", ("G", *PAGE_BACK, "G", *PAGE_BACK, "g", *PAGE_ON, *DOWN, "g")),
    Action("journal", "sort", ("s", "s")),
    Action("journal", "filter by type", ("e", "e")),
    Action("journal", "filter by symbol", ("m", "m")),
    Action("journal", "filter by correlation", ("c", "c")),
    Action("journal", "filter by text", ("slash", SEE, *"zzyzx", "escape", "escape")),
    Action("journal", "all workspaces", ("a", "G", "g", "a")),
    Action("reconciliation", "replay and compare", ("d",)),
    Action("reconciliation", "page", ("G", *PAGE_BACK, "g", *PAGE_ON, *DOWN, "g")),
    Action("reconciliation", "sort", SORT),
    Action("run_plans", "page", ("G", *PAGE_BACK, "g", *PAGE_ON, *DOWN, "g")),
    Action("run_plans", "sort", SORT),
    Action("run_plans", "filter by status", ("f",) * 4),
    Action("run_plan", "verdict", ("v", "b")),
    Action("run_plan", "page", ("G", *PAGE_BACK, "G", "G", "g", *PAGE_ON, *DOWN, "g")),
    Action("run_plan", "sort", (*("l",) * 3, *SORT)),
    Action("run_plan", "filter", ("slash", SEE, *"period=5", "enter", "slash", SEE, "escape")),
    Action("run_plan", "curves", ("c", "b")),
    Action("run_plan", "map", ("m", "b")),
    Action("run_plan", "trades", ("t", "b")),
    Action("run_plan", "differences", ("d", "b")),
    Action("run_plan", "events", ("e", "G", "g", "b")),
)


class Sitting:
    """Presses keys, and knows when a screen has shown what they asked for."""

    def __init__(self, app: DashboardApp, pilot: Pilot[Any], heart: Heart) -> None:
        self._app, self._pilot, self.heart = app, pilot, heart

    async def open(self, name: str) -> dict[str, Any]:
        """Seconds from a screen's key to its content painted, and until curves and counts are there too; the stall."""
        key = next(entry.key for entry in SCREENS if entry.name == name)
        self.heart.restart()
        began, cpu = time.perf_counter(), time.process_time()
        pressed = asyncio.create_task(self._pilot.press(key))
        await self._when(lambda: self._is_shown(name), f"{name} is not shown")
        shown, shown_cpu = time.perf_counter() - began, time.process_time() - cpu
        await self._when(lambda: self._is_idle() and self._is_shown(name), f"{name} goes on reading")
        complete = time.perf_counter() - began
        stall = self.heart.longest
        await pressed
        return {"shown": shown, "shown_cpu": shown_cpu, "complete": complete, "stall": asdict(stall)}

    async def act(self, action: Action) -> dict[str, Any]:
        """Seconds that the action took with all that came of it, and the longest stall meanwhile."""
        await self.settle()
        self.heart.restart()
        began = time.perf_counter()
        pressed = []
        for key in action.keys:
            if key == SEE:
                await self.settle()
            else:
                pressed.append(asyncio.create_task(self._pilot.press(key)))
                await asyncio.sleep(KEY_EVERY)
        await asyncio.gather(*pressed)
        await self.settle()
        taken = {"seconds": time.perf_counter() - began, "stall": asdict(self.heart.longest)}
        if len(self._app.screen_stack) > 1:
            raise BrokenError(f"{action.screen}, {action.what}: a dialog is left open")
        return taken

    async def settle(self) -> None:
        """Until nothing is under way."""
        await self._when(self._is_idle, "something goes on and on")

    async def _when(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Until something holds, and is painted: Textual holds frames back for a moment when it changes the screen."""
        until = time.perf_counter() + PATIENCE
        while True:
            while self._app._batch_count or not holds():
                if time.perf_counter() > until:
                    raise BrokenError(f"{otherwise} after {PATIENCE:.0f} s: {self._said()}")
                await asyncio.sleep(0.001)
            painted = asyncio.Event()
            self._app.screen.call_after_refresh(painted.set)
            await painted.wait()
            if holds():
                return

    def _is_shown(self, name: str) -> bool:
        screen = self._app.screen
        if not (isinstance(screen, DeskScreen) and name == screen.NAME and screen.is_mounted):
            return False
        if name in SAID:
            return bool(str(screen.query_one(SAID[name], Static).content))
        if any(READING in str(each.content) for each in screen.query(Static) if each.is_on_screen):
            return False
        tables = [table for table in screen.query(DeskTable) if table.is_on_screen]
        return any(table.row_count for table in tables) if name in FILLED else True

    def _said(self) -> str:
        """What the texts on the screen say, for whoever has to find out why."""
        screen = self._app.screen
        said = " | ".join(str(each.content) for each in screen.query(Static) if each.is_on_screen)
        return f"{type(screen).__name__}: {said}"[:1_000]

    def _is_idle(self) -> bool:
        """No worker is at work but the one that looks at the database now and then."""
        return all(worker.is_finished or worker.group == "poll" for worker in self._app.workers)


async def sit(
    app: DashboardApp,
    pilot: Pilot[Any],
    *,
    rounds: int,
    actions: Sequence[Action] = ACTIONS,
    screens: Sequence[str] = NAMES,
    why: bool = False,
) -> dict[str, Any]:
    """Open every screen for the first time, then again in each round, with the actions on it.

    The first screen is there when the dashboard opens: of it, only what comes again is measured.
    """
    found: dict[str, Any] = {"first": {}, "again": {name: [] for name in screens}, "actions": [], "why": {}}
    async with Heart() as heart:
        sitting = Sitting(app, pilot, heart)
        with ExitStack() as held:
            watcher = held.enter_context(Watcher(heart)) if why else None

            async def noted(what: str, doing: Awaitable[dict[str, Any]]) -> dict[str, Any]:
                taken = await doing
                if watcher is not None:
                    found["why"].setdefault(what, []).extend(watcher.take())
                return taken

            await sitting.settle()
            for name in screens[1:]:
                found["first"][name] = await noted(f"{name}, first", sitting.open(name))
            for _ in range(rounds):
                for name in screens:
                    found["again"][name].append(await noted(f"{name}, again", sitting.open(name)))
                    for action in (each for each in actions if each.screen == name):
                        taken = await noted(f"{name}, {action.what}", sitting.act(action))
                        found["actions"].append({"screen": name, "what": action.what, **taken})
    return found


def main(db: Path, answer: Path, rounds: int, *, why: bool) -> int:
    """Sit at the terminal that this process has; 1 when it could not be done, with why in the answer."""
    app = DashboardApp(lambda: Settings(db=db), Surroundings(answer.with_suffix(".prefs")), WORKSPACE)

    async def drive(pilot: Pilot[Any]) -> None:
        try:
            found = await sit(app, pilot, rounds=rounds, why=why)
        except BrokenError as error:
            found = {"error": str(error)}
        answer.write_text(json.dumps(found), encoding="utf-8")
        app.exit()

    try:
        app.run(auto_pilot=drive)
    finally:
        app.close()
    return 0 if answer.exists() else 1


if __name__ == "__main__":
    asked = [each for each in sys.argv[1:] if each != "--why"]
    sys.exit(main(Path(asked[0]), Path(asked[1]), int(asked[2]) if len(asked) > 2 else 2, why="--why" in sys.argv))
