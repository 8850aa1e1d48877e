"""What the best of a sweep is worth, as people read it: below the leaderboard of a plan that came to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.account.metrics import METRICS, Metrics
from engine.numerals import value_text
from tui.shared import figures
from tui.shared.metrics import SCORE, Figure
from tui.shared.output import Table
from tui.shared.text import cell_width, fit, pad
from tui.shared.words import breakeven_of, holding_of, neighbours_of, odds_of, tries_of, verdict_of

if TYPE_CHECKING:
    from engine.sweeps.results import PlanDetail, PlanResult, PlanStatistics
    from tui.shared.output import Field, Page

_COLUMNS = ("return_pct", "cagr_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")
_WIDEST_VALUE = 16
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Filled:
    """A variant under a fill model; without metrics where it failed under it."""

    fill: str
    side: str
    metrics: Metrics | None


def show_worth(page: Page, result: PlanResult | PlanDetail) -> None:
    """The verdict with its figures; holding alone where nothing else was asked, nothing for a plan without either."""
    statistics = result.statistics
    if statistics is None:
        if result.benchmark is not None:
            page.line()
            page.fields(holding_of(result.benchmark))
        return
    page.line()
    page.heading(verdict_of(statistics))
    page.paragraph(statistics.because)
    page.line()
    costs: Field = ("break-even", breakeven_of(statistics))
    page.fields([*odds_of(statistics), *tries_of(result.trials), *holding_of(result.benchmark), costs])
    _show_fills(page, result, statistics)
    _show_sensitivity(page, statistics)


def _show_fills(page: Page, result: PlanResult | PlanDetail, statistics: PlanStatistics) -> None:
    is_baseline = any(one.variant_id == result.best_variant_id for one in result.results if "baseline" in one.tags)
    rows = list(_filled(statistics.costs["fills"], is_baseline=is_baseline))
    if not rows:
        return
    page.line()
    table = Table().text("fill", [row.fill for row in rows]).text("variant", [row.side for row in rows])
    for name in _COLUMNS:
        Figure(name, METRICS[name]).put(table, rows)
    page.table(table)


def _filled(fills: Mapping[str, Any], *, is_baseline: bool) -> Iterator[Filled]:
    """The best and the baseline under each fill model; one row where they are the same, or there is no best."""
    for fill, sides in fills.items():
        shown = [side for side in ("best", "baseline") if sides[side] is not None]
        for place, side in enumerate(shown[:1] if is_baseline else shown):
            said = "baseline" if is_baseline else side
            yield Filled(fill if place == 0 else "", said, Metrics.model_construct(**sides[side]))


def _show_sensitivity(page: Page, statistics: PlanStatistics) -> None:
    parameters = statistics.sensitivity["parameters"]
    if not parameters:
        return
    page.line()
    page.heading("Median score by value")
    name_width = max(map(cell_width, [*parameters, "neighbours"]))
    rows: list[Field] = []
    for path, values in parameters.items():
        lines = list(_score_lines(values, page.width - name_width - len(_GAP)))
        rows += [(path if place == 0 else "", line) for place, line in enumerate(lines)]
    page.fields([*rows, ("neighbours", neighbours_of(statistics))])


def _score_lines(values: list[dict[str, Any]], width: int) -> Iterator[str]:
    """Values, and below each its score; as many side by side as there is room for."""
    names = [fit(value_text(each["value"]), _WIDEST_VALUE) for each in values]
    scores = [_score(each["median_score"]) for each in values]
    wide = max(map(cell_width, [*names, *scores]), default=0)
    side_by_side = max(1, (width + len(_GAP)) // (wide + len(_GAP)))
    for start in range(0, len(values), side_by_side):
        for cells in (names, scores):
            yield _GAP.join(pad(cell, wide, right=True) for cell in cells[start : start + side_by_side])


def _score(score: float | None) -> str:
    return figures.NONE if score is None else figures.decimals(score, SCORE.metric.digits)
