"""Reconciliation: the account that the journal makes, in place of the one that is stored."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account.ledger import Ledger, Trade
from engine.account.state import Account
from engine.broker import replay as module
from engine.broker.reconcile import ReconcileReport, ReplayError, compare, reconcile
from engine.broker.replay import replayed
from engine.errors import SystemFault
from engine.events import EventRow
from engine.policy.workspace import Workspace
from engine.ports import Unwatched
from tests.support.memory_desks import START, counted_stamps
from tests.support.memory_store import MemoryStore, MemoryUnit, MemoryViews

ID, STRANGER = UUID(int=7), UUID(int=8)
HOME = Workspace(ID, "home", 1000.0, 0)
UNIT = 100_000_000


def fill(number: int, symbol: str, side: int, units: float, price: float, fees: float = 0.0) -> EventRow:
    lots, ids = round(units * UNIT), (None, f"i{number}", f"o{number}", "paper")
    return EventRow(f"e{number}", str(ID), "ORDER_FILLED", number * 10**6, 0, *ids, symbol, side, lots, price, fees, 0)


class Doubled(MemoryStore):
    """A store whose journal has orders twice, as only a damaged one has: the fills at these places are repetitions."""

    def __init__(self, *repeated: int) -> None:
        super().__init__()
        self.repeated = frozenset(repeated)

    @contextmanager
    def read(self) -> Iterator[MemoryViews]:
        with super().read() as views:
            views.duplicate_fills = self._repeated  # type: ignore[method-assign]
            yield views

    @contextmanager
    def write(self) -> Iterator[MemoryUnit]:
        with super().write() as unit:
            unit.duplicate_fills = self._repeated  # type: ignore[method-assign]
            yield unit

    def _repeated(self, workspace_id: UUID) -> frozenset[int]:
        return self.repeated if workspace_id == ID else frozenset()


FILLS = (
    fill(1, "A", 1, 2, 100.0, 1.0),
    fill(2, "A", -1, 2, 110.0, 1.0),
    fill(3, "B", 1, 1, 50.0),
    fill(4, "B", 1, 1, 50.0),  # a repetition
    fill(5, "C", -1, 1, 5.0),  # cannot be applied
    fill(6, "D", 1, 3, 10.0, 0.5),
)


def world(*events: EventRow) -> Doubled:
    """A journal with these and a fill of another account, and an account that knows of none of them."""
    store = Doubled(4)
    with store.write() as unit:
        unit.add_workspace(HOME)
        unit.add_workspace(Workspace(STRANGER, "stranger", 1000.0, 0))
        unit.append([*events, fill(99, "A", 1, 1, 1.0)._replace(workspace_id=str(STRANGER))])
        unit.commit()
    return store


CASH = 1000.0 - 201.0 + 219.0 - 50.0 - 30.5
AS_IT_IS = {
    "workspace_id": ID,
    "events_replayed": 6,
    "duplicates_skipped": 1,
    "orders_rebuilt": 4,
    "positions_rebuilt": 2,
    "cash_after": CASH,
    "realized_pnl_after": -1.0 + 19.0 - 0.5,
    "last_event_at": datetime(1970, 1, 1, 0, 0, 6, tzinfo=UTC),
    "errors": [ReplayError(seq=5, reason="a sale of C, which is not held")],
}


@pytest.mark.parametrize("block", [1, 2, 4, 50_000])
def test_a_report_says_what_was_read_rebuilt_and_found(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fills are read at once."""
    monkeypatch.setattr(module, "_BLOCK", block)
    store = world(*FILLS)
    dry = reconcile(store, HOME, counted_stamps(), dry_run=True)
    assert dry == ReconcileReport(success=True, dry_run=True, drift=dry.drift, **AS_IT_IS)
    assert dry.drift["cash"] == [1000.0, CASH]
    assert sorted(dry.drift["positions"][1]) == ["B", "D"]
    assert len(store.journal) == 7

    done = reconcile(store, HOME, counted_stamps())
    assert done == ReconcileReport(success=True, dry_run=False, drift=dry.drift, **AS_IT_IS)
    account = store.accounts[ID]
    assert (account.ledger.cash, list(account.ledger.holdings), account.ledger.trades_count) == (CASH, ["B", "D"], 1)
    written = store.journal[-1]
    assert (len(store.journal), written.event_type) == (8, "STATE_RECONCILED")
    assert account.reconciled_at == written.ts == START
    payload = json.loads(written.payload)
    assert set(payload) == set(ReconcileReport.model_fields) - {"success", "workspace_id", "dry_run"}
    assert (payload["cash_after"], payload["last_event_at"]) == (CASH, "1970-01-01T00:00:06+00:00")

    again = reconcile(store, HOME, counted_stamps(UUID(int=9)))
    assert (again.drift, again.cash_after, again.events_replayed) == ({}, CASH, 6)


