"""Run plans: executed, cut, resumed, cancelled, read; whatever happens on the way, the end is the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.fold import apply_fills
from engine.account.ledger import Ledger
from engine.account.state import Account, drift, folded
from engine.desk import Desk, DeskConfig
from engine.errors import ConflictError, DataError, InvalidError, NotFoundError, PapertapeError, SystemFault
from engine.events import CountedStamps
from engine.market.bars import Dataset
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from engine.sweeps import orchestrator
from engine.sweeps.plan.run_plan import VARIANT_NS
from engine.sweeps.record import lifecycle as watching
from engine.sweeps.record import recorder
from engine.sweeps.results import Simulated, failed
from engine.sweeps.simulation import rerun
from engine.sweeps.simulation.simulate import Simulation
from tests.engine.sweeps.cases import (
    DATA,
    SWEEP,
    Crash,
    CutStore,
    older,
    other_desk,
    run,
    same,
    spec,
    without_later_metrics,
)
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore
from tests.support.worlds import World, worlds

RUN = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")


def load(data: Any) -> Dataset:
    return DATA


LATER: dict[str, list[Any]] = {
    "execution.fill": ["close", "next_open", "pessimistic"],
    "exit.take_profit_by_bars": [None, [[1, 5], [3, 0.5]], [[2, 1]]],
    "risk.size": ["dollars", "equity"],
    "risk.equity_pct": [20.0],
}


@pytest.mark.parametrize("journal", ["full", "summary"])
@pytest.mark.parametrize("cut", [2, 3])
def test_fills_sizes_and_lists_are_swept_cut_resumed_and_shown(cut: int, journal: str) -> None:
    """Sweeps over fields of section 12: labels are plain, a resume ends as an uninterrupted run, all is verified."""
    with memory_desk() as desk:
        whole = desk.plans.run(spec(), DATA, LATER, journal=journal, verify=99)
    assert [one.status for one in whole.results].count("succeeded") == len(whole.results) == whole.verified
    labels = {one.label for one in whole.results}
    assert "fill=next_open, take_profit_by_bars=[[1,5],[3,0.5]], size=equity, equity_pct=20" in labels
    assert len({json.dumps(one.metrics.model_dump()) for one in whole.results if one.metrics}) > 6
    store = CutStore(cut, after=True)
    with pytest.raises(Crash):
        memory_desk(store).plans.run(spec(), DATA, LATER, journal=journal, run_plan_id=RUN, verify=99)
    store.dead, store.cut = False, -1
    desk = other_desk(store)
    resumed = desk.plans.resume(RUN, load)
    assert same(resumed) == same(whole)
    assert desk.plans.get(RUN).results == resumed.results


def journal_of(store: MemoryStore) -> dict[str, list[tuple[Any, ...]]]:
    """Every variant's events, and those of the run's variants, without seq and the wall clock."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in store.journal:
        if row.event_type == "RUN_VARIANT_COMPLETED" or not row.event_type.startswith("RUN_"):
            key = "run" if row.event_type == "RUN_VARIANT_COMPLETED" else row.workspace_id
            found.setdefault(key, []).append(row._replace(recorded_at=0))
    return {key: rows for key, rows in found.items() if key == "run" or rows[-1].mode == "paper"}


def accounts_of(store: MemoryStore) -> dict[UUID, tuple[Ledger, dict[str, float]]]:
    found = {}
    for key, account in store.accounts.items():
        if store.workspaces[key].kind.value == "variant":
            found[key] = (replace(account.ledger, last_seq=0), account.marks)
    return found


def check_worlds(store: MemoryStore, desk: Desk, run_plan_id: UUID) -> int:
    """Every variant's workspace reconciles, without drift, to its ending equity; how many did."""
    checked = 0
    for one in desk.plans.result(run_plan_id).results:
        if one.workspace_id is None:
            continue
        assert one.workspace_id == uuid5(VARIANT_NS, f"{run_plan_id}:{one.variant_id}")
        with store.read() as views:
            workspace = views.workspace(one.workspace_id)
            assert workspace is not None
            rebuilt = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
            assert apply_fills(rebuilt.ledger, views.fills(workspace.id)) == []
            stored = views.account(workspace)
            assert stored.ledger.last_seq == views.head(workspace.id)
        assert drift(folded(stored), folded(rebuilt)) == {}
        assert one.metrics is not None
        assert rebuilt.ledger.cash == one.metrics.ending_equity
        checked += 1
    return checked


