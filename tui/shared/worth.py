"""What a plan's best is worth, in words: the verdict, the probabilities, and buying and holding beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tui.shared import figures

if TYPE_CHECKING:
    from engine.drivers.tries import TrialCount
    from engine.statistics.holding import HoldingMetrics
    from engine.sweeps.results import PlanStatistics

MEANINGS = {
    "TOO_LITTLE_DATA": "too little to judge by",
    "LIKE_LUCK": "luck alone would do as well",
    "FAILED_OUT_OF_SAMPLE": "good where it was chosen, and not beyond",
    "BEYOND_LUCK": "more than luck explains",
}
"""What each verdict means."""

Fact = tuple[str, str]


def verdict_of(statistics: PlanStatistics) -> str:
    """The verdict with its meaning, such as `LIKE_LUCK: luck alone would do as well`."""
    meaning = MEANINGS.get(statistics.verdict)
    return statistics.verdict if meaning is None else f"{statistics.verdict}: {meaning}"


def odds_of(statistics: PlanStatistics) -> Iterator[Fact]:
    """Each probability with what it says."""
    yield "p_luck", _said(statistics.p_luck, "probability that luck alone would do as well")
    yield "dsr", _said(statistics.dsr, "probability of a true Sharpe ratio above 0 after all tries")
    yield "pbo", _said(statistics.pbo, "how often the best of one half does poorly in the other")


def brief_odds(statistics: PlanStatistics) -> str:
    """The probabilities in one line, such as `p_luck 0.195, dsr 0.910, pbo 0.254`."""
    told = (("p_luck", statistics.p_luck), ("dsr", statistics.dsr), ("pbo", statistics.pbo))
    return ", ".join(f"{name} {probability(value)}" for name, value in told)


def tries_of(trials: TrialCount | None) -> list[Fact]:
    """A fact with the number of tries; empty for a plan from before they were counted."""
    if trials is None:
        return []
    counts = f"{figures.whole(trials.in_plan)} in this plan, {figures.whole(trials.on_these_data)} on these data"
    if trials.not_countable:
        counts += f", {figures.counted(trials.not_countable, 'older run')} not counted"
    return [("tries", counts)]


def holding_of(benchmark: HoldingMetrics | None) -> list[Fact]:
    """Facts with what buying and holding came to; empty where it was not measured."""
    if benchmark is None:
        return []
    gain = f"{figures.percent(benchmark.return_pct)}, {_or_none(benchmark.cagr_pct, figures.percent)} a year"
    sharpe = _or_none(benchmark.sharpe_annual, figures.money)
    fall = _or_none(benchmark.max_drawdown_marked_pct, lambda amount: f"{figures.money(amount)} %")
    return [("holding", gain), ("", f"Sharpe {sharpe}, max drawdown {fall}")]


def breakeven_of(statistics: PlanStatistics) -> str:
    """The further cost at which the best earns nothing."""
    bps = statistics.costs["breakeven_bps"]
    if bps is None:
        return "none: without a profit there is nothing for costs to take"
    return f"{figures.decimals(bps, 1)} bps more on each side, and the best earns nothing"


def neighbours_of(statistics: PlanStatistics) -> str:
    """How the variants one value away from the best did."""
    near = statistics.sensitivity["neighbours"]
    if near is None:
        return "none: the best does not stand on the grid"
    if not near["count"]:
        return "none"
    mean = _or_none(near["mean_score"], lambda score: figures.decimals(score, 4))
    return f"{near['count']:,} with a mean score of {mean}, {near['beat_baseline']:,} of them above the baseline"


def probability(value: float | None) -> str:
    """With three decimals; one that only rounds to 0 or to 1 says so."""
    if value is None:
        return figures.NONE
    if 0 < value < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= value < 1 else figures.decimals(value, 3)


def _said(value: float | None, meaning: str) -> str:
    return f"{probability(value):<6}  {meaning}"


def _or_none(value: float | None, shown: Callable[[float], str]) -> str:
    return figures.NONE if value is None else shown(value)
