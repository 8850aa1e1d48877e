"""Work kept off the event loop: `load` runs one call in a thread, and garbage is collected at leisure.

The result of a call is shown on the loop. What comes for a screen or a dialog that has gone meanwhile is dropped. What
could not be read because the database was away is read again when it is back.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rich.text import Text
from textual.app import App

from engine.errors import DamageFault, PapertapeError
from tui.shared.failures import as_papertape_error

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

    from engine.desk import Desk
    from engine.ports import Watch
    from tui.dashboard.app import DashboardApp

Found = TypeVar("Found")

Advanced = Callable[[int, int], None]

OUTAGES = ("DATABASE_BUSY", "DATABASE_ERROR", "DATABASE_MOVED")
"""What passes by itself: the file is put back, the other process has done."""

LONGEST_WAIT = 64
"""Good looks at the database between two tries of a call that fails all the same, at most."""
THRESHOLDS = (5_000, 3, 1_000_000)
"""Objects made, beyond those that are gone again, before the youngest are walked, and how often that is done before the
next older ones are: small steps. The oldest, a second's walk after a large sweep, wait for a moment of leisure.
Python's own thresholds are (700, 10, 10)."""

LEISURE = 10.0
"""Seconds without a key or the mouse."""

WORTH_IT = 20
"""Walks of the middle generation, each of 15,000 objects that stayed, after which all are walked at leisure."""


def is_there(node: DOMNode) -> bool:
    """Whether a result can still be shown: the node is on a screen that has not been left."""
    if isinstance(node, App):
        return node.is_running
    return node.is_attached and (not node.screen.is_modal or node.screen in node.app.screen_stack)


def is_outage(error: PapertapeError) -> bool:
    """Whether the same call may succeed later. Stored data that are damaged stay damaged."""
    return error.code in OUTAGES and not isinstance(error, DamageFault)


class LoopWatch:
    """An `engine.ports.Watch` of a call in a thread: progress comes to the loop, the newest alone, and it can stop."""

    def __init__(self, node: DOMNode, advanced: Advanced | None) -> None:
        self._node, self._advanced = node, advanced
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        self._newest: tuple[int, int] | None = None

    def advance(self, done: int, total: int) -> None:
        """Report progress from the thread; it replaces what the loop has not taken yet."""
        if self._advanced is None or self._stopped.is_set():
            return
        waiting, self._newest = self._newest is not None, (done, total)
        if not waiting:
            self._loop.call_soon_threadsafe(self._tell)

    def stopped(self) -> bool:
        """Whether the result is no longer wanted."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Ask the call to end early."""
        self._stopped.set()

    def _tell(self) -> None:
        newest, self._newest = self._newest, None
        if newest is None or self._advanced is None or self._stopped.is_set() or not is_there(self._node):
            return
        try:
            self._advanced(*newest)
        except Exception as error:  # else the event loop prints it over the screen, and goes on
            cast("DashboardApp", self._node.app).end_with(error)


@dataclass(frozen=True, slots=True)
class _Request:
    call: Callable[[Desk, Watch], Any]
    show: Callable[[Any], None]
    failed: Callable[[PapertapeError], None]
    advanced: Advanced | None
    acts: bool
    wait: int = 1
    """Good looks at the database before it is tried again"""