def test_a_full_run_is_what_its_events_say() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    result = run(desk, run_plan_id=RUN)
    assert result.status == "completed"
    assert [one.status for one in result.results] == ["succeeded"] * 5 + ["skipped"] * 2 + ["succeeded"] * 2
    assert desk.plans.result(RUN) == result
    assert check_worlds(store, desk, RUN) == 7
    assert [each.kind.value for each in store.workspaces.values()].count("variant") == 7
    assert [each.name for each in desk.accounts.all()] == ["default"]
    assert all(one.metrics is None and one.workspace_id is None for one in result.results if one.status == "skipped")


def test_a_run_is_the_baseline_of_a_sweep() -> None:
    desk = memory_desk()
    alone = desk.research.run(spec(), DATA, slippage_bps=3.0)
    baseline = run(desk, slippage_bps=3.0).results[0]
    assert baseline.metrics == alone.metrics
    trades = desk.plans.trades(desk.plans.all()[0].run_plan_id, "baseline", load)
    assert trades == desk.accounts.trades(alone.workspace_id)


def test_a_summary_has_run_events_alone_and_the_same_results_and_trades() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    full, brief = run(desk), run(desk, journal="summary")
    assert same(full) == same(brief)
    assert brief.duplicate_of == [str(full.run_plan_id)]
    assert {row.event_type for row in store.journal if row.correlation_id == str(brief.run_plan_id)} == {
        "RUN_STARTED",
        "RUN_VARIANT_COMPLETED",
        "RUN_COMPLETED",
    }
    for name in ("baseline", "best", full.results[1].variant_id[:8]):
        trades = [desk.plans.trades(each.run_plan_id, name, load) for each in (full, brief)]
        assert trades[0] == trades[1] != []
        curves = [desk.plans.equity(each.run_plan_id, name, load) for each in (full, brief)]
        assert curves[0] == curves[1]
        assert len(curves[0]) == len(trades[0]) + 1
    with pytest.raises(InvalidError) as caught:
        desk.plans.trades(brief.run_plan_id, "best", lambda data: replace(DATA, sha256="other"))
    assert caught.value.code == "DATASET_CHANGED"


def test_run_started_holds_the_whole_plan() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    result = run(desk, data={"sources": [["AAA", "/a.csv"]], "from": "2024-01-01"}, slippage_bps=2, verify=1)
    (started,) = [json.loads(row.payload) for row in store.journal if row.event_type == "RUN_STARTED"]
    assert started["data"] == {"sources": [["AAA", "/a.csv"]], "from": "2024-01-01"}
    assert started["sweep"] == {"entry.lookback_days": [1, 2, 0], "risk.dollars_per_trade": [500.0, 2500.0]}
    assert [each["variant_id"] for each in started["variants"]] == [each.variant_id for each in result.results]
    assert started["dataset"]["sha256"] == result.dataset_sha256
    assert (started["slippage_bps"], started["starting_equity"], started["verify"]) == (2.0, 10_000.0, 1)
    assert set(started["owner"]) == {"host", "pid", "started", "claim"}
    assert parse_spec(started["spec"]) == spec()


