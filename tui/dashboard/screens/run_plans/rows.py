"""Run plans as rows of a table: what each column shows, and the statuses in a sign and a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

from engine.vocabulary import RunStatus
from tui.dashboard.sweeps import SHORT, Progress
from tui.dashboard.widgets.columns import COUNTS, MINUTES, WORDS, Column, Form, fixed
from tui.shared import figures
from tui.shared.leaderboard import short_ids

if TYPE_CHECKING:
    from engine.sweeps.results import PlanSummary
    from tui.dashboard.colours import Palette
    from tui.dashboard.sweeps import Sweeps

SIGNS = {"running": "▶", "completed": "✓", "failed": "✗", "cancelled": "□", "interrupted": "‖"}
RUNNING, ALL = RunStatus.RUNNING.value, "all"

SCORE = fixed(4)
DURATIONS = Form(lambda seconds, _, __: Text(brief(seconds)))
"""Seconds of work, in the units that suit them."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A run plan; `progress` is fresher than its journal while this dashboard executes it."""

    summary: PlanSummary
    short_id: str
    progress: Progress | None = None

    @property
    def done(self) -> int:
        """The number of variants that have a result."""
        return max(self.summary.done, self.progress.done) if self.progress else self.summary.done

    @property
    def is_running(self) -> bool:
        """Whether a process is executing it."""
        return self.progress is not None or self.summary.status == RUNNING

    @property
    def stands(self) -> str:
        """The status as a `RunStatus` value."""
        return RUNNING if self.is_running else self.summary.status

    @property
    def status(self) -> str:
        """`▶ running 45 %`, `✓ completed`; 99 % at most, as long as it is not."""
        if not self.is_running:
            return status_words(self.summary.status)
        percent = min(99, int(self.done / max(1, self.summary.variants) * 100))
        return f"{status_words(RUNNING)} {percent:2} %"


COLUMNS: tuple[Column[PlanRow], ...] = (
    Column("id", "id", WORDS, lambda row: row.short_id, "the beginning of its id, as commands take it"),
    Column("status", "status", WORDS, lambda row: row.status, "interrupted: no end, nobody at work on it", least=15),
    Column(
        "strategy",
        "strategy",
        WORDS,
        lambda row: row.summary.strategy_id,
        "by its name in the registry",
        widest=20,
        tight_widest=10,
    ),
    Column("done", "done", COUNTS, lambda row: row.done, "variants that came out, failed and skipped too", least=6),
    Column("variants", "of", COUNTS, lambda row: row.summary.variants, "variants in all"),
    Column("failed", "fail", COUNTS, lambda row: row.summary.failed, "variants with an error of their own"),
    Column("skipped", "skip", COUNTS, lambda row: row.summary.skipped, "variants with a value out of bounds"),
    Column("score", "score", SCORE, lambda row: row.summary.best_score, "the best variant's, by the objective"),
    Column("took", "took", DURATIONS, lambda row: row.summary.duration_s, "time at work, stops not counted", least=8),
    Column("started", "started", MINUTES, lambda row: row.summary.started_at, "UTC", tight_detail=-1),
    Column("objective", "objective", WORDS, lambda row: row.summary.objective, "what best means", 20),
    Column("best", "best", WORDS, lambda row: row.summary.best_variant_id, "the best variant's id", 17),
    Column("journal", "journal", WORDS, lambda row: row.summary.journal, "full: every fill is kept; summary: results"),
)


def brief(seconds: float) -> str:
    """`0.25 s`, `3m 20s`, `2h 05m`: seven characters at most for what takes less than four days."""
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def status_words(status: str) -> str:
    """A sign and a word for a status, such as `✓ completed`."""
    return f"{SIGNS[status]} {status}"


def plan_rows(plans: Sequence[PlanSummary], sweeps: Sweeps) -> list[PlanRow]:
    """The run plans as they stand now."""
    ids = short_ids([str(plan.run_plan_id) for plan in plans], SHORT)
    return [PlanRow(plan, ids[str(plan.run_plan_id)], sweeps.progress(plan.run_plan_id)) for plan in plans]


def counts(rows: Iterable[PlanRow]) -> dict[str, int]:
    """The number of run plans, in all and by status; statuses without a plan are left out."""
    by_status = Counter(row.stands for row in rows)
    return {
        ALL: by_status.total(),
        **{status.value: by_status[status.value] for status in RunStatus if by_status[status.value]},
    }


def status_line(by_status: dict[str, int], chosen: str, palette: Palette) -> Text:
    """The counts by status on one line, each clickable, with the chosen one underlined."""
    parts = []
    for status, count in by_status.items():
        words = status if status == ALL else status_words(status)
        part = Text(f"{words} {figures.whole(count)}", Style(meta={"@click": f"screen.show_status('{status}')"}))
        part.stylize("bold underline" if status == chosen else palette.muted)
        parts.append(part)
    return Text("   ").join(parts)
