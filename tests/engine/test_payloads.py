"""Payloads read back: sound ones as they are, every other one as DATABASE_ERROR that names the event."""

from __future__ import annotations

import json

import pytest

from engine.errors import DamageFault
from engine.events import EventType
from engine.payloads import SHAPES, read_payload, stored_uuid
from engine.shapes import fault_in
from engine.strategies.base import OF_ENTRIES


def refused(text: str, kind: str = "ORDER_FILLED") -> str:
    with pytest.raises(DamageFault) as caught:
        read_payload(text, kind, 7)
    assert caught.value.code == "DATABASE_ERROR"
    assert "papertape doctor" in caught.value.hint
    assert caught.value.message.startswith(f"event 7 of the journal ({kind}) is damaged: its payload")
    return caught.value.message


def test_a_sound_payload_is_read_as_it_is() -> None:
    payload = {"quantity": 1.5, "more": [1, None, True, {"a": "é\udc80"}], "action": "OPEN_LONG"}
    found = read_payload(json.dumps(payload), "ORDER_FILLED", 7)
    assert found == payload
    assert list(found) == list(payload)


@pytest.mark.parametrize(
    "text", ['{"a":1', "", "nothing", '{"a":NaN}', '{"a":-Infinity}', '{"a":1e999}', "[" * 100_000, '{"a":1}}']
)
def test_what_is_no_json_is_refused(text: str) -> None:
    assert "is not JSON" in refused(text)


@pytest.mark.parametrize("text", ["[]", "7", "null", '"text"'])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert refused(text, "STATE_RESET").endswith(f"its payload is {json.loads(text)!r}")


def test_a_type_nobody_knows_is_any_object() -> None:
    assert read_payload('{"a":[]}', "FROM_TOMORROW", 7) == {"a": []}


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("POSITION_CLOSED", '{"quantity":1.0}', "has no pnl"),
        ("POSITION_SCALED", '{"quantity":"1","avg_price":2.0}', ".quantity is '1'"),
        ("INTENT_EMITTED", '{"action":"OPEN_LONG","quantity":1.0,"strategy_id":7}', ".strategy_id is 7"),
        ("POLICY_EVALUATED", '{"rules":[{"rule":"max_order_notional"}]}', ".rules.0 has no verdict"),
        ("POLICY_CHANGED", '{"max_positions":[1]}', ".max_positions is [1]"),
        ("STATE_RECONCILED", '{"drift":{"cash":["a","b"]}}', ".drift.cash is ['a', 'b']"),
        ("STATE_RECONCILED", '{"drift":{"positions":[{"A":1},2]}}', ".drift.positions is [{'A': 1}, 2]"),
        ("RUN_RESUMED", '{"owner":{"host":"h","pid":"1","started":"","claim":1},"worked_s":1.0}', ".owner.pid is '1'"),
        ("RUN_VARIANT_COMPLETED", '{"index":0,"variant_id":"a","status":"lost"}', ".status is 'lost'"),
    ],
)
def test_a_key_that_is_read_and_lacks_or_is_wrong_is_refused(kind: str, text: str, said: str) -> None:
    assert refused(text, kind).endswith(said)


def variant(overrides: str) -> str:
    return f'{{"variants":[{{"variant_id":"a","label":"b","tags":[],"skip_reason":null,"overrides":{overrides}}}]}}'


def test_overrides_may_be_lists_of_plain_values() -> None:
    shape = {"variants": SHAPES[EventType.RUN_STARTED]["variants"]}  # type: ignore[index,call-overload]
    sound = json.loads(variant('{"exit.take_profit_by_bars":[[1,5.0],[30,3.0]],"exit.stop_loss_pct":null}'))
    assert fault_in(sound, shape) == ""
    wrong = json.loads(variant('{"exit.take_profit_by_bars":[[1,{"a":5.0}]]}'))
    assert fault_in(wrong, shape) == ".variants.0.overrides.exit.take_profit_by_bars is [[1, {'a': 5.0}]]"


@pytest.mark.parametrize("name", OF_ENTRIES)
def test_what_entries_brought_is_a_figure(name: str) -> None:
    said = {"entry": True, "exit": None, "levels": {}, "ts": "2024-01-02T00:00:00+00:00"}
    advanced = {"spec_key": "a", "ts": "2024-01-03T00:00:00+00:00", "signals": {"A": {**said, name: None}}}
    assert read_payload(json.dumps(advanced), "RUN_ADVANCED", 7) == advanced
    advanced["signals"] = {"A": {**said, name: "much"}}
    assert refused(json.dumps(advanced), "RUN_ADVANCED").endswith(f".signals.A.{name} is 'much'")
    advanced["signals"] = {"A": {**said, "ts": "soon"}}
    assert refused(json.dumps(advanced), "RUN_ADVANCED").endswith(".signals.A.ts is 'soon'")


def test_shapes_are_of_types_that_there_are() -> None:
    assert SHAPES.keys() <= set(EventType)


def test_a_stored_uuid_is_one() -> None:
    assert str(stored_uuid("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c", "there")) == "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c"
    with pytest.raises(DamageFault, match="there is damaged: 'x' is not a UUID"):
        stored_uuid("x", "there")
