"""Two states side by side, what stands in the account and what the journal makes of it: as rows, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import RenderableType
from rich.text import Text

from engine.account.state import values_apart
from engine.events import EventType
from tui.dashboard.colours import Palette
from tui.dashboard.screens.acting import STATE_SAYS, changed_amount, changed_count, sign_of
from tui.dashboard.widgets.columns import QUANTITIES, WORDS, Column, Form
from tui.dashboard.widgets.dialog import labelled
from tui.dashboard.widgets.pane import READING
from tui.shared import figures

if TYPE_CHECKING:
    from engine.broker.reconcile import Comparison
    from engine.desk.journal import EventView
    from engine.policy.workspace import Workspace
    from tui.dashboard.widgets.dialog import Facts

DIFFERS, ALIKE = "≠", "="
ACCOUNT = "account"
_BY_KEY = {
    "realized_by_session": "realized_pnl",
    "equity_by_session": "equity",
    "exposed_by_session": "exposed",
    "last_closed_at": "last_closed_at",
}
"""Maps by day or symbol, and what the field is of which they hold values"""
_MAPS = ("positions", *_BY_KEY)
_LABELS = {
    "starting_equity": "starting equity",
    "realized_pnl": "realized P&L",
    "peak_equity": "peak equity",
    "realized_today": "realized today",
    "session": "trading day",
    "orders_count": "orders",
    "trades_count": "trades",
    "avg_price": "average price",
    "opened_at": "opened",
    "entry_fees": "entry fees",
    "last_closed_at": "last closed",
}
_COUNTS = frozenset({"orders_count", "trades_count"})
_TIMES = frozenset({"opened_at", "last_closed_at"})
_SHOWN_AS = {"quantity": figures.quantity, "avg_price": figures.price}


class ComparedValue(NamedTuple):
    """A value of either state: what it is sorted by, how it is shown, and whether it differs from the other.

    `brief` is how it is shown where there is little room.
    """

    rank: tuple[int, float, str]
    text: str
    differs: bool = False
    brief: str = ""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of one thing (the account, a position's symbol, a day). A side that lacks the thing has None."""

    thing: str
    field: str
    stored: ComparedValue | None
    rebuilt: ComparedValue | None
    difference: ComparedValue | None
    differs: bool

    @property
    def key(self) -> str:
        """A key that is unique among the rows."""
        return f"{self.field}\0{self.thing}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fill that a replay skipped or could not apply."""

    seq: int
    what: str
    why: str


def _figure(value: ComparedValue, detail: int, palette: Palette) -> Text:
    shown = value.text if detail else value.brief or value.text
    return Text(shown, f"bold {palette.loss}" if value.differs else "")


FIGURES = Form(_figure, lambda _: 1)
"""In full with a detail of 1, briefly with 0."""

COLUMNS: tuple[Column[FieldRow], ...] = (
    Column("mark", " ", WORDS, lambda row: DIFFERS if row.differs else ALIKE, "≠ where the two differ"),
    Column(
        "thing", "where", WORDS, lambda row: row.thing, "the account, a symbol, or a day", widest=18, tight_widest=12
    ),
    Column("field", "field", WORDS, lambda row: row.field, "a field of the state that fills make"),
    Column("stored", "stored", FIGURES, lambda row: row.stored, "what is stored, and traded on", tight_detail=0),
    Column("rebuilt", "rebuilt", FIGURES, lambda row: row.rebuilt, "what the journal's fills make", tight_detail=0),
    Column("difference", "drift", FIGURES, lambda row: row.difference, "replayed less stored: what applying changes"),
)

PROBLEMS: tuple[Column[Problem], ...] = (
    Column("seq", "seq", QUANTITIES, lambda row: row.seq, "the fill's place in the journal"),
    Column("what", "what became of it", WORDS, lambda row: row.what, "a replay skips it"),
    Column("why", "why", WORDS, lambda row: row.why, "what stands in its way", widest=90),
)


def field_rows(comparison: Comparison) -> list[FieldRow]:
    """Every field of the account and of its positions, and the days and closing times that differ.

    Those that differ come first, the furthest apart at the top.
    """
    return sorted(_rows(comparison.stored, comparison.rebuilt), key=_weight)


def _weight(row: FieldRow) -> tuple[bool, int, float]:
    group, change, _ = row.difference.rank if row.difference else (0, 0.0, "")
    return not row.differs, group, -abs(change)


def left_out(comparison: Comparison) -> int:
    """How many matching days and closing times are hidden."""
    return sum(
        comparison.stored[name].get(key) == value
        for name in ("realized_by_session", "equity_by_session", "last_closed_at")
        for key, value in comparison.rebuilt[name].items()
    )


def problems(comparison: Comparison) -> list[Problem]:
    """What a replay skips and cannot apply, in the journal's order."""
    skipped = [
        Problem(seq, "skipped", "a duplicate: its order is in the journal before") for seq in comparison.duplicates
    ]
    failed = [Problem(error.seq, "cannot be applied", error.reason) for error in comparison.report.errors]
    return sorted([*skipped, *failed], key=lambda problem: problem.seq)


