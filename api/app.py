"""The service as an ASGI application, and on a socket from its start to an end in which nothing is lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.answers import add_handlers
from api.models import Health, body_schemas
from api.routes import router
from api.service import EndingGate, Service
from api.token import AdminToken, TokenGate
from engine.desk import Desk
from engine.errors import InvalidError
from storage.desk import open_desk
from storage.settings import Settings

_ABOUT = """\
The desk of papertape over HTTP: the same accounts, policy, broker and sweeps as the command line and the dashboard, \
in the same database. Every answer that is not 200 has the body `{"error": …, "error_code": …}`."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
BACKLOG = 2048
GRACE_S = 30
"""How long an answer may take once the service was asked to end; threads are waited for without a limit."""


def create_app(desk: Desk, settings: Settings) -> FastAPI:
    """The service over a desk, which the caller closes. INVALID_SETTINGS without a proper admin token."""
    token = AdminToken(settings.admin_token)
    app = bare_app()
    app.state.service = Service(desk, settings)
    app.add_middleware(TokenGate, token=token)
    app.add_middleware(EndingGate, service=app.state.service)
    desk.research.registry.all()  # people's strategies are loaded now, and not by two requests at once
    return app


def bare_app() -> FastAPI:
    """The routes and their document, without a desk or a token behind them."""
    app = FastAPI(
        title="papertape",
        version=_version(),
        description=_ABOUT,
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    add_handlers(app)
    app.include_router(router)
    app.add_api_route("/health", health, response_model=Health, tags=["health"])
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


async def health() -> Health:
    """That the service lives. Without a token."""
    return Health(status="ok", version=_version())


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = made["components"]["schemas"]
        made["components"]["schemas"] = dict(sorted({**body_schemas(), **schemas}.items()))
        app.openapi_schema = made
    return app.openapi_schema


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.service.close()


def _version() -> str:
    try:
        return version("papertape")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"


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
