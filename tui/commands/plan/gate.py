"""What a sweep's exit code says: whether anything succeeded, and whether `--fail-if` holds of what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from engine.errors import OutcomeError
from tui.commands.plan.fail_if import ConditionResult, FailIf, read_condition

if TYPE_CHECKING:
    from engine.sweeps.results import PlanResult, VariantResult

SCORE = "objective_score"
PROBABILITIES = ("p_luck", "pbo", "dsr")


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of `--fail-if`, or none."""

    condition: FailIf | None

    @classmethod
    def read(cls, text: str | None) -> Gate:
        """The condition in a text; UsageError says what is wrong with it."""
        return cls(None if text is None else read_condition(text, figure_names()))

    def test(self, result: PlanResult) -> ConditionResult | None:
        """What the condition comes to on a result; None without one."""
        return None if self.condition is None else self.condition.test(figures_of(result))

    def document(self, result: PlanResult) -> dict[str, Any] | None:
        """The condition and whether it holds, as `--json` prints it."""
        tested = self.test(result)
        if self.condition is None or tested is None:
            return None
        return {"condition": self.condition.text, "holds": tested.holds, "because": tested.because}

    def error(self, result: PlanResult) -> OutcomeError | None:
        """The error that a script should stop for; None when there is none."""
        tested, where = self.test(result), f"run plan {result.run_plan_id}"
        holds = "" if tested is None or tested.holds is False else f"--fail-if {tested.because}"
        hint = f"`papertape plan show {result.run_plan_id}` shows all of it"
        if not any(variant.status == "succeeded" for variant in result.results):
            why = f"no variant succeeded: {_counted(result)}" + (f"; {holds}" if holds else "")
            return OutcomeError("NO_VARIANT_SUCCEEDED", f"{where}: {why}", hint=hint)
        return OutcomeError("FAIL_IF_HOLDS", f"{where}: {holds}", hint=hint) if holds else None


def figure_names() -> list[str]:
    """Every figure that a condition may name."""
    from engine.account.metrics import METRICS
    from engine.statistics.holding import HoldingMetrics

    of_variants = [f"{side}.{name}" for side in ("best", "baseline") for name in (*METRICS, SCORE)]
    of_plan = [f"plan.{name}" for name in PROBABILITIES]
    return [*of_variants, *of_plan, *(f"benchmark.{name}" for name in HoldingMetrics.model_fields)]


def figures_of(result: PlanResult) -> dict[str, float | None]:
    """The figures of the best variant, the baseline, the plan and its benchmark; None where there is no such one."""
    best = next((variant for variant in result.results if variant.variant_id == result.best_variant_id), None)
    baseline = next((variant for variant in result.results if "baseline" in variant.tags), None)
    of_variants = {"best": best, "baseline": baseline}
    of_plan = {"plan": result.statistics, "benchmark": result.benchmark}
    sides = {**{side: _figures(variant) for side, variant in of_variants.items()}, **of_plan}
    named = ((name, *name.split(".")) for name in figure_names())
    return {name: getattr(sides[side], figure, None) for name, side, figure in named}


def _figures(variant: VariantResult | None) -> SimpleNamespace | None:
    """A variant's metrics and its score."""
    if variant is None:
        return None
    metrics = {} if variant.metrics is None else vars(variant.metrics)
    return SimpleNamespace(**metrics, **{SCORE: variant.objective_score})


def _counted(result: PlanResult) -> str:
    statuses = [variant.status for variant in result.results]
    return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
