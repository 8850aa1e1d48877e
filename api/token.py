"""The admin token: what it must be, and the gate in front of every route, which looks at headers alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import RequestRefused, refusal
from engine.errors import InvalidError
from engine.symbols import check_text

HEADER = "X-Admin-Token"
SHORTEST = 16
OPEN_PATH = "/health"
_NAME = HEADER.lower().encode()
_CHALLENGE = {"WWW-Authenticate": f'{HEADER} realm="papertape"'}


class AdminToken:
    """The token that opens the service. Only its digest is kept, so no repr, log or traceback can show it.

    INVALID_SETTINGS when it is unset, blank or shorter than 16 characters, or when no header could carry it.
    """

    __slots__ = ("_digest",)

    def __init__(self, secret: SecretStr | None) -> None:
        self._digest = _digest(_checked(secret).encode())

    def opens(self, given: bytes) -> bool:
        """Whether these bytes are the token, compared in constant time."""
        return hmac.compare_digest(_digest(given), self._digest)


class TokenGate:
    """Pure ASGI: a request without the token is answered before a byte of its body is read."""

    def __init__(self, app: ASGIApp, token: AdminToken) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 401 or 403."""
        if scope["type"] == "http" and scope["path"] != OPEN_PATH:
            refused = self._refused(scope["headers"])
            if refused is not None:
                await refusal(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refused(self, headers: Sequence[tuple[bytes, bytes]]) -> RequestRefused | None:
        given = [value for name, value in headers if name == _NAME]
        if not any(given):
            return RequestRefused("TOKEN_MISSING", f"the request has no {HEADER}; send the service's token", _CHALLENGE)
        if len(given) > 1 or not self._token.opens(given[0]):
            return RequestRefused("TOKEN_WRONG", f"this {HEADER} is not the service's")
        return None


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _checked(secret: SecretStr | None) -> str:
    token = "" if secret is None else secret.get_secret_value()
    if not token.strip():
        raise _invalid("no admin token is set, and the service does not start without one")
    if len(token) < SHORTEST:
        raise _invalid(f"the admin token is shorter than {SHORTEST} characters")
    try:
        check_text(token)
    except ValueError as error:
        raise _invalid(f"the admin token {error}") from error
    if token != token.strip():
        raise _invalid("the admin token begins or ends with a space, which a header cannot carry")
    return token


def _invalid(why: str) -> InvalidError:
    return InvalidError(
        "INVALID_SETTINGS",
        why,
        hint="set PAPERTAPE_ADMIN_TOKEN, or admin_token in the settings file; `openssl rand -hex 24` makes one",
    )
