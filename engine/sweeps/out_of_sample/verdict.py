"""The verdict on a plan with what came of it out of sample: once when it completes, and again when it is read."""

from __future__ import annotations

from engine.account.metrics import Metrics
from engine.statistics.holding import HoldingMetrics
from engine.statistics.verdict import Evidence, Performance, Verdict, judge
from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
from engine.validation import StrictModel


class Judged(StrictModel):
    """What a verdict looks at and no statistic shows: on how many sessions the best entered, and its losing trades."""

    entered_sessions: int
    losing_trades: int


def judge_plan(
    *,
    sessions: int,
    trials: int,
    best: Metrics | None,
    holding: HoldingMetrics | None,
    judged: Judged,
    p_luck: float | None,
    walk_forward: WalkForwardResult | None = None,
    holdout: HoldoutResult | None = None,
) -> tuple[Verdict, str]:
    """The verdict and why. A holdout counts once it is opened; `trials` are those on the plan's data."""
    opened = holdout is not None and holdout.opened
    return judge(
        Evidence(
            sessions=sessions,
            trials=trials,
            best=None if best is None else _performance(best),
            held=_performance(holding),
            entered_sessions=judged.entered_sessions,
            losing_trades=judged.losing_trades,
            p_luck=p_luck,
            holdout=_performance(holdout.best) if holdout is not None and opened else None,
            walk_forward=None if walk_forward is None else _performance(walk_forward.out_of_sample),
        )
    )


def _performance(figures: Metrics | HoldingMetrics | None) -> Performance:
    return Performance(None, None) if figures is None else Performance(figures.cagr_pct, figures.sharpe_annual)
