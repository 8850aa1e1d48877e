"""The panels of a verdict: the odds, what was made, what came out of sample, sensitivity, and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.account.metrics import METRICS, Metrics
from engine.numerals import value_text
from engine.statistics.holding import HoldingMetrics
from tui.dashboard.colours import Palette, gain
from tui.report.plan_worth import sentence_of, sides_of
from tui.shared import figures
from tui.shared.charts import distribution
from tui.shared.metrics import SCORE, Figure, formatted
from tui.shared.out_of_sample import chosen_in, efficiency_of, facts_of, stretches_of
from tui.shared.text import safe_text
from tui.shared.words import MEANINGS, ODDS, breakeven_of, neighbours_of, noise_of, probability, tries_of

if TYPE_CHECKING:
    from engine.sweeps.noise.results import NoiseResult
    from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
    from engine.sweeps.results import PlanDetail, PlanStatistics

SHOWN = ("return_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")
"""The metrics of who is set beside whom."""
MOST_FOLDS, MOST_VALUES = 40, 12
"""Folds, and values of a parameter, that are listed."""
BAR = 16
"""Cells of the longest bar."""
NAME = 12
"""Cells of the names of rows: tables that stand below each other are aligned."""
LEAST_CHART, CHART_HEIGHT = 30, 12
FULL = "█"
_PARTS = " ▏▎▍▌▋▊▉"
_FIGURES = tuple(Figure(name, METRICS[name]) for name in SHOWN)
_TITLES = ("return", "drawdown", "Sharpe", "trades")
_GOOD, _UNKNOWN = ("BEYOND_LUCK",), ("TOO_LITTLE_DATA",)
_WITHOUT = "The plan was run without statistics, or before there were any: its figures stand on the board (b)."
_UNFINISHED = "A verdict is made when every variant has come out."

Row = tuple[str, Metrics | HoldingMetrics | None]


def sentence(detail: PlanDetail, palette: Palette, warning: str) -> RenderableType:
    """The verdict as a chip with its meaning, and why; of a plan without one what there is to say instead."""
    statistics = detail.statistics
    if statistics is None:
        why = _WITHOUT if detail.status == "completed" else _UNFINISHED
        return Group(Text(sentence_of(detail), "bold"), Text(why, palette.muted))
    verdict = statistics.verdict
    colour = palette.gain if verdict in _GOOD else warning if verdict in _UNKNOWN else palette.loss
    chip = Text(f" {safe_text(verdict).replace('_', ' ')} ", f"bold reverse {colour}")
    line = Text.assemble(chip, "  ", (safe_text(MEANINGS.get(verdict, "")), "bold"))
    return Group(line, Text(safe_text(statistics.because)))


def odds_panel(detail: PlanDetail, statistics: PlanStatistics, palette: Palette) -> Table:
    """How likely it is that luck did it, after how many tries, and the cost at which nothing is left."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=palette.muted, no_wrap=True)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(style=palette.muted)
    for name, meaning in ODDS.items():
        grid.add_row(name, probability(getattr(statistics, name)), meaning)
    for name, said in noise_of(detail.noise) or NO_NOISE:
        grid.add_row(name, *_parted(said))
    for name, said in tries_of(detail.trials):
        grid.add_row(name, *_parted(said))
    grid.add_row("sessions", figures.whole(statistics.sessions), _years(statistics))
    bps = statistics.costs["breakeven_bps"]
    grid.add_row("break-even", figures.NONE if bps is None else figures.decimals(bps, 1), _breakeven(statistics))
    return grid


def _parted(said: str) -> tuple[str, str]:
    first, _, rest = said.partition(" ")
    return first, rest.strip()


def _years(statistics: PlanStatistics) -> str:
    a_year = statistics.sessions_a_year
    return "" if not a_year else f"about {figures.decimals(statistics.sessions / a_year, 1)} years"


def _breakeven(statistics: PlanStatistics) -> str:
    said = breakeven_of(statistics)
    return said.partition(" ")[2] if statistics.costs["breakeven_bps"] is not None else said.partition(": ")[2]


def made_panel(detail: PlanDetail, palette: Palette) -> Table:
    """The best, the baseline and holding beside each other, on the sessions that chose the best."""
    return metrics_table([(name, metrics) for name, metrics in sides_of(detail)], palette)


