"""What becomes of a ticket: the verdict before it is submitted, what was done, and its steps in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.errors import ConflictError, PapertapeError
from engine.vocabulary import EventType
from tui.dashboard.colours import Palette, gain
from tui.dashboard.screens.execution.ticket import Asked
from tui.dashboard.screens.trace import rule_figures
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.broker.execute import ExecutionResult, Preview
    from engine.desk import Desk
    from engine.desk.journal import EventView


PASSED, REFUSED = "✓", "✗"


def verdict(preview: Preview, palette: Palette) -> RenderableType:
    """The whole preview, for any width."""
    return Group(
        outcome_line(preview, palette), _account(preview, palette), Text(""), rule_lines(preview.policy, palette)
    )


def refused(error: PapertapeError, *, is_done: bool) -> Text:
    """An order that the broker would not take; `is_done` when it is the one that was executed just now."""
    if not isinstance(error, ConflictError):
        return Text.assemble((f" {REFUSED} would be refused ", "reverse bold"), "\n", "\n".join(lines_of(error)))
    title = f" {PASSED} done " if is_done else f" {REFUSED} would be refused "
    if is_done:
        again = "The same id is never executed twice; ctrl+n makes another order, and so does a change of the fields."
        return Text.assemble((title, "reverse bold"), "\n", again)
    lines = "\n".join(lines_of(error))
    return Text.assemble((title, "reverse bold"), "\n", lines, ("\n\nctrl+n makes another order.", "dim"))


def outcome_line(preview: Preview, palette: Palette) -> Text:
    """Whether it would fill and what the position becomes, or why not; quantities briefly, they stand below in full."""
    if preview.success:
        return Text(f"{PASSED} {would_fill(preview)}", f"bold {palette.gain}")
    return Text.assemble(
        (f" {REFUSED} would be refused ", f"reverse bold {palette.loss}"), f" {safe_text(preview.error)}"
    )


def would_fill(preview: Preview) -> str:
    """`Would buy 2.48 GOOG (adds to 5.54)`, `Would sell 20.88 IBM (all of it)`."""
    before, after = preview.position_before, preview.position_after
    order = f"{figures.brief_quantity(preview.quantity)} {safe_text(preview.symbol)}"
    if after is None:
        return f"Would sell {order} (all of it)"
    if before is None:
        return f"Would buy {order} (a new position)"
    return f"Would buy {order} (adds to {figures.brief_quantity(before.quantity)})"


def _account(preview: Preview, palette: Palette) -> Table:
    """The account before and after the order; a refused order changes nothing."""
    grid = _grid("left", "right", "left", "right")
    notional, fees = figures.money(preview.notional), figures.money(preview.fees)
    grid.add_row(_muted("order", palette), notional, _muted("fees", palette), fees)
    grid.add_row(_muted("cash", palette), figures.money(preview.cash_before), "→", figures.money(preview.cash_after))
    for name, shown in (("position", _held), ("average", _average)):
        grid.add_row(_muted(name, palette), shown(preview.position_before), "→", shown(preview.position_after))
    if preview.success and preview.realized_pnl:
        grid.add_row(_muted("realizes", palette), "", "", gain(preview.realized_pnl, palette))
    return grid


def rule_lines(policy: dict[str, Any], palette: Palette) -> Table:
    """The rules that were looked at, each with its verdict and figures, and the warnings."""
    grid = _grid("left", "left", "left")
    for rule in policy["rules"]:
        passed = rule["verdict"] == "pass"
        name = Text(safe_text(rule["rule"]), "" if passed else "bold")
        mark = Text(PASSED, palette.gain) if passed else Text(REFUSED, f"bold {palette.loss}")
        grid.add_row(mark, name, rule_figures(rule))
    for warning in policy["warnings"]:
        grid.add_row(Text("!", "bold"), _muted("warning", palette), safe_text(warning))
    return grid


def _held(position: PaperPosition | None) -> str:
    return "none" if position is None else figures.quantity(position.quantity)


def _average(position: PaperPosition | None) -> str:
    return figures.NONE if position is None else figures.price(position.avg_price)


def _grid(*sides: Any) -> Table:
    grid = Table.grid(padding=(0, 1))
    for side in sides:
        grid.add_column(justify=side)
    return grid


def _muted(text: str, palette: Palette) -> Text:
    return Text(text, palette.muted)


def to_fill_in(missing: Iterable[str], palette: Palette) -> Text:
    """A sentence that names the fields still to be filled in."""
    return Text(
        f"The policy's verdict comes here, rule by rule.\nStill to fill in: {', '.join(missing)}", palette.muted
    )


EMITTED, EVALUATED = EventType.INTENT_EMITTED.value, EventType.POLICY_EVALUATED.value
APPROVED, REJECTED = EventType.INTENT_APPROVED.value, EventType.INTENT_REJECTED.value
FILLED, POSITION = EventType.ORDER_FILLED.value, "POSITION_*"

LIT, DARK = "●", "○"


def newest_pass(events: Sequence[EventView]) -> list[EventView]:
    """The events of the newest attempt: a refused intent may be tried again under its id."""
    starts = [index for index, event in enumerate(events) if event.event_type.value == EMITTED]
    return list(events[starts[-1] :]) if starts else list(events)


def flow(events: Sequence[EventView], palette: Palette, width: int) -> Text:
    """The steps with the `seq` of those that are journaled; names in short where there is no room for them."""
    lit = {_step(event.event_type.value): event for event in events}
    route = (EMITTED, EVALUATED, REJECTED) if REJECTED in lit else (EMITTED, EVALUATED, APPROVED, FILLED, POSITION)
    for short, with_seq in ((False, True), (False, False), (True, True), (True, False)):
        line = Text(" → ", palette.muted).join(_part(step, lit, palette, short=short, seq=with_seq) for step in route)
        if line.cell_len <= width:
            break
    return line


def _step(event_type: str) -> str:
    return POSITION if event_type.startswith("POSITION_") else event_type


def _part(step: str, lit: dict[str, EventView], palette: Palette, *, short: bool, seq: bool) -> Text:
    event = lit.get(step)
    name = step if event is None else event.event_type.value
    if short:
        name = name.rpartition("_")[2].replace("*", "POSITION")
    if event is None:
        return Text(f"{DARK} {name}", palette.muted)
    number = f" {event.seq:,}" if seq else ""
    return Text.assemble((f"{LIT} {name}", "bold"), (number, palette.muted))


_TRACE = 200
"""Events of one order's correlation id that are looked at"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a ticket: a result or an error, and the events that the journal has of it."""

    result: ExecutionResult | None
    error: PapertapeError | None
    events: list[EventView]


