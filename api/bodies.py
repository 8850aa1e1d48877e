"""Bodies as they come in, JSON and forms: counted while they are read, never more than the limit in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.answers import RequestRefused

MAX_JSON = 1 << 20
"""Bytes of a JSON document: far more than any intent or spec has."""


async def read_json(request: Request) -> bytes:
    """The bytes of a JSON body; TOO_LARGE beyond 1 MiB."""
    body = bytearray()
    async for chunk in counted(request, MAX_JSON):
        body += chunk
    return bytes(body)


async def counted(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Read the body piece by piece; TOO_LARGE when its declared or real size exceeds the limit."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise too_large(f"the body has {int(length):,} bytes", limit)
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise too_large("the body is larger", limit)
        yield chunk


def too_large(what: str, limit: int, unit: str = "bytes") -> RequestRefused:
    """A refusal with status 413 that says how much is taken."""
    return RequestRefused("TOO_LARGE", f"{what}; at most {limit:,} {unit} are taken")


FORM = b"multipart/form-data"


@dataclass(slots=True)
class Form:
    """The texts of the fields, and the bytes of the file."""

    fields: dict[str, str] = field(default_factory=dict)
    file: bytes | None = None


async def read_form(request: Request, *, fields: Collection[str], file: str, limit: int) -> Form:
    """A form whose parts are among `fields` and `file`; INVALID_REQUEST, or TOO_LARGE beyond `limit` bytes in all."""
    content_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if content_type != FORM or not boundary:
        raise _invalid("the body is not multipart/form-data with a boundary")
    parts = _Parts(fields, file)
    try:
        await parts.read(counted(request, limit), boundary)
    except FormParserError as error:
        raise _invalid(f"the form is malformed: {error}") from error
    return parts.form


class _Parts:
    """The parts of one form, as the parser reports them."""

    def __init__(self, fields: Collection[str], file: str) -> None:
        self.form = Form()
        self._fields, self._file = fields, file
        self._name, self._data = "", bytearray()
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._ended = False

    async def read(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        """Read the whole body and store every part, until the closing boundary."""
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._name_part,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )
        async for chunk in body:
            parser.write(chunk)
        if not self._ended:
            raise _invalid("the form is cut off")

    def _begin(self) -> None:
        self._data, self._disposition = bytearray(), b""

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _name_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text(options.get(b"name", b""), "the name of a part")
        if self._name != self._file and self._name not in self._fields:
            raise _invalid(f"the form has a part {self._name!r}; there are {', '.join([*self._fields, self._file])}")
        if self._name in self.form.fields or (self._name == self._file and self.form.file is not None):
            raise _invalid(f"the form has the part {self._name!r} twice")
        if self._name != self._file and b"filename" in options:
            raise _invalid(f"the part {self._name!r} is a file, but must be a field")

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        if self._name != self._file and len(self._data) > MAX_JSON:
            raise too_large(f"the part {self._name!r} is larger", MAX_JSON)

    def _end_part(self) -> None:
        if self._name == self._file:
            self.form.file = bytes(self._data)
        else:
            self.form.fields[self._name] = _text(self._data, f"the part {self._name!r}")
        self._data = bytearray()

    def _end(self) -> None:
        self._ended = True


def _text(raw: bytes | bytearray, what: str) -> str:
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    raise _invalid(f"{what} is not UTF-8")


def _invalid(why: str) -> RequestRefused:
    return RequestRefused("INVALID_REQUEST", why)