def _rows(stored: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Iterator[FieldRow]:
    for name in stored:
        if name not in _MAPS:
            yield _row(ACCOUNT, name, stored[name], rebuilt[name])
    before, after = stored["positions"], rebuilt["positions"]
    for symbol in sorted({**before, **after}):
        held, made = before.get(symbol, {}), after.get(symbol, {})
        for name in {**held, **made}:
            yield _row(symbol, name, held.get(name), made.get(name))
    for name, field in _BY_KEY.items():
        yield from _differing(name, field, stored, rebuilt)


def _differing(name: str, field: str, stored: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Iterator[FieldRow]:
    before, after = stored[name], rebuilt[name]
    for key in sorted({**before, **after}):
        if before.get(key) != after.get(key):
            yield _row(key, field, before.get(key), after.get(key))


def _row(thing: str, name: str, stored: Any, rebuilt: Any) -> FieldRow:
    differs = stored != rebuilt
    left, right = _shown(name, stored), _shown(name, rebuilt)
    if differs and left == right:  # apart in the last bits alone
        left, right = repr(stored), repr(rebuilt)
    return FieldRow(
        thing,
        _LABELS.get(name, name),
        _as_figure(stored, left, differs=differs, brief=_brief(name, left, right)),
        _as_figure(rebuilt, right, differs=differs, brief=_brief(name, right, left)),
        _difference(name, stored, rebuilt) if differs else None,
        differs,
    )


def _shown(name: str, value: Any) -> str:
    if value is None:
        return figures.NONE
    if name in _COUNTS:
        return figures.whole(value)
    if name in _TIMES:
        return figures.moment(datetime.fromisoformat(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return _SHOWN_AS.get(name, figures.money)(value)


def _brief(name: str, text: str, other: str) -> str:
    """A time without its year, unless the other side's is another."""
    year = text[: len("2024-")]
    return text.removeprefix(year) if name in _TIMES and other.startswith((year, figures.NONE)) else ""


def _as_figure(value: Any, text: str, *, differs: bool, brief: str) -> ComparedValue | None:
    if value is None:
        return None
    rank = (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")
    return ComparedValue(rank, text, differs, brief)


def _difference(name: str, stored: Any, rebuilt: Any) -> ComparedValue:
    if stored is None or rebuilt is None:
        return ComparedValue((2, 0.0, ""), "added" if stored is None else "removed", differs=True)
    if isinstance(stored, (str, bool)):
        return ComparedValue((1, 0.0, ""), "another", differs=True)
    change = rebuilt - stored
    digits = 0 if name in _COUNTS else max(2, figures.needed_decimals(change) if name == "quantity" else 2)
    shown = figures.signed(change, digits)
    return ComparedValue((0, change, ""), shown if shown[0] in "+-" else f"{change:+.1e}", differs=True)


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
    line.append(f"{DIFFERS} {_fields_differ(count)}" if count else "no drift", "bold")
    if report.duplicates_skipped:
        line.append(f", {figures.counted(report.duplicates_skipped, 'duplicate')} skipped")
    if report.errors:
        line.append(f", {_unapplied(len(report.errors))}", "bold")
    return line


def totals(comparison: Comparison, palette: Palette) -> Text:
    """How many fields differ, and how many matching rows are hidden."""
    count, hidden = _apart(comparison.report.drift), left_out(comparison)
    line = Text(f"{DIFFERS} {_fields_differ(count)}" if count else "No differences", "bold" if count else "")
    if hidden:
        line.append(f". {figures.counted(hidden, 'matching daily row')} hidden", palette.muted)
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
        ("cash", changed_amount(comparison.stored["cash"], comparison.rebuilt["cash"])),
        ("realized", changed_amount(comparison.stored["realized_pnl"], comparison.rebuilt["realized_pnl"])),
        ("positions", changed_count(len(comparison.stored["positions"]), len(comparison.rebuilt["positions"]))),
        ("then", "the replayed state replaces the stored one, and STATE_RECONCILED is journaled"),
        ("orders", "none is placed, and the policy is not asked"),
        *([("left out", _unapplied(len(report.errors)))] if report.errors else []),
    ]


def _past_words(done: EventView) -> str:
    payload = done.payload
    words = f"{drift_in_words(payload.get('drift', {}))} ({figures.counted(payload.get('events_replayed', 0), 'fill')})"
    errors = payload.get("errors", [])
    return f"{words}, {_unapplied(len(errors))}" if errors else words


def _apart(drift: Mapping[str, Sequence[Any]]) -> int:
    """How many fields had drifted: those that everything else counts."""
    return len(list(values_apart(drift)))


def _fields_differ(count: int) -> str:
    return "1 field differs" if count == 1 else f"{count:,} fields differ"


def _unapplied(count: int) -> str:
    return f"{figures.counted(count, 'fill')} cannot be applied"