@pytest.mark.parametrize("mode", ["full", "summary"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_cut_at_any_commit_and_resumed_is_the_uninterrupted_one(
    mode: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "BATCH", 20)  # variants are cut in the middle, too
    straight = MemoryStore()
    expected = run(memory_desk(straight), journal=mode, run_plan_id=RUN)
    commits = 0
    for cut in range(3, 200):  # the first two make the account and RUN_STARTED
        store = CutStore(cut, after)
        desk = memory_desk(store)
        try:
            run(desk, journal=mode, run_plan_id=RUN)
        except Crash:
            store.mend()
        else:
            commits = cut
            break
        desk = other_desk(store)
        if desk.plans.get(RUN).status != "completed":
            assert desk.plans.all()[0].status == "interrupted"
            assert same(desk.plans.resume(RUN, load)) == same(expected)
        assert desk.plans.result(RUN).model_dump() == expected.model_dump()
        assert journal_of(store) == journal_of(straight)
        assert accounts_of(store) == accounts_of(straight)
        assert check_worlds(store, desk, RUN) == (7 if mode == "full" else 0)
    assert commits > (10 if mode == "full" else 3)


class Stop:
    """A watch that says stop when asked for the n-th time."""

    def __init__(self, after: int) -> None:
        self.left, self.seen = after, [(0, 0)]

    def advance(self, done: int, total: int) -> None:
        self.seen.append((done, total))

    def stopped(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("asks", range(8))
def test_a_run_that_is_stopped_is_cancelled_and_can_be_resumed(asks: int) -> None:
    straight, store = MemoryStore(), MemoryStore()
    expected = run(memory_desk(straight), run_plan_id=RUN)
    desk = memory_desk(store)
    stopped = run(desk, run_plan_id=RUN, watch=Stop(asks))
    assert stopped.status == "cancelled"
    assert desk.plans.result(RUN) == stopped
    summary = desk.plans.all()[0]
    assert (summary.status, summary.variants) == ("cancelled", 9)
    assert summary.done - summary.skipped == [one.status for one in stopped.results].count("succeeded")
    watch = Stop(10**6)
    resumed = desk.plans.resume(RUN, load, watch=watch)
    assert resumed.model_dump() == expected.model_dump()
    assert journal_of(store) == journal_of(straight)
    assert watch.seen[-1] == (9, 9)
    assert desk.plans.get(RUN).status == "completed"


def test_a_run_that_began_before_refusals_were_counted_is_resumed() -> None:
    """What came out then has no counts, and is not run again; the rest has them. The figures are the same."""
    store = MemoryStore()
    expected = run(memory_desk(MemoryStore()), run_plan_id=RUN)
    run(memory_desk(store), run_plan_id=RUN, watch=Stop(4))
    older(store)
    before = [one.status for one in memory_desk(store).plans.result(RUN).results].count("succeeded")
    resumed = other_desk(store).plans.resume(RUN, load)
    came_out = [one for one in resumed.results if one.status == "succeeded"]
    assert 0 < before < len(came_out)
    assert [one.held_back is None for one in came_out].count(True) == before
    assert [one.metrics for one in resumed.results] == [one.metrics for one in expected.results]
    assert resumed.best_variant_id == expected.best_variant_id


def test_results_from_before_sessions_were_measured_are_verified_by_what_they_have() -> None:
    store = MemoryStore()
    run(memory_desk(store), run_plan_id=RUN, watch=Stop(4), verify=99)
    without_later_metrics(store)
    resumed = other_desk(store).plans.resume(RUN, load)
    measured = [one.metrics.exposure_pct is not None for one in resumed.results if one.metrics is not None]
    assert set(measured) == {False, True}  # those from before, and those that came out now
    assert resumed.verified == len(measured)


def test_a_result_from_before_that_differs_fails_its_verification() -> None:
    store = MemoryStore()
    run(memory_desk(store), run_plan_id=RUN, watch=Stop(4), verify=99)
    without_later_metrics(store, ending_equity=1.0)
    with pytest.raises(SystemFault, match="has other metrics"):
        other_desk(store).plans.resume(RUN, load)


def with_metrics(simulated: Simulated, **changed: float) -> Simulated:
    """A variant that came out with other metrics."""
    metrics = simulated.result.metrics
    assert metrics is not None
    update = {"metrics": metrics.model_copy(update=changed)}
    return replace(simulated, result=simulated.result.model_copy(update=update))


class Interfering(Simulation):
    """Does something between two variants."""

    def simulate_each(self, variants: Any, **options: Any) -> Iterator[Simulated]:
        watch = options["watch"]
        for at, one in enumerate(super().simulate_each(variants, **options)):
            if at == 2:
                type(self).interfere()
            if watch.stopped():
                return
            yield one

    @staticmethod
    def interfere() -> None:
        raise NotImplementedError


def interfering(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    kind = type("Acting", (Interfering,), {"interfere": staticmethod(act)})
    monkeypatch.setattr(orchestrator, "Simulation", kind)


def test_anybody_can_cancel_and_it_is_noticed_while_variants_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0)
    store = MemoryStore()
    desk = memory_desk(store)
    interfering(monkeypatch, lambda: desk.plans.cancel(RUN))
    result = run(desk, run_plan_id=RUN)
    assert result.status == "cancelled"
    assert [one.status for one in result.results].count("succeeded") == 2
    kinds = [event.event_type.value for event in desk.plans.events(RUN)]
    assert kinds == ["RUN_STARTED", "RUN_CANCEL_REQUESTED", *["RUN_VARIANT_COMPLETED"] * 2, "RUN_CANCELLED"]
    desk.plans.cancel(RUN)  # nothing more is written
    assert len(desk.plans.events(RUN)) == 5


def test_an_owner_that_was_taken_over_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    other = other_desk(store)  # which does not see the first one's claim: it counts as gone
    seen: list[int] = []

    def take() -> None:
        monkeypatch.setattr(orchestrator, "Simulation", Simulation)
        assert other.plans.resume(RUN, load).status == "completed"
        seen.append(len(store.journal))

    interfering(monkeypatch, take)
    with pytest.raises(ConflictError) as caught:
        run(memory_desk(store), run_plan_id=RUN)
    assert caught.value.code == "RUN_TAKEN_OVER"
    assert seen == [len(store.journal)]
    assert other.plans.get(RUN).status == "completed"


def test_a_live_run_is_not_resumed_nor_a_complete_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    codes: list[str] = []

    def resume() -> None:
        assert desk.plans.all()[0].status == desk.plans.get(RUN).status == "running"
        with pytest.raises(ConflictError) as caught:
            desk.plans.resume(RUN, load)
        codes.append(caught.value.code)

    interfering(monkeypatch, resume)
    run(desk, run_plan_id=RUN)
    for call in (
        lambda: desk.plans.resume(RUN, load),
        lambda: desk.plans.cancel(RUN),
        lambda: run(desk, run_plan_id=RUN),
    ):
        with pytest.raises(ConflictError) as caught:
            call()
        codes.append(caught.value.code)
    assert codes == [
        "RUN_NOT_RESUMABLE",
        "RUN_NOT_RESUMABLE",
        "RUN_ENDED",
        "RUN_EXISTS",
    ]


def test_a_run_without_an_owner_is_cancelled_at_once_and_resumed() -> None:
    store = CutStore(5, after=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "BATCH", 20)
        with pytest.raises(Crash):
            run(memory_desk(store), run_plan_id=RUN)
    store.mend()
    desk = other_desk(store)
    before = desk.plans.all()[0]
    desk.plans.cancel(RUN)
    after = desk.plans.all()[0]
    assert (before.status, after.status) == ("interrupted", "cancelled")
    assert (after.done, after.duration_s, after.best_variant_id) == (
        before.done,
        before.duration_s,
        before.best_variant_id,
    )
    assert desk.plans.resume(RUN, load).status == "completed"


def test_changed_data_and_changed_source_are_refused() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    run(desk, run_plan_id=RUN, watch=Stop(0))
    before = len(store.journal)
    for changed in (
        replace(DATA, session_tz="Asia/Tokyo"),
        Dataset({**DATA.bars, "AAA": DATA.bars["AAA"].slice(1, 50)}),
    ):
        with pytest.raises(InvalidError) as caught:
            desk.plans.resume(RUN, lambda data, changed=changed: changed)
        assert caught.value.code == "DATASET_CHANGED"
    desk.plans._source_sha256 = lambda kind: "another"
    with pytest.raises(InvalidError) as caught:
        desk.plans.resume(RUN, load)
    assert caught.value.code == "STRATEGY_CHANGED"
    assert len(store.journal) == before


def test_a_variant_that_fails_is_its_own_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Simulation):
        def simulate_each(self, variants: Any, **options: Any) -> Iterator[Simulated]:
            for at, one in enumerate(super().simulate_each(variants, **options)):
                if at == 1:
                    yield Simulated(failed(variants[at], "INVALID_STRATEGY", "it broke"))
                elif at == 2:
                    yield replace(one, fills=one.fills[:-1])  # contradicts its metrics
                elif at == 3:
                    yield with_metrics(one, gross_loss=float("inf"))
                else:
                    yield one

    monkeypatch.setattr(orchestrator, "Simulation", Failing)
    desk = memory_desk()
    result = run(desk)
    lost = [one for one in result.results if one.status == "failed"]
    assert [one.error_code for one in lost] == ["INVALID_STRATEGY", "INTERNAL", "INTERNAL"]
    assert all(one.metrics is None and one.objective_score is None for one in lost)
    summary = desk.plans.all()[0]
    assert (result.status, summary.failed, summary.skipped, summary.done) == ("completed", 3, 2, 9)
    assert desk.plans.result(result.run_plan_id) == result
    with pytest.raises(NotFoundError, match="has no trades: it is failed"):
        desk.plans.trades(result.run_plan_id, lost[0].variant_id, load)


def test_a_fault_outside_a_variant_ends_in_run_failed_and_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault() -> None:
        raise SystemFault("DATABASE_ERROR", "the disk is full")

    store = MemoryStore()
    desk = memory_desk(store)
    interfering(monkeypatch, fault)
    with pytest.raises(SystemFault):
        run(desk, run_plan_id=RUN)
    summary = desk.plans.all()[0]
    assert (summary.status, summary.error_code, summary.error) == ("failed", "DATABASE_ERROR", "the disk is full")
    monkeypatch.setattr(orchestrator, "Simulation", Simulation)
    assert desk.plans.resume(RUN, load).status == "completed"


def test_ctrl_c_is_a_cancelled_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    desk = memory_desk()
    interfering(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(desk, run_plan_id=RUN)
    assert desk.plans.all()[0].status == "cancelled"


def test_verify_runs_the_best_and_the_first_again() -> None:
    result = run(memory_desk(), verify=3, journal="summary")
    assert result.verified == 3
    assert run(memory_desk(), verify=1000).verified == 7


def test_verify_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Simulation):
        def simulate_each(self, variants: Any, **options: Any) -> Iterator[Simulated]:
            for one in super().simulate_each(variants, **options):
                yield with_metrics(one, gross_profit=1.0)

    monkeypatch.setattr(orchestrator, "Simulation", Wrong)
    desk = memory_desk()
    with pytest.raises(SystemFault) as caught:
        run(desk, verify=1, journal="summary")
    assert caught.value.code == "VERIFY_FAILED"
    assert "metrics" in caught.value.message
    assert desk.plans.all()[0].status == "failed"


def test_chosen_variants_are_spread_evenly() -> None:
    desk = memory_desk()
    result = run(desk)
    done = desk.plans._record(result.run_plan_id).done
    ids = [one.variant_id for one in result.results]
    for count in range(1, 8):
        picked = rerun.chosen(done, count)
        assert len(picked) == count
        assert ids.index(result.best_variant_id or "") in picked
        assert count == 1 or 0 in picked


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "luck"},
        {"slippage_bps": -1},
        {"max_variants": 0},
        {"journal": "none"},
        {"verify": -1},
    ],
)
def test_what_is_wrong_before_the_start_writes_nothing(options: dict[str, Any]) -> None:
    store = MemoryStore()
    with pytest.raises(PapertapeError):
        run(memory_desk(store), **options)
    assert store.journal == []


