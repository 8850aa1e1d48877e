"""Run plans in words: their bars, how far they have come, how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.shared import figures

if TYPE_CHECKING:
    from engine.sweeps.results import PlanDetail, PlanSummary

HASH = 16
"""Digits of a hash that are shown: enough to compare by eye, JSON has the rest."""


def bars_of(found: PlanDetail) -> str:
    """`1,047 bars after 2,223 of history`."""
    return f"{figures.whole(found.bar_count)} bars{figures.after(found.history_bars)}"


def progress_of(plan: PlanSummary) -> str:
    """`100 of 100, 2 failed, 1 skipped`: how many came out, and how many of them without a result."""
    said = [f"{figures.whole(plan.done)} of {figures.whole(plan.variants)}"]
    without = ((plan.failed, "failed"), (plan.skipped, "skipped"))
    return ", ".join([*said, *(f"{figures.whole(count)} {what}" for count, what in without if count)])


def took(seconds: float) -> str:
    """`0.25 s`, `3 min 20 s`, `2 h 05 min`."""
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
