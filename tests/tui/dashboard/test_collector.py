"""When the garbage collector walks everything: at leisure, and when much was made."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tui.dashboard import loading


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of the collector; it is as it was before, afterwards."""
    before, asked = gc.get_threshold(), []
    monkeypatch.setattr(gc, "collect", lambda: asked.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: asked.append("freeze"))
    yield asked
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("untouched", "older_walks", "expected"),
    [(9.9, 20, []), (10.0, 19, []), (10.0, 20, ["collect", "freeze"])],
)
def test_all_is_walked_at_leisure_when_much_was_made(
    walks: list[str], monkeypatch: pytest.MonkeyPatch, untouched: float, older_walks: int, expected: list[str]
) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, older_walks))
    loading.collect_at_leisure(untouched)
    assert walks == expected


def test_the_oldest_are_never_walked_in_between(walks: list[str]) -> None:
    loading.keep_what_is_there()
    assert walks == ["freeze"]
    assert gc.get_threshold()[2] >= 1_000_000