def test_unknown_symbols_and_strategies_write_nothing() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    with pytest.raises(DataError):
        desk.plans.run(spec(symbols=["AAA", "XXX"]), DATA, {})
    with pytest.raises(NotFoundError):
        desk.plans.run(parse_spec({"strategy_id": "nothing", "symbols": ["AAA"]}), DATA, {})
    with pytest.raises(NotFoundError):
        run(desk, workspace="nobody")
    assert desk.plans.generate(spec(), SWEEP).dropped == 0
    assert store.journal == []


def test_the_plans_workspace_gives_equity_limits_and_fees_unless_another_is_named() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    desk.accounts.create("small", 6000.0)
    desk.accounts.set_policy({"fee_fixed": "1", "max_positions": "1"}, "small")
    desk.accounts.set_trading_state(desk.accounts.require("small").trading_state.__class__.HALTED, "small")
    mine, like = run(desk, workspace="small"), run(desk, like="small")
    assert same(mine) == same(like)
    metrics = mine.results[0].metrics
    assert metrics is not None
    assert (metrics.starting_equity, metrics.trade_count > 0) == (6000.0, True)
    assert desk.plans.get(mine.run_plan_id).workspace_id == desk.accounts.require("small").id
    assert desk.plans.get(like.run_plan_id).workspace_id == desk.accounts.require("default").id
    assert run(desk).fingerprint != mine.fingerprint == like.fingerprint


