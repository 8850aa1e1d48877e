"""A run plan as RUN_STARTED has it, and back; a variant's result as RUN_VARIANT_COMPLETED has it, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from engine.account.metrics import Metrics
from engine.drivers.short_history import ShortHistory
from engine.drivers.trial import TrialCount, traded_window
from engine.errors import ConflictError, InvalidError
from engine.events import EventType
from engine.jsontext import compact_json
from engine.market.sessions import to_micros
from engine.payloads import damaged, event_named, read_payload
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import Owner, StoredPayload
from engine.strategies.spec import CompiledSpec, ExecutionSpec, as_tuples, parse_spec
from engine.sweeps.out_of_sample.sealed import SealedHoldout
from engine.sweeps.plan.generator import Maker
from engine.sweeps.plan.overrides import overrides_of
from engine.sweeps.plan.request import SweepRequest
from engine.sweeps.plan.run_plan import RunPlan, Variant
from engine.sweeps.results import VariantResult, result_of
from engine.validation import STORED, faults_of

# a file's name may hold bytes that are no text: only escaped can SQLite keep them
_ASCII = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def plan_payload(plan: RunPlan, owner: Owner, created_at: int) -> str:
    """The payload of RUN_STARTED: what a list shows first, then all that is needed to execute the plan again.

    `with_trials` adds the tries: they are counted in the transaction that writes it.
    """
    account = plan.account
    return _ASCII.encode(
        {
            "owner": asdict(owner),
            "strategy_id": plan.base.spec.strategy_id,
            "objective": plan.request.objective,
            "journal": plan.request.journal,
            "variants_count": len(plan.variants),
            "variants_dropped": plan.variants_dropped,
            "fingerprint": plan.fingerprint,
            "duplicate_of": plan.duplicate_of,
            "created_at": created_at,
            "strategy_origin": plan.origin,
            "strategy_sha256": plan.strategy_sha256,
            "starting_equity": account.starting_equity,
            "limits": account.limits.model_dump(mode="json"),
            "slippage_bps": plan.request.slippage_bps,
            "verify": plan.request.verify,
            "statistics": plan.request.statistics,
            "timeframe": plan.base.timeframe,
            "spec": plan.base.spec.model_dump(mode="json"),
            "base": plan.base.base(),
            "sweep": plan.request.sweep,
            "include_ablations": plan.request.include_ablations,
            "max_variants": plan.request.max_variants,
            "sample": plan.request.sample,
            "refines": plan.request.refines,
            "dataset": plan.dataset,
            "data": plan.request.data,
            "bars_sha256": plan.bars_sha256,
            "window": traded_window(plan.first_ts, plan.last_ts),
            "distributions": plan.distributions,
            "holdout": None if plan.holdout is None else {"asked": plan.request.holdout, **plan.holdout.document()},
            "walk_forward": plan.request.walk_forward,
            "variants": [variant.payload() for variant in plan.variants],
        }
    )


def with_trials(payload: str, trials: TrialCount) -> str:
    """The payload of RUN_STARTED with the tries there have been: it is not encoded again while others wait."""
    return f'{payload.removesuffix("}")},"trials":{trials.model_dump_json()}}}'


def trials_of(document: Mapping[str, Any]) -> TrialCount | None:
    """The tries there had been when a plan was started; None of one that was begun before they were counted."""
    said = document.get("trials")
    return None if said is None else TrialCount.model_construct(**said)


def plan_of(document: dict[str, Any], seq: int, compiled: Callable[[ExecutionSpec, str], CompiledSpec]) -> RunPlan:
    """The plan that a RUN_STARTED holds; RUN_NOT_RESUMABLE when this program makes other variants of it.

    DATABASE_ERROR when its spec or its limits are none.
    """
    where = event_named(seq, EventType.RUN_STARTED)
    try:
        spec = parse_spec(document["spec"], stored=True)
    except InvalidError as error:
        raise damaged(where, error.message) from error
    base = compiled(spec, document["timeframe"])
    maker = Maker(base)
    variants = tuple(
        maker.variant(overrides_of(named["overrides"]), tuple(named["tags"])) for named in document["variants"]
    )
    if [variant.variant_id for variant in variants] != [named["variant_id"] for named in document["variants"]]:
        raise ConflictError(
            "RUN_NOT_RESUMABLE",
            "the journal's variants are not those that this program and strategy make of the plan's spec",
            hint="run the plan anew",
        )
    return RunPlan(
        request=_request_of(document, spec),
        base=base,
        variants=variants,
        variants_dropped=document["variants_dropped"],
        account=account_of(document, where),
        dataset=document["dataset"],
        fingerprint=document["fingerprint"],
        strategy_sha256=document["strategy_sha256"],
        duplicate_of=tuple(document["duplicate_of"]),
        origin=document["strategy_origin"],
        bars_sha256=document.get("bars_sha256", {}),
        first_ts=_bound(document, "from"),
        last_ts=_bound(document, "to"),
        trials=trials_of(document),
        distributions=document.get("distributions", {}),
        holdout=SealedHoldout.read(document.get("holdout")),
    )


def read_plan(text: str, seq: int) -> dict[str, Any]:
    """The payload of a RUN_STARTED; DATABASE_ERROR. Values to try that are lists become tuples."""
    document = read_payload(text, EventType.RUN_STARTED, seq)
    sweep = {path: [as_tuples(value) for value in values] for path, values in document["sweep"].items()}
    return {**document, "sweep": sweep}


def _request_of(document: dict[str, Any], spec: ExecutionSpec) -> SweepRequest:
    return SweepRequest(
        spec=spec,
        sweep=document["sweep"],
        timeframe=document["timeframe"],
        objective=document["objective"],
        slippage_bps=document["slippage_bps"],
        include_ablations=document["include_ablations"],
        max_variants=document["max_variants"],
        sample=document.get("sample"),
        refines=document.get("refines"),
        journal=document["journal"],
        verify=document["verify"],
        statistics=document.get("statistics", True),
        data=document["data"],
        holdout=None if document.get("holdout") is None else document["holdout"]["asked"],
        walk_forward=document.get("walk_forward"),
    )


def _bound(document: dict[str, Any], name: str) -> int | None:
    window = document.get("window")
    return None if window is None else to_micros(datetime.fromisoformat(window[name]))


def limits_of(document: Mapping[str, Any], where: str) -> Limits:
    """Under which every variant trades; DATABASE_ERROR says `where` they are none."""
    try:
        return Limits.model_validate_json(compact_json(document["limits"]), context=STORED)
    except ValidationError as error:
        raise damaged(where, f"its limits: {faults_of(error)}") from error


def account_of(document: dict[str, Any], where: str) -> Workspace:
    """What every variant begins with; DATABASE_ERROR says `where` the limits are none."""
    limits = limits_of(document, where)
    nobody = UUID(int=0)
    return Workspace(
        nobody, str(nobody), document["starting_equity"], document["created_at"], WorkspaceKind.VARIANT, limits
    )


def variants_of(document: Mapping[str, Any]) -> list[Variant]:
    """A plan's variants as RUN_STARTED has them, in plan order: without their specs."""
    return [
        Variant(
            named["variant_id"],
            named["label"],
            tuple(named["tags"]),
            overrides_of(named["overrides"]),
            None,
            named["skip_reason"],
        )
        for named in document["variants"]
    ]


