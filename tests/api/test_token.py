"""The token: every route but `/health` wants it before it looks at anything else, and nothing ever shows it."""

from __future__ import annotations

import hmac
import io
import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.token import HEADER, AdminToken
from engine.errors import InvalidError
from storage.settings import Settings
from tests.api.serving import EXECUTE_PLAN, GENERATE, TOKEN, WAIT_S, Served, code_of, intent

NOBODY = "00000000-0000-4000-8000-000000000000"
ROUTES = [
    ("POST", "/execute/intents"),
    ("GET", f"/execute/paper/state/{NOBODY}"),
    ("GET", f"/execute/paper/positions/{NOBODY}"),
    ("POST", f"/execute/paper/reconcile/{NOBODY}"),
    ("POST", f"/execute/paper/reset/{NOBODY}"),
    ("POST", GENERATE),
    ("POST", EXECUTE_PLAN),
    ("GET", "/openapi.json"),
    ("GET", "/nothing/here"),
    ("DELETE", "/execute/intents"),
    ("GET", "/health/"),
    ("GET", "//health"),
]
WRONG = ["x" * len(TOKEN), TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f"{TOKEN},{TOKEN}", "é" * 20]


@pytest.fixture
def anyone(service: Served) -> Iterator[httpx.Client]:
    """A client without a token."""
    with service.client(token=None) as made:
        yield made


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_wants_the_token(anyone: httpx.Client, service: Served, method: str, path: str) -> None:
    before = service.head()
    missing = anyone.request(method, path)
    assert code_of(missing) == (401, "TOKEN_MISSING")
    assert set(missing.json()) == {"error", "error_code"}
    assert missing.headers["WWW-Authenticate"].startswith(HEADER)
    assert code_of(anyone.request(method, path, headers={HEADER: ""})) == (401, "TOKEN_MISSING")
    for wrong in WRONG:
        assert code_of(anyone.request(method, path, headers={HEADER: wrong.encode()})) == (403, "TOKEN_WRONG")
    assert service.head() == before


def test_two_tokens_are_none(anyone: httpx.Client) -> None:
    twice = anyone.get(f"/execute/paper/state/{NOBODY}", headers=[(HEADER, TOKEN), (HEADER, "other")])
    assert code_of(twice) == (403, "TOKEN_WRONG")


def test_a_token_in_the_query_is_no_token(anyone: httpx.Client) -> None:
    found = anyone.get(f"/execute/paper/state/{NOBODY}", params={HEADER: TOKEN})
    assert code_of(found) == (401, "TOKEN_MISSING")


def test_health_needs_none_and_says_nothing_else(anyone: httpx.Client, service: Served) -> None:
    found = anyone.get("/health")
    assert found.status_code == 200
    assert set(found.json()) == {"status", "version"}
    assert found.json()["status"] == "ok"
    assert "server" not in found.headers


@pytest.mark.parametrize("header", [b"", f"{HEADER}: {'x' * 20}\r\n".encode()])
def test_the_answer_comes_before_a_byte_of_the_body(service: Served, header: bytes) -> None:
    """The client promises a gigabyte, sends nothing, and waits to be told to go on: it is not told."""
    with socket.create_connection(_place(service), timeout=WAIT_S) as wire:
        wire.sendall(
            b"POST /execute/intents HTTP/1.1\r\nHost: desk\r\nExpect: 100-continue\r\n"
            b"Content-Length: 1000000000\r\n" + header + b"\r\n"
        )
        status = wire.makefile("rb").readline()
    assert status.split()[1] == (b"403" if header else b"401")


def test_a_body_that_was_sent_all_the_same_does_not_hurt_the_next_request(
    anyone: httpx.Client, service: Served
) -> None:
    large = b"x" * (3 << 20)
    for _ in range(3):
        assert anyone.post("/execute/intents", content=large).status_code == 401
    assert anyone.get("/health").status_code == 200


def test_it_is_compared_as_bytes_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", spy)
    token = AdminToken(SecretStr(TOKEN))
    assert token.opens(TOKEN.encode())
    assert not token.opens(b"\xff\xfe")
    assert not token.opens(b"short")
    assert {(type(one), len(one), len(other)) for one, other in compared} == {(bytes, 32, 32)}


def test_nothing_shows_it(service: Served, anyone: httpx.Client) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        anyone.get("/nothing", headers={HEADER: TOKEN})
        anyone.get("/nothing", headers={HEADER: TOKEN + "x"})
        anyone.post("/execute/intents", headers={HEADER: TOKEN}, json={"intent": intent(NOBODY, symbol="")})
    finally:
        logging.getLogger().removeHandler(handler)
    settings = Settings(db=service.database, admin_token=SecretStr(TOKEN))
    token = AdminToken(settings.admin_token)
    app = create_app(service.desk, settings)
    shown = [heard.getvalue(), repr(settings), str(settings), settings.model_dump_json(), repr(token), repr(app)]
    shown += [repr(each.kwargs) for each in app.user_middleware]
    assert not any(TOKEN in each for each in shown)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (None, "no admin token"),
        ("", "no admin token"),
        (" " * 20, "no admin token"),
        ("x" * 15, "shorter than 16"),
        (" " + "x" * 20, "begins or ends with a space"),
        ("x" * 20 + "\n", "control characters"),
        ("x" * 10 + "\x00" + "x" * 10, "control characters"),
    ],
)
def test_without_a_proper_token_there_is_no_service(service: Served, token: str | None, why: str) -> None:
    settings = Settings(db=service.database, admin_token=None if token is None else SecretStr(token))
    with pytest.raises(InvalidError, match=why) as refused:
        create_app(service.desk, settings)
    assert refused.value.code == "INVALID_SETTINGS"
    assert "PAPERTAPE_ADMIN_TOKEN" in refused.value.hint
    assert token is None or len(token.strip()) == 0 or token.strip() not in refused.value.sentence


def test_sixteen_characters_are_enough(service: Served) -> None:
    assert AdminToken(SecretStr("x" * 16)).opens(b"x" * 16)
    assert AdminToken(SecretStr("é" * 16)).opens(("é" * 16).encode())


def _place(service: Served) -> tuple[str, int]:
    address = urlsplit(service.address)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port
