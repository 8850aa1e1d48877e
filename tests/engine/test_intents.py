"""Quantities in lots, and the intent as a strict model."""

from __future__ import annotations

import json
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.intents import MAX_LOTS, TradeIntent, lots_for, to_lots, to_quantity, was_filled_with
from engine.validation import parse_model


def document(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "id": str(uuid4()),
        "workspace_id": str(uuid4()),
        "symbol": "AAPL",
        "action": "OPEN_LONG",
        "quantity": 1.5,
    }
    return {key: value for key, value in {**base, **changes}.items() if value is not ...}


def parse(doc: object) -> TradeIntent:
    return parse_model(TradeIntent, json.dumps(doc), code="INVALID_INTENT", what="the intent")


@pytest.mark.parametrize(
    ("quantity", "lots"),
    [
        (0.3, 30_000_000),
        (0.1 + 0.2, 30_000_000),
        (1e-8, 1),
        (0.4e-8, 0),
        (0.5e-8, 0),  # a tie goes to even
        (1.5e-8, 2),
        (2.5e-8, 2),
        (3.5e-8, 4),
        (0.29, 29_000_000),
        (9.8765432, 987_654_320),
        (90071992.54740992, 2**53),
        (90071992.54740994, 2**53 + 2),
        (90071992.54740996, 2**53 + 4),
        (180143985.0948199, 2**54 + 6),  # no float64 of lots has this quantity
        (46116860184.27388, MAX_LOTS),
        (-1.0, -100_000_000),
    ],
)
def test_a_quantity_goes_to_the_nearest_lot_ties_to_even(quantity: float, lots: int) -> None:
    assert to_lots(quantity) == lots


@given(st.integers(2**53, MAX_LOTS))
def test_above_2_to_the_53_lots_a_quantity_stays_the_same_float(lots: int) -> None:
    quantity = to_quantity(lots)
    assert to_quantity(to_lots(quantity)) == quantity
    assert 1 <= to_lots(quantity) <= MAX_LOTS


def test_fills_of_earlier_releases_are_of_their_intents() -> None:
    """They took the float64 nearest to the lots, one lot away here."""
    quantity = 98615398.42773865
    assert (to_lots(quantity), was_filled_with(quantity, to_lots(quantity))) == (9861539842773865, True)
    assert was_filled_with(quantity, 9861539842773864)
    assert not was_filled_with(quantity, 9861539842773866)
    assert not was_filled_with(0.000000015, 1)


@given(st.floats(min_value=1e-8, max_value=9e7))
def test_lots_of_a_quantity_are_a_fixed_point(quantity: float) -> None:
    lots = to_lots(quantity)
    assert to_lots(to_quantity(lots)) == lots


@given(st.floats(min_value=1e-6, max_value=1e12), st.floats(min_value=1e-6, max_value=1e9))
def test_an_entry_never_buys_more_than_its_dollars(dollars: float, price: float) -> None:
    lots = lots_for(dollars, price)
    assert lots >= 0
    assert Fraction(lots, 10**8) * Fraction(price) <= Fraction(dollars) * (1 + Fraction(1, 10**14))


def test_the_correlation_id_defaults_to_the_id() -> None:
    intent = parse(document())
    assert intent.correlation_id == str(intent.id)
    assert parse(document(correlation_id="mine")).correlation_id == "mine"


def test_a_naive_time_is_utc() -> None:
    intent = parse(document(created_at="2024-03-01T10:00:00"))
    assert intent.created_at is not None
    assert intent.created_at.isoformat() == "2024-03-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"quantity": float("nan")}, "NaN"),
        ({"quantity": float("inf")}, "Infinity"),
        ({"quantity": "1.5"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": ...}, "quantity"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "   "}, "symbol"),
        ({"symbol": "A" * 33}, "symbol"),
        ({"symbol": "A\nB"}, "symbol"),
        ({"symbol": "A\x1b[31m"}, "symbol"),
        ({"symbol": "AAPL "}, "symbol: 'AAPL ' must not have white space around it"),
        ({"symbol": "A\u200b"}, "must not hold invisible characters"),
        ({"symbol": "A\u200b", "action": "CLOSE_SHORT"}, "must not hold invisible characters"),
        ({"symbol": " ", "action": "CLOSE_LONG"}, "symbol: ' ' must not be blank"),
        ({"symbol": "A\n", "action": "CLOSE_LONG"}, "must not hold control"),
        ({"symbol": 7}, "symbol"),
        ({"symbol": ...}, "symbol"),
        ({"action": "BUY"}, "action"),
        ({"action": "open_long"}, "action"),
        ({"action": ...}, "action"),
        ({"id": "not-a-uuid"}, "id"),
        ({"id": 5}, "id"),
        ({"id": ...}, "id"),
        ({"workspace_id": ...}, "workspace_id"),
        ({"workspace_id": ""}, "workspace_id"),
        ({"colour": "red"}, "colour"),
        ({"signal_strength": 1.5}, "signal_strength"),
        ({"signal_strength": -0.1}, "signal_strength"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": 1700000000}, "created_at"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"deep": [{"x": float("inf")}]}}, "Infinity"),
        ({"strategy_id": ""}, "strategy_id"),
        ({"strategy_id": "s" * 129}, "strategy_id"),
        ({"timeframe": "\x00"}, "timeframe"),
        ({"price": "12"}, "price"),
        ({"reason": "r" * 2001}, "reason"),
    ],
)
def test_what_is_not_an_intent_is_refused_by_name(changes: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidError, match=place) as caught:
        parse(document(**changes))
    assert caught.value.code in {"INVALID_INTENT", "INVALID_JSON"}


@pytest.mark.parametrize(
    "text", ['{"id": 1, "id": 2}', "[1, 2", "", "nonsense", '{"a": 1e999}', '{"a": -Infinity}', "[" * 100_000]
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_model(TradeIntent, text, code="INVALID_INTENT", what="the intent")
    assert caught.value.code == "INVALID_JSON"


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "0001-01-01T12:00:00", "9999-12-31T12:00:00-01:00"])
def test_a_time_that_has_no_day_in_some_zone_is_refused(when: str) -> None:
    with pytest.raises(InvalidError, match=r"created_at.*must lie between the years 1 and 9999"):
        parse_model(TradeIntent, document(created_at=when), code="INVALID_INTENT", what="the intent")
