"""The audit: a desk's journal is sound; whatever is changed in it, or beside it, is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.audit.findings import Audit
from engine.audit.walk import audit
from engine.desk import Desk
from engine.errors import SystemFault
from engine.events import EventRow
from engine.vocabulary import TradingState
from tests.engine.sweeps.cases import DATA, run, spec
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore

RUN = UUID(int=9)
Change = Callable[[MemoryStore], None]


def traded(desk: Desk) -> None:
    """Orders filled, scaled, closed and refused, a policy, a trading state, a mark."""
    desk.trading.order("OPEN_LONG", "AAPL", 2.5, 10.25)
    desk.trading.order("OPEN_LONG", "AAPL", 1.5, 10.5)
    desk.trading.order("CLOSE_LONG", "AAPL", 4.0, 11.0)
    desk.trading.order("OPEN_LONG", "IBM", 3.0, 99.9)
    desk.accounts.set_policy({"max_order_notional": "100", "fee_bps": "2.5"})
    desk.trading.order("OPEN_LONG", "IBM", 3.0, 99.9)
    desk.accounts.set_trading_state(TradingState.REDUCING)
    desk.accounts.mark("IBM", 101.5)


@pytest.fixture
def store() -> MemoryStore:
    """Everything that a desk writes."""
    made = MemoryStore()
    desk = memory_desk(made)
    traded(desk)
    desk.accounts.reset(confirmed=True)
    desk.accounts.reconcile()
    desk.accounts.create("onward")
    desk.research.run_onward(spec(), DATA, "onward")
    run(desk, run_plan_id=RUN, workspace="onward")
    desk.research.run(spec(), DATA, like="onward")
    return made


def found(store: MemoryStore) -> Audit:
    return audit(store)


def test_what_a_desk_writes_is_sound(store: MemoryStore) -> None:
    seen = found(store)
    assert (seen.journal.first, seen.projection.first) == ([], [])
    assert seen.head == len(store.journal)
    assert (seen.accounts, seen.hidden) == (2, len(store.workspaces) - 2)
    assert seen.hidden > 3


def test_an_account_is_sound_after_a_reset_too() -> None:
    made = MemoryStore()
    desk = memory_desk(made)
    traded(desk)
    desk.accounts.set_trading_state(TradingState.ACTIVE)
    desk.accounts.reset(confirmed=True)
    desk.trading.order("OPEN_LONG", "IBM", 0.5, 99.9)
    assert desk.accounts.compare().report.drift  # a reconcile would bring the old fills back
    assert found(made).projection.first == []
    desk.accounts.reconcile()
    desk.trading.order("OPEN_LONG", "IBM", 0.25, 100.0)
    assert found(made).projection.first == []


def first(store: MemoryStore, kind: str) -> int:
    """The place of the first event of a type."""
    return next(place for place, row in enumerate(store.journal) if row.event_type == kind)


def rewritten(kind: str, **payload: Any) -> Change:
    def change(store: MemoryStore) -> None:
        place = first(store, kind)
        said = {**json.loads(store.journal[place].payload), **payload}
        store.journal[place] = store.journal[place]._replace(payload=json.dumps(said))

    return change


def altered(kind: str, **columns: Any) -> Change:
    def change(store: MemoryStore) -> None:
        place = first(store, kind)
        store.journal[place] = store.journal[place]._replace(**columns)

    return change


def dropped(kind: str) -> Change:
    def change(store: MemoryStore) -> None:
        del store.journal[first(store, kind)]

    return change


JOURNAL: dict[str, tuple[Change, str]] = {
    "an amount filled": (rewritten("ORDER_FILLED", quantity=2.6), "(ORDER_FILLED) says quantity 2.6, and it was 2.5"),
    "a side": (rewritten("ORDER_FILLED", action="CLOSE_LONG"), "(ORDER_FILLED) says action 'CLOSE_LONG'"),
    "a role": (rewritten("ORDER_FILLED", position_action="scaled"), "says position_action 'scaled', and it was"),
    "a strategy": (rewritten("ORDER_FILLED", strategy_id="mine"), "(INTENT_EMITTED) says strategy_id 'manual'"),
    "an amount approved": (rewritten("INTENT_APPROVED", quantity=3), "(INTENT_APPROVED) says quantity 3"),
    "an amount asked for": (rewritten("INTENT_EMITTED", quantity=2.50000001), "says quantity 2.50000001"),
    "a symbol asked for": (rewritten("INTENT_EMITTED", symbol="AAPM"), "says symbol 'AAPM', and it was 'AAPL'"),
    "an intent's id": (rewritten("INTENT_EMITTED", id="x"), "(INTENT_EMITTED) says id 'x'"),
    "a verdict": (rewritten("POLICY_EVALUATED", approved=False), "says approved False, and it was True"),
    "a refusal": (rewritten("INTENT_REJECTED", rule="cooldown"), "(INTENT_REJECTED) says rule 'cooldown'"),
    "an average price": (rewritten("POSITION_SCALED", avg_price=10.3), "(POSITION_SCALED) says avg_price 10.3"),
    "a profit": (rewritten("POSITION_CLOSED", pnl=9.0), "(POSITION_CLOSED) says pnl 9.0"),
    "a time of entry": (rewritten("POSITION_CLOSED", entry_ts="2023"), "(POSITION_CLOSED) says entry_ts '2023'"),
    "a price filled": (altered("ORDER_FILLED", price=10.5), "(POSITION_OPENED) says avg_price 10.25, and it was 10.5"),
    "lots": (altered("ORDER_FILLED", lots=250_000_001), "says quantity 2.5, and it was 2.50000001"),
    "a time of a fill": (altered("ORDER_FILLED", ts=5), "(ORDER_FILLED) has ts 5, and event"),
    "a time of recording": (altered("POSITION_OPENED", recorded_at=5), "(POSITION_OPENED) has recorded_at 5"),
    "a symbol filled": (altered("ORDER_FILLED", symbol="AAPM"), "(ORDER_FILLED) has symbol 'AAPM'"),
    "an order of a position": (altered("POSITION_OPENED", order_id="x"), "(POSITION_OPENED) has order_id 'x'"),
    "an order of an approval": (altered("INTENT_APPROVED", order_id="x"), "has order_id 'x', and it was None"),
    "a price without a fill": (altered("POLICY_EVALUATED", price=1.0), "(POLICY_EVALUATED) has price 1.0"),
    "a symbol of no intent": (altered("STATE_RESET", symbol="X"), "(STATE_RESET) has symbol 'X'"),
    "an intent that is another's": (altered("INTENT_APPROVED", intent_id="x"), "execution that is not whole"),
    "a type": (altered("POSITION_OPENED", event_type="POSITION_SCALED"), "is of a position that was opened"),
    "a payload": (altered("INTENT_APPROVED", payload="{"), "(INTENT_APPROVED) is damaged: its payload is not JSON"),
    "a stranger": (altered("STATE_RESET", workspace_id=str(UUID(int=4))), f"workspace {UUID(int=4)}, which is not"),
    "an event too few": (dropped("INTENT_APPROVED"), "an execution that is not whole: INTENT_EMITTED, POLICY_EVAL"),
    "an account's start": (rewritten("WORKSPACE_CREATED", starting_equity=1.0), "says starting_equity 1.0"),
    "an account's name": (rewritten("WORKSPACE_CREATED", name="defaulu"), "says name 'defaulu'"),
    "an account's time": (altered("WORKSPACE_CREATED", ts=5), "(WORKSPACE_CREATED) says ts 5"),
    "an old limit": (rewritten("POLICY_CHANGED", fee_bps=[1.0, 2.5]), "says fee_bps 1.0, and it was None"),
    "an old trading state": (rewritten("TRADING_STATE_CHANGED", **{"from": "HALTED"}), "says from 'HALTED'"),
    "a reset": (rewritten("STATE_RESET", starting_equity=1.0), "(STATE_RESET) says starting_equity 1.0"),
    "a reconciliation": (rewritten("STATE_RECONCILED", cash_after=1.0), "(STATE_RECONCILED) says cash_after 1.0"),
    "how far a run is": (rewritten("RUN_ADVANCED", ts="2023-01-01T00:00:00+00:00"), "(RUN_ADVANCED) says ts '2023-01"),
    "a plan's count": (rewritten("RUN_STARTED", variants_count=7), "(RUN_STARTED) says variants_count 7"),
    "a variant's place": (rewritten("RUN_VARIANT_COMPLETED", index=99), "is of variant 99 of"),
    "a variant's id": (rewritten("RUN_VARIANT_COMPLETED", variant_id="x"), "says variant_id 'x'"),
    "a variant's time": (altered("RUN_VARIANT_COMPLETED", ts=5), "(RUN_VARIANT_COMPLETED) says ts"),
    "an end's count": (rewritten("RUN_COMPLETED", done=1), "(RUN_COMPLETED) says done 1"),
    "an end's best": (rewritten("RUN_COMPLETED", best_variant_id="x"), "(RUN_COMPLETED) says best_variant_id False"),
    "a backtest's fills": (rewritten("BACKTEST_RECORDED", fills=9), "(BACKTEST_RECORDED) says fills 9, and it was"),
    "a best score": (rewritten("RUN_COMPLETED", best_score=1.25), "(RUN_COMPLETED) says best_score 1.25"),
    "an end's objective": (rewritten("RUN_COMPLETED", objective="x"), "(RUN_COMPLETED) says objective 'x'"),
    "no start of a plan": (dropped("RUN_STARTED"), "of which there is no RUN_STARTED"),
    "no plan at all": (altered("RUN_STARTED", correlation_id=None), "is of no run plan"),
}


@pytest.mark.parametrize(("change", "said"), JOURNAL.values(), ids=JOURNAL)
def test_a_changed_event_is_found(store: MemoryStore, change: Change, said: str) -> None:
    change(store)
    assert any(said in each for each in found(store).journal.first), found(store)


def test_a_variants_account_is_the_one_that_its_result_promises(store: MemoryStore) -> None:
    place = first(store, "RUN_VARIANT_COMPLETED")
    metrics = {**json.loads(store.journal[place].payload)["metrics"], "ending_equity": 1.0}
    rewritten("RUN_VARIANT_COMPLETED", metrics=metrics)(store)
    assert "says ending_equity 1.0, and it was" in found(store).journal.first[0]


def account_of(store: MemoryStore, name: str = "default") -> Any:
    (workspace,) = (each for each in store.workspaces.values() if each.name == name)
    return store.accounts[workspace.id]


def hidden(store: MemoryStore) -> Any:
    """A variant that traded."""
    return next(
        store.accounts[each.id]
        for each in store.workspaces.values()
        if each.kind.value == "variant" and store.accounts[each.id].ledger.orders_count
    )


def in_ledger(name: str, value: Any, of: Callable[[MemoryStore], Any] = account_of) -> Change:
    return lambda store: setattr(of(store).ledger, name, value)


def holding(name: str, value: Any) -> Change:
    return lambda store: setattr(account_of(store).ledger.holdings["IBM"], name, value)


def workspace(**changes: Any) -> Change:
    def change(store: MemoryStore) -> None:
        (known,) = (each for each in store.workspaces.values() if each.name == "default")
        store.workspaces[known.id] = replace(known, **changes)

    return change


def without(kind: str) -> Change:
    def change(store: MemoryStore) -> None:
        store.journal[:] = [row for row in store.journal if row.event_type != kind]

    return change


def tried(kind: str, **changes: Any) -> Change:
    def change(store: MemoryStore) -> None:
        found = {key: each for key, each in store.trials.items() if each.kind == kind}
        store.trials |= {key: replace(each, **changes) for key, each in found.items()}

    return change


def progress(**changes: Any) -> Change:
    def change(store: MemoryStore) -> None:
        store.progress = {key: replace(known, **changes) for key, known in store.progress.items()}

    return change


STORED: dict[str, tuple[Change, str]] = {
    "cash": (in_ledger("cash", 1.0), "differs from its journal in cash"),
    "realized": (in_ledger("realized_pnl", 1.0), "in realized_pnl"),
    "the peak": (in_ledger("peak_equity", 1.0), "in peak_equity"),
    "orders": (in_ledger("orders_count", 1), "in orders_count"),
    "trades": (in_ledger("trades_count", 9), "in trades_count"),
    "the newest event": (in_ledger("last_seq", 9), "in last_seq"),
    "its time": (in_ledger("last_event_at", 9), "in last_event_at"),
    "a day": (in_ledger("realized_by_session", {1: 2.0}), "realized_by_session"),
    "closes": (in_ledger("last_closed_at", {"IBM": 5}), "in last_closed_at"),
    "positions": (in_ledger("holdings", {}), "in positions"),
    "an average price": (holding("avg_price", 1.0), "in positions"),
    "fees paid": (holding("entry_fees", 1.0), "in positions"),
    "a hidden account": (in_ledger("cash", 1.0, hidden), "differs from its journal in cash"),
    "when it was reconciled": (
        lambda store: setattr(account_of(store), "reconciled_at", 5),
        "says reconciled_at 5, and it was",
    ),
    "limits": (
        lambda store: workspace(limits=next(iter(store.workspaces.values())).limits.changed({"fee_bps": "9"}))(store),
        "workspace default says fee_bps 9.0, and it was 2.5",
    ),
    "a trading state": (workspace(trading_state=TradingState.ACTIVE), "says trading_state 'ACTIVE'"),
    "progress": (progress(ts=5), "says ts '1970-01-01T00:00:00.000005+00:00', and it was"),
    "a timeframe": (progress(timeframe="1h"), "says timeframe '1h', and it was 'daily'"),
    "a first bar": (progress(first_ts={}), "says first_ts {}, and it was"),
    "since when it trades": (progress(began=5), "says window {'from': '1970-01-01T00:00:00.000005+00:00', 'to': "),
    "what a backtest tried": (tried("backtest", specs=b"x" * 16), "what backtest "),
    "on which bars": (tried("backtest", bars={"AAA": "x"}), " tried, as it is stored, says bars {'AAA': 'x'}"),
    "when it was tried": (tried("forward", last_ts=5), " tried, as it is stored, says window "),
    "by which event": (tried("forward", seq=5), " tried, as it is stored, says seq 5"),
    "what a plan tried": (tried("plan", strategy_id="x"), " tried, as it is stored, says strategy_id 'x'"),
    "nothing tried": (lambda store: store.trials.clear(), " tried, as it is stored, is not there"),
    "no progress": (lambda store: store.progress.clear(), "no stored progress"),
    "progress of nothing": (without("RUN_ADVANCED"), "has no RUN_ADVANCED in the journal"),
}


@pytest.mark.parametrize(("change", "said"), STORED.values(), ids=STORED)
def test_what_is_stored_otherwise_is_found(store: MemoryStore, change: Change, said: str) -> None:
    change(store)
    seen = found(store).projection
    assert any(said in each for each in seen.first), seen


def test_a_lost_fill_is_said_once(store: MemoryStore) -> None:
    """What follows from it, in every later event of the account, is no news."""
    dropped("ORDER_FILLED")(store)
    seen = found(store)
    assert seen.journal.count == 1
    assert "ORDER_FILLED" not in seen.journal.first[0].partition("whole:")[2]
    assert seen.skipped == 1
    assert not any("default differs from its journal in cash" in each for each in seen.projection.first)


class Impatient:
    """Stops at the first look."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    def advance(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def stopped(self) -> bool:
        return True


def test_it_is_stopped_and_says_how_far_it_is(store: MemoryStore) -> None:
    watch = Impatient()
    with pytest.raises(SystemFault) as caught:
        audit(store, watch)
    assert caught.value.code == "CANCELLED"
    assert watch.steps == [(len(store.journal), len(store.journal) + len(store.workspaces))]


def test_many_findings_are_counted_and_the_first_are_kept(store: MemoryStore) -> None:
    store.journal[:] = [EventRow(*row[:2], "STATE_RESET", *row[3:]) for row in store.journal]
    seen = found(store).journal
    assert seen.count > len(seen.first) == 20
