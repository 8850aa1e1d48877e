"""Run plans as people read them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from engine.numerals import value_text
from tui.shared import figures
from tui.shared.leaderboard import short_ids, show_board
from tui.shared.output import Table
from tui.shared.words import HASH, bars_of, progress_of, took, tries_of

if TYPE_CHECKING:
    from engine.desk.accounts import EquityPoint
    from engine.desk.journal import EventView
    from engine.sweeps.plan.generator import Generated
    from engine.sweeps.results import PlanDetail, PlanResult, PlanSummary
    from tui.shared.charts import Points
    from tui.shared.output import Field, Page


SHORTEST_PLAN = 8
_START_AND_END = ("RUN_STARTED", "RUN_COMPLETED")


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
    from tui.commands.plan.worth import show_worth

    show_worth(page, result)


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
    from tui.commands.plan.worth import show_worth

    show_worth(page, detail)
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
    turns = [event for event in events if event.event_type != "RUN_VARIANT_COMPLETED"]
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
        ("data", ", ".join(dataset["sources"]) or "made by a program"),
        ("", f"{bars_of(detail)}, sha256 {detail.dataset_sha256[:HASH]}"),
        ("account", f"{figures.money(plan['starting_equity'])}, slippage {plan['slippage_bps']:g} bps"),
        ("journal", detail.journal),
        ("fingerprint", detail.fingerprint[:HASH]),
    ]


def _of_all(kept: int, dropped: int) -> str:
    return f"{figures.counted(kept, 'variant')}{_dropped(dropped)}; nothing was executed"


def _dropped(count: int) -> str:
    return f", {figures.whole(count)} more dropped by --max-variants" if count else ""


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
