"""Sections on the variants of a plan: the leaderboard, the scores of all, and the map of two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.numerals import value_text
from engine.sweeps.objectives import ranked
from tui.report.content import (
    Block,
    Cell,
    Chart,
    MapChart,
    Mark,
    Measure,
    PointChart,
    Role,
    Section,
    TableBlock,
    Text,
)
from tui.shared import figures
from tui.shared.grid import Cut, Grid
from tui.shared.leaderboard import Leaderboard, without_result
from tui.shared.metrics import SCORE, formatted
from tui.shared.output import Table

if TYPE_CHECKING:
    from engine.sweeps.results import PlanDetail, VariantResult

TOP = 25
"""Variants on the leaderboard, beside the baseline."""
MOST_SCORES = 5_000
"""Variants whose scores are drawn."""
MOST_CELLS = 2_500
"""Cells of a map that are drawn."""
MOST_COLUMNS = 40
"""Columns and rows of a map that is a table."""
_WIDTH = 100
"""Characters that a row of the leaderboard may take"""


def leaderboard_section(detail: PlanDetail) -> Section:
    """The best variants and the baseline, how the scores are spread, and what has no place among them."""
    board = Leaderboard.of(detail.results, detail.best_variant_id, TOP)
    blocks: list[Block] = []
    if board.rows:
        marked = frozenset(
            place for place, (_, result) in enumerate(board.rows) if result.variant_id == detail.best_variant_id
        )
        blocks.append(TableBlock(board.table(_WIDTH), board.heading(), _legend(board, detail), marked))
    scored = [result for result in ranked(detail.results) if result.objective_score is not None]
    if len(scored) > 1:
        blocks.append(_scores(detail, scored))
    blocks += [Text(sentence, aside=True) for sentence in (*detail.reasons, *without_result(detail.results))]
    return Section("leaderboard", "Leaderboard", blocks or [Text("No variant has a result yet.")])


def _legend(board: Leaderboard, detail: PlanDetail) -> str:
    """What the signs say, and which parameters the values are of where the rows do not say."""
    named = "" if board.has_room_for_labels(_WIDTH) else f"variant: {', '.join(detail.plan['sweep'])}"
    return "; ".join(filter(None, (board.legend(detail.objective), named)))


def _scores(detail: PlanDetail, scored: list[VariantResult]) -> Chart:
    shown = scored[:MOST_SCORES]
    marks = [
        Mark(result.label, rank, result.objective_score or 0.0, _role(detail, result))
        for rank, result in enumerate(shown, 1)
    ]
    median = scored[len(scored) // 2].objective_score
    alternative = (
        f"Scores of {figures.counted(len(scored), 'variant')}, best first: from {_score(scored[0].objective_score)}"
        f" down to {_score(scored[-1].objective_score)}, the median {_score(median)}."
    )
    return Chart(
        "scores-chart",
        f"Every variant's score by {detail.objective}, best first",
        PointChart(marks, "rank", "score", Measure.NUMBER),
        alternative,
        TableBlock(_quantiles(scored), f"Scores by {detail.objective} along the ranks"),
        "" if len(shown) == len(scored) else f"The first {figures.whole(len(shown))} variants are drawn.",
    )


def _role(detail: PlanDetail, result: VariantResult) -> Role | None:
    if result.variant_id == detail.best_variant_id:
        return Role.BEST
    return Role.BASELINE if "baseline" in result.tags else None


def _quantiles(scored: list[VariantResult]) -> Table:
    last = len(scored) - 1
    places = sorted({last * quarter // 4 for quarter in range(5)})
    table = Table().counts("rank", [place + 1 for place in places])
    table.text("variant", [scored[place].label for place in places])
    return table.money("score", [scored[place].objective_score for place in places], SCORE.metric.digits)


def map_section(detail: PlanDetail) -> Section | None:
    """Two parameters against each other, the others as the best has them; None where nothing was swept."""
    grid = Grid(detail)
    if not any(len(values) > 1 for values in grid.values.values()):
        return None
    cut = _through_best(grid, detail)
    across, down = grid.axes(cut)
    columns, rows = grid.columns(cut), grid.rows(cut)
    total = len(columns) * len(rows)
    columns, rows = _fitting(columns, rows)
    cells = [
        _cell(grid, cut, column, row, detail.objective) for row in range(len(rows)) for column in range(len(columns))
    ]
    chart = MapChart(
        [value_text(value) for value in columns],
        ["" if not down else value_text(value) for value in rows],
        across,
        down,
        cells,
        detail.objective,
        _place_of_best(grid, cut, detail),
    )
    known = [cell for cell in cells if cell.value is not None]
    if not known:
        return None
    fixed = grid.fixed(cut)
    blocks: list[Block] = [_map_chart(chart, known, total)]
    if fixed:
        held = ", ".join(f"{path} = {value_text(value)}" for path, value in fixed.items())
        blocks.append(Text(f"The other parameters are at the values of the best: {held}.", aside=True))
    return Section("map", "Map of two parameters", blocks)


def _through_best(grid: Grid, detail: PlanDetail) -> Cut:
    """The two parameters with the most values, cut where the best stands."""
    longest = sorted(grid.paths, key=lambda path: -len(grid.values[path]))[:2]
    first = next(place for place, pair in enumerate(grid.pairs) if set(pair) >= set(longest))
    best = next((one for one in detail.results if one.variant_id == detail.best_variant_id), None)
    placed = None if best is None else grid.position_of(Cut(axes=first), best)
    return Cut(axes=first) if placed is None else placed[0]


def _place_of_best(grid: Grid, cut: Cut, detail: PlanDetail) -> tuple[int, int] | None:
    best = next((one for one in detail.results if one.variant_id == detail.best_variant_id), None)
    placed = None if best is None else grid.position_of(cut, best)
    return None if placed is None else placed[1:]


def _fitting(columns: list[object], rows: list[object]) -> tuple[list[object], list[object]]:
    """No more columns and rows than can be drawn."""
    columns = columns[: min(len(columns), MOST_CELLS)]
    return columns, rows[: max(1, MOST_CELLS // len(columns))]


def _cell(grid: Grid, cut: Cut, column: int, row: int, objective: str) -> Cell:
    variant = grid.variant(cut, column, row)
    score = None if variant is None else variant.objective_score
    return Cell(column, row, score, "" if variant is None else f"{variant.label}: {objective} {_score(score)}")


def _map_chart(chart: MapChart, known: list[Cell], total: int) -> Chart:
    low, high = min(cell.value or 0.0 for cell in known), max(cell.value or 0.0 for cell in known)
    named = f"{chart.x_title} to the right" + (f", {chart.y_title} upwards" if chart.y_title else "")
    drawn = len(chart.cells)
    return Chart(
        "map-chart",
        f"Score by {chart.measured}: {named}",
        chart,
        f"A grid of {figures.counted(len(known), 'score')} from {_score(low)} to {_score(high)}: {named}.",
        TableBlock(_map_table(chart), f"Score by {chart.measured}: {named}", _cut_table(chart)),
        "" if drawn == total else f"{figures.whole(drawn)} of {figures.counted(total, 'cell')} are drawn.",
    )


def _map_table(chart: MapChart) -> Table:
    scores = {(cell.column, cell.row): cell.value for cell in chart.cells}
    rows = range(min(len(chart.rows), MOST_COLUMNS))
    table = Table().text(chart.y_title or " ", [chart.rows[row] for row in rows])
    for column, name in enumerate(chart.columns[:MOST_COLUMNS]):
        table.money(name, [scores.get((column, row)) for row in rows], 2)
    return table


def _cut_table(chart: MapChart) -> str:
    if len(chart.columns) <= MOST_COLUMNS and len(chart.rows) <= MOST_COLUMNS:
        return ""
    return f"The table has the first {MOST_COLUMNS} values of each parameter."


def _score(score: float | None) -> str:
    return formatted(score, SCORE.metric.digits)
