"""The store that tests run on holds what a database would."""

from __future__ import annotations

import pytest

from engine.errors import PapertapeError
from engine.events import EventType
from engine.ports import EventFilter
from engine.vocabulary import IntentAction
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore


def traded() -> MemoryStore:
    store = MemoryStore()
    desk = memory_desk(store)
    desk.trading.order(IntentAction.OPEN_LONG, "AAPL", 2.0, 10.0)
    return store


def test_what_is_not_committed_never_happened() -> None:
    store = traded()
    (workspace,) = store.workspaces.values()
    before = (list(store.journal), store.accounts[workspace.id].ledger.cash, store.version)
    with store.write() as unit:
        account = unit.account(workspace)
        account.ledger.cash = 0.0
        unit.save(account, ("AAPL",), ())
        unit.append([store.journal[0]._replace(event_id="another")])
        assert unit.account(workspace).ledger.cash == 0.0
    assert (list(store.journal), store.accounts[workspace.id].ledger.cash, store.version) == before


def test_an_account_that_was_read_is_a_copy() -> None:
    store = traded()
    (workspace,) = store.workspaces.values()
    with store.read() as views:
        views.account(workspace).ledger.holdings.clear()
        assert list(views.account(workspace).ledger.holdings) == ["AAPL"]


def test_a_save_takes_over_what_is_named_and_no_more() -> None:
    store = traded()
    (workspace,) = store.workspaces.values()
    with store.write() as unit:
        account = unit.account(workspace)
        account.ledger.holdings.clear()
        account.marks["IBM"] = 3.0
        unit.save(account, ("IBM",), ())
        unit.commit()
    stored = store.accounts[workspace.id]
    assert (list(stored.ledger.holdings), stored.marks) == (["AAPL"], {"AAPL": 10.0, "IBM": 3.0})


def test_a_fill_is_unique_and_one_transaction_is_open_at_a_time() -> None:
    store = traded()
    fill = next(row for row in store.journal if row.event_type == EventType.ORDER_FILLED)
    for twice in (fill, fill._replace(event_id="x"), fill._replace(event_id="x", intent_id="y")):
        with pytest.raises(PapertapeError, match="not unique"), store.write() as unit:
            unit.append([twice])
    with pytest.raises(PapertapeError, match="a fill needs"), store.write() as unit:
        unit.append([fill._replace(event_id="x", intent_id="y", order_id="z", price=0.0)])
    with store.write(), pytest.raises(PapertapeError, match="another transaction"), store.write():
        pass


def test_events_are_found_by_what_they_hold() -> None:
    store = traded()
    with store.read() as views:
        kinds = (EventType.ORDER_FILLED.value, EventType.POSITION_OPENED.value)
        found = views.events(EventFilter(types=kinds, symbol="AAPL"), limit=1, newest_first=True)
        assert [event.row.event_type for event in found] == ["POSITION_OPENED"]
        assert views.event_count(EventFilter(after=found[0].seq - 2)) == 2
        assert views.head() == len(store.journal)
