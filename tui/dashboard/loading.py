"""Reading and writing off the event loop: `load` runs one call in a thread and shows its result on the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import PapertapeError
from tui.commands.failures import as_papertape_error

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

    from engine.desk import Desk
    from engine.ports import Watch

Found = TypeVar("Found")

Advanced = Callable[[int, int], None]


class LoopWatch:
    """An `engine.ports.Watch` of a call in a thread: progress comes to the loop, the newest alone, and it can stop."""

    def __init__(self, advanced: Advanced | None) -> None:
        self._advanced = advanced
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        self._newest: tuple[int, int] | None = None

    def advance(self, done: int, total: int) -> None:
        """Told in the thread; what the loop has not taken yet is replaced."""
        if self._advanced is None or self._stopped.is_set():
            return
        waiting, self._newest = self._newest is not None, (done, total)
        if not waiting:
            self._loop.call_soon_threadsafe(self._tell)

    def stopped(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let the call end early."""
        self._stopped.set()

    def _tell(self) -> None:
        newest, self._newest = self._newest, None
        if newest is not None and self._advanced is not None and not self._stopped.is_set():
            self._advanced(*newest)


@dataclass(frozen=True, slots=True)
class _Request:
    call: Callable[[Desk, Watch], Any]
    show: Callable[[Any], None]
    failed: Callable[[PapertapeError], None]
    advanced: Advanced | None


class Loader:
    """Calls to the desk on behalf of a node; they end with it. `tell` is what happens to an error by default."""

    def __init__(self, node: DOMNode, desk: Callable[[], Desk | None], tell: Callable[[PapertapeError], None]) -> None:
        self._node, self._desk, self._tell = node, desk, tell
        self._running: dict[str, Worker[None]] = {}
        self._due: dict[str, _Request] = {}

    def load(
        self,
        call: Callable[[Desk, Watch], Found],
        show: Callable[[Found], None],
        *,
        group: str = "load",
        failed: Callable[[PapertapeError], None] | None = None,
        advanced: Advanced | None = None,
        in_turn: bool = False,
    ) -> None:
        """Run `call` in a thread, then `show` its result, or `failed` its error, on the event loop.

        A later call of the same group cancels this one (its watch is `stopped`) and its result is dropped; with
        `in_turn` it waits for this one's end instead, and of those that wait only the newest is run. Nothing happens
        before the desk is open.
        """
        request = _Request(call, show, failed or self._tell, advanced)
        if in_turn and self.is_loading(group):
            self._due[group] = request
        else:
            self._due.pop(group, None)
            self._running[group] = self._node.run_worker(
                partial(self._work, group, request), group=group, exclusive=True
            )

    def is_loading(self, group: str = "load") -> bool:
        """Whether a call of the group is under way."""
        worker = self._running.get(group)
        return worker is not None and not worker.is_finished

    async def _work(self, group: str, request: _Request | None) -> None:
        while request is not None:
            desk = self._desk()
            if desk is not None:
                await self._carry_out(request, desk)
            request = self._due.pop(group, None)

    async def _carry_out(self, request: _Request, desk: Desk) -> None:
        watch = LoopWatch(request.advanced)
        try:
            found = await asyncio.to_thread(request.call, desk, watch)
        except asyncio.CancelledError:
            watch.stop()
            raise
        except Exception as error:
            request.failed(as_papertape_error(error))
        else:
            request.show(found)
