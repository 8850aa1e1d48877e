"""The statuses, in one table: a class of errors to what the service answers.

Beside the engine's codes there are a few that only a service can have: they are refusals of a request, not of an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

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
        """Whether the row is this error's."""
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
    """What the service answers with for this error."""
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
