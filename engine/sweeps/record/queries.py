"""Run plans as callers read them, from `RUN_*` events alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from engine.errors import DamageFault, NotFoundError
from engine.market.sessions import from_micros
from engine.payloads import damaged, event_named, stored_uuid
from engine.ports import Owners, RunMark, Views
from engine.sweeps.noise.results import latest_result, told_of
from engine.sweeps.objectives import best_of
from engine.sweeps.out_of_sample.holdout import holdout_result
from engine.sweeps.out_of_sample.sealed import SealedHoldout
from engine.sweeps.plan.data import history_bars
from engine.sweeps.plan.document import read_plan, read_result, trials_of, variants_of
from engine.sweeps.plan.run_plan import variant_workspace_id
from engine.sweeps.reasons import Sweep, sweep_reasons
from engine.sweeps.record.status import Standing, ending, is_alive, standing_of, standings
from engine.sweeps.results import PlanDetail, PlanResult, PlanSummary, VariantResult, recorded, unfinished
from engine.sweeps.statistics import Worth
from engine.vocabulary import RunStatus

SHORTEST_PREFIX = 4
_PLAN = (
    "strategy_id",
    "strategy_origin",
    "strategy_sha256",
    "timeframe",
    "spec",
    "base",
    "sweep",
    "include_ablations",
    "max_variants",
    "starting_equity",
    "limits",
    "slippage_bps",
    "verify",
    "dataset",
    "data",
)


class RunRecord:
    """One execution as the journal has it: how it stands, the plan's document, what came of its variants."""

    def __init__(self, views: Views, owners: Owners, run_plan_id: str) -> None:
        """DATABASE_ERROR when an event of it is damaged."""
        self.id = stored_uuid(run_plan_id, "the id of a run plan")
        self.standing = standing_of(views.run_marks(run_plan_id), run_plan_id)
        self.seq, text = views.run_document(run_plan_id)
        self.document = read_plan(text, self.seq)
        self._variants = variants_of(self.document)
        self.done = {place: self._with_workspace(result) for place, result in self._read(views, run_plan_id)}
        self.alive = is_alive(owners, self.standing, self.document)
        self.status: RunStatus = self.standing.status(self.alive)
        self.last_at = self.standing.begun.recorded_at
        if self.standing.end is None:  # an end says itself how long it took
            self.last_at = max(self.last_at, views.run_so_far(run_plan_id).last_at)
        self.sealed = SealedHoldout.read(self.document.get("holdout"))
        self.holdout = holdout_result(views, self.sealed, run_plan_id)
        self.noise_told = told_of(views, run_plan_id)
        self.workspace_id = stored_uuid(self.standing.first.workspace_id, f"the workspace of run plan {run_plan_id}")

    @property
    def variant_ids(self) -> list[str]:
        """The ids of all variants, in plan order."""
        return [variant.variant_id for variant in self._variants]

    def results(self) -> list[VariantResult]:
        """Every variant, in plan order."""
        return [self.done.get(place) or unfinished(variant) for place, variant in enumerate(self._variants)]

    def _read(self, views: Views, run_plan_id: str) -> Iterator[tuple[int, VariantResult]]:
        return (read_result(stored, self._variants) for stored in views.run_variants(run_plan_id))

    def _with_workspace(self, result: VariantResult) -> VariantResult:
        """The result, with the workspace that has its fills where they are kept."""
        if self.document["journal"] != "full" or result.status != "succeeded":
            return result
        return recorded(result, result.objective_score, variant_workspace_id(self.id, result.variant_id))

    def ended(self, now: int) -> dict[str, Any]:
        """What the end says, or would say now; nobody has worked since an interrupted run's last event."""
        if self.standing.end is not None:
            return self._end(self.standing.end)
        best = best_of(self.done.values())
        worked = self.standing.worked(now if self.alive else self.last_at)
        return ending(self.document, self.done.values(), best, worked)

    def _end(self, end: RunMark) -> dict[str, Any]:
        said = self.standing.ended
        best = said["best_variant_id"]
        if best is not None and best not in self.variant_ids:
            raise damaged(
                event_named(end.seq, end.event_type), f"the plan has no variant {best!r}, which it calls best"
            )
        return said

    def result(self) -> PlanResult:
        """As the execution itself returned it."""
        ended = self.ended(self.last_at)
        return PlanResult.model_construct(
            run_plan_id=self.id,
            objective=self.document["objective"],
            best_variant_id=ended["best_variant_id"],
            status=self.status,
            **self._outcome(ended),
        )

    def detail(self, now: int) -> PlanDetail:
        """The summary with the plan and every result."""
        document, ended = self.document, self.ended(now)
        return PlanDetail.model_construct(
            **_summary(self.id, self.standing, self.status, ended),
            workspace_id=self.workspace_id,
            plan={name: document[name] for name in _PLAN} | self._later(),
            **self._outcome(ended),
        )

    def _later(self) -> dict[str, Any]:
        """What older plans have not."""
        document = self.document
        return {
            "distributions": document.get("distributions", {}),
            "holdout": None if self.sealed is None else document["holdout"]["asked"],
            "walk_forward": document.get("walk_forward"),
            "sample": document.get("sample"),
            "refines": document.get("refines"),
        }

    def _outcome(self, ended: Mapping[str, Any]) -> dict[str, Any]:
        """What a result and a detail have in common."""
        document, results, trials = self.document, self.results(), trials_of(self.document)
        best = next((one.metrics for one in results if one.variant_id == ended["best_variant_id"]), None)
        worth = Worth.read(ended).with_holdout(self.holdout, best, trials)
        return {
            "fingerprint": document["fingerprint"],
            "dataset_sha256": document["dataset"]["sha256"],
            "bar_count": document["dataset"]["bar_count"],
            "history_bars": history_bars(document["dataset"]),
            "variants_dropped": document["variants_dropped"],
            "results": results,
            "duplicate_of": document["duplicate_of"],
            "verified": ended["verified"],
            "trials": trials,
            "differs_from": ended.get("differs_from", {}),
            "reasons": self._reasons(results),
            "benchmark": worth.holding,
            "statistics": worth.statistics,
            "holdout": self.holdout,
            "walk_forward": worth.walk_forward,
            "noise": latest_result(self.noise_told),
        }

    def _reasons(self, results: list[VariantResult]) -> list[str]:
        """Sentences that explain why variants traded little; empty when the plan's limits cannot be read."""
        try:
            return sweep_reasons(results, Sweep.read(self.document))
        except DamageFault:  # limits that cannot be read explain nothing; the results can be looked at
            return []


