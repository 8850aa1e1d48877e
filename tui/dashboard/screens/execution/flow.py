"""The way of an order through the journal, step by step, lit by the events that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from engine.vocabulary import EventType
from tui.dashboard.widgets.money import Palette

if TYPE_CHECKING:
    from engine.desk.journal import EventView

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


def _step(kind: str) -> str:
    return POSITION if kind.startswith("POSITION_") else kind


def _part(step: str, lit: dict[str, EventView], palette: Palette, *, short: bool, seq: bool) -> Text:
    event = lit.get(step)
    name = step if event is None else event.event_type.value
    if short:
        name = name.rpartition("_")[2].replace("*", "POSITION")
    if event is None:
        return Text(f"{DARK} {name}", palette.muted)
    number = f" {event.seq:,}" if seq else ""
    return Text.assemble((f"{LIT} {name}", "bold"), (number, palette.muted))
