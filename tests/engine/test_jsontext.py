"""JSON that is read: nested as deep as it may be, and deeper."""

from __future__ import annotations

import pytest

from engine.errors import InvalidError
from engine.jsontext import MAX_DEPTH, nests_too_deep, parse_json


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_deepest_document_is_read_and_the_next_is_refused(opening: str, closing: str) -> None:
    deepest = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
    assert parse_json(deepest)
    for text in (opening + deepest + closing, (opening + deepest + closing).encode()):
        with pytest.raises(InvalidError, match=f"the spec is not valid JSON: it is nested deeper than {MAX_DEPTH}"):
            parse_json(text, what="the spec")


@pytest.mark.parametrize("depth", [500, 950, 100_000])
def test_no_depth_is_a_fault_of_ours(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        with pytest.raises(InvalidError, match="is nested deeper than"):
            parse_json(opening * depth + "1" + closing * depth)


def test_a_wide_document_is_not_a_deep_one() -> None:
    assert len(parse_json("[" + ",".join("[[1]]" for _ in range(1000)) + "]")) == 1000
    assert parse_json('"' + "[" * 1000 + '"') == "[" * 1000


def test_what_holds_itself_is_too_deep() -> None:
    circle: list[object] = []
    circle += [circle, circle]
    assert nests_too_deep(circle)
