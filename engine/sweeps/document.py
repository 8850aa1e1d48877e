"""A run plan as RUN_STARTED has it, and back; a variant's outcome as RUN_VARIANT_COMPLETED has it, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from math import isfinite
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from engine.account.metrics import Metrics
from engine.errors import ConflictError
from engine.jsontext import compact_json
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import Owner
from engine.strategies.spec import CompiledSpec, ExecutionSpec, parse_spec
from engine.sweeps.generator import Maker
from engine.sweeps.plan import RunPlan
from engine.sweeps.results import Done
from engine.validation import STORED

# a file's name may hold bytes that are no text: only escaped can SQLite keep them
_ASCII = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def plan_payload(plan: RunPlan, owner: Owner, created_at: int) -> str:
    """The payload of RUN_STARTED: what a list shows first, then all that is needed to execute the plan again."""
    account = plan.account
    return _ASCII.encode(
        {
            "owner": asdict(owner),
            "strategy_id": plan.base.spec.strategy_id,
            "objective": plan.objective,
            "journal": plan.journal,
            "variants_count": len(plan.variants),
            "variants_dropped": plan.variants_dropped,
            "fingerprint": plan.fingerprint,
            "duplicate_of": plan.duplicate_of,
            "created_at": created_at,
            "strategy_origin": plan.origin,
            "strategy_sha256": plan.strategy_sha256,
            "starting_equity": account.starting_equity,
            "limits": account.limits.model_dump(mode="json"),
            "slippage_bps": plan.slippage_bps,
            "verify": plan.verify,
            "timeframe": plan.base.timeframe,
            "spec": plan.base.spec.model_dump(mode="json"),
            "base": plan.base.base(),
            "sweep": plan.sweep,
            "include_ablations": plan.include_ablations,
            "max_variants": plan.max_variants,
            "dataset": plan.dataset,
            "data": plan.data,
            "variants": [variant.payload() for variant in plan.variants],
        }
    )


def plan_of(document: dict[str, Any], compiled: Callable[[ExecutionSpec, str], CompiledSpec]) -> RunPlan:
    """The plan that a RUN_STARTED holds; RUN_NOT_RESUMABLE when this program makes other variants of it."""
    base = compiled(parse_spec(document["spec"], stored=True), document["timeframe"])
    maker = Maker(base)
    variants = tuple(maker.variant(named["overrides"], tuple(named["tags"])) for named in document["variants"])
    if [variant.variant_id for variant in variants] != [named["variant_id"] for named in document["variants"]]:
        raise ConflictError(
            "RUN_NOT_RESUMABLE",
            "the journal's variants are not those that this program and strategy make of the plan's spec",
            hint="run the plan anew",
        )
    return RunPlan(
        base=base,
        variants=variants,
        variants_dropped=document["variants_dropped"],
        account=account_of(document),
        dataset=document["dataset"],
        fingerprint=document["fingerprint"],
        strategy_sha256=document["strategy_sha256"],
        sweep=document["sweep"],
        include_ablations=document["include_ablations"],
        max_variants=document["max_variants"],
        objective=document["objective"],
        slippage_bps=document["slippage_bps"],
        journal=document["journal"],
        verify=document["verify"],
        data=document["data"],
        duplicate_of=tuple(document["duplicate_of"]),
        origin=document["strategy_origin"],
    )


def account_of(document: dict[str, Any]) -> Workspace:
    """What every variant begins with."""
    limits = Limits.model_validate_json(compact_json(document["limits"]), context=STORED)
    nobody = UUID(int=0)
    return Workspace(
        nobody, str(nobody), document["starting_equity"], document["created_at"], WorkspaceKind.VARIANT, limits
    )


def done_payload(done: Done, variant_id: str) -> str:
    """The payload of RUN_VARIANT_COMPLETED; ValueError when a metric is not a finite number."""
    metrics = None if done.metrics is None else vars(done.metrics)
    if metrics is not None and not _all_finite(filter(None, metrics.values())):
        raise ValueError("a metric is not finite")
    said = {
        "index": done.place,
        "variant_id": variant_id,
        "status": done.status,
        "objective_score": done.score,
        "metrics": metrics,
        "refusals": done.refusals,
        "error": done.error,
        "error_code": done.error_code,
    }
    # a quarter of the standard library's cost; but a message may hold what only that can write
    return to_json(said).decode() if done.error is None else compact_json(said)


def done_of(payload: str) -> Done:
    """How a variant came out, from RUN_VARIANT_COMPLETED."""
    said = json.loads(payload)
    metrics = None if said["metrics"] is None else Metrics.model_construct(**said["metrics"])
    return Done(
        said["index"],
        said["status"],
        said["objective_score"],
        metrics,
        said["refusals"],
        said["error"],
        said["error_code"],
    )


def _all_finite(values: Iterable[float]) -> bool:
    """Their sum is, unless one is not, or they are enormous: the sum is cheaper to ask than each."""
    known = list(values)
    return isfinite(sum(known)) or all(map(isfinite, known))
