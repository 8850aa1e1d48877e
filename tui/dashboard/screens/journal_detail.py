"""The event under the journal's cursor, in full."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from tui.dashboard.keys import bound
from tui.dashboard.screens.journal_lines import InFull


class DetailPane(VerticalScroll, can_focus=True):
    """What stands in its columns, and its payload."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "scroll_down", "down", "further down in the event", "detail.down"),
        bound("k,up", "scroll_up", "up", "back up", "detail.up"),
        bound("g,home", "scroll_home", "top", "its beginning", "detail.top"),
        bound("G,end", "scroll_end", "end", "its end", "detail.bottom"),
    ]

    def compose(self) -> ComposeResult:
        """Beside each other, or below each other in a narrow column."""
        with Container(id="detail-parts"):
            yield Static("", id="facts", markup=False)
            yield Static("", id="payload", markup=False)

    def show(self, event: InFull) -> None:
        """This event now, from its beginning."""
        self.query_one("#facts", Static).update(event.facts)
        self.query_one("#payload", Static).update(event.payload)
        self.scroll_home(animate=False)
