"""Pages and counts of the journal: by any filter, of a workspace or of all, stopped when nobody waits for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.desk import Desk, journal
from engine.ports import EventFilter
from engine.vocabulary import IntentAction
from tests.support.memory_desks import memory_desk

FILTERS = {
    "all": EventFilter(),
    "types": EventFilter(types=("ORDER_FILLED", "POSITION_OPENED")),
    "symbol": EventFilter(symbol="GOOG"),
    "text": EventFilter(text="GOOG"),
    "types and bounds": EventFilter(types=("ORDER_FILLED",), after=4, before=30),
    "runs": EventFilter(types=("RUN_STARTED",)),
    "nothing": EventFilter(text="nowhere"),
}


class StoppedAfter:
    """A watch that is asked so often before it says stop."""

    def __init__(self, asked: int) -> None:
        self._left = asked
        self.told: list[tuple[int, int]] = []

    def advance(self, done: int, total: int) -> None:
        self.told.append((done, total))

    def stopped(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(journal, "_SPAN", 7)  # many spans, and page ends that are not theirs
    made = memory_desk()
    made.accounts.create("other")
    for symbol, workspace in (("GOOG", "default"), ("IBM", "other"), ("GOOG", "other"), ("IBM", "default")) * 3:
        made.trading.order(IntentAction.OPEN_LONG, symbol, 1, 10.0, workspace=workspace)
    return made


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("workspace", [None, "other"])
def test_pages_and_counts_are_those_of_the_whole_filter(desk: Desk, name: str, workspace: str | None) -> None:
    known = desk.accounts.require(workspace).id if workspace else None
    where = replace(FILTERS[name], workspace_id=known)
    with desk._store.read() as views:
        expected = views.events(where, limit=None)
    assert desk.journal.count(where) == len(expected)
    assert desk.journal.page(where, limit=1_000, newest_first=False) == expected
    assert desk.journal.page(where, limit=1_000) == expected[::-1]
    paged, before = [], where.before
    while page := desk.journal.page(replace(where, before=before), limit=4):
        assert len(page) <= 4
        paged += page
        before = page[-1].seq
    assert paged == expected[::-1]


def test_a_search_stops_when_it_is_told_to(desk: Desk) -> None:
    where, watch = EventFilter(types=("ORDER_FILLED",)), StoppedAfter(2)
    assert 0 < desk.journal.count(where, watch) < desk.journal.count(where)
    assert watch.told == [(0, desk.journal.head()), (7, desk.journal.head())]
    found = desk.journal.page(where, limit=1_000, watch=StoppedAfter(1))
    assert 0 < len(found) < desk.journal.count(where)
