"""Starting, taking over and cancelling an execution: each is one write transaction, so no two processes both decide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID, uuid5

from engine.broker.execute import create
from engine.errors import ConflictError
from engine.events import EventType, Stamps
from engine.jsontext import compact_json
from engine.market.bars import Dataset
from engine.payloads import stored_uuid
from engine.policy.workspace import Workspace
from engine.ports import Owner, Owners, Store, Unwatched, Views, Watch
from engine.sweeps.noise.results import told_of
from engine.sweeps.out_of_sample.holdout import Traded, opening, overlaps
from engine.sweeps.plan.document import plan_payload, with_trials
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.plan.trials import PlanTrial
from engine.sweeps.record.queries import RunRecord, find_run
from engine.sweeps.record.recorder import Run, run_event
from engine.sweeps.record.status import is_alive, owner_of, owner_said, standing_of


def begin(
    store: Store, stamps: Stamps, plan: RunPlan, dataset: Dataset, workspace: Workspace, owner: Owner, run_plan_id: UUID
) -> tuple[Run, RunPlan]:
    """RUN_STARTED, and the plan with the tries there have been on its data.

    `workspace` is the plan's, in whose journal the run is, made with it when it is not stored.
    """
    now, event_id = stamps.now(), stamps.new_id()
    # before the transaction: nobody else waits while thousands of variants are encoded
    payload = plan_payload(plan, owner, plan.account.created_at)
    with store.write() as unit:
        if unit.run_marks(str(run_plan_id)):
            raise ConflictError("RUN_EXISTS", f"there is a run plan {run_plan_id} already", hint="resume it")
        if unit.workspace(workspace.id) is None:
            create(unit, workspace, stamps)
        trials = PlanTrial(plan).count(unit.trials())
        payload = with_trials(payload, trials)
        unit.append([run_event(EventType.RUN_STARTED, run_plan_id, workspace.id, event_id, now, payload)])
        unit.commit()
    run = Run(run_plan_id, workspace.id, event_id, now, plan.account.created_at, *_extent(plan, dataset))
    return run, replace(plan, trials=trials)


def take_over(
    store: Store, stamps: Stamps, owners: Owners, plan: RunPlan, dataset: Dataset, owner: Owner, run_plan_id: UUID
) -> tuple[Run, RunRecord]:
    """RUN_RESUMED, and the run as it then stands; RUN_NOT_RESUMABLE when somebody was first."""
    with store.write() as unit:
        record = RunRecord(unit, owners, str(run_plan_id))
        check_resumable(record)
        now, event_id = stamps.now(), stamps.new_id()
        worked = record.ended(record.last_at)["worked_s"]
        said = {"owner": asdict(owner), "worked_s": worked, "done": len(record.done)}
        payload = compact_json({**said, "distributions": plan.distributions})
        unit.append([run_event(EventType.RUN_RESUMED, record.id, record.workspace_id, event_id, now, payload)])
        unit.commit()
    created_at, extent = record.document["created_at"], _extent(plan, dataset)
    run = Run(record.id, record.workspace_id, event_id, now, created_at, *extent, worked_before=worked, resumed=True)
    return run, record


def cancel(store: Store, stamps: Stamps, owners: Owners, ref: str | UUID) -> None:
    """RUN_CANCEL_REQUESTED, and RUN_CANCELLED with it when nobody is there to hear it.

    Of a run plan that is complete it is the noise test that is asked to stop.
    """
    with store.write() as unit:
        run_plan_id = find_run(unit, ref)
        standing = standing_of(unit.run_marks(run_plan_id), run_plan_id)
        status = standing.status(owner_alive=True)
        if status == "cancelled":
            return
        is_tested = status == "completed" and _is_tested(unit, owners, run_plan_id)
        if status != "running" and not is_tested:
            raise ConflictError("RUN_ENDED", f"run plan {run_plan_id} has {status}", hint="nothing is left to cancel")
        workspace_id = stored_uuid(standing.first.workspace_id, f"the workspace of run plan {run_plan_id}")
        now = stamps.now()

        def event(kind: EventType, said: Mapping[str, Any]) -> None:
            payload = compact_json(said)
            unit.append([run_event(kind, UUID(run_plan_id), workspace_id, stamps.new_id(), now, payload)])

        event(EventType.RUN_CANCEL_REQUESTED, {})
        if not is_tested and not is_alive(owners, standing, unit.run_heading(run_plan_id)):
            record = RunRecord(unit, owners, run_plan_id)
            event(EventType.RUN_CANCELLED, record.ended(record.last_at))
        unit.commit()


def check_openable(record: RunRecord) -> None:
    """HOLDOUT_NOT_OPENABLE for a run plan without a holdout, or one of which the best is not known yet."""
    if record.sealed is None:
        raise ConflictError(
            "HOLDOUT_NOT_OPENABLE",
            f"run plan {record.id} has no holdout",
            hint="keep one from the sweep with `plan run --holdout 20%`",
        )
    if record.status != "completed":
        raise ConflictError(
            "HOLDOUT_NOT_OPENABLE",
            f"run plan {record.id} is {record.status}: its best is not known yet",
            hint=f"`plan resume {record.id}` goes on with it" if record.status != "running" else "wait for its end",
        )


def open_holdout(store: Store, stamps: Stamps, record: RunRecord, best: str | None, traded: Traded) -> None:
    """RUN_HOLDOUT_OPENED, unless somebody was first; what had been done on its sessions is counted with it."""
    assert record.sealed is not None  # noqa: S101 - for the type checker: `check_openable` has looked
    run_plan_id, kind = str(record.id), EventType.RUN_HOLDOUT_OPENED
    with store.write() as unit:
        if unit.run_payloads(kind, run_plan_id):
            return
        said = opening(run_plan_id, record.sealed, overlaps(unit, record.sealed), best, traded)
        event_id = str(uuid5(record.id, kind.value))  # the database refuses a second one
        unit.append([run_event(kind, record.id, record.workspace_id, event_id, stamps.now(), compact_json(said))])
        unit.commit()


def _is_tested(views: Views, owners: Owners, run_plan_id: str) -> bool:
    """Whether somebody is at work on a noise test of a run plan: the end of a test names no owner."""
    told = told_of(views, run_plan_id)
    return bool(told) and "owner" in told[-1] and owners.alive(owner_said(told[-1]["owner"]))


def check_resumable(record: RunRecord) -> None:
    """RUN_NOT_RESUMABLE when a run is complete, or somebody is at work on it."""
    if record.status == "completed":
        raise _not_resumable(record, "is complete", "`plan show` shows its results")
    if record.status == "running":
        owner = owner_of(record.standing, record.document)
        where = f" (process {owner.pid} on {owner.host})" if owner.host else ""
        raise _not_resumable(record, f"is being executed{where}", "wait for it, or cancel it")


def _not_resumable(record: RunRecord, why: str, hint: str) -> ConflictError:
    return ConflictError("RUN_NOT_RESUMABLE", f"run plan {record.id} {why}", hint=hint)


def _extent(plan: RunPlan, dataset: Dataset) -> tuple[int, int]:
    """The first and the last bar of the plan's symbols that are traded."""
    columns = [dataset.traded(symbol).ts for symbol in plan.base.symbols]
    return min(int(ts[0]) for ts in columns), max(int(ts[-1]) for ts in columns)


