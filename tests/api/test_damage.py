"""A damaged or a read-only database behind the service: an error body that says so, and what can be read is served."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from storage.sqlite.connection.driver import sqlite
from tests.api.serving import EXECUTE_PLAN, code_of, execute, form, intent, served, upload
from tests.support.desks import open_test_desk

FRESH = UUID(int=77)


@pytest.fixture
def stocked(tmp_path: Path) -> tuple[Path, UUID]:
    with open_test_desk(tmp_path / "desk.db") as desk:
        desk.trading.order("OPEN_LONG", "IBM", 2.0, 10.0)
        return tmp_path / "desk.db", desk.accounts.require().id


def test_damage_is_500_and_named(home: Path, stocked: tuple[Path, UUID]) -> None:
    path, workspace_id = stocked
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("DROP TRIGGER trade_events_not_updated")
        client.execute("UPDATE trade_events SET session = 99999999 WHERE event_type = 'ORDER_FILLED'")
        client.execute("UPDATE account_sessions SET session = 99999999")
    with served(path) as service, service.client() as http:
        answer = http.get(f"/execute/paper/state/{workspace_id}")
        assert code_of(answer) == (500, "DATABASE_ERROR")
        assert "session 99999999 is not a calendar day" in answer.json()["error"]
        assert code_of(http.post(f"/execute/paper/reconcile/{workspace_id}")) == (500, "DATABASE_ERROR")
        assert code_of(execute(http, intent(workspace_id))) == (500, "DATABASE_ERROR")


def test_a_read_only_database_is_read(home: Path, stocked: tuple[Path, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    path, workspace_id = stocked
    before = path.read_bytes()
    monkeypatch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
    with served(path) as service, service.client() as http:
        assert http.get(f"/execute/paper/positions/{workspace_id}").json()[0]["symbol"] == "IBM"
        assert http.get(f"/execute/paper/state/{FRESH}").json()["cash"] == 10_000.0
        for answer in (
            execute(http, intent(workspace_id)),
            execute(http, intent(FRESH)),
            http.post(f"/execute/paper/reconcile/{workspace_id}"),
            http.post(f"/execute/paper/reset/{workspace_id}"),
            http.post(EXECUTE_PLAN, data=form(workspace_id), files=upload()),
        ):
            assert code_of(answer) == (500, "DATABASE_ERROR")
            assert "read-only" in answer.json()["error"]
    assert path.read_bytes() == before


def test_an_upload_that_cannot_be_kept_is_500(
    home: Path, stocked: tuple[Path, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, workspace_id = stocked

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    with served(path) as service, service.client() as http:
        answer = http.post(EXECUTE_PLAN, data=form(workspace_id), files=upload())
        assert code_of(answer) == (500, "DATABASE_ERROR")
        assert "Read-only file system" in answer.json()["error"]
