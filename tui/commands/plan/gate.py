"""What a sweep's exit code says: whether anything succeeded, and whether `--fail-if` holds of the best and the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import OutcomeError
from tui.commands.plan.fail_if import ConditionResult, FailIf, read_condition

if TYPE_CHECKING:
    from engine.sweeps.results import PlanResult, VariantResult

SCORE = "objective_score"


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

    return [f"{side}.{name}" for side in ("best", "baseline") for name in (*METRICS, SCORE)]


def figures_of(result: PlanResult) -> dict[str, float | None]:
    """The figures of the best variant and of the baseline; None where there is no such variant, or no such figure."""
    best = next((variant for variant in result.results if variant.variant_id == result.best_variant_id), None)
    baseline = next((variant for variant in result.results if "baseline" in variant.tags), None)
    sides = {"best": best, "baseline": baseline}
    return {name: _figure(sides[name.partition(".")[0]], name.partition(".")[2]) for name in figure_names()}


def _figure(variant: VariantResult | None, name: str) -> float | None:
    if variant is None:
        return None
    value: float | None = variant.objective_score if name == SCORE else getattr(variant.metrics, name, None)
    return value


def _counted(result: PlanResult) -> str:
    statuses = [variant.status for variant in result.results]
    return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