def test_a_workspace_that_nobody_saw_is_made_with_the_start_of_its_run() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    to_create = desk.accounts.unsaved("new", 700.0)
    with pytest.raises(InvalidError):
        run(desk, to_create=to_create, workspace=to_create.id, slippage_bps=-1)
    assert store.journal == []
    result = run(desk, to_create=to_create, workspace=to_create.id, journal="summary")
    assert [row.event_type for row in store.journal[:2]] == ["WORKSPACE_CREATED", "RUN_STARTED"]
    assert desk.plans.get(result.run_plan_id).workspace_id == to_create.id
    assert result.results[0].metrics is not None
    assert result.results[0].metrics.starting_equity == 700.0
    assert run(desk, to_create=to_create, workspace=to_create.id).fingerprint == result.fingerprint


def test_all_that_decides_results_is_in_the_fingerprint() -> None:
    desk = memory_desk()
    options: list[dict[str, Any]] = [{}, {"slippage_bps": 1.0}, {"max_variants": 3}, {"include_ablations": False}]
    marks = [run(desk, journal="summary", **each).fingerprint for each in options]
    desk.accounts.set_policy({"max_positions": "1"})
    marks.append(run(desk, journal="summary").fingerprint)
    shorter = Dataset({**DATA.bars, "AAA": DATA.bars["AAA"].slice(0, 50)})
    marks.append(desk.plans.run(spec(), shorter, SWEEP).fingerprint)
    marks.append(desk.plans.run(spec(enabled=False), shorter, SWEEP).fingerprint)
    assert len(set(marks)) == len(marks)
    assert run(desk, objective="calmar", journal="full").fingerprint == marks[4]


