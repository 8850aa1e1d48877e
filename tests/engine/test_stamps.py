"""Ids: UUIDv7 that sort by age, and a namespace with a counter."""

from __future__ import annotations

import itertools
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from engine.events import CountedStamps, LiveStamps


@given(st.lists(st.integers(0, 5000), min_size=2, max_size=50), st.integers(0, 2**48 - 100))
def test_live_ids_are_uuid7_and_sort_by_age_even_when_the_clock_stands_or_goes_back(
    steps: list[int], start: int
) -> None:
    times = iter(start * 1000 + step for step in steps)
    stamps = LiveStamps(lambda: next(times), random_bits=lambda bits: (1 << bits) - 1)
    ids = [stamps.new_id() for _ in steps]
    assert ids == sorted(set(ids))
    for text in ids:
        assert str(UUID(text)) == text
        assert (UUID(text).version, UUID(text).variant) == (7, "specified in RFC 4122")


def test_a_live_id_holds_its_millisecond() -> None:
    stamps = LiveStamps(lambda: 1_700_000_000_123_456)
    assert UUID(stamps.new_id()).int >> 80 == 1_700_000_000_123


def test_counted_ids_are_the_same_every_time_and_in_order() -> None:
    namespace = UUID(int=7)
    one, other = (CountedStamps(namespace, lambda: 0) for _ in range(2))
    ids = [one.new_id() for _ in range(300)]
    assert ids == [other.new_id() for _ in range(300)] == sorted(set(ids))
    assert all(str(UUID(text)) == text and UUID(text).version == 8 for text in ids)
    assert CountedStamps(namespace, lambda: 0, start=299).new_id() == ids[-1]
    assert CountedStamps(UUID(int=8), lambda: 0).new_id() not in ids


def test_a_clock_is_passed_in() -> None:
    ticks = itertools.count(5)
    assert [LiveStamps(lambda: next(ticks)).now(), CountedStamps(UUID(int=1), lambda: next(ticks)).now()] == [5, 6]
