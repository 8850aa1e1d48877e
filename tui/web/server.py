"""The page and its socket on loopback, from the start to an end that leaves no process behind."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from engine.errors import InvalidError

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing is loaded from elsewhere, nothing is shown elsewhere; the terminal writes styles of its own into the page."""


def guard(app: web.Application, listening_host: str) -> None:
    """Refuse requests that our own page did not make with 403, and send `HEADERS` with every answer."""
    app.middlewares.append(_refusing(listening_host))
    app.on_response_prepare.append(_add_headers)


def fault_of(host: str, origin: str | None, listening_host: str, *, is_socket: bool) -> str | None:
    """Why a request is refused; None when it is not. `host` and `origin` are its headers."""
    if not _is_own_name(host, listening_host):
        return f"the host {host!r} is not this service's: use the address that papertape printed"
    if origin is None:
        return "a socket is opened by the page of the dashboard only" if is_socket else None
    if origin not in (f"http://{host}", f"https://{host}"):
        return f"the request comes from a page of {origin!r}, not from the dashboard's"
    return None


def _is_own_name(host: str, listening_host: str) -> bool:
    """Whether a `Host` is an address, `localhost`, or what was listened on by name: no stranger can own those."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in {"localhost", listening_host.casefold()} or bool(ip_address(name))
    except ValueError:
        return False


def _refusing(listening_host: str) -> Middleware:
    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        fault = fault_of(headers.get("Host", ""), headers.get("Origin"), listening_host, is_socket="Upgrade" in headers)
        return await handler(request) if fault is None else web.Response(status=403, text=f"{fault}\n")

    return refuse


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


PAGE = Path(__file__).resolve().parent / "page"
ROOT = Path(__file__).resolve().parents[2]
GRACE_S, ANSWER_S = 5.0, 1.0
"""How long dashboards, and then files that are being sent, may take once the service was asked to end."""


def dashboard_command(db: str | None, workspace: str | None) -> str:
    """The shell's line for one browser's dashboard, on the database and workspace that were named.

    It imports from where this process does, and never from the current directory.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    named = [f"{option}={value}" for option, value in (("--db", db), ("--workspace", workspace)) if value is not None]
    python = [sys.executable, "-P", "-m", "tui.web.child", *named]
    return shlex.join(["exec", "env", f"PYTHONPATH={path}", *python])


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; INVALID_SETTINGS when it cannot be opened."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[4][:2], family=address[0])
    except (OSError, UnicodeError) as error:
        raise InvalidError(
            "INVALID_SETTINGS",
            f"the dashboard cannot listen on {host}, port {port}: {_reason(error)}",
            hint="choose another with --host and --port",
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    """The system's reason without the address that Python adds: the message names it already."""
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number > 0 else str(getattr(error, "strerror", error))


def address_of(listener: socket.socket) -> str:
    """The address to type into the browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: web.Application, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve dashboards until SIGINT or SIGTERM; `ready` is called once either would end it properly."""
    asyncio.run(_serve(app, listener, ready))


async def _serve(app: web.Application, listener: socket.socket, ready: Callable[[], None]) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=ANSWER_S)
    await runner.setup()
    ready()
    with redirect_stdout(sys.stderr):  # where textual-serve prints what a dashboard said at its end
        try:
            await web.SockSite(runner, listener).start()
            await ended.wait()
        finally:
            await runner.cleanup()


class Dashboards:
    """A dashboard, a process of its own, for each browser that opens the socket; it ends when the browser leaves.

    There are at most `limit` at once: a page that opens itself again and again would take the machine's memory.
    """

    def __init__(self, command: str, limit: int) -> None:
        self._textual, self._limit = Server(command), limit
        self._open: set[asyncio.Task[web.WebSocketResponse]] = set()

    def application(self, listening_host: str) -> web.Application:
        """The page, the socket, and the files that a dashboard hands out."""
        app = web.Application()
        guard(app, listening_host)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/ws", self._socket),
                web.get("/download/{key}", self._textual.handle_download),
                web.static("/page", PAGE),
                web.static("/static", self._textual.statics_path),
            ]
        )
        app.on_shutdown.append(self._end)
        return app

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return self._refusal() or web.FileResponse(PAGE / "index.html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        task = asyncio.create_task(self._textual.handle_websocket(request))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return await task

    def _refusal(self) -> web.Response | None:
        """Answer 503 while `limit` dashboards are open; those that are just ending count, since they still run."""
        if len(self._open) < self._limit:
            return None
        count = "1 dashboard is" if self._limit == 1 else f"{self._limit} dashboards are"
        sentence = f"{count} open, and no more may be (max_dashboards): leave one with q, and load this page again"
        return web.Response(status=503, text=f"{sentence}\n")

    async def _end(self, app: web.Application) -> None:
        """Ask every dashboard to leave and wait for it; a stuck one notices that its reader has gone."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=GRACE_S)
