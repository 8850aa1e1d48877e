"""State, positions, reconcile and reset: of accounts that are there, and of those that nobody has seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from engine.account.state import PaperPosition, PaperState
from engine.broker.reconcile import ReconcileReport
from engine.desk.accounts import DEFAULT_EQUITY
from tests.api.serving import Served, code_of, execute, intent, served

LOOKS = ("state", "positions")
CHANGES = ("reconcile", "reset")


def look(client: httpx.Client, what: str, workspace_id: object) -> httpx.Response:
    return client.request("GET" if what in LOOKS else "POST", f"/execute/paper/{what}/{workspace_id}")


@pytest.fixture
def held(client: httpx.Client, workspace_id: UUID) -> UUID:
    """An account that holds 10 IBM and 5 GOOG."""
    assert execute(client, intent(workspace_id)).json()["success"]
    assert execute(client, intent(workspace_id, symbol="GOOG", quantity=5.0), 20.0).json()["success"]
    return workspace_id


def test_the_state_is_the_desks(client: httpx.Client, service: Served, held: UUID) -> None:
    found = look(client, "state", held)
    assert found.status_code == 200
    assert PaperState.model_validate_json(found.content) == service.desk.accounts.state(held)
    assert "+00:00" in found.json()["last_event_at"]


def test_positions_are_the_states(client: httpx.Client, held: UUID) -> None:
    found = look(client, "positions", held).json()
    assert [PaperPosition.model_validate_json(json.dumps(each)).symbol for each in found] == ["GOOG", "IBM"]
    assert found == list(look(client, "state", held).json()["positions"].values())


def test_reconcile_rebuilds_and_journals(client: httpx.Client, service: Served, held: UUID) -> None:
    before = service.head()
    report = ReconcileReport.model_validate_json(look(client, "reconcile", held).content)
    assert (report.success, report.events_replayed, report.positions_rebuilt, report.drift) == (True, 2, 2, {})
    assert service.head() == before + 1


def test_reset_starts_anew_and_reconcile_undoes_it(client: httpx.Client, held: UUID) -> None:
    before = look(client, "state", held).json()
    assert look(client, "reset", held).json()["cash"] == DEFAULT_EQUITY
    assert look(client, "positions", held).json() == []
    assert look(client, "reconcile", held).json()["drift"]["cash"] == [DEFAULT_EQUITY, before["cash"]]
    assert look(client, "state", held).json()["positions"].keys() == before["positions"].keys()


@pytest.mark.parametrize("what", [*LOOKS, *CHANGES])
def test_an_unseen_account_is_a_fresh_one_and_nothing_is_written(
    client: httpx.Client, service: Served, workspace_id: UUID, what: str
) -> None:
    before = service.head()
    found = look(client, what, workspace_id)
    assert found.status_code == 200
    assert service.head() == before
    assert service.desk.accounts.find(workspace_id) is None
    if what == "positions":
        assert found.json() == []
    elif what == "reconcile":
        report = ReconcileReport.model_validate_json(found.content)
        assert (report.workspace_id, report.events_replayed, report.cash_after) == (workspace_id, 0, DEFAULT_EQUITY)
    else:
        state = PaperState.model_validate_json(found.content)
        assert (state.workspace_id, state.cash, state.equity, state.last_seq) == (workspace_id, 1e4, 1e4, 0)


def test_what_an_unseen_account_shows_is_what_a_new_one_shows(client: httpx.Client, service: Served) -> None:
    new = service.desk.accounts.create("brand new").id
    service_says, fresh = look(client, "state", new).json(), look(client, "state", UUID(int=7, version=4)).json()
    differing = {name for name in fresh if fresh[name] != service_says[name]}
    assert differing == {"workspace_id", "last_seq", "last_event_at"}
    report, fresh = look(client, "reconcile", new).json(), look(client, "reconcile", UUID(int=7, version=4)).json()
    assert {name for name in fresh if fresh[name] != report[name]} == {"workspace_id"}


@pytest.mark.parametrize("what", [*LOOKS, *CHANGES])
@pytest.mark.parametrize("bad", ["default", "17", "0" * 32, "{00000000-0000-4000-8000-000000000000}", "%00", "é"])
def test_a_bad_uuid_is_422(client: httpx.Client, service: Served, what: str, bad: str) -> None:
    before = service.head()
    assert code_of(look(client, what, bad)) == (422, "INVALID_REQUEST")
    assert service.head() == before


def test_a_uuid_may_be_in_capitals(client: httpx.Client, held: UUID) -> None:
    assert look(client, "state", str(held).upper()).json() == look(client, "state", held).json()


def test_what_is_not_there(client: httpx.Client) -> None:
    assert code_of(client.get("/execute/paper/nothing")) == (404, "NO_SUCH_ROUTE")
    assert code_of(client.get("/docs")) == (404, "NO_SUCH_ROUTE")
    assert code_of(client.get("/execute/intents/")) == (404, "NO_SUCH_ROUTE")
    wrong = client.get("/execute/intents")
    assert code_of(wrong) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "POST"


@pytest.fixture(scope="module")
def production(home: Path) -> Iterator[Served]:
    with served(home / "production.db", environment="production") as running:
        yield running


def test_in_production_nothing_is_reset(production: Served, workspace_id: UUID) -> None:
    with production.client() as client:
        assert code_of(look(client, "reset", workspace_id)) == (403, "FORBIDDEN_IN_PRODUCTION")
        execute(client, intent(workspace_id))
        before = production.head()
        assert code_of(look(client, "reset", workspace_id)) == (403, "FORBIDDEN_IN_PRODUCTION")
        assert production.head() == before
        assert len(look(client, "positions", workspace_id).json()) == 1
