"""A closed world: after every run, reconciliation of its workspace gives the same state, bit for bit, and no drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.measure import metrics_of
from engine.account.metrics import OF_SESSIONS
from engine.desk import Desk
from engine.drivers.backtest import RunOutcome
from engine.errors import NotFoundError, SystemFault
from engine.market.sessions import is_intraday
from engine.policy.workspace import WorkspaceKind
from engine.ports import EventFilter, Unwatched
from engine.strategies.spec import parse_spec
from engine.vocabulary import TradingState
from tests.support.desks import open_test_desk
from tests.support.memory_desks import memory_desk
from tests.support.worlds import World, make_world, worlds

BUSY = 10
"""A seed whose world has fills and refusals."""


def run(desk: Desk, world: World) -> RunOutcome:
    """The world in a closed run, with the account it is like."""
    desk.accounts.create("like", world.starting_equity)
    limits = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in world.limits.items()}
    desk.accounts.set_policy(limits, "like")
    return desk.research.run(parse_spec(world.spec), world.dataset, like="like", slippage_bps=world.slippage_bps)


def check_reconciles(desk: Desk, world: World) -> None:
    out = run(desk, world)
    before = desk.accounts.state(out.workspace_id)
    report = desk.accounts.reconcile(out.workspace_id)
    after = desk.accounts.state(out.workspace_id)
    ignored = {"last_seq", "last_event_at", "reconciled_at"}
    assert (report.drift, report.errors, report.duplicates_skipped) == ({}, [], 0)
    assert after.model_dump(exclude=ignored) == before.model_dump(exclude=ignored)
    assert (after.positions, report.events_replayed) == ({}, out.tally.fills)
    assert report.cash_after == out.metrics.ending_equity == after.cash
    assert desk.accounts.metrics(out.workspace_id) == out.metrics
    of_trades = metrics_of(world.starting_equity, out.trades).model_dump(exclude={*OF_SESSIONS, "avg_bars_held"})
    assert out.metrics.model_dump(exclude={*OF_SESSIONS, "avg_bars_held"}) == of_trades


@given(worlds())
@settings(max_examples=80)
def test_every_run_reconciles_to_its_own_state(world: World) -> None:
    with memory_desk() as desk:
        check_reconciles(desk, world)


@pytest.mark.parametrize("seed", range(5))
def test_every_run_reconciles_on_a_real_database(seed: int, tmp_path: Path) -> None:
    with open_test_desk(tmp_path / "papertape.db") as desk:
        check_reconciles(desk, make_world(Random(seed)))


@given(worlds())
@settings(max_examples=25)
def test_the_same_inputs_give_the_same_results(world: World) -> None:
    with memory_desk() as one, memory_desk() as other:
        first, second = run(one, world), run(other, world)
    assert (first.trades, first.metrics, first.tally) == (second.trades, second.metrics, second.tally)


@given(worlds(), st.integers(1, 40))
@settings(max_examples=25)
def test_no_trade_before_a_cut_knows_what_comes_after(world: World, drop: int) -> None:
    """Bars after a cut change no trade that was closed before it."""
    cut = sorted({int(ts) for bars in world.dataset.bars.values() for ts in bars.ts})[-drop:][0]
    parts = {name: bars.slice(0, int((bars.ts < cut).sum())) for name, bars in world.dataset.bars.items()}
    intraday = {name: is_intraday(bars.session) for name, bars in world.dataset.bars.items()}
    if any(len(bars) < 3 or is_intraday(bars.session) != intraday[name] for name, bars in parts.items()):
        return
    earlier = replace(world, dataset=replace(world.dataset, bars=parts))
    last = {name: int(bars.ts[-1]) for name, bars in parts.items()}
    with memory_desk() as one, memory_desk() as other:
        whole = [t for t in run(one, world).trades if t.exit_ts < min(last.values())]
        part = [t for t in run(other, earlier).trades if t.exit_ts < min(last.values())]
    # a symbol's last bar is its session's last in the data: what it decides may differ from that bar on, not before
    until = min(int(bars.ts[len(bars) - 2]) for bars in parts.values())
    assert [t for t in whole if t.exit_ts <= until] == [t for t in part if t.exit_ts <= until]


def test_its_workspace_is_hidden_and_addressed_by_id() -> None:
    world = make_world(Random(1))
    with memory_desk() as desk:
        out = run(desk, world)
        assert [workspace.name for workspace in desk.accounts.all()] == ["like"]
        found = desk.accounts.require(str(out.workspace_id))
        assert (found.kind, found.trading_state) == (WorkspaceKind.CLOSED, TradingState.ACTIVE)
        assert found.limits.session_tz == world.zone
        with pytest.raises(NotFoundError):
            desk.accounts.require(str(UUID(int=1)))


def test_a_halted_account_lends_its_limits_and_not_its_trading_state() -> None:
    world = make_world(Random(1))
    with memory_desk() as one, memory_desk() as other:
        desired = run(one, world)
        other.accounts.create("like", world.starting_equity)
        other.accounts.set_trading_state(TradingState.HALTED, "like")
        spec = parse_spec(world.spec)
        bare = replace(world, limits={})
        halted = other.research.run(spec, world.dataset, like="like", slippage_bps=world.slippage_bps)
        if not world.limits:
            assert halted.trades == desired.trades
        with memory_desk() as third:
            assert halted.trades == run(third, bare).trades


def test_every_intent_of_a_run_leads_from_signal_to_fill() -> None:
    world = make_world(Random(BUSY))
    with memory_desk() as desk:
        out = run(desk, world)
        events = desk.journal.events(out.workspace_id)
        chains: dict[str, list[str]] = {}
        for event in events:
            if event.correlation_id:
                chains.setdefault(event.correlation_id, []).append(event.event_type.value)
        filled = ["INTENT_EMITTED", "POLICY_EVALUATED", "INTENT_APPROVED", "ORDER_FILLED"]
        for chain in chains.values():
            assert chain[:4] == filled or chain == [*filled[:2], "INTENT_REJECTED"]
            assert len(chain) == 5 or chain[-1] == "INTENT_REJECTED"
        fills = desk.journal.events(out.workspace_id, where=EventFilter(types=("ORDER_FILLED",)))
        assert len(fills) == out.tally.fills > 0
        assert len(chains) == out.tally.intents


def test_a_stopped_run_says_so() -> None:
    class Stopper(Unwatched):
        def stopped(self) -> bool:
            return True

    world = make_world(Random(3))
    with memory_desk() as desk, pytest.raises(SystemFault) as caught:
        desk.research.run(parse_spec(world.spec), world.dataset, watch=Stopper())
    assert caught.value.code == "CANCELLED"
