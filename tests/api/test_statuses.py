"""The table of statuses: total, first fit wins, and every documented code stands where its error would go."""

from __future__ import annotations

from typing import Any

import pytest

from api.answers import BROKER_REFUSALS, REFUSALS, STATUSES, status_of
from api.app import bare_app
from docs.reference.error_page import kinds_of_codes
from engine import errors
from engine.errors import CODES, ConflictError, InvalidError, NotFoundError, PapertapeError, SystemFault

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PapertapeError)]
DOCUMENT: dict[str, Any] = bare_app().openapi()
ANSWERS = [
    (path, method, int(status), said)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for status, said in operation["responses"].items()
    if status != "200"
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_of_errors_has_a_status(kind: type[PapertapeError]) -> None:
    assert sum(not row.codes and issubclass(kind, row.kind) for row in STATUSES) >= 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidError("NO_POSITION", ""), 400),
        (InvalidError("INVALID_INTENT", ""), 422),
        (errors.DataError(""), 422),
        (errors.ForbiddenError("FORBIDDEN_IN_PRODUCTION", ""), 403),
        (NotFoundError("STRATEGY_NOT_FOUND", ""), 404),
        (ConflictError("ALREADY_EXECUTED", ""), 409),
        (SystemFault("DATABASE_BUSY", ""), 503),
        (SystemFault("DATABASE_ERROR", ""), 500),
        (PapertapeError("INTERNAL", ""), 500),
    ],
)
def test_the_first_row_that_fits_is_the_one(error: PapertapeError, status: int) -> None:
    assert status_of(error) == status


def test_the_brokers_refusals_are_those_that_the_engine_calls_so() -> None:
    codes = list(CODES)
    assert tuple(codes[codes.index("UNSUPPORTED_MODE") : codes.index("INVALID_INTENT")]) == BROKER_REFUSALS


def test_the_services_own_codes_are_not_the_engines() -> None:
    assert not set(REFUSALS) & set(CODES)


@pytest.mark.parametrize(("path", "method", "status", "said"), ANSWERS)
def test_a_documented_code_stands_under_its_status(path: str, method: str, status: int, said: Any) -> None:
    kinds = kinds_of_codes()
    codes = said["content"]["application/json"]["schema"]["properties"]["error_code"]["enum"]
    assert len(set(codes)) == len(codes) > 0
    for code in codes:
        expected = REFUSALS[code].status if code in REFUSALS else status_of(_raised(kinds[code], code))
        assert expected == status, code


def test_every_route_but_health_says_that_it_wants_the_token() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) == (path != "/health")
            assert path == "/health" or {"401", "403", "500", "503"} <= operation["responses"].keys()


def _raised(kind: type[PapertapeError], code: str) -> PapertapeError:
    return errors.DataError("") if kind is errors.DataError else kind(code, "")
