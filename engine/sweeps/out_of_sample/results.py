"""What came of a holdout and of a walk-forward, as JSON, the journal and Python have it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from engine.account.metrics import Metrics
from engine.validation import StrictModel


class HoldoutResult(StrictModel):
    """The sessions that the sweep did not see, and what came of the best and the baseline on them once it is opened.

    `from_` (in JSON `from`) and `to` are its first and last session. `opened_before`: how often a holdout that overlaps
    this one on one of its symbols was opened by another plan. `seen_by_trials`: how many distinct configurations other
    runs have traded on its sessions. Both as they were when it was opened, else as they are now.
    """

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    from_: date = Field(alias="from")
    to: date
    opened: bool
    opened_before: int
    seen_by_trials: int
    best: Metrics | None = None
    baseline: Metrics | None = None


class FoldResult(StrictModel):
    """One fold: its four days, the variant that was best in training with its score there, its metrics in the test.

    Without a score in training the baseline trades the test, and `score` is None. `metrics` is None where it failed in
    the test, or nothing was left to trade with.
    """

    train_from: date
    train_to: date
    test_from: date
    test_to: date
    best_variant_id: str
    score: float | None
    metrics: Metrics | None


class ChosenValue(StrictModel):
    """A value of a swept parameter, and in how many folds the chosen variant had it."""

    value: Any
    folds: int


class WalkForwardResult(StrictModel):
    """The folds in their order, and the metrics of their tests as those of one account.

    `efficiency` is the mean growth a year in the tests over that in training, of the logarithm of equity; None where
    training did not grow. `chosen` has by path every value of the plan's variants, ascending.
    """

    folds: list[FoldResult]
    out_of_sample: Metrics
    efficiency: float | None
    chosen: dict[str, list[ChosenValue]]

    def document(self) -> dict[str, Any]:
        """As the journal has it."""
        return self.model_dump(mode="json")

    @classmethod
    def read(cls, said: Mapping[str, Any] | None) -> WalkForwardResult | None:
        """Of the payload of a run's end, where `engine.payloads` has looked at its shape; None of one without."""
        if said is None:
            return None
        return cls.model_construct(
            folds=[_fold(each) for each in said["folds"]],
            out_of_sample=Metrics.model_validate(said["out_of_sample"]),
            efficiency=said["efficiency"],
            chosen={path: [ChosenValue(**each) for each in values] for path, values in said["chosen"].items()},
        )


def metrics_read(said: Mapping[str, Any] | None) -> Metrics | None:
    """Metrics that the journal has, or None."""
    return None if said is None else Metrics.model_validate(said)


def _fold(said: Mapping[str, Any]) -> FoldResult:
    return FoldResult.model_construct(
        train_from=date.fromisoformat(said["train_from"]),
        train_to=date.fromisoformat(said["train_to"]),
        test_from=date.fromisoformat(said["test_from"]),
        test_to=date.fromisoformat(said["test_to"]),
        best_variant_id=said["best_variant_id"],
        score=said["score"],
        metrics=metrics_read(said["metrics"]),
    )
