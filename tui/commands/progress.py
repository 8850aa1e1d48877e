"""Long work, watched: a bar on a terminal's stderr once it takes its time, and a clean stop at Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from engine.errors import SystemFault
from tui.shared.failures import ANYTHING_ELSE, tell
from tui.shared.output import answers, are_json

if TYPE_CHECKING:
    from uuid import UUID

PATIENCE = 0.5
"""Seconds before a bar is shown."""

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What asks a program to end; the last says that the terminal has gone."""
_HANGUP = getattr(signal, "SIGHUP", None)


class Watched:
    """An `engine.ports.Watch`: told how far the work is, asked whether to stop."""

    def __init__(self, what: str, *, shown: bool, run_plan_id: UUID | None = None) -> None:
        self._what, self._shown = what, shown
        self._run_plan_id, self._is_under_way = run_plan_id, False
        self._began = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._stop = threading.Event()

    def advance(self, done: int, total: int) -> None:
        """`done` of `total` steps are behind; a total of 0 is not known."""
        self._is_under_way = True
        if not self._shown:
            return
        if self._bar is None and time.monotonic() - self._began >= PATIENCE:
            self._bar, self._task = _started(self._what)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total or None)

    def stopped(self) -> bool:
        """Whether somebody pressed Ctrl-C, or asked the process to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the work to end, and say so."""
        self._stop.set()
        with suppress(RuntimeError):  # it came while something else was being said
            print("stopping after the step under way; Ctrl-C again ends it at once", file=sys.stderr, flush=True)

    def end_process(self) -> None:
        """End the process at once, whatever is under way in it: what is not committed never happened."""
        code = ANYTHING_ELSE
        try:
            self.close()
            code = tell(self._left(), json=are_json())
            answers().flush()
        finally:
            os._exit(code)  # threads in a person's own code would be waited for

    def _left(self) -> SystemFault:
        if self._run_plan_id is None or not self._is_under_way:
            return SystemFault("CANCELLED", "stopped at once", hint="what was committed before is kept")
        hint = f"`papertape plan resume {self._run_plan_id}` resumes it"
        details = {"run_plan_id": self._run_plan_id}
        return SystemFault("CANCELLED", "the run plan was stopped at once", hint=hint, details=details)

    def close(self) -> None:
        """Remove the progress bar from the terminal."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def watching(what: str, run_plan_id: UUID | None = None) -> Iterator[Watched]:
    """Watch a long call: the first Ctrl-C (or SIGTERM, SIGHUP) asks it to end, the second ends the process.

    `run_plan_id` is what can be resumed then, once it is under way.
    """
    watch = Watched(what, shown=sys.stderr.isatty(), run_plan_id=run_plan_id)
    with on_signals(watch.stop, watch.end_process):
        try:
            yield watch
        finally:
            watch.close()


@contextmanager
def on_signals(react: Callable[[], None], again: Callable[[], None] | None = None) -> Iterator[None]:
    """Call `react` at the first SIGINT, SIGTERM or SIGHUP instead of ending; later `again`, else what always was.

    A SIGHUP after another signal is none of the later ones: a shell and a shutdown send it along, and nobody insists.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    reactions = [react]

    def handle(number: int, _: FrameType | None) -> None:
        if reactions:
            if again is None:
                signal.signal(number, before[signal.Signals(number)])
            reactions.pop()()
        elif again is not None and number != _HANGUP:
            again()

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

    class WithCursor(Console):
        """Hides no cursor: whatever ends the process, there is none to bring back."""

        def show_cursor(self, show: bool = True) -> bool:
            return False

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = WithCursor(stderr=True)
    bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    task = bar.add_task(what, total=None)
    bar.start()
    return bar, task
