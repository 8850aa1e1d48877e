"""The orchestrator: a plan executed, recorded in plan order, ended by exactly one event."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from engine.errors import PapertapeError, SystemFault
from engine.events import EventType, Stamps
from engine.jsontext import compact_json
from engine.market.bars import Dataset, FloatArray
from engine.ports import Store, Unwatched, Watch
from engine.sweeps.objectives import best_of
from engine.sweeps.out_of_sample.holdout import holdout_result
from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
from engine.sweeps.out_of_sample.walk_forward import WalkForward
from engine.sweeps.plan.data import history_bars
from engine.sweeps.plan.fingerprint import differing
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.reasons import Sweep, sweep_reasons
from engine.sweeps.record.earlier_tries import earlier_sharpes
from engine.sweeps.record.lifecycle import RunWatch
from engine.sweeps.record.recorder import STEPS, Recorder, Run, run_event
from engine.sweeps.record.status import ending
from engine.sweeps.results import PlanResult, VariantResult, unfinished
from engine.sweeps.simulation.rerun import verify
from engine.sweeps.simulation.simulate import Simulation
from engine.sweeps.statistics import PlanEvidence, Worth
from engine.vocabulary import JournalMode, RunStatus


class Execution:
    """One owner's execution of a plan; `done` is what earlier owners finished."""

    def __init__(
        self,
        store: Store,
        stamps: Stamps,
        plan: RunPlan,
        run: Run,
        *,
        done: Mapping[int, VariantResult] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._store, self._stamps, self._plan, self._run = store, stamps, plan, run
        steps = 1 if watch is None else STEPS  # nobody waits for progress: as few transactions as memory allows
        self._recorder = Recorder(store, stamps, plan, run, done or {}, steps=steps)
        self._watch = RunWatch(store, stamps, run, watch)
        self._equity: dict[int, FloatArray] = {}
        self._steps = len(plan.variants)

    def execute(self, dataset: Dataset, workers: int) -> PlanResult:
        """Every variant that is not done yet. What goes wrong outside a variant ends in RUN_FAILED and is raised.

        When the watch or the journal says stop, what came out is kept and the run ends in RUN_CANCELLED; so it does
        when it is interrupted from the keyboard, and then KeyboardInterrupt goes on.
        """
        try:
            return self._execute(dataset, workers)
        except KeyboardInterrupt:
            # it may have come in the midst of a variant's rows: what is not written is dropped, and run again
            with suppress(PapertapeError):
                self._end(EventType.RUN_CANCELLED, drop=True)
            raise
        except BaseException as error:
            if getattr(error, "code", None) != "RUN_TAKEN_OVER":  # then nothing of ours is to be written
                with suppress(PapertapeError):
                    self._end(EventType.RUN_FAILED, error=error, drop=True)
            raise

    def _execute(self, dataset: Dataset, workers: int) -> PlanResult:
        plan = self._plan
        simulation = Simulation(dataset, plan.account, plan.request.slippage_bps)
        walk = self._walk(dataset, simulation)
        if not self._simulate(simulation, workers):
            return self._cancelled()
        verified = 0
        if plan.request.verify:
            # what came out stays readable when the verification fails
            self._recorder.flush()
            verified = verify(plan, dataset, simulation, self._recorder.done, self._watch)
        walked = None
        if walk is not None:
            self._recorder.flush()  # it takes long: whoever stops it loses no variant
            walked = walk.run(workers, self._watch, lambda trained: self._told(len(plan.variants) + trained))
            if walked is None:
                return self._cancelled()
        differs = self._differing()
        worth = self._worth(dataset, simulation, walked)
        self._end(EventType.RUN_COMPLETED, verified=verified, differs_from=differs, worth=worth)
        self._watch.told(self._steps, self._steps)
        return self._result(RunStatus.COMPLETED, verified, differs, worth)

    def _walk(self, dataset: Dataset, simulation: Simulation) -> WalkForward | None:
        """The walk-forward that the plan asks for, ready to run: its trainings count as steps of the execution."""
        terms = self._plan.request.walk_forward_terms()
        walk = None if terms is None else WalkForward(self._plan, terms, dataset, simulation.clock(self._plan.base))
        self._steps = len(self._plan.variants) + (0 if walk is None else walk.steps)
        return walk

    def _told(self, steps: int) -> None:
        """How far it is; the last step is told once all is written."""
        if steps < self._steps:
            self._watch.told(steps, self._steps)

    def _cancelled(self) -> PlanResult:
        self._end(EventType.RUN_CANCELLED)
        return self._result(RunStatus.CANCELLED, 0)

    def _worth(self, dataset: Dataset, simulation: Simulation, walked: WalkForwardResult | None) -> Worth:
        """What the results are worth. Variants that an earlier owner finished are traded once more for their equity."""
        plan, done = self._plan, self._recorder.done
        holding = simulation.clock(plan.base).holding
        if not plan.request.statistics:
            return Worth(holding, walk_forward=walked)
        missing = [place for place, one in done.items() if one.status == "succeeded" and place not in self._equity]
        again = [plan.variants[place] for place in missing]
        for place, simulated in zip(missing, simulation.simulate_each(again, watch=Unwatched()), strict=True):
            if simulated.equity is not None:
                self._equity[place] = simulated.equity
        best = best_of(done.values())
        of_best = next((place for place, one in done.items() if one is best), None)
        with self._store.read() as views:
            earlier = list(earlier_sharpes(views, plan, self._run.run_plan_id).values())
        evidence = PlanEvidence(plan, dataset, simulation, done, self._equity, of_best, earlier, walked)
        return Worth(holding, evidence.statistics(), walked, evidence.judged)

    def _differing(self) -> dict[str, int]:
        """The run plan that was the same and had other results, with how many variants differ."""
        if not self._plan.duplicate_of:
            return {}
        earlier = self._plan.duplicate_of[-1]
        with self._store.read() as views:
            count = differing(views, earlier, self._plan.variants, self._recorder.done)
        return {earlier: count} if count else {}

    def _simulate(self, simulation: Simulation, workers: int) -> bool:
        """Whether every variant came out."""
        plan, recorder, watch = self._plan, self._recorder, self._watch
        todo = [(place, variant) for place, variant in enumerate(plan.variants) if place not in recorder.done]
        traded = [variant for _, variant in todo if variant.spec is not None]
        if watch.stopped():
            return False
        fills = plan.request.journal == JournalMode.FULL
        came = iter(simulation.simulate_each(traded, fills=fills, workers=workers, watch=watch))
        told = recorder.committed
        for place, variant in todo:
            if variant.spec is None:
                recorder.skip(place, variant)
                continue
            simulated = next(came, None)
            if simulated is None:
                if watch.stopped():
                    return False
                raise SystemFault("INTERNAL", f"the simulation gave nothing for variant {variant.variant_id}")
            recorder.take(place, variant, simulated)
            if simulated.equity is not None:
                self._equity[place] = simulated.equity
            if told < recorder.committed:
                self._told(told := recorder.committed)
        return True

    def _end(
        self,
        kind: EventType,
        *,
        verified: int = 0,
        differs_from: dict[str, int] | None = None,
        worth: Worth | None = None,
        error: BaseException | None = None,
        drop: bool = False,
    ) -> None:
        """Write what is left to write (unless it is dropped) and the end, in one transaction."""
        run, plan, now = self._run, self._plan, self._stamps.now()
        if drop:
            self._recorder.drop()
        done = self._recorder.done
        heading = {
            "strategy_id": plan.base.spec.strategy_id,
            "objective": plan.request.objective,
            "journal": plan.request.journal,
            "variants_count": len(plan.variants),
            "fingerprint": plan.fingerprint,
        }
        worked = run.worked_before + max(0, now - run.begun_at) / 1e6
        best = best_of(done.values())
        said = ending(heading, done.values(), best, worked, verified=verified, differs_from=differs_from, error=error)
        said |= {} if worth is None else worth.document()
        event_id = self._stamps.new_id()
        self._recorder.flush(run_event(kind, run.run_plan_id, run.workspace_id, event_id, now, compact_json(said)))

    def _result(
        self, status: RunStatus, verified: int, differs: dict[str, int] | None = None, worth: Worth | None = None
    ) -> PlanResult:
        plan, run, done = self._plan, self._run, self._recorder.done
        best = best_of(done.values())
        results = [done.get(place) or unfinished(variant) for place, variant in enumerate(plan.variants)]
        return PlanResult.model_construct(
            run_plan_id=run.run_plan_id,
            fingerprint=plan.fingerprint,
            dataset_sha256=plan.dataset["sha256"],
            bar_count=plan.dataset["bar_count"],
            history_bars=history_bars(plan.dataset),
            objective=plan.request.objective,
            best_variant_id=None if best is None else best.variant_id,
            variants_dropped=plan.variants_dropped,
            results=results,
            status=status,
            duplicate_of=list(plan.duplicate_of),
            verified=verified,
            trials=plan.trials,
            differs_from=differs or {},
            reasons=sweep_reasons(results, Sweep.of(plan)),
            benchmark=None if worth is None else worth.holding,
            statistics=None if worth is None else worth.statistics,
            holdout=self._holdout(),
            walk_forward=None if worth is None else worth.walk_forward,
        )

    def _holdout(self) -> HoldoutResult | None:
        with self._store.read() as views:
            return holdout_result(views, self._plan.holdout, str(self._run.run_plan_id))
