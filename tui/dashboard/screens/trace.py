"""A trace: everything that the journal has of one correlation id, from signal to fill, as a tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from tui.dashboard.keys import bound
from tui.dashboard.screens.journal.lines import LONG
from tui.dashboard.widgets.dialog import DeskDialog
from tui.shared import figures
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.journal import EventView

MOST = 500
"""Events of a trace that are shown: a run plan's id has as many as it has variants."""
_VALUE, _PARTS = 120, 50
"""Characters of a value, and parts of a list, that are shown."""
SIGNAL, RUN, ADVANCED = "INTENT_EMITTED", "RUN_", "RUN_ADVANCED"

Branch = tuple[Text, "list[Branch]"]
"""A label, and what is below it."""


class TraceTree(Tree[None]):
    """A tree with the keys of the tables."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "cursor_down", "down", "to the next line", "tree.down"),
        bound("k,up", "cursor_up", "up", "to the line before", "tree.up"),
        bound("g,home", "scroll_home", "top", "to the beginning", "tree.top"),
        bound("G,end", "scroll_end", "end", "to the end", "tree.bottom"),
        bound("space,l,h", "toggle_node", "fold", "show or hide what is below", "tree.fold"),
    ]


class TraceDialog(DeskDialog[None]):
    """One correlation id's events, by intent, oldest first."""

    CSS_PATH = "trace.tcss"

    def __init__(self, correlation_id: str) -> None:
        super().__init__()
        self._correlation_id = correlation_id

    def compose(self) -> ComposeResult:
        """The title, the tree, and the number of events."""
        with Vertical(classes="dialog wide trace"):
            yield Static(Text(f"Trace of {safe_text(self._correlation_id)}", "bold"), classes="dialog-title")
            tree = TraceTree(Text("reading…"))
            tree.guide_depth = 2
            yield tree
            yield Static("", id="trace-count", markup=False)

    def on_mount(self) -> None:
        """Read the events off the event loop."""
        self.loader.load(lambda desk, _: read_trace(desk, self._correlation_id), self._show)

    def _show(self, trace: tuple[str, list[Branch], int, int]) -> None:
        title, branches, here, total = trace
        tree = self.query_one(TraceTree)
        tree.root.set_label(Text(title))
        for branch in branches:
            _grow(tree.root, branch, depth=0)
        tree.root.expand()
        tree.focus()
        counted = figures.counted(total, "event") if here >= total else f"{here:,} of {total:,} events"
        self.query_one("#trace-count", Static).update(Text(counted, "dim", justify="right"))


def read_trace(desk: Desk, correlation_id: str) -> tuple[str, list[Branch], int, int]:
    """The trace's title, its branches, the number of events in them, and the number in all. Blocks on the database."""
    from engine.desk.journal import EventView
    from engine.ports import EventFilter

    where = EventFilter(correlation_id=correlation_id)
    events = desk.journal.page(where, limit=MOST, newest_first=False)
    total = len(events) if len(events) < MOST else desk.journal.count(where)
    views = [EventView.of(event) for event in events if len(event.row.payload) <= LONG]
    long = {event.seq: event for event in events if len(event.row.payload) > LONG}
    plain: list[Branch] = [
        (Text.assemble((f"{seq:,} ", "dim"), f"{row.event_type}, {len(row.payload):,} characters"), [])
        for seq, row in long.values()
    ]
    return title_of([event.row.event_type for event in events]), [*plain, *trace_branches(views)], len(events), total


def title_of(kinds: Sequence[str]) -> str:
    """A title for a trace with events of these types."""
    if any(event_type.startswith(RUN) and event_type != ADVANCED for event_type in kinds):
        return "a run plan, from its start on"
    return "from signal to fill" if SIGNAL in kinds else "events of one id, oldest first"


def trace_branches(events: Sequence[EventView]) -> list[Branch]:
    """A branch for each intent, with its events below it; events without an intent stand by themselves."""
    branches: list[Branch] = []
    for intent_id, group in groupby(events, key=lambda event: event.intent_id):
        together = list(group)
        below = [*_signal(together[0]), *(_event_branch(event) for event in together)]
        if intent_id is None:
            branches += below
        else:
            branches.append((_intent_label(intent_id, together), below))
    return branches