def test_plans_and_variants_are_found_by_what_begins_their_ids() -> None:
    desk = memory_desk()
    result = run(desk, run_plan_id=RUN)
    text = str(RUN)
    for ref in (text, RUN, text.upper(), text[:4], text[:10], text.replace("-", "")):
        assert desk.plans.get(ref).run_plan_id == RUN
    for ref in (text[:3], "ffff", "zzzz", "%%%%", "", str(UUID(int=7)), f"{text}0"):
        with pytest.raises(NotFoundError) as caught:
            desk.plans.get(ref)
        assert caught.value.code == "RUN_PLAN_NOT_FOUND"
    run(desk, run_plan_id=UUID("0190a1b2-0000-7e5f-8a9b-0c1d2e3f4a5c"))
    with pytest.raises(NotFoundError, match="several run plans"):
        desk.plans.get(text[:6])
    for ref in ("", "zz", "best!"):
        with pytest.raises(NotFoundError) as caught:
            desk.plans.trades(RUN, ref, load)
        assert caught.value.code == "VARIANT_NOT_FOUND"
    assert desk.plans.trades(RUN, result.results[0].variant_id, load) == desk.plans.trades(RUN, "baseline", load)


def test_without_a_score_there_is_no_best() -> None:
    desk = memory_desk()
    result = desk.plans.run(spec(enabled=False), DATA, SWEEP, objective="sharpe")
    assert result.best_variant_id is None
    with pytest.raises(NotFoundError, match="no variant has a score"):
        desk.plans.trades(result.run_plan_id, "best", load)


def test_the_list_is_newest_first_and_can_be_cut() -> None:
    desk = memory_desk()
    ids = [run(desk, journal="summary").run_plan_id for _ in range(3)]
    run(desk, run_plan_id=RUN, watch=Stop(0))
    assert [each.run_plan_id for each in desk.plans.all()] == [RUN, *reversed(ids)]
    assert [each.run_plan_id for each in desk.plans.all(limit=2, status="completed")] == [ids[2], ids[1]]
    assert desk.plans.find_same(desk.plans.get(ids[0]).fingerprint) == ids


