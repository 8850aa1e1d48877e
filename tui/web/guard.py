"""Who may speak to the dashboard: pages that it served itself, under a name that nobody else can take.

There is no login, so a browser must not be made to speak for somebody else. A page of another site that opens our
socket says so in `Origin`. A site that points its own name at this machine (DNS rebinding) has that name in `Host`.
A site that shows us in a frame is refused by `Content-Security-Policy`. What is no browser can say what it likes.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

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
    """Refuse whatever is not our own page with 403, and send `HEADERS` with every answer."""
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