def summaries(
    views: Views,
    owners: Owners,
    now: int,
    *,
    limit: int | None = None,
    status: str | None = None,
    workspace_id: UUID | None = None,
) -> list[PlanSummary]:
    """Run plans, of all workspaces or of one, newest first.

    A finished one is read from its end; of the others, only what a list shows.
    """
    found: list[PlanSummary] = []
    for run_plan_id, standing in reversed(standings(views.run_marks()).items()):
        if limit is not None and len(found) >= limit:
            break
        if workspace_id is not None and standing.first.workspace_id != str(workspace_id):
            continue
        if standing.end is not None:
            state, ended = standing.status(False), standing.ended
        else:
            heading = views.run_heading(run_plan_id)
            alive = is_alive(owners, standing, heading)
            state, ended = standing.status(alive), _so_far(views, run_plan_id, heading, standing, now, alive=alive)
        if status is None or state == status:
            known_as = stored_uuid(run_plan_id, "the id of a run plan")
            found.append(PlanSummary.model_construct(**_summary(known_as, standing, state, ended)))
    return found


def _so_far(
    views: Views, run_plan_id: str, heading: dict[str, Any], standing: Standing, now: int, *, alive: bool
) -> dict[str, Any]:
    counts, best_variant_id, best_score, last_at = views.run_so_far(run_plan_id)
    return {
        **heading,
        "done": sum(counts.values()),
        "failed": counts.get("failed", 0),
        "skipped": counts.get("skipped", 0),
        "best_variant_id": best_variant_id,
        "best_score": best_score,
        "worked_s": standing.worked(now if alive else last_at),
        "error": None,
        "error_code": None,
    }


def _summary(run_plan_id: UUID, standing: Standing, status: RunStatus, ended: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_plan_id": run_plan_id,
        "status": status,
        "strategy_id": ended["strategy_id"],
        "variants": ended["variants_count"],
        "done": ended["done"],
        "failed": ended["failed"],
        "skipped": ended["skipped"],
        "objective": ended["objective"],
        "best_variant_id": ended["best_variant_id"],
        "best_score": ended["best_score"],
        "started_at": from_micros(standing.first.recorded_at),
        "duration_s": ended["worked_s"],
        "journal": ended["journal"],
        "error": ended["error"],
        "error_code": ended["error_code"],
    }


def find_run(views: Views, ref: str | UUID) -> str:
    """The id of the run plan that an id, or an unambiguous beginning of one, names; RUN_PLAN_NOT_FOUND."""
    text = str(ref).strip().lower()
    wanted = _hyphenated(text) if len(text) >= SHORTEST_PREFIX else None
    found = views.run_plans(wanted, 2) if wanted is not None else []
    if len(found) == 1:
        return found[0]
    if len(text) < SHORTEST_PREFIX:
        why = f"{text!r} is too short to name a run plan"
    else:
        why = f"several run plans begin with {text!r}" if found else f"there is no run plan {text!r}"
    raise NotFoundError("RUN_PLAN_NOT_FOUND", why, hint="`plan list` shows their ids")


def find_variant(ref: str, variant_ids: list[str], best: str | None) -> int:
    """The place of the variant that an id, the beginning of one, `best` or `baseline` names; VARIANT_NOT_FOUND."""
    text = ref.strip().lower()
    if text == "baseline":
        return 0
    if text == "best":
        if best is not None:
            return variant_ids.index(best)
        raise NotFoundError("VARIANT_NOT_FOUND", "no variant has a score, so none is best", hint="name one by its id")
    found = [index for index, variant_id in enumerate(variant_ids) if variant_id.startswith(text)] if text else []
    if len(found) != 1:
        why = f"several variants begin with {text!r}" if found else f"the run plan has no variant {ref!r}"
        raise NotFoundError("VARIANT_NOT_FOUND", why, hint="`plan show` lists them; `best` and `baseline` name one too")
    return found[0]


def _hyphenated(text: str) -> str | None:
    """A beginning of a UUID as the journal writes it; None when it cannot be one."""
    digits = text.replace("-", "")
    if not digits or len(digits) > 32 or any(char not in "0123456789abcdef" for char in digits):
        return None
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(part for part in parts if part)
