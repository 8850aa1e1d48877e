"""What came of a holdout and of a walk-forward, in words and rows; commands and dashboard show the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.account.metrics import METRICS, Metrics
from engine.numerals import value_text
from tui.shared import figures
from tui.shared.metrics import Figure

if TYPE_CHECKING:
    from engine.sweeps.out_of_sample.results import FoldResult, HoldoutResult, WalkForwardResult
    from engine.sweeps.results import VariantResult

COLUMNS = ("return_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")
"""The metrics that are shown."""

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One row of metrics, under a name."""

    name: str
    metrics: Metrics | None


def figures_shown() -> list[Figure]:
    """The metrics that are shown of a stretch."""
    return [Figure(name, METRICS[name]) for name in COLUMNS]


def facts_of(holdout: HoldoutResult) -> Iterator[Fact]:
    """Which sessions it is, whether it is opened, and what had been done on them."""
    yield "sessions", f"{holdout.from_} to {holdout.to}, {'opened' if holdout.opened else 'sealed'}"
    if holdout.opened_before:
        yield "spent", f"opened {_times(holdout.opened_before)} before by other run plans"
    tries = figures.counted(holdout.seen_by_trials, "configuration")
    yield "seen", f"{tries} of other runs traded on these sessions" if holdout.seen_by_trials else "by no other run"


def stretches_of(holdout: HoldoutResult) -> list[Stretch]:
    """The best and the baseline on it; the baseline alone where there is no best; none of one that is sealed."""
    if not holdout.opened:
        return []
    sides = [Stretch("best", holdout.best), Stretch("baseline", holdout.baseline)]
    return [side for side in sides if side.metrics is not None or side.name == "best"]


def labels_of(results: Sequence[VariantResult]) -> dict[str, str]:
    """What each variant is called."""
    return {one.variant_id: one.label for one in results}


def chosen_in(fold: FoldResult, labels: Mapping[str, str]) -> str:
    """The variant that traded a fold's test."""
    label = labels.get(fold.best_variant_id, fold.best_variant_id)
    return f"{label} (none had a score)" if fold.score is None else label


def efficiency_of(walk: WalkForwardResult) -> str:
    """The efficiency with what it says."""
    if walk.efficiency is None:
        return "none: training did not grow"
    return f"{walk.efficiency:.2f} of the growth a year in training was made in the tests"


def chosen_of(walk: WalkForwardResult) -> list[Fact]:
    """By path, how often each value was chosen, such as `20 in 3 folds, 50 in 1`."""
    return [
        (path, ", ".join(f"{value_text(each.value)} in {each.folds}" for each in values))
        for path, values in walk.chosen.items()
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def lines_of(results: Sequence[VariantResult], walk: WalkForwardResult) -> Iterator[str]:
    """A line a fold, and one of all tests, for where there is no table."""
    labels = labels_of(results)
    for fold in walk.folds:
        yield f"{fold.test_from} to {fold.test_to}: {in_brief(fold.metrics)}; chosen {chosen_in(fold, labels)}"
    yield f"all tests: {in_brief(walk.out_of_sample)}"


def in_brief(metrics: Metrics | None) -> str:
    """Return, Sharpe ratio and trades."""
    if metrics is None:
        return "failed"
    sharpe = figures.NONE if metrics.sharpe_annual is None else figures.decimals(metrics.sharpe_annual, 2)
    return f"{figures.percent(metrics.return_pct)}, Sharpe {sharpe}, {figures.counted(metrics.trade_count, 'trade')}"
