"""A fresh installation: what `evaluate` says before there is a `default` can be executed."""

from __future__ import annotations

import json

from engine.policy.workspace import DEFAULT_ID
from tests.tui.console import Console, breakout, write_bars


def entered(console: Console) -> dict[str, object]:
    bars = write_bars(console.home / "bars.csv")
    evaluation = console.json("evaluate", *breakout(bars), "--at", "2024-01-04")
    (intent,) = evaluation["intents"]
    assert isinstance(intent, dict)
    return intent


def test_an_intent_evaluated_before_there_is_a_default_is_executed_in_it(console: Console) -> None:
    intent = entered(console)
    assert entered(console) == intent
    assert console.json("workspace", "list") == []
    filled = console.json("execute", "--file", "-", "--fill-price", "11", stdin=json.dumps(intent))
    assert filled["success"] is True
    assert console.json("workspace", "show")["id"] == intent["workspace_id"] == str(DEFAULT_ID)
    again = console.run("execute", "--file", "-", "--fill-price", "600", "--json", stdin=json.dumps(intent))
    assert again.document["error_code"] == "ALREADY_EXECUTED"


def test_what_the_broker_refuses_makes_no_default(console: Console) -> None:
    intent = {**entered(console), "action": "CLOSE_LONG"}
    refused = console.run("execute", "--file", "-", "--fill-price", "600", "--json", stdin=json.dumps(intent))
    assert refused.document["error_code"] == "NO_POSITION"
    assert console.json("workspace", "list") == []


def test_another_id_is_no_default(console: Console) -> None:
    intent = {**entered(console), "workspace_id": "6d0f7f2c-0d3f-4f55-8f4e-3b1f3f8f7a11"}
    refused = console.run("execute", "--file", "-", "--fill-price", "600", "--json", stdin=json.dumps(intent))
    assert (refused.code, refused.document["error_code"]) == (6, "WORKSPACE_NOT_FOUND")
