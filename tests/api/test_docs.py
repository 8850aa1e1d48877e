"""The page of the service: its session is run, its tables are the code's."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from api.answers import REFUSALS, STATUSES
from api.app import bare_app
from tests.docs.console import run, told
from tests.docs.pages import codes, table_under, text_of

PAGE = text_of("http.md")
PORT = "8000"
TOOLS = ("curl", "openssl")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"the session needs {' and '.join(TOOLS)}")
def test_the_session_shows_what_happens(tmp_path: Path) -> None:
    page = tmp_path / "http.md"
    page.write_text(PAGE.replace(PORT, str(free_port())), encoding="utf-8")
    outcomes = run(page, tmp_path)
    wrong = [told(outcome) for outcome in outcomes if outcome.code or not outcome.as_shown]
    assert not wrong, "\n\n".join(wrong)
    assert len(outcomes) > 10


def test_every_route_is_listed() -> None:
    routes = [
        f"{method.upper()} {path}" for path, methods in bare_app().openapi()["paths"].items() for method in methods
    ]
    assert [codes(row[0])[0] for row in table_under(PAGE, "## Routes")] == routes


def test_every_status_is_listed() -> None:
    listed = [int(row[0]) for row in table_under(PAGE, "## Statuses")]
    assert listed == sorted({*(row.status for row in STATUSES), *(each.status for each in REFUSALS.values())})


def test_the_services_own_codes_are_listed() -> None:
    rows = table_under(PAGE, "## Statuses", which=1)
    assert rows == [[f"`{code}`", str(each.status), each.meaning] for code, each in REFUSALS.items()]
