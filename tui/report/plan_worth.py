"""Parts of a plan's report on what its best is worth: the verdict, the odds, its figures, and what they hang on."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from engine.account.metrics import METRICS, Metrics, Unit
from engine.numerals import value_text
from engine.statistics.holding import HoldingMetrics
from tui.report.content import (
    BarChart,
    Block,
    Chart,
    Fact,
    Facts,
    KeyFigure,
    KeyFigures,
    Measure,
    Section,
    TableBlock,
    Text,
)
from tui.shared import figures
from tui.shared.metrics import ALL, SCORE, Figure, formatted
from tui.shared.output import Table
from tui.shared.words import MEANINGS, ODDS, breakeven_of, neighbours_of, probability, tries_of

if TYPE_CHECKING:
    from engine.sweeps.results import PlanDetail, PlanStatistics, VariantResult

KEY_FIGURES = ("return_pct", "cagr_pct", "sharpe_annual", "max_drawdown_marked_pct", "win_rate", "trade_count")
_UNDER_FILLS = ("return_pct", "cagr_pct", "sharpe_annual", "max_drawdown_marked_pct", "trade_count")

Side = tuple[str, Metrics | HoldingMetrics]
"""Who has the metrics, and the metrics."""


def sentence_of(detail: PlanDetail) -> str:
    """The verdict in a sentence; of a plan without one, what there is to say instead."""
    if detail.statistics is not None:
        meaning = MEANINGS.get(detail.statistics.verdict, detail.statistics.verdict)
        return f"{meaning[:1].upper()}{meaning[1:]}."
    if detail.status != "completed":
        return f"Not finished: {figures.whole(detail.done)} of {figures.counted(detail.variants, 'variant')} came out."
    best = best_of(detail)
    if best is None or best.metrics is None:
        return "No variant has a score."
    return f"The best made {figures.percent(best.metrics.return_pct)}; what that is worth was not asked."


def best_of(detail: PlanDetail) -> VariantResult | None:
    """The best variant; None where none has a score."""
    return next((one for one in detail.results if one.variant_id == detail.best_variant_id), None)


def sides_of(detail: PlanDetail) -> list[Side]:
    """The best, the baseline where it is another, and buying and holding: those that have metrics."""
    best, baseline = best_of(detail), detail.results[0]
    sides: list[Side] = []
    if best is not None and best.metrics is not None:
        sides.append(("best", best.metrics))
    if baseline.metrics is not None and (best is None or best.variant_id != baseline.variant_id):
        sides.append(("baseline", baseline.metrics))
    if detail.benchmark is not None:
        sides.append(("holding", detail.benchmark))
    return sides


def key_figures(sides: Sequence[Side]) -> KeyFigures | None:
    """What the first side came to, and the others beside it; None where there is nobody."""
    if not sides or not isinstance(sides[0][1], Metrics):
        return None
    (_, first), *others = sides
    known = [name for name in KEY_FIGURES if any(getattr(side, name, None) is not None for _, side in sides)]
    shown = [Figure(name, METRICS[name]) for name in known]
    return KeyFigures(
        [
            KeyFigure(
                figure.field(first)[0],
                with_unit(figure, first),
                [Fact(name, with_unit(figure, other)) for name, other in others if hasattr(other, figure.key)],
            )
            for figure in shown
        ]
    )


def with_unit(figure: Figure, metrics: Metrics | HoldingMetrics) -> str:
    """A metric's value with its unit; a dash where there is none."""
    return figure.field(metrics)[1]


def odds_section(detail: PlanDetail, statistics: PlanStatistics) -> Section:
    """How likely it is that luck did it."""
    facts = [Fact(name, probability(getattr(statistics, name)), meaning) for name, meaning in ODDS.items()]
    facts += [Fact(name, said) for name, said in tries_of(detail.trials)]
    facts.append(Fact("break-even", breakeven_of(statistics)))
    return Section("odds", "Skill or luck", [Facts(facts)])


def figures_section(sides: Sequence[Side]) -> Section:
    """Every metric of every side, with its unit and what it is."""
    shown = [figure for figure in ALL if any(getattr(side, figure.key, None) is not None for _, side in sides)]
    table = Table().text("figure", [figure.metric.label.replace(" %", "") for figure in shown])
    for name, side in sides:
        cells = [with_unit(figure, side) if hasattr(side, figure.key) else "" for figure in shown]
        table.text(name, cells, right=True)
    table.text("what it is", [figure.metric.short or figure.metric.meaning for figure in shown])
    in_money = any(figure.metric.unit is Unit.MONEY for figure in shown)
    note = "Amounts are in the account's currency. The risk-free rate is 0 throughout." if in_money else ""
    return Section(
        "figures", "All figures", [TableBlock(table, f"Metrics of {figures.joined([name for name, _ in sides])}", note)]
    )


def sensitivity_section(statistics: PlanStatistics) -> Section | None:
    """The median score at each value of each parameter, and the best's neighbours; None where nothing was swept."""
    parameters = statistics.sensitivity["parameters"]
    if not parameters:
        return None
    blocks: list[Block] = [Facts([Fact("neighbours", neighbours_of(statistics))])]
    blocks += [_median_chart(nth, path, values) for nth, (path, values) in enumerate(parameters.items(), 1)]
    return Section("sensitivity", "Sensitivity", blocks)


def _median_chart(nth: int, path: str, values: Sequence[dict[str, Any]]) -> Chart:
    names = [value_text(each["value"]) for each in values]
    scores = [each["median_score"] for each in values]
    table = Table().text("value", names, right=True)
    table.money("median score", scores, SCORE.metric.digits).counts("variants", [each["variants"] for each in values])
    known = [score for score in scores if score is not None]
    spread = f"from {_score(min(known))} to {_score(max(known))}" if known else "none has a score"
    return Chart(
        f"sensitivity-{nth}",
        f"Median score at each value of {path}",
        BarChart(names, scores, "median score", Measure.NUMBER),
        f"A bar for each of {figures.counted(len(values), 'value')} of {path}: median scores {spread}.",
        TableBlock(table, f"Median score by {path}"),
    )


def costs_section(detail: PlanDetail, statistics: PlanStatistics) -> Section | None:
    """The best and the baseline under each fill model; None where there is neither."""
    is_baseline = detail.best_variant_id == detail.results[0].variant_id
    rows: list[tuple[str, str, Metrics]] = []
    for fill, sides in statistics.costs["fills"].items():
        shown = [side for side in ("best", "baseline") if sides[side] is not None]
        rows += [(fill, side, Metrics.model_construct(**sides[side])) for side in (shown[:1] if is_baseline else shown)]
    if not rows:
        return None
    fills = [
        fill if fill not in {before for before, _, _ in rows[:nth]} else "" for nth, (fill, _, _) in enumerate(rows)
    ]
    table = Table().text("fill", fills).text("variant", [side for _, side, _ in rows])
    put_metrics(table, [metrics for _, _, metrics in rows], _UNDER_FILLS)
    said = Text(f"Costs: {breakeven_of(statistics)}.")
    return Section("costs", "Costs and fills", [said, TableBlock(table, "The same orders under each fill model")])


def put_metrics(table: Table, metrics: Sequence[Any], names: Sequence[str]) -> Table:
    """Columns of these metrics; a row without metrics (None) has dashes."""
    rows = [SimpleNamespace(metrics=one) for one in metrics]
    for name in names:
        Figure(name, METRICS[name]).put(table, rows)
    return table


def _score(score: float | None) -> str:
    return formatted(score, SCORE.metric.digits)
