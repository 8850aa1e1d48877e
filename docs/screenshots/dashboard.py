"""Draws the dashboard's screenshots: the real dashboard on the demo's database, driven by keys.

    python -m docs.screenshots.dashboard

The clock stands at noon and nothing is random: a picture is the same on every machine but for ids.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from docs.screenshots.make import FORMAT, HERE, ROOT, THEME, environment
from tests.tui.dashboard.driving import World, dashboard, press
from tui.dashboard.app import DashboardApp

SIZE = (110, 34)


@dataclass(frozen=True)
class Screen:
    """A picture of the dashboard: the keys that lead to what it shows."""

    name: str
    keys: tuple[str, ...]


BOARD = ("5", "enter", "b")
VALUES = (*("tab",) * 7, *"10,20,30", "tab", "tab", *"50,100")
"""For the two parameters of the strategy that the form begins with."""
SCREENS = (
    Screen("dashboard-positions", ("1",)),
    Screen("dashboard-execution", ("2", "i", *"GOOG", "enter", *"10", "enter", *"702.5", "enter")),
    Screen("dashboard-journal", ("3", "slash", "tab", "tab", *"GOOG", "enter")),
    Screen("dashboard-trace", ("2", "j", "j", "t")),
    Screen("dashboard-reconciliation", ("4",)),
    Screen("dashboard-run-plans", ("5", "j", "j")),
    Screen("dashboard-new-sweep", ("5", "n", *VALUES)),
    Screen("dashboard-verdict", ("5", "enter")),
    Screen("dashboard-run-plan", BOARD),
    Screen("dashboard-curves", (*BOARD, "space", "j", "space", "c")),
    Screen("dashboard-map", (*BOARD, "m")),
    Screen("dashboard-trades", (*BOARD, "t")),
    Screen("dashboard-replay", ("7", "n", "ctrl+s", "z", "z", *("full_stop",) * 4)),
)


def demo_database(room: Path) -> Path:
    """The demo's database, made in a directory of its own."""
    path = room / "demo.db"
    arguments = [sys.executable, "-m", "tui", "demo", "--headless", "--db", str(path)]
    subprocess.run(arguments, cwd=ROOT, env=environment(str(room)), check=True, capture_output=True)  # noqa: S603
    return path


async def draw(screen: Screen, database: Path) -> str:
    """The picture as SVG; what the keys do is done in a copy of the database."""
    copy = database.with_name(f"{screen.name}.db")
    shutil.copyfile(database, copy)
    world = World.of(copy, copy.with_suffix(".json"))
    async with dashboard(world, size=SIZE, workspace="demo") as (app, pilot):
        await press(app, pilot, *screen.keys)
        return picture_of(app, screen.name)


def picture_of(app: DashboardApp, name: str) -> str:
    """What is on the terminal, without fonts from a server."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    return console.export_svg(title="papertape", theme=THEME, code_format=FORMAT, unique_id=f"papertape-{name}")


async def draw_all() -> None:
    """Draw every picture."""
    with tempfile.TemporaryDirectory() as room:
        database = demo_database(Path(room))
        for screen in SCREENS:
            (HERE / f"{screen.name}.svg").write_text(await draw(screen, database), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(draw_all())
