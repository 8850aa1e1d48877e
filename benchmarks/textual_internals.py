"""What the private names of Textual gain that `tui/dashboard/textual_internals.py` uses for speed.

python -m benchmarks.textual_internals        each with and without, the median of 15 in milliseconds
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable

from storage.settings import Settings
from tui.dashboard.app import DashboardApp
from tui.dashboard.opening import Surroundings
from tui.dashboard.screens import base
from tui.dashboard.textual_internals import FastTable

TIMES, ROWS, COLUMNS = 15, 500, 10
SIZE = (120, 40)
SCREENS = "23457"
"""The keys of the screens that are opened for the first time."""


class TableApp(App[None]):
    """A table of plain cells that fills the screen."""

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield FastTable()

    def on_mount(self) -> None:
        """The columns have fixed widths, as the dashboard's have."""
        for column in range(COLUMNS):
            self.table.add_column(Text(f"column {column}"), width=11)

    @property
    def table(self) -> FastTable:
        """The table."""
        return self.query_one(FastTable)


async def drawing() -> float:
    """Milliseconds for a screenful of rows that are drawn anew."""
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.add_rows([[Text(f"{row}.{column}") for column in range(COLUMNS)] for row in range(ROWS)])
        await pilot.pause()
        app.table.redraw_all()
        began = time.perf_counter()
        for line in range(SIZE[1]):
            app.table.render_line(line)
        return (time.perf_counter() - began) * 1e3


async def adding() -> float:
    """Milliseconds until a page of rows is in the table."""
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        rows = [[Text(f"{row}.{column}") for column in range(COLUMNS)] for row in range(ROWS)]
        await pilot.pause()
        began = time.perf_counter()
        app.table.add_rows(rows)
        await pilot.pause()
        return (time.perf_counter() - began) * 1e3


async def opening() -> float:
    """Milliseconds for the first visit of a screen, on average."""
    with TemporaryDirectory() as name:
        around = Surroundings(Path(name) / "dashboard.json", poll_seconds=None)
        app = DashboardApp(lambda: Settings(db=Path(name) / "desk.db"), around, None)
        async with app.run_test(size=SIZE) as pilot:
            while app.desk is None:
                await pilot.pause()
            await app.workers.wait_for_complete()
            began = time.perf_counter()
            for key in SCREENS:
                await pilot.press(key)
                await pilot.pause()
            taken = time.perf_counter() - began
        app.close()
    return taken / len(SCREENS) * 1e3


@contextmanager
def textual_draws() -> Iterator[None]:
    """Cells are drawn by Rich's console."""
    with patch.object(FastTable, "_render_cell", DataTable._render_cell):
        yield


@contextmanager
def textual_measures() -> Iterator[None]:
    """The cells of new rows are measured."""
    with patch.object(FastTable, "_update_dimensions", DataTable._update_dimensions):
        yield


@contextmanager
def textual_parses_again() -> Iterator[None]:
    """A screen's first visit parses all stylesheets."""
    with patch.object(base, "mark_styles_current", lambda _screen: None):
        yield


MEASURED: tuple[tuple[str, Callable[[], Awaitable[float]], Callable[[], Any]], ...] = (
    ("draw a screenful of cells", drawing, textual_draws),
    (f"add {ROWS} rows", adding, textual_measures),
    ("open a screen", opening, textual_parses_again),
)


async def median(measure: Callable[[], Awaitable[float]]) -> float:
    """After one that warms up."""
    taken = [await measure() for _ in range(TIMES + 1)]
    return statistics.median(taken[1:])


def main() -> None:
    """Print the table."""
    print(f"{'':28}{'with':>10}{'without':>10}")
    for what, measure, without in MEASURED:
        fast = asyncio.run(median(measure))
        with without():
            slow = asyncio.run(median(measure))
        print(f"{what:28}{fast:8.1f}ms{slow:8.1f}ms")


if __name__ == "__main__":
    main()
