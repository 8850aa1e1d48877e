"""What the routes share: the desk, and the threads that its synchronous calls run in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers import RETRY_AFTER, RequestRefused, failure
from api.sweeps import UploadLimit
from engine.desk import Desk
from engine.errors import SystemFault
from engine.ports import Watch
from storage.settings import Settings

CALLS_AT_ONCE = 4
"""Short calls. SQLite writes one at a time: more threads would wait for each other inside it, where nobody is first."""

Result = TypeVar("Result")


class Stoppable:
    """A `Watch` of one request: stopped with it, or with the service."""

    def __init__(self, service: threading.Event) -> None:
        self._service, self._request = service, threading.Event()

    def advance(self, done: int, total: int) -> None:
        """Do nothing: progress is not reported over HTTP."""

    def stopped(self) -> bool:
        """Whether the work should end."""
        return self._request.is_set() or self._service.is_set()

    def stop(self) -> None:
        """Ask the work to end: its answer is no longer wanted."""
        self._request.set()


class Service:
    """The desk behind the routes. Short calls share a few threads; sweeps have their own, at most `max_sweeps`."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk = desk
        self.database: Path = settings.db
        self.upload_limit = UploadLimit(settings.upload_limit_mib << 20)
        self._max_sweeps, self._sweeping = settings.max_sweeps, 0
        self._stopping = threading.Event()
        self._arriving: set[asyncio.Task[Any]] = set()
        self._calls = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="call")
        self._sweeps = ThreadPoolExecutor(settings.max_sweeps, thread_name_prefix="sweeps")

    async def call(self, work: Callable[[], Response]) -> Response:
        """Run a short call off the event loop; it finishes even if the client goes away."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, work)

    def watch(self) -> Watch:
        """A watch that stops when the service does."""
        return Stoppable(self._stopping)

    def refuse_when_full(self) -> None:
        """TOO_MANY_SWEEPS; CANCELLED when the service is stopping."""
        if self.is_stopping:
            raise stopping()
        if self._sweeping >= self._max_sweeps:
            running = "a sweep is" if self._max_sweeps == 1 else f"{self._max_sweeps} sweeps are"
            raise RequestRefused("TOO_MANY_SWEEPS", f"{running} running; try again later", RETRY_AFTER)

    async def sweep(self, request: Request, work: Callable[[Watch], Response]) -> Response:
        """Run a sweep off the event loop; it is stopped when the client goes away. The body has been read before."""
        self.refuse_when_full()
        watch = Stoppable(self._stopping)
        self._sweeping += 1
        under_way = asyncio.get_running_loop().run_in_executor(self._sweeps, work, watch)
        under_way.add_done_callback(self._swept)
        gone = asyncio.ensure_future(_gone(request))
        either: set[asyncio.Future[Any]] = {under_way, gone}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not under_way.done():
                watch.stop()
            return await asyncio.shield(under_way)
        finally:
            watch.stop()
            gone.cancel()

    @property
    def is_stopping(self) -> bool:
        """Whether the service is stopping."""
        return self._stopping.is_set()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """A context in which a piece of a body is awaited; CANCELLED when the service stops meanwhile."""
        task = asyncio.current_task()
        if self.is_stopping or task is None:
            raise stopping()
        self._arriving.add(task)
        try:
            yield
        finally:
            self._arriving.discard(task)

    def stop(self) -> None:
        """Ask running work to end; no new work begins."""
        self._stopping.set()

    def turn_away(self) -> None:
        """Cancel every wait for a body: a client may take its time. Called on the event loop, after `stop`."""
        for task in self._arriving:
            task.cancel()

    def close(self) -> None:
        """Wait until the last thread has ended: writes are finished, stopped sweeps are recorded as cancelled."""
        self.stop()
        self._calls.shutdown()
        self._sweeps.shutdown()

    def _swept(self, ended: asyncio.Future[Response]) -> None:
        self._sweeping -= 1
        if not ended.cancelled():
            ended.exception()  # told to the client, or to nobody


def stopping() -> SystemFault:
    """The error for a request that came while the service stops."""
    return SystemFault("CANCELLED", "the service is stopping", hint="try again when it is back")


async def _gone(request: Request) -> None:
    """Wait until the client has gone: after the body, nothing but a disconnect can be received."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def service_of(request: Request) -> Service:
    """The service that handles this request."""
    service: Service = request.app.state.service
    return service


class EndingGate:
    """Pure ASGI, in front of all else. A request whose body has not come whole by then is told to come again.

    Nothing has been done for it yet. One that was not done in the time that the server gives is told the same.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 when the service stops before the request is done."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrives, answered = True, False

        async def take() -> Message:
            nonlocal arrives
            if not arrives:
                return await receive()
            with self._service.arriving():
                message = await receive()
            arrives = message.get("more_body", False)
            return message

        async def give(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, take, give)
        except asyncio.CancelledError:
            if not self._service.is_stopping:
                raise
            if not answered:
                _go_on()
                await failure(stopping())(scope, receive, send)


def _go_on() -> None:
    """Clear the task's cancellation, so that it can still send an answer."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
