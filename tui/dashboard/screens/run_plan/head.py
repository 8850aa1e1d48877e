"""The two lines above the parts of a run plan: how it stands, and what was best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.dashboard.screens.run_plans.rows import RUNNING, status_words
from tui.dashboard.widgets.money import Palette, gain
from tui.shared import figures
from tui.shared.plan_words import took
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.sweeps.results import VariantResult
    from tui.dashboard.screens.run_plan.view import PlanView
    from tui.dashboard.sweeps import Progress


def head_lines(view: PlanView, progress: Progress | None, palette: Palette, width: int) -> Text:
    """Two lines, each cut to the width."""
    room, lines = max(1, width - 2), []
    for written in (_standing(view, progress, palette), _best(view, palette)):
        line = next((each for each in written if each.cell_len <= room), written[-1])
        line.truncate(room, overflow="ellipsis")
        lines.append(line)
    return Text("\n").join(lines)


def _standing(view: PlanView, progress: Progress | None, palette: Palette) -> list[Text]:
    """All of it, and shorter where that does not fit."""
    detail, base = view.detail, view.detail.plan["base"]
    done = max(detail.done, progress.done) if progress else detail.done
    status = status_words(detail.status if progress is None else RUNNING)
    line = Text.assemble((view.short_id, "bold"), f"  {status}  {safe_text(detail.strategy_id)} ")
    line.append(safe_text(f"{', '.join(base['symbols'])}, {base['timeframe']}"))
    counts = [f"{figures.whole(done)} of {figures.counted(detail.variants, 'variant')}"]
    counts += [
        f"{figures.whole(n)} {what}" for n, what in ((detail.failed, "failed"), (detail.skipped, "skipped")) if n
    ]
    if detail.variants_dropped:
        counts.append(f"{figures.whole(detail.variants_dropped)} dropped")
    line.append(f"  {', '.join(counts)}")
    said = f"  {figures.whole(detail.bar_count)} bars, {took(detail.duration_s)}"
    return [line.copy().append(said, palette.muted), line]


def _best(view: PlanView, palette: Palette) -> list[Text]:
    """With the objective's name, and without."""
    detail = view.detail
    if detail.error is not None:
        return [Text(safe_text(f"ended by {detail.error_code}: {detail.error}"), palette.loss)]
    best = view.by_id.get(detail.best_variant_id or "")
    if best is None:
        return [Text(f"no variant has a score by {detail.objective}", palette.muted)]
    lines = []
    for name in (f"  {detail.objective} {detail.best_score:.4f}", ""):
        line = Text.assemble(("best ", palette.muted), (safe_text(best.label), "bold"), (f"{name}  ", palette.muted))
        line.append_text(_return(best, palette))
        if view.baseline is not best and view.baseline.metrics is not None:
            line.append("  baseline ", palette.muted).append_text(_return(view.baseline, palette))
        lines.append(line)
    return lines


def _return(result: VariantResult, palette: Palette) -> Text:
    return Text() if result.metrics is None else gain(result.metrics.return_pct, palette, unit=" %")
