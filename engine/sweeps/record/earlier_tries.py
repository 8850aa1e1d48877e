"""The Sharpe ratios of the tries that a plan is counted among: those of earlier plans and backtests on its data.

A result keeps its ratio where it says how many sessions a year its clock had. A forward run does not, nor a plan that
was not completed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from engine.account.metrics import Metrics
from engine.drivers.trial import shares_data, short_digest, spec_sha256
from engine.events import EventType
from engine.payloads import read_payload
from engine.ports import EventFilter, Trial, Views
from engine.strategies.paths import PARTS
from engine.sweeps.plan.document import read_plan, read_result, variants_of
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.plan.trials import PlanTrial
from engine.sweeps.record.status import standing_of

Try = tuple[str, bytes]
"""A strategy's code and the digest of a resolved spec: what makes a try distinct."""


def earlier_sharpes(views: Views, plan: RunPlan, run_plan_id: UUID) -> dict[Try, float]:
    """The Sharpe ratio of a session of each distinct try before the plan began that is not one of its own."""
    started = views.run_document(str(run_plan_id)).seq
    mine = PlanTrial(plan).as_trial()
    own = {(plan.strategy_sha256, digest) for digest in mine.digests()}
    found: dict[Try, float] = {}
    for trial in views.trials():
        if trial.seq >= started or not trial.is_countable or not shares_data(mine, trial):
            continue
        if (trial.strategy_sha256, trial.specs) == (mine.strategy_sha256, mine.specs):  # all of it is the plan's own
            continue
        for digest, sharpe in _sharpes(views, trial):
            key = (trial.strategy_sha256, digest)
            if key not in own:
                found[key] = sharpe
    return found


def resolved(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A base document with a variant's overrides put in, as `CompiledSpec.base` would have it."""
    values: dict[str, dict[str, Any]] = {}
    for path, value in overrides.items():
        part, name = path.split(".", 1)
        values.setdefault(part, {})[name] = value
    parts = {
        part: model.model_validate({**base.get(part, {}), **values.get(part, {})}).written()
        for part, model in PARTS.items()
    }
    entry = {**base["entry"], **values.get("entry", {})}
    document = {**base, "entry": entry, **parts}
    return {name: value for name, value in document.items() if name != "execution" or value}


def _sharpes(views: Views, trial: Trial) -> Iterator[tuple[bytes, float]]:
    if trial.kind == "plan":
        yield from _of_plan(views, trial.run_id)
    elif trial.kind == "backtest":
        yield from _of_backtest(views, trial)


def _of_plan(views: Views, run_plan_id: str) -> Iterator[tuple[bytes, float]]:
    ended = standing_of(views.run_marks(run_plan_id), run_plan_id).ended
    a_year = (ended.get("statistics") or {}).get("sessions_a_year")
    if a_year is None:
        return
    stored = views.run_document(run_plan_id)
    document = read_plan(stored.text, stored.seq)
    variants = variants_of(document)
    for payload in views.run_variants(run_plan_id):
        place, result = read_result(payload, variants)
        if result.metrics is not None and result.metrics.sharpe_annual is not None:
            base = resolved(document["base"], document["variants"][place]["overrides"])
            yield short_digest(spec_sha256(base)), _of_a_session(result.metrics, a_year)


def _of_backtest(views: Views, trial: Trial) -> Iterator[tuple[bytes, float]]:
    where = EventFilter(UUID(trial.run_id), (EventType.BACKTEST_RECORDED.value,))
    for event in views.events(where, limit=1):
        said = read_payload(event.row.payload, event.row.event_type, event.seq)
        metrics, a_year = Metrics.model_validate(said["metrics"]), said.get("sessions_a_year")
        if a_year is not None and metrics.sharpe_annual is not None:
            yield next(trial.digests()), _of_a_session(metrics, a_year)


def _of_a_session(metrics: Metrics, a_year: float) -> float:
    return (metrics.sharpe_annual or 0.0) / math.sqrt(a_year)
