"""Shapes of JSON values: what is not of one is named by where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from engine.shapes import ANYTHING, COUNT, FIGURE, NUMBER, PARTS, TEXT, WORDS, Each, Maybe, Shape, Such, fault_in

CASES: dict[str, tuple[Any, Shape, str]] = {
    "a text": ("x", TEXT, ""),
    "a number for a text": (7, TEXT, " is 7"),
    "a text for a number": ("7", NUMBER, " is '7'"),
    "true is no number": (True, COUNT, " is True"),
    "a whole number is a number": (7, NUMBER, ""),
    "a fraction is no count": (7.0, COUNT, " is 7.0"),
    "null where it may be": (None, FIGURE, ""),
    "null where it may not be": (None, NUMBER, " is None"),
    "null or words": (None, WORDS, ""),
    "anything": ([None], ANYTHING, ""),
    "one of some": ("a", frozenset({"a", "b"}), ""),
    "none of some": ("c", frozenset({"a", "b"}), " is 'c'"),
    "a list for one of some": ([], frozenset({"a"}), " is []"),
    "an object": ({"a": 1, "more": 2}, {"a": COUNT}, ""),
    "a list for an object": ([1], {"a": COUNT}, " is [1]"),
    "a key that lacks": ({"b": 1}, {"a": COUNT}, " has no a"),
    "a key that may lack": ({}, {"a": Maybe(COUNT)}, ""),
    "a key that may lack and is wrong": ({"a": "x"}, {"a": Maybe(COUNT)}, ".a is 'x'"),
    "an object within": ({"a": {"b": []}}, {"a": {"b": TEXT}}, ".a.b is []"),
    "parts": ({"a": 7}, {"a": PARTS}, ".a is 7"),
    "each of a list": ([1, 2, "3"], Each(COUNT), ".2 is '3'"),
    "each of an object": ({"a": 1, "b": None}, Each(COUNT, of=dict), ".b is None"),
    "an object for a list": ({}, Each(COUNT), " is {}"),
    "too short": ([1], Each(COUNT, length=2), " is [1]"),
    "such that": ({"a": 1}, Such({"a": COUNT}, lambda found: "" if found["a"] else " is nothing"), ""),
    "not such that": ({"a": 0}, Such({"a": COUNT}, lambda found: "" if found["a"] else " is nothing"), " is nothing"),
    "not even of the shape": ({}, Such({"a": COUNT}, lambda found: found["a"]), " has no a"),
    "a long value": ("x" * 100, COUNT, f" is '{'x' * 39}…"),
}


@pytest.mark.parametrize(("value", "shape", "fault"), CASES.values(), ids=CASES)
def test_a_fault_is_named_by_its_place(value: Any, shape: Shape, fault: str) -> None:
    assert fault_in(value, shape) == fault
