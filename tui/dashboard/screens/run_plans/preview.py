"""The run plan under the cursor beside the list: its verdict, what the best made, and a line of its equity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import Group, RenderableType
from rich.text import Text

from tui.dashboard.colours import Palette
from tui.dashboard.sweeps import load_told
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.sweeps.results import PlanDetail

LEVELS = "▁▂▃▄▅▆▇█"
SPARK = 42
"""Cells of the line of equity."""
FULL_JOURNAL = "full"


def preview_of(desk: Desk, run_plan_id: UUID, palette: Palette, warning: str) -> RenderableType:
    """The preview of a run plan. Reads all of its variants: blocks."""
    return Group(*_lines(desk, desk.plans.get(run_plan_id), palette, warning))


def _lines(desk: Desk, detail: PlanDetail, palette: Palette, warning: str) -> Iterator[RenderableType]:
    from tui.dashboard.screens.run_plan.verdict_panels import made_panel, sentence
    from tui.report.plan_worth import best_of, sides_of

    base = detail.plan["base"]
    yield Text(safe_text(f"{detail.strategy_id} on {', '.join(base['symbols'])}, {base['timeframe']}"), "bold")
    best = best_of(detail)
    name = "none has a score" if best is None else safe_text(best.label)
    yield Text.assemble(("best  ", palette.muted), name)
    yield Text()
    yield sentence(detail, palette, warning)
    if sides_of(detail):
        yield Text()
        yield made_panel(detail, palette)
    curve = _equity(desk, detail)
    if len(curve) > 1:
        yield Text()
        yield Text("equity of the best, trade by trade", palette.muted)
        yield Text(sparkline(curve, SPARK), palette.line)


def _equity(desk: Desk, detail: PlanDetail) -> list[float]:
    """The best's equity after each trade, where the journal has its fills; else it would have to be run again."""
    if detail.journal != FULL_JOURNAL or detail.best_variant_id is None:
        return []
    return [point.equity for point in desk.plans.equity(detail.run_plan_id, detail.best_variant_id, load_told)]


def sparkline(values: Sequence[float], width: int) -> str:
    """The values as bars of eight heights from the lowest to the highest; of more than `width`, evenly spread ones."""
    count = min(width, len(values))
    shown = [values[place * (len(values) - 1) // max(1, count - 1)] for place in range(count)]
    low, high = min(shown), max(shown)
    if high == low:
        return LEVELS[0] * count
    return "".join(LEVELS[round((value - low) / (high - low) * (len(LEVELS) - 1))] for value in shown)
