"""`papertape serve`: what it wants before it serves anything, and what it says."""

from __future__ import annotations

import importlib.util
import json
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

import api.app
from api.app import address_of, bare_app, listening
from engine.errors import InvalidError
from tests.api.serving import TOKEN, process
from tests.tui.console import Console


@pytest.mark.parametrize("token", [None, "", " " * 20, "x" * 15])
def test_without_a_token_nothing_is_served(console: Console, token: str | None) -> None:
    if token is not None:
        console.monkeypatch.setenv("PAPERTAPE_ADMIN_TOKEN", token)
    ran = console.run("serve", "--port", "0")
    assert ran.code == 5
    assert ran.err.startswith("error INVALID_SETTINGS: ")
    assert "PAPERTAPE_ADMIN_TOKEN" in ran.err
    assert ran.out == ""


def test_the_token_may_stand_in_the_settings_file(console: Console, tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'admin_token = "{TOKEN}"\nport = 0\n')
    with process(tmp_path, PAPERTAPE_ADMIN_TOKEN="", PAPERTAPE_CONFIG=str(settings)) as service:
        with service.client() as client:
            assert client.get("/openapi.json").status_code == 200
        assert service.end() == (0, "")


def test_a_process_takes_the_flags(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with process(tmp_path, "--db", other) as service:
        assert service.address.startswith("http://127.0.0.1:")
        assert service.end() == (0, "")
    assert other.exists()
    assert not (tmp_path / "desk.db").exists()


def test_another_host_is_warned_of(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []
    monkeypatch.setattr(api.app, "serve", lambda settings, ready: served.append(settings.host))
    for host in ("127.0.0.1", "::1", "localhost"):
        assert console.ok("serve", "--host", host).err == ""
    assert "nothing is encrypted" in console.ok("serve", "--host", "0.0.0.0").err
    assert served == ["127.0.0.1", "::1", "localhost", "0.0.0.0"]


def test_it_says_where_it_serves(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.app, "serve", lambda settings, ready: ready("http://127.0.0.1:1"))
    assert console.ok("serve").out == "serving on http://127.0.0.1:1 (Ctrl-C ends it)\n"
    assert console.json("serve") == {"success": True, "address": "http://127.0.0.1:1"}


def test_a_port_that_is_taken(console: Console) -> None:
    console.monkeypatch.setenv("PAPERTAPE_ADMIN_TOKEN", TOKEN)
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        ran = console.run("serve", "--port", port)
    assert ran.code == 5
    assert f"cannot listen on 127.0.0.1, port {port}" in ran.err
    with pytest.raises(InvalidError, match="cannot listen on"):
        listening("nowhere.invalid", 0)


def test_a_port_that_is_none(console: Console) -> None:
    ran = console.run("serve", "--port", "70000")
    assert (ran.code, ran.err[:23]) == (5, "error INVALID_SETTINGS:")


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
def test_an_ipv6_address_is_bracketed() -> None:
    listener = SimpleNamespace(getsockname=lambda: ("::1", 80, 0, 0))
    assert address_of(listener) == "http://[::1]:80"  # type: ignore[arg-type]


def test_the_document_is_printed_without_a_token(console: Console) -> None:
    ran = console.ok("serve", "--openapi")
    assert json.loads(ran.out) == bare_app().openapi()
    assert not console.db.exists()


def test_without_the_extra_it_says_which(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else found(name))
    ran = console.run("serve")
    assert ran.code == 1
    assert "EXTRA_MISSING" in ran.err
    assert "pip install 'papertape[api]'" in ran.err