def test_events_are_paged_and_counted() -> None:
    desk = memory_desk()
    run(desk, run_plan_id=RUN)
    run(desk)  # another plan's events are not among them
    every = desk.plans.events(RUN, newest_first=True)
    assert desk.plans.event_count(RUN) == len(every) == len(desk.plans.get(RUN).results) + 2
    paged, before = [], None
    while page := desk.plans.events(RUN, limit=3, newest_first=True, before=before):
        paged += page
        before = page[-1].seq
    assert paged == every


def test_variants_stay_out_of_the_list_and_in_the_journal() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    result = run(desk)
    workspace_id = result.results[0].workspace_id
    with store.read() as views:
        events = views.events(EventFilter(workspace_id), limit=None)
    assert [event.row.event_type for event in events[:3]] == ["WORKSPACE_CREATED", "ORDER_FILLED", "POSITION_OPENED"]
    lone = memory_desk().research.run(spec(), DATA)
    assert len(events) == 1 + 2 * 2 * lone.metrics.trade_count


@settings(max_examples=40)
@given(worlds(), st.integers(1, 3))
def test_every_world_is_exact(world: World, workers: int) -> None:
    """Full and summary, with any workers, verified, reconciled, bit for bit."""
    store = MemoryStore()
    desk = memory_desk(store)
    desk.accounts.create("model", world.starting_equity)
    text = {key: ",".join(v) if isinstance(v, list) else str(v) for key, v in world.limits.items()}
    desk.accounts.set_policy({**text, "session_tz": world.zone}, "model")
    sweep = {"risk.dollars_per_trade": [250, 4000.0], "risk.max_positions": [1, 0]}
    options: dict[str, Any] = {"like": "model", "slippage_bps": world.slippage_bps}
    made = parse_spec(world.spec)
    full = desk.plans.run(made, world.dataset, sweep, verify=3, **options)
    brief = desk.plans.run(made, world.dataset, sweep, journal="summary", workers=workers, **options)
    assert {**same(full), "verified": 0} == same(brief)
    assert desk.plans.result(full.run_plan_id) == full
    check_worlds(store, desk, full.run_plan_id)
    for name in ("baseline", full.results[1].variant_id):
        trades = [desk.plans.trades(each.run_plan_id, name, lambda data: world.dataset) for each in (full, brief)]
        assert trades[0] == trades[1]


class Looking:
    """A watch that looks, each time it is told, how many variants another process sees."""

    def __init__(self, store: MemoryStore) -> None:
        self._other, self.seen = other_desk(store), list[tuple[int, int, int]]()

    def advance(self, done: int, total: int) -> None:
        plan = self._other.plans.all()[0]
        self.seen.append((plan.done, done, total))
        assert (done == total) == (plan.status == "completed")

    def stopped(self) -> bool:
        return False


@pytest.mark.parametrize("journal", ["full", "summary"])
def test_others_see_slow_variants_come_out(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has waited for half a second is written, however few the events are."""
    monkeypatch.setattr(recorder, "STEPS", 1)
    store, clock = MemoryStore(), itertools.count(0, recorder.PATIENCE // 2)
    stamps = CountedStamps(UUID(int=3), lambda: next(clock))
    looking = Looking(store)
    Desk(store, stamps, DeskConfig(), Registry()).plans.run(spec(), DATA, SWEEP, journal=journal, watch=looking)  # type: ignore[arg-type]
    assert any(0 < written < total for written, _, total in looking.seen)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("journal", ["full", "summary"])
def test_whoever_watches_is_told_of_what_is_committed_alone(journal: str, verify: bool) -> None:
    """In twenty steps at least, and of all of it once the run has ended."""
    store = MemoryStore()
    looking = Looking(store)
    grid = {"entry.lookback_days": list(range(1, 61))}
    memory_desk(store).plans.run(spec(), DATA, grid, journal=journal, verify=verify, watch=looking)  # type: ignore[arg-type]
    assert all(written >= done for written, done, _ in looking.seen)
    told = [done for _, done, _ in looking.seen]
    total = looking.seen[-1][2]
    assert told == sorted(set(told))
    assert told[-1] == total > 60 - 1
    assert len(told) >= 20
    assert max(after - before for before, after in itertools.pairwise([0, *told])) <= total // 20