def test_marks_are_kept_but_for_those_that_would_make_an_amount_no_finite_number() -> None:
    store = world(FILLS[2])
    store.accounts[ID].marks |= {"B": 1e308 * 1.5, "Z": 3.0}
    store.accounts[ID].ledger.cash = 0.0
    assert reconcile(store, HOME, counted_stamps()).drift["cash"] == [0.0, 950.0]
    assert store.accounts[ID].marks == {"B": 1.5e308, "Z": 3.0}
    store = world(fill(1, "B", 1, 4, 50.0))
    store.accounts[ID].marks |= {"B": 1e308, "Z": 3.0}
    reconcile(store, HOME, counted_stamps())
    assert store.accounts[ID].marks == {"B": 50.0, "Z": 3.0}


def put_back(store: MemoryStore) -> None:
    """The state at its start, without a mark, as a reset leaves it."""
    with store.write() as unit:
        last_seq = unit.account(HOME).ledger.last_seq
        unit.replace(Account(ID, replace(Ledger.fresh(HOME.starting_equity), last_seq=last_seq)))
        unit.commit()


@pytest.mark.parametrize("block", [1, 3, 50_000])
def test_after_a_reset_a_mark_is_the_last_fill_s_price_and_never_the_average(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    late = fill(7, "D", 1, 1, 20.0), fill(8, "D", -1, 1, 99.0), fill(9, "D", 1, 1, 30.0)  # the sale cannot be applied
    store = world(*FILLS, *late[:2])
    put_back(store)
    reconcile(store, HOME, counted_stamps())
    assert store.accounts[ID].marks == {"A": 110.0, "B": 50.0, "D": 20.0}
    store = world(*FILLS[:3], FILLS[3]._replace(price=77.0), late[2])
    reconcile(store, HOME, counted_stamps())
    assert store.accounts[ID].marks == {"A": 110.0, "B": 50.0, "D": 30.0}  # a repetition's price is none


def test_what_was_marked_stays_until_a_later_fill() -> None:
    store = world(*FILLS[:3], FILLS[5])
    store.repeated = frozenset()
    reconcile(store, HOME, counted_stamps())
    store.accounts[ID].marks |= {"B": 60.0, "D": 11.0, "Z": 3.0}
    reconcile(store, HOME, counted_stamps(UUID(int=9)))
    assert store.accounts[ID].marks == {"A": 110.0, "B": 60.0, "D": 11.0, "Z": 3.0}
    known = store.accounts[ID].ledger.last_seq
    with store.write() as unit:
        unit.append([fill(10, "D", 1, 1, 12.0)])
        unit.commit()
    store.accounts[ID].ledger.last_seq = known  # as of a state that is behind the journal
    reconcile(store, HOME, counted_stamps(UUID(int=10)))
    assert store.accounts[ID].marks == {"A": 110.0, "B": 60.0, "D": 12.0, "Z": 3.0}
    put_back(store)
    store.accounts[ID].marks["B"] = 61.0  # after the reset
    reconcile(store, HOME, counted_stamps(UUID(int=11)))
    assert store.accounts[ID].marks == {"A": 110.0, "B": 61.0, "D": 12.0}


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from([1, -1]), st.integers(1, 3), st.integers(1, 99))))
def test_whatever_was_traded_marks_are_those_of_each_symbol_s_last_applied_fill(
    orders: list[tuple[str, int, int, int]],
) -> None:
    store = world(*(fill(at, symbol, *rest) for at, (symbol, *rest) in enumerate(orders, 1)))
    store.repeated = frozenset()
    report = reconcile(store, HOME, counted_stamps())
    wrong = {error.seq for error in report.errors}
    expected = {symbol: float(price) for at, (symbol, _, _, price) in enumerate(orders, 1) if at not in wrong}
    assert store.accounts[ID].marks == expected


