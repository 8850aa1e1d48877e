"""Values that threads share: computed once, and let go of when there are too many."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.shared import Shared


def test_threads_that_ask_at_once_wait_for_one_computation() -> None:
    shared: Shared[int] = Shared(100, lambda _: 1)
    together, made = threading.Barrier(4), []

    def make() -> int:
        made.append(1)
        return 7

    def ask() -> int:
        together.wait()
        return shared.get("key", make)

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(ask) for _ in range(4)]] == [7] * 4
    assert made == [1]


def test_the_longest_unused_go_first() -> None:
    shared: Shared[int] = Shared(3, lambda value: value)
    made: list[str] = []

    def get(key: str) -> None:
        shared.get(key, lambda: made.append(key) or 1)

    for key in ("a", "b", "c", "a", "d", "a", "c", "b"):
        get(key)
    assert made == ["a", "b", "c", "d", "b"]


def test_one_that_is_larger_than_all_is_kept_alone() -> None:
    shared: Shared[int] = Shared(3, lambda value: value)
    assert shared.get("large", lambda: 10) == 10
    assert shared.get("large", lambda: pytest.fail("it is there")) == 10


def test_a_failure_is_raised_and_not_kept() -> None:
    shared: Shared[int] = Shared(3, lambda value: value)

    def fail() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            shared.get("key", fail)
    assert shared.get("key", lambda: 2) == 2