def result_payload(place: int, result: VariantResult) -> str:
    """The payload of RUN_VARIANT_COMPLETED for the variant at a place in the plan, from 0.

    ValueError when a metric is not a finite number.
    """
    metrics = None if result.metrics is None else vars(result.metrics)
    if metrics is not None and not _all_finite(filter(None, metrics.values())):
        raise ValueError("a metric is not finite")
    said = {
        "index": place,
        "variant_id": result.variant_id,
        "status": result.status,
        "objective_score": result.objective_score,
        "metrics": metrics,
        "refusals": result.refusals,
        "held_back": result.held_back,
        "short_history": None if result.short_history is None else vars(result.short_history),
        "error": result.error,
        "error_code": result.error_code,
    }
    # a quarter of the standard library's cost; but a message may hold what only that can write
    return to_json(said).decode() if result.error is None else compact_json(said)


def read_result(stored: StoredPayload, variants: Sequence[Variant]) -> tuple[int, VariantResult]:
    """A variant's place in the plan and its result, from RUN_VARIANT_COMPLETED; DATABASE_ERROR."""
    said = read_payload(stored.text, EventType.RUN_VARIANT_COMPLETED, stored.seq)
    place = said["index"]
    if not 0 <= place < len(variants):
        where = event_named(stored.seq, EventType.RUN_VARIANT_COMPLETED)
        raise damaged(where, f"the plan has {len(variants):,} variants, and none at {place}")
    return place, result_of(
        variants[place],
        said["status"],
        score=said["objective_score"],
        metrics=None if said["metrics"] is None else _metrics_of(said["metrics"], stored.seq),
        refusals=said["refusals"],
        held_back=said.get("held_back"),
        short_history=None if (short := said.get("short_history")) is None else ShortHistory.model_construct(**short),
        error=said["error"],
        error_code=said["error_code"],
    )


def _metrics_of(said: dict[str, Any], seq: int) -> Metrics:
    try:
        return Metrics.model_validate(said)
    except ValidationError as error:
        where = event_named(seq, EventType.RUN_VARIANT_COMPLETED)
        raise damaged(where, f"its metrics: {faults_of(error)}") from error


def _all_finite(values: Iterable[float]) -> bool:
    """Their sum is, unless one is not, or they are enormous: the sum is cheaper to ask than each."""
    known = list(values)
    return isfinite(sum(known)) or all(map(isfinite, known))
