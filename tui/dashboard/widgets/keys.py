"""The keys that work now: a line of them below every screen, and the help with all of them, made from the bindings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from tui.dashboard.keys import KeyHelp, bound
from tui.dashboard.widgets.dialog import DeskDialog

if TYPE_CHECKING:
    from textual import events
    from textual.screen import Screen


LAST = ("command_palette", "keys", "quit")
"""The actions whose keys stand at the end of the line, however narrow it is."""


class KeyLine(Static):
    """The keys that work now and what they do, each to be clicked; a tooltip says why one would."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key"}

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        """Subscribe to changes of the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show what the key under the mouse is for as a tooltip."""
        why = event.style.meta.get("why", "")
        self.tooltip = Text(why) if why else None

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and screen.app.app_focus:
            self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """Another width has room for other keys."""
        self.show()

    def show(self) -> None:
        """Show the keys that work now: those of everywhere last and always whole; the others give way to them."""
        shown: dict[str, Text] = {}
        key_style = self.get_component_rich_style("key-line--key", partial=True)
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in shown:
                click = {"@click": f"app.simulate_key('{binding.key}')", "why": tooltip or binding.description}
                key = self.app.get_key_display(binding)
                words = Text.assemble((f" {key} ", key_style), f"{binding.description} ", style=Style(meta=click))
                if not enabled:
                    words.stylize("dim")
                shown[binding.action] = words
        last = Text().join([shown.pop(action) for action in LAST if action in shown])
        first = Text(no_wrap=True).join(shown.values())
        room = self.size.width - last.cell_len
        if 0 < room < first.cell_len:
            first.truncate(room, overflow="ellipsis")
        self.update(first.append_text(last))


WIDE = 100
"""Columns of a terminal from which on the keys stand in two columns."""
AROUND = 6
"""Columns beside the text of each: border, padding, what is between."""
FOOT = "j k g G scroll · esc closes · names: for \\[keys] in the settings file"


class HelpPage(VerticalScroll):
    """The keys; it has the focus, and scrolls by the keys that move in tables."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "scroll_down", "down", "further down in the help", "help.down"),
        bound("k,up", "scroll_up", "up", "back up", "help.up"),
        bound("g,home", "scroll_home", "top", "its beginning", "help.top"),
        bound("G,end", "scroll_end", "end", "its end", "help.bottom"),
    ]


class HelpDialog(DeskDialog[None]):
    """A page of keys, in two columns where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("question_mark,q", "leave", "close", "back to the screen", "help.close", show=True),
    ]

    def __init__(self, title: str, lines: Sequence[KeyHelp]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Two columns; the second is empty where there is no room for it."""
        with HelpPage(classes="dialog", id="help") as page:
            page.border_title, page.border_subtitle = f"Keys: {self._title}", FOOT
            with Horizontal():
                yield Static(id="help-left")
                yield Static(id="help-right")

    def on_mount(self) -> None:
        """Focus the page, so that keys scroll it."""
        self.query_one(HelpPage).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Lay the keys out in one or two columns."""
        width = event.size.width
        half = middle_of(self._lines, width // 2 - AROUND) if width >= WIDE else len(self._lines)
        right = self.query_one("#help-right", Static)
        right.display = half < len(self._lines)
        self.query_one("#help-left", Static).update(table_of(self._lines[:half]))
        right.update(table_of(self._lines[half:]))


def middle_of(lines: Sequence[KeyHelp], width: int) -> int:
    """Where the second of two columns begins, of `width` each, so that the higher one is as low as it can be."""
    keys, name = max(len(line.keys) for line in lines), max(len(line.name) for line in lines)
    rows = [len(wrap(line.why, width - keys - name)) for line in lines]
    return min(range(1, len(lines) + 1), key=lambda at: max(sum(rows[:at]), sum(rows[at:])))


def table_of(lines: Sequence[KeyHelp]) -> Table:
    """Keys, names and why, each place under its own heading."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim")
    for cells in _rows(lines):
        grid.add_row(*cells)
    return grid


def _rows(lines: Sequence[KeyHelp]) -> Iterator[tuple[Text, ...]]:
    for where, here in groupby(lines, key=lambda line: line.where):
        yield Text(), Text(where, "underline"), Text()
        for line in here:
            yield Text(line.keys), Text(line.name), Text(line.why)
