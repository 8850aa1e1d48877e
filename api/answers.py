"""What the service answers: a model as JSON, or an error with its sentence and its code."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.statuses import RequestRefused, status_of
from engine.errors import PapertapeError, SystemFault

JSON = "application/json"
RETRY_AFTER = {"Retry-After": "5"}
"""In seconds: how long what is in the way may take."""

_LISTS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


def answer(value: BaseModel | list[Any]) -> Response:
    """200, with a model or a list of models."""
    body = value.model_dump_json().encode() if isinstance(value, BaseModel) else _LISTS.dump_json(value)
    return Response(body, media_type=JSON)


def refusal(refused: RequestRefused) -> Response:
    """What the service itself does not take."""
    return _failure(refused.status, {"error": refused.message, "error_code": refused.code}, refused.headers)


def failure(error: PapertapeError) -> Response:
    """An error of the engine: what, where and what to do, its code, and what it knows beside them."""
    status = status_of(error)
    body = {**error.details, "error": error.sentence, "error_code": error.code}
    return _failure(status, body, RETRY_AFTER if status == 503 else {})


def add_handlers(app: FastAPI) -> None:
    """Every error of a route becomes an answer of the same form."""
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
        said = f"{request.url.path} does not take {request.method}"
        return refusal(RequestRefused("METHOD_NOT_ALLOWED", said, error.headers))
    return refusal(RequestRefused("NO_SUCH_ROUTE", f"there is nothing at {request.url.path}"))


async def _nobody_there(request: Request, error: Exception) -> Response:
    """The client disconnected while sending, so this answer is never read."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    """A fault of our own; the server logs where, and closes the connection."""
    fault = SystemFault("INTERNAL", f"a fault of papertape itself ({type(error).__name__})", hint="the log says where")
    answered = failure(fault)
    answered.headers["Connection"] = "close"
    return answered


def _failure(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    text = json.dumps(body, separators=(",", ":"), allow_nan=False, default=str)
    return Response(text, status, headers, media_type=JSON)
