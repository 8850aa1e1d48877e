"""The recorder: results to the journal, in plan order, many in one write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from engine.account.ledger import Fill
from engine.account.metrics import Metrics
from engine.account.state import Account
from engine.errors import ConflictError
from engine.events import CountedStamps, EventRow, EventType, Stamps
from engine.policy.workspace import Workspace
from engine.ports import Store, UnitOfWork
from engine.sweeps.objectives import objective
from engine.sweeps.plan.document import result_payload
from engine.sweeps.plan.run_plan import RunPlan, Variant, variant_workspace_id
from engine.sweeps.plan.trials import PlanTrial
from engine.sweeps.record.status import standing_of
from engine.sweeps.record.variant_world import PER_FILL, VariantWorld, variant_workspace
from engine.sweeps.results import Simulated, VariantResult, failed, recorded, unfinished
from engine.vocabulary import JournalMode

BATCH = 5_000
"""Events written at once."""

STEPS = 20
"""The least number of transactions of a watched run: progress is reported after each commit."""

PATIENCE = 500_000
"""Microseconds after which what there is is written: others see slow variants come out, and a kill loses few."""


@dataclass(frozen=True, slots=True)
class Run:
    """An execution as its owner knows it.

    `workspace_id` is the plan's, where the RUN_* events are; `begun_id` is the event that made the run this owner's;
    `first_ts` and `last_ts` are the data's first and last bar (UTC microseconds).
    """

    run_plan_id: UUID
    workspace_id: UUID
    begun_id: str
    begun_at: int
    created_at: int
    first_ts: int
    last_ts: int
    worked_before: float = 0.0
    resumed: bool = False


@dataclass(slots=True)
class _Batch:
    """The rows that the next write transaction will write."""

    workspaces: list[Workspace] = field(default_factory=list)
    rows: list[EventRow] = field(default_factory=list)
    states: list[tuple[Account, int]] = field(default_factory=list)
    """An account, and the place of its last event in `rows`"""


def run_event(
    kind: EventType, run_plan_id: UUID, workspace_id: UUID, event_id: str, now: int, payload: str, ts: int | None = None
) -> EventRow:
    """The row of a RUN_* event; `ts` defaults to `now` (UTC microseconds)."""
    return EventRow(
        event_id, str(workspace_id), kind.value, now if ts is None else ts, now, str(run_plan_id), payload=payload
    )


def check_mine(unit: UnitOfWork, run: Run) -> None:
    """RUN_TAKEN_OVER unless the run is still that of the owner who began it with `run.begun_id`."""
    standing = standing_of(unit.run_marks(str(run.run_plan_id)), str(run.run_plan_id))
    if standing.end is not None or standing.begun.event_id != run.begun_id:
        raise ConflictError(
            "RUN_TAKEN_OVER",
            f"run plan {run.run_plan_id} was resumed or ended by another process",
            hint="this one stopped without writing; `plan show` says how it stands",
        )


class Recorder:
    """Takes results in plan order; `done` has those so far, by the variant's place in the plan, from 0.

    With the journal `full`, a variant's events and its account state are committed together, in parts when there are
    many, RUN_VARIANT_COMPLETED with the last part. What a half-written variant has already is not written again.
    Variants are written in `steps` transactions at least: each costs a write to the disk.
    """

    def __init__(
        self,
        store: Store,
        stamps: Stamps,
        plan: RunPlan,
        run: Run,
        done: Mapping[int, VariantResult],
        *,
        steps: int = 1,
    ) -> None:
        self._store, self._stamps, self._plan, self._run = store, stamps, plan, run
        self._score = objective(plan.request.objective)
        self._prefix = CountedStamps(run.run_plan_id, lambda: 0).new_id()[:-12]
        self._completed = run_event(
            EventType.RUN_VARIANT_COMPLETED, run.run_plan_id, run.workspace_id, "", 0, "", run.last_ts
        )
        self._batch = _Batch()
        self._unwritten: list[int] = []
        self._look_for_events = run.resumed
        self._written_at = run.begun_at
        self._tried = PlanTrial(plan)
        self.done: dict[int, VariantResult] = dict(done)
        self.least = max(1, len(plan.variants) // steps)

    @property
    def committed(self) -> int:
        """How many variants the journal has the results of."""
        return len(self.done) - len(self._unwritten)

    def skip(self, place: int, variant: Variant) -> None:
        """A variant whose values are out of bounds."""
        self._finish(place, variant, unfinished(variant))

    def take(self, place: int, variant: Variant, simulated: Simulated) -> None:
        """What came of a variant."""
        result, workspace_id, fault = simulated.result, None, None
        if result.metrics is not None and self._plan.request.journal == JournalMode.FULL:
            workspace_id = variant_workspace_id(self._run.run_plan_id, variant.variant_id)
            fault = self._write_world(workspace_id, simulated.fills, result.metrics)
        if fault is not None:
            result = failed(variant, "INTERNAL", f"a fault in papertape itself: {fault}")
        elif result.metrics is not None:
            result = recorded(result, self._score(result.metrics), workspace_id)
        now = self._finish(place, variant, result)
        many = len(self._batch.rows) >= BATCH or len(self._unwritten) >= self.least
        if many or now - self._written_at >= PATIENCE:
            self._written_at = now
            self.flush()

    def flush(self, *last: EventRow) -> None:
        """Write all that was taken, and `last` after it, in one transaction."""
        batch = self._batch
        batch.rows += last
        if not batch.rows:
            return
        with self._store.write() as unit:
            # within the transaction: between a look and a write another process could take the run over
            check_mine(unit, self._run)
            unit.add_workspaces(batch.workspaces)
            head = unit.append(batch.rows)
            for account, place in batch.states:
                # events of one transaction are numbered without a gap, so that of each account's last one is known
                account.ledger.last_seq = head - len(batch.rows) + place + 1
                account.ledger.last_event_at = batch.rows[place].ts
            unit.replace(*(account for account, _ in batch.states))
            trial = self._tried.tried(self._run.run_plan_id, self.done, head)
            if trial is not None:
                unit.put_trial(trial)
            unit.commit()
        self._batch, self._unwritten = _Batch(), []

    def drop(self) -> None:
        """Forget what was taken and is not written; `done` is then what the journal has."""
        for place in self._unwritten:
            del self.done[place]
        self._batch, self._unwritten = _Batch(), []

    def _finish(self, place: int, variant: Variant, result: VariantResult) -> int:
        """Put a variant's result into the batch; when that was, by the wall clock."""
        now = self._stamps.now()
        try:
            payload = result_payload(place, result)
        except ValueError:  # a figure beyond the floats
            result = failed(variant, "INTERNAL", "its metrics are not finite numbers")
            payload = result_payload(place, result)
        event_id = f"{self._prefix}{place + 1:012x}"  # the database refuses a variant's second result
        self._batch.rows.append(self._completed._replace(event_id=event_id, recorded_at=now, payload=payload))
        self.done[place] = result
        self._unwritten.append(place)
        return now

    def _write_world(self, workspace_id: UUID, fills: Sequence[Fill], metrics: Metrics) -> str | None:
        """Put a variant's world into batches; what contradicts its metrics or the journal instead."""
        workspace = variant_workspace(self._plan.account, workspace_id, self._run.created_at)
        world = VariantWorld(workspace, self._plan.base.spec.strategy_id, fills)
        fault = world.fault(metrics)
        if fault is None and self._look_for_events:
            self._look_for_events = False  # variants are written in order: only the first can be half-written
            fault = self._skip_written(world)
        if fault is None:
            self._put(world)
        return fault

    def _skip_written(self, world: VariantWorld) -> str | None:
        """Skip what the journal has of a world; what contradicts it."""
        with self._store.read() as views:
            world.exists = views.workspace(world.workspace.id) is not None
            stored = [tuple(fill)[1:] for fill in views.fills(world.workspace.id)]
        if stored != [tuple(fill)[1:] for fill in world.fills[: len(stored)]]:
            return "the fills that were journaled before are not those of this execution"
        world.skip(len(stored))
        return None

    def _put(self, world: VariantWorld) -> None:
        """Put what is not journaled yet into batches, each with the account that its last fill makes."""
        now = self._stamps.now()
        # a variant that fits into a transaction is not torn in two: only a longer one is ever half-written
        if len(self._batch.rows) + PER_FILL * (len(world.fills) - world.at) > BATCH:
            self.flush()
        if not world.exists:
            self._batch.workspaces.append(world.workspace)
            self._batch.rows.append(world.created(self._run.first_ts, now))
        while world.at < len(world.fills):
            rows, account = world.advance(BATCH // PER_FILL, now)
            self._batch.rows += rows
            self._batch.states.append((account, len(self._batch.rows) - 1))
            if world.at < len(world.fills):
                self.flush()