class Loader:
    """Calls to the desk on behalf of a node; they end with it. An error is told by the application by default."""

    def __init__(self, node: DOMNode) -> None:
        self._node = node
        self._running: dict[str, Worker[None]] = {}
        self._due: dict[str, _Request] = {}
        self._owed: dict[str, tuple[int, _Request]] = {}
        """What could not be read, with the good looks until it is tried again"""

    def load(
        self,
        call: Callable[[Desk, Watch], Found],
        show: Callable[[Found], None],
        *,
        group: str = "load",
        failed: Callable[[PapertapeError], None] | None = None,
        advanced: Advanced | None = None,
        in_turn: bool = False,
        acts: bool = False,
    ) -> None:
        """Run `call` in a thread, then `show` its result, or `failed` its error, on the event loop.

        A later call of the same group cancels this one (its watch is `stopped`) and its result is dropped; with
        `in_turn` it waits for this one's end instead, and of those that wait only the newest is run. Nothing happens
        before the desk is open. What `acts`, a person has asked for once: after an outage it is not done by itself.
        """
        request = _Request(call, show, failed or self._app.tell, advanced, acts)
        if in_turn and self.is_loading(group):
            self._due[group] = request
        else:
            self._begin(group, request)

    def is_loading(self, group: str = "load") -> bool:
        """Whether a call of the group is under way."""
        worker = self._running.get(group)
        return worker is not None and not worker.is_finished

    def try_again(self) -> bool:
        """Retry what could not be read, now that the database can be. Return whether anything is left for later."""
        if not is_there(self._node):
            self._owed.clear()
        for group, (wait, request) in list(self._owed.items()):
            if wait > 1:
                self._owed[group] = wait - 1, request
            else:
                self._begin(group, request)
        return bool(self._owed)

    @property
    def _app(self) -> DashboardApp:
        return cast("DashboardApp", self._node.app)

    def _begin(self, group: str, request: _Request) -> None:
        self._due.pop(group, None)
        self._owed.pop(group, None)
        self._running[group] = self._node.run_worker(partial(self._work, group, request), group=group, exclusive=True)

    async def _work(self, group: str, request: _Request | None) -> None:
        while request is not None:
            desk = self._app.desk
            if desk is not None:
                await self._carry_out(group, request, desk)
            request = self._due.pop(group, None)

    async def _carry_out(self, group: str, request: _Request, desk: Desk) -> None:
        watch = LoopWatch(self._node, request.advanced)
        try:
            result = await asyncio.to_thread(request.call, desk, watch)
        except asyncio.CancelledError:
            watch.stop()
            raise
        except Exception as error:
            self._fail(group, request, as_papertape_error(error))
        else:
            if is_there(self._node):
                request.show(result)

    def _fail(self, group: str, request: _Request, error: PapertapeError) -> None:
        if not is_there(self._node):
            return
        if is_outage(error) and not request.acts and group not in self._due:
            self._owed[group] = request.wait, replace(request, wait=min(2 * request.wait, LONGEST_WAIT))
            self._app.owing.add(self)
        request.failed(error)


_WIDTH = 20
_FULL, _REST = "█", "░"


def progress_text(what: str, done: int, total: int, hint: str = "") -> Text:
    """`replaying ██████░░░░  60 %  600,000 of 1,000,000, esc stops`."""
    share = min(1.0, done / total) if total > 0 else 0.0
    full = int(share * _WIDTH)
    bar = _FULL * full + _REST * (_WIDTH - full)
    line = f"{what} {bar} {int(share * 100):>3} %  {done:,} of {total:,}"
    return Text(f"{line}, {hint}" if hint else line)


class Brake:
    """A watch that a person can stop; the call then ends by itself and reports what it did."""

    def __init__(self, watch: Watch, pulled: threading.Event) -> None:
        self._watch, self._pulled = watch, pulled

    def advance(self, done: int, total: int) -> None:
        """Pass on how much of the call is done, `done` of `total`."""
        self._watch.advance(done, total)

    def stopped(self) -> bool:
        """Whether a person stopped it, or the result is no longer wanted."""
        return self._pulled.is_set() or self._watch.stopped()


def keep_what_is_there() -> None:
    """Exempt all objects that exist now from garbage collection; they still go with their last reference.

    Called where much was made that stays: imports, thousands of results.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def collect_at_leisure(untouched: float) -> None:
    """Collect garbage when it is worth it and there was no key or mouse event for `LEISURE` seconds."""
    if untouched >= LEISURE and gc.get_count()[2] >= WORTH_IT:
        gc.collect()
        gc.freeze()
