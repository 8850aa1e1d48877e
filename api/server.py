"""The service on a socket, from its start to an end in which nothing is lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from engine.errors import InvalidError
from storage.desk import open_desk
from storage.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
BACKLOG = 2048
GRACE_S = 30
"""How long an answer may take once the service was asked to end; threads are waited for without a limit."""


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `ready` is told the address once connections are taken.

    INVALID_SETTINGS without a proper admin token, or when the address cannot be listened on. At the end running writes
    are finished, and running sweeps are recorded as cancelled.
    """
    with open_desk(settings) as desk:
        app = create_app(desk, settings)
        service: Service = app.state.service
        try:
            with listening(settings.host, settings.port) as listener:
                server = Server(app, service)
                _end_on_signals(server)
                ready(address_of(listener))
                server.run(sockets=[listener])
        finally:
            service.close()


class Server(uvicorn.Server):
    """Uvicorn, which asks sweeps to stop before it waits for their answers."""

    def __init__(self, app: FastAPI, service: Service) -> None:
        config = uvicorn.Config(
            app,
            http="h11",  # whatever else is installed
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new request, stop running sweeps, and answer the rest."""
        self._service.stop()
        self._service.turn_away()
        await super().shutdown(sockets)


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; INVALID_SETTINGS when it cannot be opened."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[4][:2], family=address[0], backlog=BACKLOG)
    except OSError as error:
        raise InvalidError(
            "INVALID_SETTINGS",
            f"the service cannot listen on {host}, port {port}: {error.strerror or error}",
            hint="choose another with --host and --port",
        ) from error


def address_of(listener: socket.socket) -> str:
    """The URL at which a client finds the service."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end_on_signals(server: uvicorn.Server) -> None:
    """End the server at a signal. Uvicorn raises the signal again when it is done; this handler takes it."""

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # `nohup` goes on
        signal.signal(hangup, end)