def _intent_label(intent_id: str, events: Sequence[EventView]) -> Text:
    first, last = events[0], events[-1]
    asked = first.payload if first.event_type.value == "INTENT_EMITTED" else {}
    what = f"{asked['action']} {figures.quantity(asked['quantity'])} " if asked else ""
    outcome = f" → {last.event_type.value}"
    when = f"  {first.ts:%Y-%m-%d %H:%M:%S}"
    return Text.assemble((safe_text(f"{what}{first.symbol or ''}"), "bold"), outcome, (f"{when}  {intent_id}", "dim"))


def _signal(event: EventView) -> Iterator[Branch]:
    """Why an intent was emitted: the signal's code, who saw it, and the levels that were compared."""
    payload = event.payload
    if event.event_type.value == "INTENT_EMITTED":
        levels = [f"{key} {_figure(value)}" for key, value in payload.get("metadata", {}).items()]
        why = ", ".join([payload.get("reason") or "no reason given", *levels])
        yield Text.assemble("signal  ", fit(safe_text(f"{why}, by {payload['strategy_id']}"), _VALUE)), []


def _event_branch(event: EventView) -> Branch:
    from tui.shared.words import said_by

    words = fit(safe_text(said_by(event)), _VALUE)
    label = Text.assemble((f"{event.seq:,} ", "dim"), event.event_type.value, (f"  {words}", "dim"))
    return label, list(_below(event))


def _below(event: EventView) -> Iterator[Branch]:
    """The rules of a policy decision; for every other event, the parts of its payload."""
    rules = event.payload.get("rules")
    if isinstance(rules, list):
        for rule in rules:
            yield rule_line(rule), []
        for warning in event.payload.get("warnings", ()):
            yield Text(f"! {safe_text(warning)}"), []
        return
    if event.order_id is not None:
        yield Text.assemble(("order  ", "dim"), safe_text(event.order_id)), []
    if event.fees is not None:
        yield Text.assemble(("fees  ", "dim"), figures.money(event.fees)), []
    for key, value in event.payload.items():
        yield _part(key, value)


def _part(key: str, value: Any) -> Branch:
    """A value beside its name; a value with parts is a folded branch with the parts below it."""
    name = (f"{safe_text(key)}  ", "dim")
    if isinstance(value, dict) and value:
        return Text.assemble(name, figures.counted(len(value), "part")), [_part(*item) for item in value.items()]
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        parts = [_part(f"{place}", item) for place, item in enumerate(value[:_PARTS], 1)]
        return Text.assemble(name, figures.counted(len(value), "part")), parts
    words = ", ".join(map(_plain, value)) or "none" if isinstance(value, list | dict) else _plain(value)
    return Text.assemble(name, fit(safe_text(words), _VALUE)), []


def rule_line(rule: dict[str, Any]) -> Text:
    """A rule's verdict with its limit and figures, in one line."""
    mark = "✓" if rule["verdict"] == "pass" else "✗"
    line = Text.assemble(f"{mark} {safe_text(rule['rule'])}", (f"  {rule['verdict']}", "dim"))
    line.append_text(Text("  ") + rule_figures(rule))
    if rule.get("because"):
        line.append(f"  {safe_text(rule['because'])}", "bold")
    return line


def rule_figures(rule: dict[str, Any]) -> Text:
    """A rule's limit and figures, such as `limit 500.00  notional 1,000.00`."""
    parts = [("limit", rule["limit"])] if rule.get("limit") is not None else []
    parts += rule.get("figures", {}).items()
    return Text("  ").join(Text.assemble((f"{safe_text(name)} ", "dim"), _figure(value)) for name, value in parts)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return figures.money(value)
    return safe_text(_plain(value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _grow(parent: TreeNode[None], branch: Branch, depth: int) -> None:
    label, below = branch
    if not below:
        parent.add_leaf(label)
        return
    node = parent.add(label, expand=depth == 0 or "POLICY_EVALUATED" in label.plain)
    for child in below:
        _grow(node, child, depth + 1)
