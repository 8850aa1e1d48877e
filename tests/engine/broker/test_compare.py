"""A comparison is the dry run of a reconciliation, with both states in full."""

from __future__ import annotations

from engine.account.state import folded
from engine.vocabulary import IntentAction
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore


def test_both_states_and_what_differs_between_them() -> None:
    store = MemoryStore()
    with memory_desk(store) as desk:
        desk.trading.order(IntentAction.OPEN_LONG, "A", 2, 10.0)
        desk.trading.order(IntentAction.OPEN_LONG, "B", 1, 20.0)
        workspace, head = desk.accounts.require(), desk.journal.head()
        with store.write() as unit:
            account = unit.account(workspace)
            account.ledger.cash -= 1.0
            del account.ledger.holdings["B"]
            unit.replace(account)
            unit.commit()
        found = desk.accounts.compare()
        assert found.report == desk.accounts.reconcile(dry_run=True)
        assert found.report.drift["cash"] == [found.stored["cash"], found.rebuilt["cash"]] == [9959.0, 9960.0]
        assert found.report.drift["positions"] == [{}, {"B": found.rebuilt["positions"]["B"]}]
        assert found.stored["positions"]["A"] == found.rebuilt["positions"]["A"]
        assert (found.duplicates, found.head) == ((), head)
        assert desk.journal.head() == head
        desk.accounts.reconcile()
        with store.read() as views:
            assert folded(views.account(workspace)) == found.rebuilt
        assert desk.accounts.compare().report.drift == {}
