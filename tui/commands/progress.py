"""Long work, watched: a bar on a terminal's stderr once it takes its time, and a clean stop at Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 0.5
"""Seconds before a bar is shown."""


class Watched:
    """An `engine.ports.Watch`: told how far the work is, asked whether to stop."""

    def __init__(self, what: str, *, shown: bool) -> None:
        self._what, self._shown = what, shown
        self._began = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._stop = threading.Event()

    def advance(self, done: int, total: int) -> None:
        """`done` of `total` steps are behind."""
        if not self._shown:
            return
        if self._bar is None and time.monotonic() - self._began >= PATIENCE:
            self._bar, self._task = _started(self._what)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=max(total, 1))

    def stopped(self) -> bool:
        """Whether somebody pressed Ctrl-C, or asked the process to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the work to end."""
        self._stop.set()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def watching(what: str) -> Iterator[Watched]:
    """Watch a long call: the first Ctrl-C (or SIGTERM) asks it to end, the second ends it."""
    watch = Watched(what, shown=sys.stderr.isatty())
    with on_signals(watch.stop):
        try:
            yield watch
        finally:
            watch.close()


@contextmanager
def on_signals(react: Any) -> Iterator[None]:
    """Call `react` at the first SIGINT or SIGTERM instead of ending; a second one does what it always did."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        react()

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _started(what: str) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    task = bar.add_task(what, total=None)
    bar.start()
    return bar, task
