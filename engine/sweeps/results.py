"""What callers read of run plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from engine.account.fold import apply_fills
from engine.account.ledger import Fill, Ledger, Trade
from engine.account.metrics import METRICS, Metrics
from engine.drivers.short_history import ShortHistory
from engine.drivers.trial import TrialCount
from engine.errors import SystemFault
from engine.market.bars import FloatArray
from engine.numerals import table
from engine.statistics.holding import HoldingMetrics
from engine.sweeps.noise.results import NoiseResult
from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
from engine.sweeps.plan.run_plan import Variant
from engine.validation import StrictModel, UtcTime, trusted
from engine.vocabulary import RunStatus

if TYPE_CHECKING:
    import pandas as pd

VariantStatus = Literal["succeeded", "failed", "skipped", "pending"]


class VariantResult(StrictModel):
    """One variant of a plan and how it came out: from the simulation to the journal, the lists and the screens.

    `refusals` counts orders refused, by policy rule or by the broker's error code. The simulation knows no objective
    and no run: `recorded` puts in the score and the workspace.

    `held_back` counts by signal code: entries that were signalled and dropped before they were orders, and symbol-bars
    on which nothing could enter; None of a result from before it was counted. `short_history` names the symbol with the
    longest past where none has the past that the strategy looks back on. Only one that succeeded has metrics.
    """

    variant_id: str
    label: str
    tags: list[str]
    overrides: dict[str, Any]
    status: VariantStatus
    objective_score: float | None
    metrics: Metrics | None
    workspace_id: UUID | None
    error: str | None
    skip_reason: str | None
    error_code: str | None
    refusals: dict[str, int]
    held_back: dict[str, int] | None = None
    short_history: ShortHistory | None = None


class PlanStatistics(StrictModel):
    """The statistics of a plan, as JSON has them; `docs/statistics.md` says what each asks and how to read it.

    `sessions` is the length of the clock. `sensitivity` has `parameters` (by path a list of `value`, `median_score`,
    `variants`) and `neighbours` (`count`, `mean_score`, `beat_baseline`; None for a best off the grid). `costs` has
    `breakeven_bps` and `fills` (by fill model the metrics of `best` and `baseline`).
    """

    sessions: int
    sessions_a_year: float | None
    dsr: float | None
    pbo: float | None
    p_plan: float | None
    p_luck: float | None
    verdict: str
    because: str
    sensitivity: dict[str, Any]
    costs: dict[str, Any]


class PlanResult(StrictModel):
    """What an execution gave, in plan order. `bar_count`: bars of all symbols in the window, `history_bars`: before it;
    `duplicate_of`: earlier completed plans with the same fingerprint; `verified`: how many variants were run again, bar
    by bar, and came out the same. `trials` is None of a plan that was begun before tries were counted. `differs_from`:
    the last of `duplicate_of`, where it had other results, with how many variants differ, once all have come out.
    `reasons`: sentences that say why variants did not trade, and what was refused most. `benchmark` is buying and
    holding on the plan's clock; `statistics` say what the best is worth; None of a plan that was not completed, was run
    without them, or before there were any.
    """

    run_plan_id: UUID
    fingerprint: str
    dataset_sha256: str
    bar_count: int
    history_bars: int
    objective: str
    best_variant_id: str | None
    variants_dropped: int
    results: list[VariantResult]
    status: RunStatus
    duplicate_of: list[str]
    verified: int
    trials: TrialCount | None = None
    differs_from: dict[str, int] = {}  # noqa: RUF012 - read only
    reasons: list[str] = []  # noqa: RUF012 - read only
    benchmark: HoldingMetrics | None = None
    statistics: PlanStatistics | None = None
    holdout: HoldoutResult | None = None
    walk_forward: WalkForwardResult | None = None
    noise: NoiseResult | None = None

    @property
    def done(self) -> int:
        """How many variants came out, failed and skipped ones too."""
        return sum(1 for variant in self.results if variant.status != "pending")

    def frame(self) -> pd.DataFrame:
        """A pandas frame with a row a variant, in plan order: id, label, tags, overrides, status, score, metrics.

        Metrics are a column each, overrides one of dicts; what does not exist is missing. pandas is imported when this
        is called.
        """
        import pandas  # noqa: PLC0415 - slow to import, and few need it

        return pandas.DataFrame([_frame_row(variant) for variant in self.results])

    def _repr_html_(self) -> str:
        return _html_of(self.run_plan_id, self.status, self.results, self.best_variant_id, self.statistics)


def _frame_row(variant: VariantResult) -> dict[str, Any]:
    figures = dict.fromkeys(METRICS) if variant.metrics is None else variant.metrics.model_dump()
    return {
        "variant_id": variant.variant_id,
        "label": variant.label,
        "tags": variant.tags,
        "overrides": variant.overrides,
        "status": variant.status,
        "objective_score": variant.objective_score,
        **figures,
    }


def _html_of(
    run_plan_id: UUID,
    status: str,
    results: Sequence[VariantResult],
    best: str | None,
    statistics: PlanStatistics | None,
) -> str:
    """A plan in a notebook: its verdict, then the best and the baseline."""
    said = "" if statistics is None else f": {statistics.verdict}. {statistics.because}"
    shown = [one for one in results if one.variant_id == best or "baseline" in one.tags]
    names = ("return_pct", "sharpe_annual", "max_drawdown_marked_pct", "trade_count")
    rows = [
        (
            one.label,
            one.objective_score,
            *(None if one.metrics is None else getattr(one.metrics, name) for name in names),
        )
        for one in shown
    ]
    return table(f"run plan {run_plan_id} {status}{said}", rows, ("variant", "score", *names))


class PlanSummary(StrictModel):
    """A row of the list of run plans. `done` counts variants that came out, failed and skipped ones too."""

    run_plan_id: UUID
    status: RunStatus
    strategy_id: str
    variants: int
    done: int
    failed: int
    skipped: int
    objective: str
    best_variant_id: str | None
    best_score: float | None
    started_at: UtcTime
    duration_s: float
    journal: str
    error: str | None
    error_code: str | None


class PlanDetail(PlanSummary):
    """A run plan whole: the summary, the plan as RUN_STARTED has it without its variants, every variant's result."""

    workspace_id: UUID
    fingerprint: str
    dataset_sha256: str
    bar_count: int
    history_bars: int
    variants_dropped: int
    duplicate_of: list[str]
    verified: int
    trials: TrialCount | None = None
    plan: dict[str, Any]
    results: list[VariantResult]
    differs_from: dict[str, int] = {}  # noqa: RUF012 - read only
    reasons: list[str] = []  # noqa: RUF012 - read only
    benchmark: HoldingMetrics | None = None
    statistics: PlanStatistics | None = None
    holdout: HoldoutResult | None = None
    walk_forward: WalkForwardResult | None = None
    noise: NoiseResult | None = None

    def _repr_html_(self) -> str:
        return _html_of(self.run_plan_id, self.status, self.results, self.best_variant_id, self.statistics)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A variant's result with what it was made from, which is dropped once it is recorded.

    `fills` are in the order of execution, with `seq` 0; empty unless they were asked for. `equity` is that at the end
    of every session of the plan's clock, (T,); None of a variant that failed.
    """

    result: VariantResult
    fills: Sequence[Fill] = ()
    equity: FloatArray | None = field(default=None, compare=False, repr=False)


def result_of(
    variant: Variant,
    status: VariantStatus,
    *,
    score: float | None = None,
    metrics: Metrics | None = None,
    refusals: Mapping[str, int] | None = None,
    held_back: Mapping[str, int] | None = None,
    short_history: ShortHistory | None = None,
    error: str | None = None,
    error_code: str | None = None,
) -> VariantResult:
    """A variant and how it came out. Without `held_back` it was not counted."""
    # the values are our own: nothing is left to validate
    values = {
        "variant_id": variant.variant_id,
        "label": variant.label,
        "tags": list(variant.tags),
        "overrides": dict(variant.overrides),
        "status": status,
        "objective_score": score,
        "metrics": metrics,
        "workspace_id": None,
        "error": error,
        "skip_reason": variant.skip_reason,
        "error_code": error_code,
        "refusals": {} if refusals is None else dict(refusals),
        "held_back": None if held_back is None else dict(held_back),
        "short_history": short_history,
    }
    return trusted(VariantResult, values)


def unfinished(variant: Variant) -> VariantResult:
    """A variant that has not come out: skipped where its values are out of bounds, else pending."""
    return result_of(variant, "skipped" if variant.skip_reason else "pending", held_back={})


def failed(variant: Variant, code: str, message: str) -> VariantResult:
    """A variant without a result because of an error of its own: the run goes on."""
    return result_of(variant, "failed", held_back={}, error=message, error_code=code)


def recorded(result: VariantResult, score: float | None, workspace_id: UUID | None) -> VariantResult:
    """The result with what its plan adds: the score, and the workspace that has its fills."""
    return trusted(VariantResult, {**vars(result), "objective_score": score, "workspace_id": workspace_id})


def trades_of(starting_equity: float, fills: Sequence[Fill]) -> list[Trade]:
    """The round trips that a variant's fills make, in the order of closing, by the one fold."""
    trades: list[Trade] = []
    apply_fills(Ledger.fresh(starting_equity), fills, trades)
    return trades


def cancelled(result: PlanResult) -> SystemFault:
    """A sweep that was stopped, as the error that says so and how to resume it."""
    return SystemFault(
        "CANCELLED",
        f"the run plan was stopped with {result.done:,} of {len(result.results):,} variants done",
        hint=f"`papertape plan resume {result.run_plan_id}` goes on",
    )