LOOK_EVERY = 50_000
"""Microseconds between two looks at the journal: variants come out faster than it can be asked."""


class JournalWatch(Unwatched, ABC):
    """A `Watch` for the simulation; any thread may ask. The journal is read only when somebody has written."""

    def __init__(self, store: Store, stamps: Stamps, watch: Watch | None) -> None:
        self._store, self._stamps, self._watch = store, stamps, watch or Unwatched()
        self._version: int | None = None
        self._looked_at: int | None = None
        self._stopped = False

    def told(self, done: int, total: int) -> None:
        """`done` of `total` came out: the simulation's own steps, which `advance` hears, are passed over."""
        self._watch.advance(done, total)

    def stopped(self) -> bool:
        """Whether the caller or an event in the journal asked to stop; once true, it stays true."""
        if not self._stopped:
            self._stopped = self._watch.stopped() or self._journal_says_so()
        return self._stopped

    @abstractmethod
    def is_over(self, views: Views) -> bool:
        """Whether the journal says stop."""

    def _journal_says_so(self) -> bool:
        now = self._stamps.now()
        if self._looked_at is not None and 0 <= now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        version = self._store.data_version()
        if version == self._version:
            return False
        self._version = version
        with self._store.read() as views:
            return self.is_over(views)


class RunWatch(JournalWatch):
    """Stops an execution once it is asked to be cancelled, or is another's."""

    def __init__(self, store: Store, stamps: Stamps, run: Run, watch: Watch | None) -> None:
        super().__init__(store, stamps, watch)
        self._run = run

    def is_over(self, views: Views) -> bool:
        """Whether there is a request to cancel it, an end, or a later owner."""
        key = str(self._run.run_plan_id)
        standing = standing_of(views.run_marks(key), key)
        return standing.cancel_requested or standing.end is not None or standing.begun.event_id != self._run.begun_id
