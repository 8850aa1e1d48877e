"""What the service's end does to requests under way: each gets an answer, none is torn off with a traceback."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers import failure
from api.service import Service, stopping


class EndingGate:
    """Pure ASGI, in front of all else. A request whose body has not come whole by then is told to come again.

    Nothing has been done for it yet. One that was not done in the time that the server gives is told the same.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 for what the end has overtaken."""
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
    """The task was cancelled, and has one thing more to do."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
