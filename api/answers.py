"""What the service answers: a model as JSON, or an error with its sentence and its code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from engine.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PapertapeError,
    RefusedError,
    SystemFault,
    UsageError,
)

BROKER_REFUSALS = (
    "UNSUPPORTED_MODE",
    "UNSUPPORTED_ACTION",
    "INVALID_FILL_PRICE",
    "INVALID_QUANTITY",
    "NO_POSITION",
    "PARTIAL_CLOSE_NOT_SUPPORTED",
    "WORKSPACE_CLOSED",
)
"""What is a sound request, and an order that the broker does not take."""

TRY_AGAIN = ("CANCELLED", "DATABASE_BUSY")
"""Nothing is wrong with the request."""


class Row(NamedTuple):
    """Errors of a class (of all its codes, or of these) and their status."""

    kind: type[PapertapeError]
    codes: tuple[str, ...]
    status: int
    meaning: str

    def fits(self, error: PapertapeError) -> bool:
        """Whether this row gives the error's status."""
        return isinstance(error, self.kind) and (not self.codes or error.code in self.codes)


STATUSES: tuple[Row, ...] = (
    Row(RefusedError, (), 200, "refused by the policy: an answer, with `success: false`"),
    Row(InvalidError, BROKER_REFUSALS, 400, "refused by the broker"),
    Row(ForbiddenError, (), 403, "not in this environment"),
    Row(NotFoundError, (), 404, "not found"),
    Row(ConflictError, (), 409, "conflict: it was done before"),
    Row(InvalidError, (), 422, "invalid input or data"),
    Row(UsageError, (), 422, "invalid input or data"),
    Row(SystemFault, TRY_AGAIN, 503, "stopped, or the database was busy: try again"),
    Row(PapertapeError, (), 500, "a fault of the installation, the database or the service"),
)
"""The first that fits."""


def status_of(error: PapertapeError) -> int:
    """The status for this error."""
    return next(row.status for row in STATUSES if row.fits(error))


class Refusal(NamedTuple):
    """A refusal of a request by the service itself."""

    status: int
    meaning: str


REFUSALS: Mapping[str, Refusal] = {
    "TOKEN_MISSING": Refusal(401, "The request has no `X-Admin-Token`."),
    "TOKEN_WRONG": Refusal(403, "The token is not the service's."),
    "NO_SUCH_ROUTE": Refusal(404, "There is no route at this path."),
    "METHOD_NOT_ALLOWED": Refusal(405, "The route exists, but not with this method."),
    "TOO_LARGE": Refusal(413, "The body, or the unpacked content of a gzip in it, is larger than the service accepts."),
    "INVALID_REQUEST": Refusal(422, "The path or the form is malformed: a bad UUID, a missing part, an unknown part."),
    "TOO_MANY_SWEEPS": Refusal(
        429, "The service already runs as many sweeps as it accepts; `Retry-After` says when to try again."
    ),
}
"""Every code that is the service's own."""


class RequestRefused(Exception):  # noqa: N818 - it says what happened
    """The service does not take a request; `code` is one of `REFUSALS`."""

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = REFUSALS[code].status
        self.headers = dict(headers or {})


JSON = "application/json"
RETRY_AFTER = {"Retry-After": "5"}
"""In seconds: how long what is in the way may take."""

_LISTS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


def answer(value: BaseModel | list[Any]) -> Response:
    """200, with a model or a list of models."""
    body = value.model_dump_json().encode() if isinstance(value, BaseModel) else _LISTS.dump_json(value)
    return Response(body, media_type=JSON)


def refusal(refused: RequestRefused) -> Response:
    """The answer to a request that the service itself refuses."""
    return _failure(refused.status, {"error": refused.message, "error_code": refused.code}, refused.headers)


def failure(error: PapertapeError) -> Response:
    """An error of the engine: what, where and what to do, its code, and what it knows beside them."""
    status = status_of(error)
    body = {**error.details, "error": error.sentence, "error_code": error.code}
    return _failure(status, body, RETRY_AFTER if status == 503 else {})


def add_handlers(app: FastAPI) -> None:
    """Turn every error of a route into an answer of the same form."""
    app.add_exception_handler(PapertapeError, _of_the_engine)
    app.add_exception_handler(RequestRefused, _of_the_service)
    app.add_exception_handler(HTTPException, _of_the_router)
    app.add_exception_handler(ClientDisconnect, _nobody_there)
    app.add_exception_handler(Exception, _unexpected)


async def _of_the_engine(request: Request, error: Exception) -> Response:
    assert isinstance(error, PapertapeError)  # noqa: S101 - for the type checker
    return failure(error)


async def _of_the_service(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - for the type checker
    return refusal(error)


async def _of_the_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    if error.status_code == 405:
        sentence = f"{request.url.path} does not take {request.method}"
        return refusal(RequestRefused("METHOD_NOT_ALLOWED", sentence, error.headers))
    return refusal(RequestRefused("NO_SUCH_ROUTE", f"there is nothing at {request.url.path}"))


async def _nobody_there(request: Request, error: Exception) -> Response:
    """The client disconnected while sending, so this answer is never read."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    """Answer 500 for an unforeseen exception; the server logs it and closes the connection."""
    fault = SystemFault("INTERNAL", f"a bug in papertape ({type(error).__name__})", hint="the log says where")
    answered = failure(fault)
    answered.headers["Connection"] = "close"
    return answered


def _failure(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    text = json.dumps(body, separators=(",", ":"), allow_nan=False, default=str)
    return Response(text, status, headers, media_type=JSON)
