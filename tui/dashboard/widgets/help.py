"""The help: the keys that work on the screen below, with a word of why, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.dashboard.keys import KeyLine, bound
from tui.dashboard.widgets.dialog import DeskDialog


class HelpDialog(DeskDialog[None]):
    """A page of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("question_mark,q", "leave", "close", "back to the screen", "help.close", show=True),
    ]

    def __init__(self, title: str, lines: Sequence[KeyLine]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Where, and below it its keys."""
        with VerticalScroll(classes="dialog wide"):
            yield Static(Text(f"Keys: {self._title}", "bold"), classes="dialog-title")
            for where, lines in groupby(self._lines, key=lambda line: line.where):
                yield Static(self._section(where, list(lines)), classes="facts")
            yield Static(Text("Other keys: a [keys] table in the config file; the palette (ctrl+p) finds all.", "dim"))

    def _section(self, where: str, lines: Sequence[KeyLine]) -> Text:
        page = Text(where, "underline")
        keys, does = max(len(line.keys) for line in lines), max(len(line.does) for line in lines)
        for line in lines:
            page.append_text(Text.assemble("\n", (line.keys.rjust(keys), "bold"), f"  {line.does:<{does}}  "))
            page.append(line.why, "dim")
        return page