def metrics_table(rows: Sequence[Row], palette: Palette) -> Table:
    """A row for each, with its main metrics; gains by sign and colour."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=NAME)
    for _ in _TITLES:
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", *(Text(title, palette.muted) for title in _TITLES))
    for name, metrics in rows:
        table.add_row(Text(safe_text(name)), *(_cell(figure, metrics, palette) for figure in _FIGURES))
    return table


def _cell(figure: Figure, metrics: Metrics | HoldingMetrics | None, palette: Palette) -> Text:
    value = None if metrics is None else getattr(metrics, figure.key, None)
    if metrics is None or value is None:
        return Text(figures.NONE, palette.muted)
    if figure.metric.is_gain:
        return gain(value, palette, figure.metric.digits, unit=" %", arrow=False)
    return Text(figure.field(metrics)[1])


def out_of_sample_panel(detail: PlanDetail, labels: Mapping[str, str], palette: Palette) -> Table:
    """The holdout and the walk-forward: what the best came to where it was not chosen. `labels` by variant id."""
    page = Table.grid(expand=True)
    page.add_column()
    if detail.holdout is None and detail.walk_forward is None:
        page.add_row(Text(NOTHING_KEPT, palette.muted))
    if detail.holdout is not None:
        _put_holdout(page, detail.holdout, palette)
    if detail.walk_forward is not None:
        if detail.holdout is not None:
            page.add_row("")
        _put_walk_forward(page, detail.walk_forward, labels, palette)
    return page


NO_NOISE = [("p_noise", f"{figures.NONE} N runs the plan again on shuffled bars")]
NOTHING_KEPT = "Every session had a part in choosing the best: there is no holdout and no walk-forward."


def _put_holdout(page: Table, holdout: HoldoutResult, palette: Palette) -> None:
    said = dict(facts_of(holdout))
    page.add_row(Text.assemble(("Holdout  ", "bold"), said.pop("sessions")))
    stretches = stretches_of(holdout)
    if stretches:
        page.add_row(metrics_table([(stretch.name, stretch.metrics) for stretch in stretches], palette))
    else:
        page.add_row(Text("O opens it, once: the best is traded on it and the verdict made anew.", palette.muted))
    for name, words in said.items():
        page.add_row(Text(f"{name} {words}", palette.muted))


def _put_walk_forward(page: Table, walk: WalkForwardResult, labels: Mapping[str, str], palette: Palette) -> None:
    page.add_row(Text.assemble(("Walk-forward  ", "bold"), figures.counted(len(walk.folds), "fold")))
    page.add_row(metrics_table([("all tests", walk.out_of_sample)], palette))
    page.add_row(Text.assemble(("efficiency  ", palette.muted), efficiency_of(walk)))
    folds = Table.grid(padding=(0, 2, 0, 0))
    folds.add_column(no_wrap=True)
    folds.add_column(no_wrap=True, overflow="ellipsis")
    folds.add_column(justify="right", no_wrap=True)
    folds.add_column(justify="right", no_wrap=True)
    folds.add_row(*(Text(title, palette.muted) for title in ("tested from", "chosen in training", "score", "return")))
    for fold in walk.folds[:MOST_FOLDS]:
        folds.add_row(
            str(fold.test_from),
            Text(safe_text(chosen_in(fold, labels))),
            formatted(fold.score, SCORE.metric.digits),
            _cell(_FIGURES[0], fold.metrics, palette),
        )
    page.add_row(folds)
    more = len(walk.folds) - MOST_FOLDS
    if more > 0:
        page.add_row(Text(f"and {figures.counted(more, 'more fold')}; the report lists them", palette.muted))


def sensitivity_panel(statistics: PlanStatistics, palette: Palette) -> Table:
    """The median score at each value of each swept parameter as a bar, and the best's neighbours."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, max_width=24, overflow="ellipsis")
    grid.add_column(no_wrap=True, width=BAR)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(style=palette.muted, no_wrap=True)
    parameters: dict[str, list[dict[str, Any]]] = statistics.sensitivity["parameters"]
    longest = _longest(parameters)
    for path, values in parameters.items():
        shown = spread(values, MOST_VALUES)
        of = f"{len(shown)} of {figures.whole(len(values))}" if len(shown) < len(values) else ""
        grid.add_row("", "", "", "")
        grid.add_row(Text(safe_text(path.split(".", 1)[-1]), "bold"), Text(of, palette.muted), "", "")
        for each in shown:
            score = each["median_score"]
            grid.add_row(
                Text(safe_text(value_text(each["value"]))),
                bar(score, longest, palette),
                formatted(score, SCORE.metric.digits),
                figures.counted(each["variants"], "variant"),
            )
    page = Table.grid(expand=True)
    page.add_row(Text.assemble(("neighbours of the best  ", palette.muted), neighbours_of(statistics)))
    if parameters:
        page.add_row(grid)
    return page


def _longest(parameters: dict[str, list[dict[str, Any]]]) -> float:
    scores = (each["median_score"] for values in parameters.values() for each in values)
    return max((abs(score) for score in scores if score is not None), default=0.0)


def spread(values: Sequence[Any], most: int) -> list[Any]:
    """All values, or at most `most` evenly spread over them, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[place * (len(values) - 1) // (most - 1)] for place in range(most)]


def bar(value: float | None, longest: float, palette: Palette, width: int = BAR) -> Text:
    """A bar as long as the value is to the longest, in eighths of a cell; a loss has the loss's colour."""
    if value is None or longest <= 0:
        return Text()
    full, rest = divmod(round(abs(value) / longest * width * 8), 8)
    drawn = FULL * full + (_PARTS[rest] if rest else "")
    return Text(drawn, palette.gain if value >= 0 else palette.loss)


def costs_panel(detail: PlanDetail, statistics: PlanStatistics, palette: Palette) -> Table:
    """The cost at which the edge is gone, and the best and the baseline under each fill model."""
    page = Table.grid(expand=True)
    page.add_row(Text(f"{breakeven_of(statistics)}."))
    rows = list(_by_fill(detail, statistics))
    if rows:
        page.add_row("")
        page.add_row(metrics_table(rows, palette))
    return page


def _by_fill(detail: PlanDetail, statistics: PlanStatistics) -> Iterator[Row]:
    is_baseline = detail.best_variant_id == detail.results[0].variant_id
    for fill, sides in statistics.costs["fills"].items():
        for side in ("best",) if is_baseline else ("best", "baseline"):
            if sides[side] is not None:
                name = f"{fill}" if side == "best" else f"  {side}"
                yield name, Metrics.model_construct(**sides[side])


def noise_drawing(noise: NoiseResult, width: int) -> Text:
    """Where the best lies among the bests of shuffled bars. Draws: not for the event loop."""
    scores = [score for score in noise.scores if score is not None]
    if not scores:
        return Text("On no shuffle a variant had a score.")
    drawn = distribution(scores, noise.best_score, max(LEAST_CHART, width), CHART_HEIGHT)
    return Text(f"{drawn}\ncolumns: the best score of each draw\n│ the plan's best, {noise.best_score:.4f}")
