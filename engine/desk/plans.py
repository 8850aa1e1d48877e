"""Sweeps: generating, executing, resuming, cancelling and reading run plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.account.ledger import Trade
from engine.broker.replay import replayed
from engine.desk.accounts import Accounts, EquityPoint, TradeView
from engine.desk.journal import EventView
from engine.desk.research import Distributions, Research, SourceSha256, check_window, moved, recalled
from engine.drivers.backtest import closed_workspace
from engine.drivers.trial import bars_sha256, traded_span
from engine.errors import DataError, InvalidError, NotFoundError
from engine.events import EventType, Stamps
from engine.market.bars import Dataset
from engine.market.sessions import from_micros
from engine.payloads import damaged, stored_uuid
from engine.policy.workspace import Workspace, WorkspaceKind, check_open
from engine.ports import EventFilter, Owners, Store, Watch
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from engine.sweeps.noise.results import NoiseResult
from engine.sweeps.orchestrator import Execution
from engine.sweeps.out_of_sample.holdout import trade
from engine.sweeps.out_of_sample.sealed import SealedHoldout, check_folds, out_of_sample, seen_by_sweep
from engine.sweeps.plan.data import describe, same_data
from engine.sweeps.plan.document import plan_of
from engine.sweeps.plan.fingerprint import fingerprint
from engine.sweeps.plan.generator import Generated, generate
from engine.sweeps.plan.neighbourhood import BETWEEN, neighbourhood
from engine.sweeps.plan.request import SweepRequest
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.record.lifecycle import begin, cancel, check_openable, check_resumable, open_holdout, take_over
from engine.sweeps.record.noise_tests import NoiseTest, check_has_best, check_testable
from engine.sweeps.record.queries import RunRecord, find_run, find_variant, summaries
from engine.sweeps.results import PlanDetail, PlanResult, PlanSummary, trades_of
from engine.sweeps.simulation.rerun import SessionCurves, came_out_otherwise, session_curves
from engine.sweeps.simulation.simulate import Simulation
from engine.vocabulary import NOISE_DRAWS

if TYPE_CHECKING:
    import pandas as pd

Load = Callable[[Mapping[str, Any]], Dataset]
"""Loads a dataset again from the `data` that the run was started with."""


class Plans:
    """Run plans are named by id or its first 4 characters or more; variants too, or by `best` or `baseline`."""

    def __init__(
        self,
        store: Store,
        stamps: Stamps,
        accounts: Accounts,
        research: Research,
        owners: Owners,
        source_sha256: SourceSha256,
        distributions: Distributions,
    ) -> None:
        self._store, self._stamps = store, stamps
        self._accounts, self._research = accounts, research
        self._owners, self._source_sha256, self._distributions = owners, source_sha256, distributions

    def generate(self, spec: ExecutionSpec, sweep: Mapping[str, Sequence[Any]], **terms: Any) -> Generated:
        """The same as `variants`; `terms` are further fields of `SweepRequest`."""
        return self.variants(SweepRequest(spec=spec, sweep=sweep, **terms))

    def variants(self, request: SweepRequest) -> Generated:
        """The variants of a sweep. Nothing is executed or written. INVALID_SPEC, STRATEGY_NOT_FOUND,
        WORKSPACE_NOT_FOUND.
        """
        self._accounts.require(request.workspace)
        return _generated(self._research.compile(request.spec, request.timeframe), request)

    def run(
        self,
        spec: ExecutionSpec,
        dataset: Dataset,
        sweep: Mapping[str, Sequence[Any]],
        *,
        workers: int = 1,
        watch: Watch | None = None,
        to_create: Workspace | None = None,
        **terms: Any,
    ) -> PlanResult:
        """The same as `execute`; `terms` are further fields of `SweepRequest`."""
        request = SweepRequest(spec=spec, sweep=sweep, **terms)
        return self.execute(request, dataset, workers=workers, watch=watch, to_create=to_create)

    def execute(
        self,
        request: SweepRequest,
        dataset: Dataset,
        *,
        workers: int = 1,
        watch: Watch | None = None,
        to_create: Workspace | None = None,
    ) -> PlanResult:
        """Generate, record and execute a sweep.

        `to_create` is the plan's workspace if it is missing: it is stored with the start of the run. A run that the
        watch or a `cancel` stops returns the results so far, with the status `cancelled`. An error before the start is
        raised with nothing written; a later one outside a variant is journaled as RUN_FAILED and raised.
        """
        request.check()
        return self._executed(self._planned(request, dataset, to_create), dataset, workers, watch, to_create)

    def _executed(
        self, plan: RunPlan, dataset: Dataset, workers: int, watch: Watch | None, to_create: Workspace | None = None
    ) -> PlanResult:
        request, seen = plan.request, seen_by_sweep(plan.holdout, dataset)
        self._research.registry.remember(plan.base.strategy)
        owner = self._owners.claim()
        try:
            fresh = request.run_plan_id or UUID(self._stamps.new_id())
            home = (
                self._accounts.ensure_default(request.workspace) if to_create is None else self._unless_there(to_create)
            )
            run, plan = begin(self._store, self._stamps, plan, seen, check_open(home), owner, fresh)
            return Execution(self._store, self._stamps, plan, run, watch=watch).execute(seen, workers)
        finally:
            self._owners.release(owner)

    def _planned(
        self,
        request: SweepRequest,
        dataset: Dataset,
        to_create: Workspace | None = None,
        account: Workspace | None = None,
    ) -> RunPlan:
        """The plan of a request, whose variants begin with `account` where one is given."""
        compiled = self._compiled(request.spec, dataset, request.timeframe)
        holdout = None if request.holdout is None else SealedHoldout.of(request.holdout, compiled, dataset)
        seen = seen_by_sweep(holdout, dataset)
        if holdout is not None:
            check_window(seen, compiled.symbols, "begin the holdout later, or leave the symbol out")
        check_folds(request, compiled, seen)
        made = _generated(compiled, request)
        if account is None:
            lent = None if request.like is not None else to_create
            model = self._accounts.require(request.model) if lent is None else self._unless_there(lent)
            account = _account(model, seen.session_tz, self._stamps.now())
        kind = type(compiled.strategy)
        described, source = describe(seen), self._source_sha256(kind)
        asked = out_of_sample(request, holdout)
        mark = fingerprint(compiled, made.variants, described, account, request.slippage_bps, source, asked)
        first, last = traded_span(compiled, seen)
        return RunPlan(
            request=replace(
                request, sweep=made.sweep, slippage_bps=float(request.slippage_bps), data=dict(request.data)
            ),
            base=compiled,
            variants=made.variants,
            variants_dropped=made.dropped,
            account=account,
            dataset=described,
            fingerprint=mark,
            strategy_sha256=source,
            duplicate_of=tuple(str(found) for found in self.find_same(mark)),
            origin=self._research.registry.entry(request.spec.strategy_id).origin,
            bars_sha256=bars_sha256(compiled, seen),
            first_ts=first,
            last_ts=last,
            distributions=dict(self._distributions(kind)),
            holdout=holdout,
        )

    def resume(
        self, run_plan_id: str | UUID, load: Load, *, workers: int = 1, watch: Watch | None = None
    ) -> PlanResult:
        """Continue a run that was interrupted, cancelled or failed, under its id; finished variants are not run again.

        Raises RUN_PLAN_NOT_FOUND, RUN_NOT_RESUMABLE if it is complete or a process is running it, DATASET_CHANGED or
        STRATEGY_CHANGED, each with nothing written.
        """
        record = self._record(run_plan_id)
        check_resumable(record)
        plan = self._plan(record)
        dataset = self._loaded(record, load)
        plan = replace(plan, distributions=dict(self._distributions(type(plan.base.strategy))))
        owner = self._owners.claim()
        try:
            run, record = take_over(self._store, self._stamps, self._owners, plan, dataset, owner, record.id)
            execution = Execution(self._store, self._stamps, plan, run, done=record.done, watch=watch)
            return execution.execute(dataset, workers)
        finally:
            self._owners.release(owner)

    def open(self, run_plan_id: str | UUID, load: Load) -> PlanResult:
        """Open the holdout of a completed run plan: trade the best and the baseline on it, once, and judge anew.

        What comes out is journaled; opened again, a plan has the same result. Raises RUN_PLAN_NOT_FOUND,
        HOLDOUT_NOT_OPENABLE, DATASET_CHANGED or STRATEGY_CHANGED, each with nothing written.
        """
        record = self._record(run_plan_id)
        check_openable(record)
        if record.holdout is not None and not record.holdout.opened:
            plan, whole = self._plan(record), load(record.document["data"])
            holdout = plan.holdout
            assert holdout is not None  # noqa: S101 - for the type checker: the record has it
            _check_same(record, holdout.seen(whole), plan.dataset)
            _check_same(record, holdout.opened(whole), holdout.dataset)
            best = record.ended(record.last_at)["best_variant_id"]
            traded = trade(plan, holdout, whole, best)
            open_holdout(self._store, self._stamps, record, best, traded)
        return self.result(record.id)

    def refine(
        self,
        run_plan_id: str | UUID,
        load: Load,
        *,
        between: int = BETWEEN,
        sample: int | None = None,
        workers: int = 1,
        watch: Watch | None = None,
        new_id: UUID | None = None,
    ) -> PlanResult:
        """Execute a new plan in the neighbourhood of a completed plan's best, with the same terms, data and account.

        Each swept number takes `between` values on either side of the best's, up to the next one that was tried. The
        new variants count as tries like any other. Raises RUN_PLAN_NOT_FOUND, RUN_NOT_COMPLETE, INVALID_SPEC where
        nothing new would be tried, DATASET_CHANGED or STRATEGY_CHANGED, each with nothing written.
        """
        record = self._record(run_plan_id)
        check_has_best(record)
        old = self._plan(record)
        best = next(one for one in old.variants if one.variant_id == record.ended(record.last_at)["best_variant_id"])
        request = replace(
            old.request,
            sweep=neighbourhood(old.base, old.request.sweep, best.overrides, between),
            sample=sample,
            refines=str(record.id),
            workspace=record.workspace_id,
            run_plan_id=new_id,
        )
        whole = load(record.document["data"])
        _check_same(record, seen_by_sweep(record.sealed, whole), record.document["dataset"])
        self.know_strategy(record.id)
        plan = self._planned(request, whole, account=replace(old.account, created_at=self._stamps.now()))
        return self._executed(plan, whole, workers, watch)

    def noise(
        self,
        run_plan_id: str | UUID,
        load: Load,
        *,
        draws: int = NOISE_DRAWS,
        workers: int = 1,
        watch: Watch | None = None,
    ) -> NoiseResult:
        """Run a completed plan again on shuffled bars, so many times, and say how often the best there is as good.

        Draws that came out before, of a test that was stopped or had fewer, are not run again. A test that the watch or
        a `cancel` stops returns the scores so far, with `p_noise` None. Raises RUN_PLAN_NOT_FOUND, RUN_NOT_COMPLETE,
        INVALID_SPEC, DATASET_CHANGED or STRATEGY_CHANGED, each with nothing written; INVALID_DATA where prices lie too
        far apart to be shuffled.
        """
        record = self._record(run_plan_id)
        check_testable(record, draws)
        test = NoiseTest(self._store, self._stamps, record, draws)
        if test.is_known:
            return test.answer()
        plan = self._plan(record)
        dataset = self._loaded(record, load)
        owner = self._owners.claim()
        try:
            return test.run(plan, dataset, owner, workers, watch)
        finally:
            self._owners.release(owner)

    def know_strategy(self, run_plan_id: str | UUID) -> dict[str, tuple[str, str | None]]:
        """Register the strategy that a run plan was started with, unless it is registered.

        Returns the packages it imports whose versions have changed, by name: then and now. That is not refused. Raises
        RUN_PLAN_NOT_FOUND, STRATEGY_CHANGED, STRATEGY_UNTRUSTED or STRATEGY_NOT_FOUND.
        """
        record = self._record(run_plan_id)
        strategy = recalled(self._research.registry, self._source_sha256, record)
        self._research.registry.adopt(strategy, record.document["strategy_origin"])
        return moved(record.document.get("distributions", {}), self._distributions(type(strategy)))

    def cancel(self, run_plan_id: str | UUID) -> None:
        """Request a run to stop, in whichever process; one whose owner is not running is cancelled at once.

        Raises RUN_PLAN_NOT_FOUND, or RUN_ENDED if it completed or failed. Cancelling a cancelled run changes nothing.
        """
        cancel(self._store, self._stamps, self._owners, run_plan_id)

    def all(
        self, *, limit: int | None = None, status: str | None = None, workspace: str | UUID | None = None
    ) -> list[PlanSummary]:
        """Run plans of one workspace or of all, newest first, read from `RUN_*` events alone."""
        home = None if workspace is None else self._accounts.require(workspace).id
        with self._store.read() as views:
            now = self._stamps.now()
            return summaries(views, self._owners, now, limit=limit, status=status, workspace_id=home)

    def get(self, run_plan_id: str | UUID) -> PlanDetail:
        """A run plan and every variant's result. Raises RUN_PLAN_NOT_FOUND."""
        return self._record(run_plan_id).detail(self._stamps.now())

    def result(self, run_plan_id: str | UUID) -> PlanResult:
        """The result that `run` returned, or would return now, from events. Raises RUN_PLAN_NOT_FOUND."""
        return self._record(run_plan_id).result()

    def trades(self, run_plan_id: str | UUID, variant: str, load: Load) -> list[TradeView]:
        """A variant's round trips: from its workspace's fills, or recomputed if the journal has none.

        Raises RUN_PLAN_NOT_FOUND, VARIANT_NOT_FOUND (a skipped, failed or pending variant has no trades), and when
        recomputing DATASET_CHANGED or STRATEGY_CHANGED.
        """
        return [TradeView.of(trade) for trade in self._trades(self._record(run_plan_id), variant, load)]

    def dataset(self, run_plan_id: str | UUID, load: Load) -> Dataset:
        """The bars that the plan's sweep saw, loaded again. RUN_PLAN_NOT_FOUND; DATASET_CHANGED if they differ."""
        return self._loaded(self._record(run_plan_id), load)

    def equity(self, run_plan_id: str | UUID, variant: str, load: Load) -> list[EquityPoint]:
        """A variant's trade-equity curve, made from the trades that `trades` returns."""
        record = self._record(run_plan_id)
        trades = self._trades(record, variant, load)
        start = EquityPoint(ts=None, equity=record.document["starting_equity"])
        return [start, *(EquityPoint(ts=from_micros(trade.exit_ts), equity=trade.equity) for trade in trades)]

    def session_curves(self, run_plan_id: str | UUID, variants: Sequence[str], load: Load) -> SessionCurves:
        """Equity at the end of every session of some variants, and of buying and holding; variants as in `trades`.

        The journal does not keep these curves: the variants are run again, and must come out with the same metrics.
        One that did not succeed has none. RUN_PLAN_NOT_FOUND, VARIANT_NOT_FOUND, DATASET_CHANGED, STRATEGY_CHANGED,
        VERIFY_FAILED.
        """
        record = self._record(run_plan_id)
        best = record.ended(self._stamps.now())["best_variant_id"]
        places = {find_variant(ref, record.variant_ids, best) for ref in variants}
        return self._curves(record, sorted(places), load)

    def equity_frame(self, run_plan_id: str | UUID, dataset: Dataset) -> pd.DataFrame:
        """Equity at the end of every session: a row a session, a column a variant that succeeded, by its id.

        The journal does not keep these curves: the variants are run again, and must come out with the same metrics.
        DATASET_CHANGED, STRATEGY_CHANGED, VERIFY_FAILED. pandas is imported when this is called.
        """
        import pandas  # noqa: PLC0415 - slow to import, and few need it

        record = self._record(run_plan_id)
        curves = self._curves(record, sorted(record.done), lambda _: dataset)
        days = curves.sessions.astype("datetime64[D]")
        return pandas.DataFrame(curves.equity, index=pandas.DatetimeIndex(days, name="session"))

    def returns_frame(self, run_plan_id: str | UUID, dataset: Dataset) -> pd.DataFrame:
        """Session returns, from `equity_frame`; the first one is from the starting equity."""
        equity = self.equity_frame(run_plan_id, dataset)
        before = equity.shift(1, fill_value=self._record(run_plan_id).document["starting_equity"])
        return equity / before - 1

    def events(
        self,
        run_plan_id: str | UUID,
        *,
        limit: int | None = None,
        newest_first: bool = False,
        before: int | None = None,
    ) -> list[EventView]:
        """A run plan's `RUN_*` events; with `before`, those with a smaller `seq`."""
        with self._store.read() as views:
            where = replace(_events_of(find_run(views, run_plan_id)), before=before)
            stored = views.events(where, limit=limit, newest_first=newest_first)
        return [EventView.of(event) for event in stored]

    def event_count(self, run_plan_id: str | UUID) -> int:
        """How many `RUN_*` events a run plan has."""
        with self._store.read() as views:
            return views.event_count(_events_of(find_run(views, run_plan_id)))

    def find_same(self, mark: str) -> list[UUID]:
        """Completed run plans with this fingerprint, in the order of their ends: their results are the same."""
        with self._store.read() as views:
            return [stored_uuid(found, "the id of a run plan") for found in views.run_plans_with(mark)]

    def _unless_there(self, to_create: Workspace) -> Workspace:
        """The stored workspace with that id, else `to_create` itself."""
        return self._accounts.find(to_create.id) or to_create

    def _compiled(self, spec: ExecutionSpec, dataset: Dataset, timeframe: str) -> CompiledSpec:
        absent = [symbol for symbol in spec.symbols if symbol not in dataset.bars]
        if absent:
            faults = [f"the data have no symbol {symbol!r}" for symbol in absent]
            raise DataError(faults[0], faults=faults, hint="name the file with SYMBOL=FILE")
        check_window(dataset, spec.symbols)
        return self._research.compile(spec, timeframe)

    def _record(self, ref: str | UUID) -> RunRecord:
        with self._store.read() as views:
            return RunRecord(views, self._owners, find_run(views, ref))

    def _plan(self, record: RunRecord) -> RunPlan:
        """The plan, built again from its document. Raises STRATEGY_CHANGED if it would differ."""
        strategy = recalled(self._research.registry, self._source_sha256, record)
        return plan_of(record.document, record.seq, lambda spec, timeframe: compile_spec(spec, strategy, timeframe))

    def _loaded(self, record: RunRecord, load: Load) -> Dataset:
        """What the plan's sweep saw, loaded again. Raises DATASET_CHANGED if it differs."""
        dataset = seen_by_sweep(record.sealed, load(record.document["data"]))
        _check_same(record, dataset, record.document["dataset"])
        return dataset

    def _trades(self, record: RunRecord, ref: str, load: Load) -> list[Trade]:
        place = find_variant(ref, record.variant_ids, record.ended(self._stamps.now())["best_variant_id"])
        result = record.results()[place]
        if result.metrics is None:
            raise NotFoundError(
                "VARIANT_NOT_FOUND", f"variant {result.variant_id} has no trades: it is {result.status}"
            )
        if result.workspace_id is not None:
            return self._journaled(result.workspace_id)
        plan = self._plan(record)
        simulation = Simulation(self._loaded(record, load), plan.account, plan.request.slippage_bps)
        simulated = simulation.simulate(plan.variants[place])
        if simulated.result.metrics != result.metrics:
            raise came_out_otherwise(result.variant_id)
        return trades_of(plan.account.starting_equity, simulated.fills)

    def _curves(self, record: RunRecord, places: Sequence[int], load: Load) -> SessionCurves:
        plan = self._plan(record)
        simulation = Simulation(self._loaded(record, load), plan.account, plan.request.slippage_bps)
        return session_curves(plan, simulation, record.done, places)

    def _journaled(self, workspace_id: UUID) -> list[Trade]:
        trades: list[Trade] = []
        with self._store.read() as views:
            workspace = views.workspace(workspace_id)
            if workspace is None:
                raise damaged(f"workspace {workspace_id}", "it is not there, and was written with its variant's result")
            replayed(views, workspace, trades)
        return trades


def _check_same(record: RunRecord, dataset: Dataset, described: dict[str, Any]) -> None:
    """DATASET_CHANGED unless these are the data that a run plan was started on."""
    if not same_data(describe(dataset), described):
        raise InvalidError(
            "DATASET_CHANGED",
            f"the data are not those that run plan {record.id} was started on",
            hint="put the file back as it was, or run the plan anew",
        )


def _events_of(run_plan_id: str) -> EventFilter:
    kinds = tuple(kind.value for kind in EventType if kind.value.startswith("RUN_"))
    return EventFilter(types=kinds, correlation_id=run_plan_id)


def _account(model: Workspace, session_tz: str, created_at: int) -> Workspace:
    """The account that every variant starts with: the model's equity, limits and fees, in the data's session zone."""
    fresh = closed_workspace(UUID(int=0), model, session_tz, created_at)
    return replace(fresh, kind=WorkspaceKind.VARIANT)


def _generated(compiled: CompiledSpec, request: SweepRequest) -> Generated:
    return generate(
        compiled,
        request.sweep,
        include_ablations=request.include_ablations,
        max_variants=request.max_variants,
        sample=request.sample,
    )
