"""Sections on what had no part in choosing the best: the holdout, the walk-forward, and shuffled bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.account.metrics import METRICS
from engine.numerals import value_text
from tui.report.content import BarChart, Block, Chart, Fact, Facts, Histogram, Measure, Section, TableBlock, Text
from tui.report.plan_worth import put_metrics
from tui.shared import figures
from tui.shared.metrics import SCORE, Figure, formatted
from tui.shared.out_of_sample import chosen_in, efficiency_of, facts_of, stretches_of
from tui.shared.output import Table
from tui.shared.words import probability

if TYPE_CHECKING:
    from engine.sweeps.out_of_sample.results import ChosenValue, FoldResult, HoldoutResult, WalkForwardResult

_SHOWN = ("return_pct", "cagr_pct", "sharpe_annual", "max_drawdown_marked_pct", "trade_count")
_OF_A_FOLD = ("return_pct", "sharpe_annual", "max_drawdown_marked_pct", "trade_count")
_BARS_BY = Figure("sharpe_annual", METRICS["sharpe_annual"])
MOST_FOLDS = 200
"""Folds that are listed and drawn."""


def holdout_section(holdout: HoldoutResult | None) -> Section | None:
    """What the best made on the sessions that were kept from it; None where none were."""
    if holdout is None:
        return None
    facts = Facts([Fact(name, said) for name, said in facts_of(holdout)])
    stretches = stretches_of(holdout)
    if not stretches:
        return Section("holdout", "Holdout", [Text(_SEALED), facts])
    table = Table().text("variant", [stretch.name for stretch in stretches])
    put_metrics(table, [stretch.metrics for stretch in stretches], _SHOWN)
    return Section("holdout", "Holdout", [TableBlock(table, "On the holdout, from a new account"), facts])


_SEALED = "It is sealed: `papertape plan open` evaluates the best on it, once."


def walk_forward_section(walk: WalkForwardResult | None, labels: Mapping[str, str]) -> Section | None:
    """What choosing anew in each fold came to on the sessions after it; None where it was not asked for.

    `labels` are those of the variants, by id.
    """
    if walk is None:
        return None
    stitched = put_metrics(Table().text("", ["all tests joined"]), [walk.out_of_sample], _SHOWN)
    facts = [Fact("folds", figures.whole(len(walk.folds))), Fact("efficiency", efficiency_of(walk))]
    blocks: list[Block] = [
        TableBlock(stitched, "Out of sample: the sessions of all tests, one account after another"),
        Facts(facts),
        _folds_chart(walk.folds[:MOST_FOLDS], labels, len(walk.folds)),
        *(_chosen(path, values) for path, values in walk.chosen.items()),
    ]
    return Section("walk-forward", "Walk-forward", blocks)


def _folds_chart(folds: Sequence[FoldResult], labels: Mapping[str, str], total: int) -> Chart:
    values = [_BARS_BY.of(fold) for fold in folds]
    known = [value for value in values if value is not None]
    above = sum(1 for value in known if value > 0)
    return Chart(
        "folds-chart",
        f"{_BARS_BY.metric.title} of each test, outside the sample",
        BarChart([str(fold.test_from) for fold in folds], values, _BARS_BY.metric.title, Measure.NUMBER),
        f"A bar for each fold: above zero in {figures.whole(above)} of {figures.counted(len(known), 'fold')}.",
        TableBlock(_folds_table(folds, labels), "Each fold: what was chosen in training, and what it made in its test"),
        "" if len(folds) == total else f"The first {figures.whole(len(folds))} of {figures.counted(total, 'fold')}.",
    )


def _folds_table(folds: Sequence[FoldResult], labels: Mapping[str, str]) -> Table:
    table = Table().text("trained", [f"{fold.train_from} to {fold.train_to}" for fold in folds])
    table.text("tested", [f"{fold.test_from} to {fold.test_to}" for fold in folds])
    table.text("chosen", [chosen_in(fold, labels) for fold in folds])
    table.money("score inside", [fold.score for fold in folds], SCORE.metric.digits)
    return put_metrics(table, [fold.metrics for fold in folds], _OF_A_FOLD)


def _chosen(path: str, values: Sequence[ChosenValue]) -> TableBlock:
    table = Table().text("value", [value_text(each.value) for each in values])
    return TableBlock(
        table.counts("folds", [each.folds for each in values]), f"How often each value of {path} was chosen"
    )


def noise_section(noise: Mapping[str, Any] | None, objective: str) -> Section | None:
    """The plan's best beside the best of each shuffle of its bars; None where it was not run against noise."""
    if noise is None:
        return None
    known = [score for score in noise["scores"] if score is not None]
    as_good = sum(1 for score in known if score >= noise["best_score"])
    said = f"on {figures.whole(as_good)} of {figures.counted(noise['draws'], 'shuffle')} the best did as well"
    if noise["p_noise"] is None:
        said = f"stopped after {figures.whole(len(noise['scores']))} of {figures.whole(noise['draws'])} draws"
    facts = Facts([Fact("p_noise", probability(noise["p_noise"]), said)])
    chart = [] if not known else [_noise_chart(known, noise["best_score"], objective)]
    return Section("noise", "Against noise", [Text(_SHUFFLED), facts, *chart])


_SHUFFLED = "The whole plan was run again on its bars in a random order, which leaves nothing to find."


def _noise_chart(scores: Sequence[float], best: float, objective: str) -> Chart:
    low, high = min(*scores, best), max(*scores, best)
    bins = max(1, round(2 * len(scores) ** 0.5))
    step = (high - low) / bins or 1.0
    edges = [low + step * edge for edge in range(bins + 1)]
    counts = [0] * bins
    for score in scores:
        counts[min(bins - 1, int((score - low) / step))] += 1
    table = Table().text("score", [f"{_score(edges[nth])} to {_score(edges[nth + 1])}" for nth in range(bins)])
    title = f"Best score by {objective} of each shuffle, and of the plan itself"
    return Chart(
        "noise-chart",
        title,
        Histogram(edges, counts, "best score", best, "the plan"),
        f"A histogram of {figures.counted(len(scores), 'score')} from {_score(min(scores))} to {_score(max(scores))};"
        f" the plan's own is {_score(best)}.",
        TableBlock(table.counts("shuffles", counts), title),
    )


def _score(score: float) -> str:
    return formatted(score, SCORE.metric.digits)
