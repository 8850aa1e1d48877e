"""Reconciliation of journals that others have written into."""

from __future__ import annotations

from pathlib import Path

from engine.vocabulary import IntentAction
from tests.storage.sqlite.rows import fill
from tests.support.desks import open_test_desk


def test_a_fill_that_overflows_is_listed_and_the_others_are_replayed(tmp_path: Path) -> None:
    with open_test_desk(tmp_path / "desk.db") as desk:
        desk.trading.order(IntentAction.OPEN_LONG, "A", 2, 10.0)
        workspace = desk.accounts.require()
        with desk._store.write() as unit:
            seq = unit.append([fill(1, workspace_id=str(workspace.id), lots=2 * 10**8, price=1.7e308)])
            unit.commit()
        desk.trading.order(IntentAction.CLOSE_LONG, "A", 2, 12.0)
        report = desk.accounts.reconcile()
        assert [(error.seq, report.success) for error in report.errors] == [(seq, True)]
        assert (report.events_replayed, report.orders_rebuilt, report.cash_after) == (3, 2, 10_004.0)
        assert len(desk.accounts.trades()) == 1
        assert desk.accounts.metrics().trade_count == 1


def test_a_mark_set_while_nothing_was_held_must_not_make_a_rebuilt_position_infinite(tmp_path: Path) -> None:
    with open_test_desk(tmp_path / "desk.db") as desk:
        desk.trading.order(IntentAction.OPEN_LONG, "A", 2, 10.0)
        desk.accounts.reset(confirmed=True)
        desk.accounts.mark("A", 1e308)
        desk.accounts.reconcile()
        assert desk.accounts.state().positions["A"].mark == 10.0
