"""What goes wrong in the demo: refused orders, a reset that a reconcile undid, sweeps with something amiss."""

from __future__ import annotations

from typing import Any

import pytest

from engine.account.state import values_apart
from tests.tui.console import Console
from tui.commands.demo import incidents as showcase_incidents


def events(console: Console, kind: str) -> list[Any]:
    return console.ok("events", "-w", "demo", "--type", kind, "--json").lines


def test_the_orders_by_hand_are_refused_by_two_rules(console: Console) -> None:
    found = console.json("demo")["incidents"]
    refused = events(console, "INTENT_REJECTED")
    assert found["orders_refused"] == len(refused) > 2
    assert [each["payload"]["rule"] for each in refused[-2:]] == ["max_order_notional", "buying_power"]
    assert [each["symbol"] for each in refused[-2:]] == [symbol for symbol, _ in showcase_incidents.ORDERS]
    assert {each["ts"][:10] for each in refused[-2:]} == {"2013-03-01"}


def test_the_reset_had_drifted_and_its_marks_are_back(console: Console) -> None:
    found = console.json("demo")
    (reset,) = events(console, "STATE_RESET")
    (reconciled,) = events(console, "STATE_RECONCILED")
    assert reset["seq"] < reconciled["seq"]
    drift = reconciled["payload"]["drift"]
    apart = len(list(values_apart(drift)))
    assert apart == found["incidents"]["fields_drifted"] > len(drift)
    assert drift["cash"] == [10_000.0, found["state"]["cash"]]
    assert found["state"]["marks"] == {"GOOG": 806.19, "IBM": 202.91}


def test_where_no_reset_is_allowed_there_is_none(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_ENVIRONMENT", "production")
    assert console.json("demo")["incidents"]["fields_drifted"] is None
    assert events(console, "STATE_RESET") == []
    assert "drifted" not in console.ok("demo").out


def test_a_sweep_stands_half_way_and_goes_on(console: Console) -> None:
    unfinished = console.json("demo")["incidents"]["unfinished_run_plan_id"]
    plans = {each["run_plan_id"]: each for each in console.json("plan", "list")}
    assert (plans[unfinished]["status"], plans[unfinished]["done"], plans[unfinished]["variants"]) == (
        "cancelled",
        9,
        17,
    )
    assert "8 variants left, cancelled" in console.ok("demo").out
    console.ok("plan", "resume", unfinished)
    assert console.json("plan", "show", unfinished)["done"] == 17
    assert "0 variants left, completed" in console.ok("demo").out


def test_variants_that_make_no_sense_are_skipped(console: Console) -> None:
    skipped = console.json("demo")["incidents"]["skipped_run_plan_id"]
    results = console.json("plan", "show", skipped)["results"]
    why = {each["label"]: each["skip_reason"] for each in results if each["status"] == "skipped"}
    assert len(why) == 3
    assert all("fast_period" in reason for reason in why.values())
