"""Bodies as they come in: counted while they are read, never more than the limit in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

from api.statuses import RequestRefused

MAX_JSON = 1 << 20
"""Bytes of a JSON document: far more than any intent or spec has."""


async def read_json(request: Request) -> bytes:
    """The bytes of a JSON body; TOO_LARGE beyond 1 MiB."""
    body = bytearray()
    async for chunk in counted(request, MAX_JSON):
        body += chunk
    return bytes(body)


async def counted(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece; TOO_LARGE when it says that it is larger, or turns out to be."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > limit:
        raise too_large(f"the body has {int(said):,} bytes", limit)
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise too_large("the body is larger", limit)
        yield chunk


def too_large(what: str, limit: int, unit: str = "bytes") -> RequestRefused:
    """413, with what is taken."""
    return RequestRefused("TOO_LARGE", f"{what}; at most {limit:,} {unit} are taken")
