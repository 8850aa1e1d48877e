"""Which events the journal shows: a bar of fields, each narrowing as it is typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.widgets import Input, Label, Static

from engine.vocabulary import EventType
from tui.dashboard.widgets.fields import Completing
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from uuid import UUID

    from engine.ports import EventFilter

FIELDS = {
    "text": "words in a payload, a symbol or an id, as they are written",
    "types": "events whose type holds these letters: ORDER, RUN_, CLOSED; several with a comma",
    "symbol": "events of this symbol, written out",
    "correlation": "events of this correlation id, written out",
}
"""The fields by their names, each with a word of why."""
_LABELS = {"text": "text", "types": "type", "symbol": "symbol", "correlation": "correlation"}
_NAME = 20


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """What is asked for, as it was typed; an empty field asks for nothing."""

    text: str = ""
    types: str = ""
    symbol: str = ""
    correlation: str = ""
    everywhere: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether any field asks for something."""
        return any(getattr(self, name) for name in FIELDS)

    def kinds(self) -> tuple[str, ...]:
        """The types that are meant; empty when none is asked for."""
        return tuple(
            event_type.value for event_type in EventType if any(part in event_type.value for part in self._parts())
        )

    def unknown(self) -> list[str]:
        """The parts that no type of event holds."""
        return [part for part in self._parts() if not any(part in event_type.value for event_type in EventType)]

    def where(self, workspace: UUID) -> EventFilter:
        """The filter as the journal takes it."""
        from engine.ports import EventFilter

        return EventFilter(
            None if self.everywhere else workspace,
            self.kinds(),
            self.correlation or None,
            self.symbol or None,
            self.text or None,
        )

    def _parts(self) -> list[str]:
        return self.types.upper().replace(",", " ").split()


class FilterBar(Container):
    """Four fields, and whose events are shown. `wanted` is what they say; set it to fill them in."""

    class Changed(Message):
        """The filter was changed, by typing or by a key."""

        def __init__(self, wanted: JournalQuery) -> None:
            super().__init__()
            self.wanted = wanted

    class Left(Message):
        """Enter was pressed in a field: the focus goes to the table."""

    def __init__(self) -> None:
        super().__init__(id="filter")
        self._wanted = JournalQuery()
        self._whose = Static("", id="whose", markup=False)

    def compose(self) -> ComposeResult:
        """Two lines, or one where there is room."""
        kinds = [event_type.value for event_type in EventType]
        with Horizontal(classes="filter-line"):
            yield from self._field("text")
            yield from self._field("types", kinds)
            yield self._whose
        with Horizontal(classes="filter-line"):
            yield from self._field("symbol")
            yield from self._field("correlation")

    @property
    def wanted(self) -> JournalQuery:
        """The filter as the fields hold it."""
        return self._wanted

    def want(self, wanted: JournalQuery) -> None:
        """Fill the fields in and report the change."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        for name in FIELDS:
            entry = self._entry(name)
            with entry.prevent(Input.Changed):
                entry.value = getattr(wanted, name)
        self.post_message(self.Changed(wanted))

    def say_whose(self, name: str) -> None:
        """Show the name of the workspace whose events are listed."""
        whose = "all workspaces" if self._wanted.everywhere else fit(safe_text(name), _NAME)
        self._whose.update(Text.assemble(("of ", "dim"), whose))

    def enter(self) -> None:
        """Type into the first field."""
        self.screen.set_focus(self._entry("text"))  # at once, as letters may be typed already

    @property
    def is_entered(self) -> bool:
        """Whether something is being typed."""
        return any(self._entry(name).has_focus for name in FIELDS)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        values: dict[str, Any] = {name: self._entry(name).value.strip() for name in FIELDS}
        wanted = replace(self._wanted, **values)
        if wanted != self._wanted:
            self._wanted = wanted
            self.post_message(self.Changed(wanted))

    @on(Input.Submitted)
    def _leave(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())

    def _field(self, name: str, known: Sequence[str] = ()) -> Iterator[Label | Input]:
        """With `known`, Enter completes what means one of them alone: `RUN_` is a filter as it is."""
        yield Label(_LABELS[name], classes="filter-label", markup=False)
        entry = Completing(known, when_alone=True, id=f"filter-{name}", placeholder="any")
        entry.tooltip = Text(FIELDS[name])
        yield entry

    def _entry(self, name: str) -> Input:
        return self.query_one(f"#filter-{name}", Input)
