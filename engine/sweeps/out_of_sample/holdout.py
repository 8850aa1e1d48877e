"""A holdout, opened: what the best and the baseline came to on sessions that the sweep never saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.account.metrics import Metrics
from engine.drivers.trial import shares_data
from engine.events import EventType
from engine.market.bars import Dataset
from engine.payloads import read_payload
from engine.ports import Trial, Views
from engine.sweeps.out_of_sample.results import HoldoutResult, metrics_read
from engine.sweeps.out_of_sample.sealed import SealedHoldout
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.simulation.simulate import Simulation


class Traded(NamedTuple):
    """The metrics on the holdout; None where there is no best, or one failed."""

    best: Metrics | None
    baseline: Metrics | None


class Overlaps(NamedTuple):
    """What had been done on a holdout's sessions: `HoldoutResult` says what is counted."""

    opened_before: int
    seen_by_trials: int


def trade(plan: RunPlan, holdout: SealedHoldout, dataset: Dataset, best: str | None) -> Traded:
    """The best and the baseline on the holdout of these data: the bars before are history, and the account is new."""
    simulation = Simulation(holdout.opened(dataset), plan.account, plan.request.slippage_bps)

    def metrics_of(variant_id: str | None) -> Metrics | None:
        found = (variant for variant in plan.variants if variant.variant_id == variant_id)
        return next((simulation.simulate(variant, fills=False).result.metrics for variant in found), None)

    return Traded(metrics_of(best), metrics_of(plan.variants[0].variant_id))


def overlaps(views: Views, holdout: SealedHoldout) -> Overlaps:
    """Of a holdout that is not opened, as the journal has it by now. Its own plan has traded before it alone."""
    mine = holdout.as_trial()
    opened = sum(1 for said in _opened(views) if shares_data(mine, _trial(said)))
    seen = {
        (trial.strategy_sha256, digest)
        for trial in views.trials()
        if shares_data(mine, trial)
        for digest in trial.digests()
    }
    return Overlaps(opened, len(seen))


def opening(
    run_plan_id: str, holdout: SealedHoldout, found: Overlaps, best: str | None, traded: Traded
) -> dict[str, Any]:
    """The payload of RUN_HOLDOUT_OPENED."""
    said = holdout.document()
    return {
        "run_plan_id": run_plan_id,
        **{name: said[name] for name in ("from", "to", "window", "bars_sha256")},
        **found._asdict(),
        "best_variant_id": best,
        "best": _document(traded.best),
        "baseline": _document(traded.baseline),
    }


def holdout_result(views: Views, holdout: SealedHoldout | None, run_plan_id: str) -> HoldoutResult | None:
    """A plan's holdout as callers read it; None of a plan without one."""
    if holdout is None:
        return None
    first, last = holdout.days
    for said in _opened(views, run_plan_id):
        return HoldoutResult.model_construct(
            from_=first,
            to=last,
            opened=True,
            opened_before=said["opened_before"],
            seen_by_trials=said["seen_by_trials"],
            best=metrics_read(said["best"]),
            baseline=metrics_read(said["baseline"]),
        )
    found = overlaps(views, holdout)
    return HoldoutResult.model_construct(
        from_=first, to=last, opened=False, **found._asdict(), best=None, baseline=None
    )


def _opened(views: Views, run_plan_id: str | None = None) -> Iterator[dict[str, Any]]:
    kind = EventType.RUN_HOLDOUT_OPENED
    return (read_payload(stored.text, kind, stored.seq) for stored in views.run_payloads(kind, run_plan_id))


def _trial(said: dict[str, Any]) -> Trial:
    holdout = SealedHoldout.read({**said, "dataset": {}})
    assert holdout is not None  # noqa: S101 - for the type checker
    return holdout.as_trial()


def _document(metrics: Metrics | None) -> dict[str, Any] | None:
    return None if metrics is None else metrics.model_dump(mode="json")