def test_what_comes_in_between_is_replayed_too() -> None:
    """The journal is read without holding writers up; what they wrote meanwhile is read under the lock."""
    store = world(*FILLS[:2])
    store.repeated = frozenset()
    write = store.write

    @contextmanager
    def late() -> Iterator[MemoryUnit]:
        with write() as unit:
            unit.append(FILLS[2:3])
            unit.commit()
        with write() as unit:
            yield unit

    store.write = late  # type: ignore[method-assign]
    report = reconcile(store, HOME, counted_stamps())
    assert (report.events_replayed, report.positions_rebuilt, report.cash_after) == (3, 1, 968.0)


class Watching(Unwatched):
    """Hears how far a reconciliation is, and stops it there."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.heard: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def advance(self, done: int, total: int) -> None:
        self.heard.append((done, total))

    def stopped(self) -> bool:
        return self.stop_at is not None and len(self.heard) >= self.stop_at


@pytest.mark.parametrize("dry_run", [True, False])
def test_it_tells_how_far_it_is_and_can_be_stopped(dry_run: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 2)
    store, watch = world(*FILLS), Watching()
    reconcile(store, HOME, counted_stamps(), dry_run=dry_run, watch=watch)
    assert watch.heard == [(2, 6), (4, 6), (6, 6)]
    before = store.version
    with pytest.raises(SystemFault, match="the reconciliation was stopped") as caught:
        reconcile(store, HOME, counted_stamps(UUID(int=9)), dry_run=dry_run, watch=Watching(stop_at=2))
    assert (caught.value.code, store.version) == ("CANCELLED", before)


def test_a_comparison_has_both_states_the_repetitions_and_the_head() -> None:
    store = world(*FILLS)
    found = compare(store, HOME)
    assert found.report == reconcile(store, HOME, counted_stamps(), dry_run=True)
    assert (found.stored["cash"], found.rebuilt["cash"]) == (1000.0, CASH)
    assert (found.duplicates, found.head) == ((4,), 6)


def test_an_account_without_a_fill_is_as_it_began() -> None:
    report = reconcile(world(), HOME, counted_stamps(), dry_run=True)
    assert (report.last_event_at, report.drift, report.cash_after) == (None, {}, 1000.0)


@pytest.mark.parametrize("block", [1, 50_000])
def test_results_over_the_whole_life_are_those_of_the_journal(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    trades: list[Any] = []
    with world(*FILLS).read() as views:
        ledger = replayed(views, HOME, trades)
        assert replayed(views, HOME) == ledger
    assert (ledger.cash, ledger.orders_count) == (CASH, 4)
    pnl = (110.0 - 100.0) * 2 - 2.0
    assert trades == [Trade("A", 10**6, 2 * 10**6, 2 * UNIT, 100.0, 110.0, 2.0, pnl, 1018.0)]
    with Doubled().read() as views:
        assert replayed(views, HOME).cash == 1000.0


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was(on: bool) -> None:
    seen: list[bool] = []

    class Looking(Unwatched):
        def stopped(self) -> bool:
            seen.append(gc.isenabled())
            return False

    was = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        compare(world(*FILLS), HOME, watch=Looking())
        assert (gc.isenabled(), seen) == (on, [False])
        with pytest.raises(SystemFault):
            compare(world(*FILLS), HOME, watch=Watching(stop_at=1))
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()
