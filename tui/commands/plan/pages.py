"""Run plans as people read them, and below the leaderboard what the best is worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from engine.account.metrics import METRICS, Metrics
from engine.numerals import value_text
from tui.commands.plan.out_of_sample import show_out_of_sample
from tui.shared import figures
from tui.shared.leaderboard import SHORTEST_PLAN, short_ids, show_board
from tui.shared.metrics import SCORE, Figure
from tui.shared.output import Table
from tui.shared.text import cell_width, fit, pad
from tui.shared.words import (
    HASH,
    bars_of,
    breakeven_of,
    holding_of,
    neighbours_of,
    noise_of,
    odds_of,
    progress_of,
    took,
    tries_of,
    verdict_of,
)

if TYPE_CHECKING:
    from engine.desk.accounts import EquityPoint
    from engine.desk.journal import EventView
    from engine.sweeps.plan.generator import Generated
    from engine.sweeps.results import PlanDetail, PlanResult, PlanStatistics, PlanSummary
    from tui.shared.charts import Points
    from tui.shared.output import Field, Page

_START_AND_END = ("RUN_STARTED", "RUN_COMPLETED")
_NO_TURNS = ("RUN_VARIANT_COMPLETED", "RUN_NOISE_TESTED")
_COLUMNS = ("return_pct", "cagr_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")
_WIDEST_VALUE = 16
_GAP = "  "


def show_generated(page: Page, generated: Generated, top: int) -> None:
    """Print the first variants and their number."""
    variants, total = generated.variants, len(generated.variants)
    page.line(_of_all(total, generated.dropped))
    shown = variants[:top]
    table = Table().text("id", [variant.variant_id for variant in shown])
    table.text("tag", [" ".join(variant.tags) for variant in shown])
    table.text("variant", [variant.label for variant in shown], shrinks=True)
    if any(variant.skip_reason for variant in shown):
        table.text("would be skipped", [variant.skip_reason or "" for variant in shown], shrinks=True)
    page.table(table)
    if total > top:
        page.line(f"{figures.whole(top)} of {figures.whole(total)} are shown; --top shows more, --json all")


def show_result(page: Page, result: PlanResult, top: int) -> None:
    """Print the outcome of a sweep: how many variants have a result, and the leaderboard."""
    page.heading(f"run plan {result.run_plan_id}  {result.status}")
    succeeded = sum(1 for variant in result.results if variant.status == "succeeded")
    total = len(result.results)
    rows = [
        ("bars", figures.whole(result.bar_count) + figures.after(result.history_bars)),
        (
            "variants",
            f"{figures.whole(succeeded)} of {figures.whole(total)} succeeded{_dropped(result.variants_dropped)}",
        ),
        *([] if result.statistics else tries_of(result.trials)),
        ("fingerprint", result.fingerprint[:HASH]),
    ]
    if result.verified:
        rows.append(("verified", f"{figures.counted(result.verified, 'variant')} run again bar by bar, all the same"))
    page.fields(rows)
    page.line()
    show_board(page, result.results, result.best_variant_id, result.objective, top, result.reasons)
    if succeeded > 1 and result.statistics is None:
        page.paragraph(f"The best of {figures.whole(succeeded)} is partly the luckiest: try it on data not swept over.")

    show_worth(page, result)
    show_out_of_sample(page, result)


def show_plans(page: Page, plans: Sequence[PlanSummary]) -> None:
    """Print the list of run plans, newest first."""
    if not plans:
        page.line("no run plans yet; `papertape plan run` makes one")
        return
    ids = short_ids([str(plan.run_plan_id) for plan in plans], SHORTEST_PLAN)
    table = Table().text("id", [ids[str(plan.run_plan_id)] for plan in plans])
    table.text("status", [plan.status for plan in plans])
    table.text("strategy", [plan.strategy_id for plan in plans], shrinks=True)
    table.text("variants", [progress_of(plan) for plan in plans])
    table.text("objective", [plan.objective for plan in plans], shrinks=True)
    table.money("best", [plan.best_score for plan in plans], 4)
    table.text("started (UTC)", [f"{plan.started_at:%Y-%m-%d %H:%M}" for plan in plans])
    page.table(table.text("took", [took(plan.duration_s) for plan in plans], right=True))


def show_plan(page: Page, detail: PlanDetail, events: Sequence[EventView], top: int) -> None:
    """Print a run plan: its status, its request, its leaderboard, and warnings about its data."""
    page.heading(f"run plan {detail.run_plan_id}  {detail.status}")
    page.fields([*_standing(detail), *_history(events), *_asked(detail)])
    page.line()
    show_board(page, detail.results, detail.best_variant_id, detail.objective, top, detail.reasons)

    show_worth(page, detail)
    show_out_of_sample(page, detail)
    for sentence in detail.plan["data"].get("warnings", ()):
        page.paragraph(f"warning: {sentence}")
    if detail.status in ("interrupted", "cancelled", "failed"):
        page.line(f"to resume:  papertape plan resume {detail.run_plan_id}")


def _standing(detail: PlanDetail) -> list[Field]:
    best = next((variant for variant in detail.results if variant.variant_id == detail.best_variant_id), None)
    rows: list[Field] = [
        ("variants", progress_of(detail) + _dropped(detail.variants_dropped)),
        ("best", "none has a score" if best is None else f"{best.label} by {detail.objective} {detail.best_score:.4f}"),
        ("started", f"{detail.started_at:%Y-%m-%d %H:%M:%S} UTC, {took(detail.duration_s)} of work"),
    ]
    rows += [] if detail.statistics else tries_of(detail.trials)
    if detail.error is not None:
        rows.append(("ended by", f"{detail.error_code}: {detail.error}"))
    if detail.verified:
        rows.append(("verified", f"{figures.counted(detail.verified, 'variant')} run again bar by bar, all the same"))
    if detail.duplicate_of:
        rows.append(("the same as", ", ".join(detail.duplicate_of)))
    for earlier, count in detail.differs_from.items():
        rows.append(("", f"but {figures.counted(count, 'variant')} came out otherwise than in {earlier}"))
    return rows


def _history(events: Sequence[EventView]) -> list[Field]:
    """Who stopped and resumed the run plan; empty when it was only started and finished."""
    turns = [event for event in events if event.event_type not in _NO_TURNS]
    if len(turns) <= len(_START_AND_END):
        return []
    lines = [f"{event.recorded_at:%Y-%m-%d %H:%M:%S}  {_turn(event)}" for event in turns]
    return [("history" if not index else "", line) for index, line in enumerate(lines)]


def _turn(event: EventView) -> str:
    """A line of the history, such as `resumed by process 812 on host`."""
    words = event.event_type.removeprefix("RUN_").lower().replace("_", " ")
    owner = event.payload.get("owner")
    return f"{words} by process {owner['pid']} on {owner['host']}" if owner else words


def _asked(detail: PlanDetail) -> list[Field]:
    plan: dict[str, Any] = detail.plan
    dataset = plan["dataset"]
    swept = [f"{path} {_list(values)}" for path, values in plan["sweep"].items()]
    return [
        ("strategy", f"{detail.strategy_id}, {plan['strategy_origin']}"),
        ("symbols", f"{', '.join(plan['base']['symbols'])}, {plan['timeframe']}"),
        *(("sweep" if not index else "", line) for index, line in enumerate(swept or ["the baseline alone"])),
        *([("sample", f"{figures.whole(plan['sample'])} of all combinations")] if plan["sample"] else []),
        *([("refines", plan["refines"])] if plan["refines"] else []),
        ("data", ", ".join(dataset["sources"]) or "made by a program"),
        ("", f"{bars_of(detail)}, sha256 {detail.dataset_sha256[:HASH]}"),
        ("account", f"{figures.money(plan['starting_equity'])}, slippage {plan['slippage_bps']:g} bps"),
        ("journal", detail.journal),
        ("fingerprint", detail.fingerprint[:HASH]),
    ]


def _of_all(kept: int, dropped: int) -> str:
    return f"{figures.counted(kept, 'variant')}{_dropped(dropped)}; nothing was executed"


def _dropped(count: int) -> str:
    return f", {figures.whole(count)} more are not tried" if count else ""


def _list(values: Sequence[object], most: int = 8) -> str:
    """Up to so many values, and how many more there are."""
    shown = ", ".join(map(value_text, values[:most]))
    return shown if len(values) <= most else f"{shown} and {figures.whole(len(values) - most)} more"


BEST_COLOUR, BASE_COLOUR = (80, 200, 120), (150, 150, 150)
COLUMNS_A_MARK = 2
"""The baseline is a row of marks with gaps: it must not be taken for the line, colour or not."""


def draw_over(page: Page, best: Sequence[EquityPoint], baseline: Sequence[EquityPoint]) -> None:
    """Both curves in one frame, the best a line, the baseline a row of marks; nothing when neither closed a trade."""
    from tui.shared.charts import Series, plot

    times = [point.ts.timestamp() for point in (*best, *baseline) if point.ts is not None]
    if not times:
        return
    first, last = min(times), max(times)
    glyph = "·" if page.unicode else "."
    base = _marks(_curve(baseline, first, last), page.width // COLUMNS_A_MARK)
    marks = Series(base, BASE_COLOUR if page.colour else None, glyph)
    line = Series(_curve(best, first, last), BEST_COLOUR if page.colour else None, stepped=True)
    page.raw(plot([marks, line], page.width, colour=page.colour, unicode=page.unicode))
    page.line(f"line: the best, to {_end(best)}   {glyph} {glyph} {glyph} the baseline, to {_end(baseline)}")


def _curve(points: Sequence[EquityPoint], first: float, last: float) -> Points:
    """The points of a curve from one time to another, at which it starts and ends though nothing is closed there."""
    closed = [(point.ts.timestamp(), point.equity) for point in points if point.ts is not None]
    times = accumulate((x for x, _ in closed), max)  # in the order of closing, a time may stand still
    rising = list(zip(times, (y for _, y in closed), strict=True))
    return [(first, points[0].equity), *rising, (last, points[-1].equity)]


def _marks(curve: Points, count: int) -> Points:
    """The curve's value at evenly spread times."""
    times = [x for x, _ in curve]
    first, span = times[0], times[-1] - times[0]
    at = [first + span * step / max(1, count - 1) for step in range(count)]
    return [(x, curve[max(0, bisect_right(times, x) - 1)][1]) for x in at]


def _end(points: Sequence[EquityPoint]) -> str:
    return figures.money(points[-1].equity)


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
        facts = [*noise_of(result.noise), *holding_of(result.benchmark)]
        if facts:
            page.line()
            page.fields(facts)
        return
    page.line()
    page.heading(verdict_of(statistics))
    page.paragraph(statistics.because)
    page.line()
    costs: Field = ("break-even", breakeven_of(statistics))
    odds = [*odds_of(statistics), *noise_of(result.noise)]
    page.fields([*odds, *tries_of(result.trials), *holding_of(result.benchmark), costs])
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