def preview(asked: Asked, workspace: UUID, intent_id: UUID | None, desk: Desk) -> Preview:
    """What the desk would do with it now; blocks on the database."""
    from engine.vocabulary import IntentAction

    return desk.trading.preview(
        IntentAction(asked.action),
        asked.symbol,
        asked.quantity,
        asked.price,
        workspace=workspace,
        intent_id=intent_id,
    )


def submit(asked: Asked, workspace: UUID, intent_id: UUID, desk: Desk) -> Outcome:
    """Execute it, and read what the journal has of it then; of a conflict, what it has of the first order."""
    from engine.vocabulary import IntentAction
    from tui.shared.failures import refusal

    try:
        result = desk.trading.order(
            IntentAction(asked.action),
            asked.symbol,
            asked.quantity,
            asked.price,
            workspace=workspace,
            intent_id=intent_id,
        )
    except ConflictError as conflict:
        return Outcome(None, conflict, _journaled(desk, workspace, intent_id, conflict.details["correlation_id"]))
    refused = None if result.success else refusal(result)
    return Outcome(result, refused, _journaled(desk, workspace, intent_id, result.correlation_id))


def _journaled(desk: Desk, workspace: UUID, intent_id: UUID, correlation_id: str) -> list[EventView]:
    from engine.ports import EventFilter

    events = desk.journal.events(workspace, where=EventFilter(correlation_id=correlation_id), limit=_TRACE)
    return newest_pass([event for event in events if event.intent_id == str(intent_id)])


def told(outcome: Outcome) -> Text:
    """The command line's words; of a conflict the first order too."""
    fill = next((event for event in outcome.events if event.event_type.value == FILLED), None)
    if outcome.error is not None:
        first = "" if fill is None else f"first order, {figures.moment(fill.ts)} UTC: {_filled(fill)}\n"
        return Text.assemble(first, ("\n".join(lines_of(outcome.error)), "bold"))
    if outcome.result is None or fill is None:
        return Text()
    warnings = "".join(f"\nwarning: {safe_text(warning)}" for warning in outcome.result.policy.get("warnings", ()))
    return Text.assemble((f"{outcome.result.position_action}: {_filled(fill)}", "bold"), warnings)


def _filled(fill: EventView) -> str:
    amount, price = figures.quantity(fill.quantity or 0.0), figures.price(fill.price or 0.0)
    fees = figures.money(fill.fees or 0.0)
    return f"{fill.side} {amount} {safe_text(fill.symbol)} at {price}, fees {fees}, order {fill.order_id}"
