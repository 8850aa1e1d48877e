"""`POST /execute/intents`: filled once, and every refusal with its status and without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from engine.broker.execute import ExecutionResult
from engine.desk.trading import parse_intent
from engine.events import EventType
from engine.ports import EventFilter
from engine.vocabulary import TradingState
from tests.api.serving import Served, code_of, execute, intent
from tests.tui.console import Console, breakout, write_bars

FILLED = 5
"""Events of an order that fills."""


def test_an_intent_is_filled(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    order = intent(workspace_id, reason="by hand")
    response = execute(client, order, 50.0, mode="paper")
    assert response.status_code == 200
    result = ExecutionResult.model_validate_json(response.content)
    assert (result.success, result.error_code, result.position_action) == (True, None, "opened")
    assert (result.fill_price, result.quantity_filled, str(result.intent_id)) == (50.0, 10.0, order["id"])
    assert service.desk.accounts.state(workspace_id).cash == 9_500.0


def test_the_first_execution_creates_the_account_with_the_defaults(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    assert service.desk.accounts.find(workspace_id) is None
    execute(client, intent(workspace_id))
    found = service.desk.accounts.require(workspace_id)
    assert (found.name, found.starting_equity) == (f"http-{workspace_id}", 10_000.0)
    assert found in service.desk.accounts.all()
    kinds = [event.event_type for event in service.desk.journal.events(workspace_id)]
    assert kinds[0] == EventType.WORKSPACE_CREATED
    assert len(kinds) == 1 + FILLED


def test_a_first_execution_sent_many_times_creates_one_account(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    order = intent(workspace_id)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: execute(client, order), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    assert len(service.desk.journal.events(workspace_id)) == 1 + FILLED


def test_the_policys_refusal_is_an_answer_and_is_journaled(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    execute(client, intent(workspace_id))
    service.desk.accounts.set_trading_state(TradingState.HALTED, workspace_id)
    refused = intent(workspace_id, symbol="GOOG")
    response = execute(client, refused)
    assert code_of(response) == (200, "POLICY_REJECTED")
    body = response.json()
    assert (body["success"], body["order_id"], body["events_recorded"]) == (False, None, 3)
    assert body["policy"]["approved"] is False
    service.desk.accounts.set_trading_state(TradingState.ACTIVE, workspace_id)
    assert execute(client, refused).json()["success"] is True


def test_an_unseen_account_refused_by_the_policy_is_created_with_its_refusal(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    assert code_of(execute(client, intent(workspace_id, quantity=1000.0))) == (200, "POLICY_REJECTED")
    kinds = [event.event_type for event in service.desk.journal.events(workspace_id)]
    assert kinds == ["WORKSPACE_CREATED", "INTENT_EMITTED", "POLICY_EVALUATED", "INTENT_REJECTED"]


REFUSED_BY_THE_BROKER: dict[str, tuple[dict[str, Any], Any, str]] = {
    "UNSUPPORTED_MODE": ({}, 100.0, "live"),
    "UNSUPPORTED_ACTION": ({"action": "OPEN_SHORT"}, 100.0, "paper"),
    "INVALID_FILL_PRICE": ({}, -1, "paper"),
    "INVALID_QUANTITY": ({"quantity": 0}, 100.0, "paper"),
    "NO_POSITION": ({"action": "CLOSE_LONG"}, 100.0, "paper"),
}


@pytest.mark.parametrize("code", REFUSED_BY_THE_BROKER)
def test_what_the_broker_refuses_is_400_and_leaves_nothing(
    client: httpx.Client, service: Served, workspace_id: UUID, code: str
) -> None:
    changed, price, mode = REFUSED_BY_THE_BROKER[code]
    before = service.head()
    assert code_of(execute(client, intent(workspace_id, **changed), price, mode=mode)) == (400, code)
    assert service.head() == before
    assert service.desk.accounts.find(workspace_id) is None


def test_a_partial_close_is_400(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    execute(client, intent(workspace_id))
    before = service.head()
    part = intent(workspace_id, action="CLOSE_LONG", quantity=4.0)
    assert code_of(execute(client, part)) == (400, "PARTIAL_CLOSE_NOT_SUPPORTED")
    assert service.head() == before


def test_known_actions_that_are_not_executed_are_400_and_unknown_ones_422(
    client: httpx.Client, workspace_id: UUID
) -> None:
    for action in ("OPEN_SHORT", "CLOSE_SHORT", "SCALE_IN", "SCALE_OUT", "CANCEL_ORDER"):
        assert code_of(execute(client, intent(workspace_id, action=action))) == (400, "UNSUPPORTED_ACTION")
    assert code_of(execute(client, intent(workspace_id, action="SHORT_IT"))) == (422, "INVALID_INTENT")


def first_over_http(service: Served, console: Console, order: dict[str, Any]) -> dict[str, Any]:
    with service.client() as client:
        body: dict[str, Any] = execute(client, order).json()
    return body


def first_by_the_command_line(service: Served, console: Console, order: dict[str, Any]) -> dict[str, Any]:
    service.desk.accounts.require(order["workspace_id"])  # a command does not make accounts
    arguments = ("execute", "--file", "-", "--fill-price", "100", "--db", str(service.database))
    body: dict[str, Any] = console.json(*arguments, stdin=json.dumps(order))
    return body


def first_by_another_process(service: Served, console: Console, order: dict[str, Any]) -> dict[str, Any]:
    file = console.home / "intent.json"
    file.write_text(json.dumps(order))
    arguments = ("execute", "--file", file, "--fill-price", "100", "--db", service.database, "--json")
    body: dict[str, Any] = console.spawn(*arguments).document
    return body


First = Callable[[Served, Console, dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize("first", [first_over_http, first_by_the_command_line, first_by_another_process])
def test_a_conflict_is_the_same_whoever_was_first(service: Served, console: Console, first: First) -> None:
    workspace = service.desk.accounts.create(f"conflicts {uuid4().hex[:8]}")
    order = intent(workspace.id)
    filled = first(service, console, order)
    assert filled["success"] is True
    named = {"order_id": filled["order_id"], "correlation_id": filled["correlation_id"]}
    before = service.head()
    with service.client() as client:
        again, reused = execute(client, order, 101.0), execute(client, {**order, "quantity": 11.0})
    assert code_of(again) == (409, "ALREADY_EXECUTED")
    assert code_of(reused) == (409, "INTENT_ID_REUSED")
    for body in (again.json(), reused.json()):
        assert body["first_order"] == named
        assert named.items() <= body.items()
        assert body["intent_id"] == order["id"]
        assert body["events_recorded"] == 0
    assert service.head() == before


def test_the_answer_is_the_document_of_the_command_line(service: Served, console: Console) -> None:
    workspace = service.desk.accounts.create(f"documents {uuid4().hex[:8]}")
    with service.client() as client:
        over_http = execute(client, intent(workspace.id, symbol="A")).json()
        state = client.get(f"/execute/paper/state/{workspace.id}").json()
        positions = client.get(f"/execute/paper/positions/{workspace.id}").json()
    shared = ("-w", str(workspace.id), "--db", str(service.database))
    other = json.dumps(intent(workspace.id, symbol="B"))
    by_command = console.json("execute", "--file", "-", "--fill-price", "100", *shared[2:], stdin=other)
    assert list(over_http) == list(by_command)
    assert list(over_http["position"]) == list(by_command["position"])
    with service.client() as client:
        assert client.get(f"/execute/paper/state/{workspace.id}").json() == console.json("state", *shared)
        assert client.get(f"/execute/paper/positions/{workspace.id}").json() == console.json("positions", *shared)
    assert list(state["positions"].values()) == positions


GOOD = '{"intent": %s, "fill_price": 100}'
MALFORMED = {
    "nothing": "",
    "no JSON": "{",
    "no object": "[]",
    "not UTF-8": b'{"intent": "\xff"}',
    "NaN": '{"intent": %s, "fill_price": NaN}',
    "infinity": '{"intent": %s, "fill_price": Infinity}',
    "1e999": '{"intent": %s, "fill_price": 1e999}',
    "a key twice": '{"intent": %s, "fill_price": 1, "fill_price": 2}',
    "too deep": "[" * 100_000,
    "half a character": '{"intent": %s, "fill_price": 1, "mode": "\\ud800"}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_json_is_422(client: httpx.Client, service: Served, workspace_id: UUID, name: str) -> None:
    body = MALFORMED[name]
    if isinstance(body, str):
        body = (body.replace("%s", json.dumps(intent(workspace_id)))).encode()
    before = service.head()
    status, code = code_of(client.post("/execute/intents", content=body))
    assert status == 422
    assert code in {"INVALID_JSON", "INVALID_INTENT"}
    assert service.head() == before


WRONG_FIELDS: dict[str, Any] = {
    "an unknown field": {"leverage": 2},
    "an over-long symbol": {"symbol": "S" * 33},
    "an over-long reason": {"reason": "r" * 2_001},
    "an over-long strategy": {"strategy_id": "s" * 129},
    "a control character": {"symbol": "A\x1b[31m"},
    "an empty symbol": {"symbol": " "},
    "a bad id": {"id": "17"},
    "a bad workspace": {"workspace_id": "default"},
    "a quantity as text": {"quantity": "10"},
    "a quantity as truth": {"quantity": True},
    "no time": {"created_at": "yesterday"},
    "a time before all time": {"created_at": "0001-01-01T00:00:00+14:00"},
    "a time after all time": {"created_at": "9999-12-31T23:59:59-14:00"},
    "a day that some zones do not have": {"created_at": "0001-01-01T00:00:00+00:00"},
    "a strength above one": {"signal_strength": 1.5},
}


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_what_is_no_intent_is_422_with_the_field_named(
    client: httpx.Client, service: Served, workspace_id: UUID, name: str
) -> None:
    changed = WRONG_FIELDS[name]
    before = service.head()
    response = execute(client, {**intent(workspace_id), **changed})
    assert code_of(response) == (422, "INVALID_INTENT")
    assert f"intent.{next(iter(changed))}" in response.json()["error"]
    assert service.head() == before


@pytest.mark.parametrize("created_at", ["0001-01-02T00:00:00+00:00", "9999-12-30T23:59:59.999999+00:00"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_ends_of_time_are_times(service: Served, client: httpx.Client, created_at: str, zone: str) -> None:
    workspace = service.desk.accounts.create(f"time {uuid4().hex[:8]}")
    service.desk.accounts.set_policy({"session_tz": zone}, workspace.id)
    assert execute(client, intent(workspace.id, created_at=created_at)).status_code == 200
    state = client.get(f"/execute/paper/state/{workspace.id}")
    assert state.status_code == 200


def test_unknown_fields_of_the_request_are_422(client: httpx.Client, workspace_id: UUID) -> None:
    assert code_of(execute(client, intent(workspace_id), note="x")) == (422, "INVALID_INTENT")
    assert code_of(client.post("/execute/intents", json={"intent": intent(workspace_id)})) == (422, "INVALID_INTENT")


def test_a_body_beyond_a_mebibyte_is_413(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    before = service.head()
    whole = json.dumps({"intent": intent(workspace_id, metadata={"x": "x" * (1 << 20)}), "fill_price": 1}).encode()
    assert code_of(client.post("/execute/intents", content=whole)) == (413, "TOO_LARGE")
    pieces = (whole[at : at + 65_536] for at in range(0, len(whole), 65_536))  # sent without saying how large
    assert code_of(client.post("/execute/intents", content=pieces)) == (413, "TOO_LARGE")
    assert service.head() == before


def test_what_is_stored_is_what_was_sent(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    order = intent(workspace_id, metadata={"<b>": ["é", None, 1.5]}, created_at="2024-03-01T09:30:00-05:00")
    execute(client, order)
    (emitted,) = service.desk.journal.events(workspace_id, where=EventFilter(types=("INTENT_EMITTED",)))
    assert emitted.ts.isoformat() == "2024-03-01T14:30:00+00:00"
    assert emitted.payload["metadata"] == parse_intent(json.dumps(order)).metadata


def test_the_account_of_a_closed_world_is_400(client: httpx.Client, service: Served, console: Console) -> None:
    bars = write_bars(console.home / "bars.csv")
    closed = console.json("run", "--db", service.database, *breakout(bars))["workspace_id"]
    before = service.head()
    assert code_of(execute(client, intent(closed))) == (400, "WORKSPACE_CLOSED")
    assert code_of(client.post(f"/execute/paper/reset/{closed}")) == (400, "WORKSPACE_CLOSED")
    assert service.head() == before
    assert client.post(f"/execute/paper/reconcile/{closed}").json()["drift"] == {}
