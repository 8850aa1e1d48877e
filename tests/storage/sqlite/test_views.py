"""Reads: events by filter, counts, fills, and the indexes that they go through."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from engine.account.ledger import Fill
from engine.ports import EventFilter
from storage.sqlite import statements as sql
from storage.sqlite.unit_of_work import SqliteStore
from storage.sqlite.views import SqliteViews
from tests.storage.sqlite.rows import OTHER, WORKSPACE, append, event, fill, raw

HERE, THERE = WORKSPACE.id, OTHER.id
ROWS = [
    event(1),
    fill(2, payload='{"reason":"50%_up"}'),
    event(3, workspace_id=str(THERE)),
    fill(4, symbol="é", correlation_id="correlation-2"),
    fill(5, mode="live"),
    fill(6, workspace_id=str(THERE)),
    event(7, "RUN_STARTED", correlation_id="plan"),
    event(8, "RUN_COMPLETED", correlation_id="plan"),
    event(9, "RUN_STARTED", correlation_id="plan-2", workspace_id=str(THERE), payload='{"note":"50x_up"}'),
    event(10, correlation_id=None),
]

FILTERS: dict[str, tuple[EventFilter, list[int]]] = {
    "all": (EventFilter(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    "of a workspace": (EventFilter(HERE), [1, 2, 4, 5, 7, 8, 10]),
    "of nobody": (EventFilter(UUID(int=99)), []),
    "of a type": (EventFilter(HERE, types=("ORDER_FILLED",)), [2, 4, 5]),
    "of types": (EventFilter(types=("POLICY_CHANGED", "RUN_STARTED")), [1, 3, 7, 9, 10]),
    "of runs": (EventFilter(types=("RUN_STARTED", "RUN_COMPLETED")), [7, 8, 9]),
    "of a workspace's runs": (EventFilter(HERE, types=("RUN_STARTED",)), [7]),
    "of a run": (EventFilter(THERE, types=("RUN_STARTED",), correlation_id="plan-2"), [9]),
    "of a correlation": (EventFilter(correlation_id="correlation-2"), [2, 4]),
    "of a symbol": (EventFilter(symbol="é"), [4]),
    "with a text": (EventFilter(text="50%_UP"), [2]),
    "with a text in a symbol": (EventFilter(text="é"), [4]),
    "with a text in an id": (EventFilter(HERE, text="order-"), [2, 4, 5]),
    "with an empty text": (EventFilter(THERE, text=""), [3, 6, 9]),
    "after": (EventFilter(after=8), [9, 10]),
    "before": (EventFilter(HERE, before=4), [1, 2]),
    "between": (EventFilter(after=2, before=5), [3, 4]),
}


@pytest.fixture
def journal(store: SqliteStore) -> SqliteStore:
    append(store, *ROWS)
    return store


@pytest.mark.parametrize(("where", "expected"), FILTERS.values(), ids=FILTERS)
def test_a_filter_finds_and_counts(journal: SqliteStore, where: EventFilter, expected: list[int]) -> None:
    with journal.read() as views:
        found = views.events(where, limit=None)
        assert [each.seq for each in found] == expected
        assert [each.row for each in found] == [ROWS[seq - 1] for seq in expected]
        assert [each.seq for each in views.events(where, limit=2)] == expected[:2]
        newest = views.events(where, limit=2, newest_first=True)
        assert [each.seq for each in newest] == expected[::-1][:2]
        assert views.event_count(where) == len(expected)


def test_heads(journal: SqliteStore) -> None:
    with journal.read() as views:
        assert (views.head(), views.head(HERE), views.head(THERE), views.head(UUID(int=99))) == (10, 10, 9, 0)


def test_fills_are_the_paper_ones_as_plain_tuples(journal: SqliteStore) -> None:
    with journal.read() as views:
        found = list(views.fills(HERE))
        assert found == [
            Fill(2, "AAPL", 1, 100_000_000, 10.5, 0.25, 1_002, 19_000),
            Fill(4, "é", 1, 100_000_000, 10.5, 0.25, 1_004, 19_000),
        ]
        assert {type(each) for each in found} == {tuple}
        assert [seq for seq, *_ in views.fills(HERE, after=2)] == [4]
        assert list(views.fills(HERE, after=4)) == []


def test_fills_left_half_read_keep_no_snapshot(journal: SqliteStore) -> None:
    for begin in (journal.read, journal.write):
        with begin() as views:
            next(views.fills(HERE))
    assert append(journal, event(11)) == 11


def test_duplicates_are_found_when_the_database_no_longer_refuses_them(journal: SqliteStore, path: Path) -> None:
    with journal.read() as views:
        assert views.duplicate_fills(HERE) == frozenset()
    with raw(path) as client:
        client.execute("DROP INDEX trade_events_one_fill_per_order")
        client.execute("DROP TRIGGER trade_events_appended")
    again = [
        fill(11, order_id="order-2"),
        fill(12, order_id="order-4"),
        fill(13, order_id="order-2"),
        fill(14, order_id="order-5"),  # that of a live order
        fill(15, order_id="order-6"),  # that of another account
    ]
    append(journal, *again)
    with journal.read() as views:
        assert views.duplicate_fills(HERE) == {11, 12, 13}
        assert views.duplicate_fills(THERE) == frozenset()


def plan(views: SqliteViews, query: str, values: tuple[object, ...] = ()) -> str:
    return "; ".join(row[3] for row in views._driver.execute(f"EXPLAIN QUERY PLAN {query}", values))


def plan_of_events(views: SqliteViews, where: EventFilter, *, newest_first: bool) -> str:
    said: list[str] = []
    views._driver.set_trace_callback(said.append)
    views.events(where, limit=500, newest_first=newest_first)
    views._driver.set_trace_callback(None)
    return plan(views, said[-1])


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_million_events_are_paged_through_an_index(store: SqliteStore, newest_first: bool) -> None:
    indexes = {
        "trade_events_of_workspace (workspace_id=?)": EventFilter(HERE),
        "trade_events_of_workspace (workspace_id=? AND seq<?)": EventFilter(HERE, types=("ORDER_FILLED",), before=9),
        "trade_events_correlation (correlation_id=?)": EventFilter(HERE, types=("ORDER_FILLED",), correlation_id="x"),
        "trade_events_of_runs (event_type=?)": EventFilter(HERE, types=("RUN_STARTED", "RUN_FAILED")),
    }
    with store.read() as views:
        for index, where in indexes.items():
            found = plan_of_events(views, where, newest_first=newest_first)
            assert index in found
            assert ("TEMP B-TREE" in found) == ("runs" in index)


def test_replay_and_prior_fills_go_through_their_indexes(store: SqliteStore) -> None:
    with store.read() as views:
        assert "trade_events_replay (workspace_id=? AND seq>?)" in plan(views, sql.FILLS, ("w", 0))
        assert "TEMP B-TREE" not in plan(views, sql.FILLS, ("w", 0))
        assert "trade_events_one_fill_per_intent" in plan(views, sql.PRIOR_FILL, ("w", "i", "m"))
        assert "COVERING INDEX trade_events_of_workspace" in plan(views, sql.HEAD_OF, ("w",))
        assert "trade_events_one_fill_per_order" in plan(
            views, f"SELECT 1 FROM trade_events WHERE {sql.FILLED} AND order_id = ?", ("o",)
        )


def test_appending_keeps_no_statement_journal(store: SqliteStore) -> None:
    """Whatever may abort an INSERT in the middle makes SQLite copy every page before it is touched."""
    for size in (1, 50):
        with store.write() as unit:
            code = unit._driver.execute(f"EXPLAIN {sql.APPEND.of(size)}", (None,) * 17 * size).fetchall()
        names = [row[1] for row in code]
        assert "Program" in names  # the trigger
        assert not {"Function", "PureFunc", "FkCounter"} & set(names)
        aborts = [row for row in code if row[1] in {"Halt", "HaltIfNull"} and row[3] == 2]
        assert aborts == []


def test_what_an_execution_asks_is_compiled_once(store: SqliteStore) -> None:
    """SQLite compiles a query again for each value that it compares with the condition of a partial index."""
    compiled: list[int] = []

    def watch(action: int, *_: object) -> int:
        compiled.append(action)
        return 0  # SQLITE_OK

    with store.write() as unit:
        unit._driver.set_authorizer(watch)
        for number in range(3):
            compiled.clear()
            unit.prior_fill(HERE, UUID(int=number), "paper")
            unit.head()
            unit.account(WORKSPACE)
            unit.append([fill(number + 1)])
        unit._driver.set_authorizer(None)
    assert compiled == []
