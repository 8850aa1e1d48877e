"""What the reconciliation screen says: how it stands, and what an answer of yes will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from engine.account.state import values_apart
from engine.events import EventType
from tui.dashboard.screens.reconciliation.rows import DIFFERS, left_out
from tui.dashboard.screens.trading_state import STATE_SAYS, sign_of
from tui.dashboard.widgets.dialog import labelled
from tui.dashboard.widgets.money import Palette
from tui.dashboard.widgets.pane import READING
from tui.shared import figures

if TYPE_CHECKING:
    from engine.broker.reconcile import Comparison
    from engine.desk.accounts import Overview
    from engine.desk.journal import EventView
    from engine.policy.workspace import Workspace
    from tui.dashboard.widgets.dialog import Facts


def standing(workspace: Workspace, past: Sequence[EventView] | None, run: Text, palette: Palette) -> RenderableType:
    """Three lines: what the account may do, when it was last reconciled (None: not read yet), a dry run."""
    state = workspace.trading_state
    lines = [
        ("trading", Text.assemble((sign_of(state), "bold"), f": {STATE_SAYS[state]}")),
        ("last done", Text(READING) if past is None else past_line(past)),
        ("dry run", run),
    ]
    return labelled([(f" {label}", value) for label, value in lines], palette.muted)


def verdict(comparison: Comparison) -> Text:
    """What a dry run came to."""
    report, count = comparison.report, _apart(comparison.report.drift)
    line = Text(f"{figures.counted(report.events_replayed, 'fill')} replayed, ")
    line.append(f"{DIFFERS} {_differing(count)}" if count else "no drift", "bold")
    if report.duplicates_skipped:
        line.append(f", {figures.counted(report.duplicates_skipped, 'duplicate')} skipped")
    if report.errors:
        line.append(f", {_unapplied(len(report.errors))}", "bold")
    return line


def totals(comparison: Comparison, palette: Palette) -> Text:
    """How many fields differ, and how many matching rows are hidden."""
    count, hidden = _apart(comparison.report.drift), left_out(comparison)
    line = Text(f"{DIFFERS} {_differing(count)}" if count else "no differences", "bold" if count else "")
    if hidden:
        line.append(f"; {figures.counted(hidden, 'matching daily row')} hidden", palette.muted)
    return line


def drift_in_words(drift: Mapping[str, Sequence[Any]]) -> str:
    """`nothing had drifted`, or how many fields had, and the cash by how much."""
    if not drift:
        return "nothing had drifted"
    words = f"{figures.counted(_apart(drift), 'field')} had drifted"
    if "cash" in drift:
        stored, rebuilt = drift["cash"]
        words += f", cash by {figures.signed(rebuilt - stored)}"
    return words


def past_line(past: Sequence[EventView]) -> Text:
    """When it was last reconciled and how far it had drifted; a reset since then is said."""
    newest = {event.event_type: event for event in past}
    done, reset = newest.get(EventType.STATE_RECONCILED), newest.get(EventType.STATE_RESET)
    line = Text("never reconciled" if done is None else f"{figures.moment(done.ts)} UTC: {_past_words(done)}")
    if reset is not None and (done is None or reset.seq > done.seq):
        line.append(f"; reset {figures.moment(reset.ts)} UTC", "bold")
    return line


def apply_facts(comparison: Comparison) -> Facts:
    """The consequences of applying, as facts for a question."""
    report = comparison.report
    return [
        ("from", f"{figures.counted(report.events_replayed, 'fill')} of the journal"),
        ("cash", _change(comparison.stored["cash"], comparison.rebuilt["cash"])),
        ("realized", _change(comparison.stored["realized_pnl"], comparison.rebuilt["realized_pnl"])),
        ("positions", _counts(len(comparison.stored["positions"]), len(comparison.rebuilt["positions"]))),
        ("then", "the replayed state replaces the stored one, and STATE_RECONCILED is journaled"),
        ("orders", "none is placed, and the policy is not asked"),
        *([("left out", _unapplied(len(report.errors)))] if report.errors else []),
    ]


def reset_facts(overview: Overview) -> Facts:
    """The consequences of a reset, as facts for a question."""
    state = overview.state
    return [
        ("cash", _change(state.cash, state.starting_equity)),
        ("positions", _counts(len(state.positions), 0)),
        ("journal", "stays: ids executed stay executed; STATE_RESET is added"),
        ("back", "a reconciliation brings the old fills back"),
        ("afresh", "`papertape workspace create` makes another account"),
    ]


def _past_words(done: EventView) -> str:
    payload = done.payload
    words = f"{drift_in_words(payload.get('drift', {}))} ({figures.counted(payload.get('events_replayed', 0), 'fill')})"
    errors = payload.get("errors", [])
    return f"{words}, {_unapplied(len(errors))}" if errors else words


def _apart(drift: Mapping[str, Sequence[Any]]) -> int:
    """How many fields had drifted: those that everything else counts."""
    return len(list(values_apart(drift)))


def _change(before: float, after: float) -> str:
    if before == after:
        return f"{figures.money(after)}, unchanged"
    return f"{figures.money(before)} → {figures.money(after)}"


def _counts(before: int, after: int) -> str:
    return f"{after:,}, unchanged" if before == after else f"{before:,} → {after:,}"


def _differing(count: int) -> str:
    return "1 field differs" if count == 1 else f"{count:,} fields differ"


def _unapplied(count: int) -> str:
    return f"{figures.counted(count, 'fill')} cannot be applied"
