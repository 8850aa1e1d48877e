"""What a command prints for people: lines, fields and tables on the standard output, made safe and fitted."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from tui.shared.documents import answers
from tui.shared.tables import RESET, Table, Tone
from tui.shared.text import cell_width, colour_wanted, safe_text, speaks_unicode, width_of

Field = tuple[str, str] | tuple[str, str, Tone]
"""A name, what it is, and perhaps what its colour says."""


class Page:
    """One command's output on the standard output."""

    def __init__(self) -> None:
        self.width = width_of(answers())
        self.colour = colour_wanted(answers())
        self.unicode = speaks_unicode(answers())

    def line(self, text: str = "") -> None:
        """A line of text, made safe."""
        self.raw(safe_text(text))

    def paragraph(self, text: str) -> None:
        """Text, made safe and wrapped."""
        for line in wrap(safe_text(text), self.width, break_long_words=False, break_on_hyphens=False):
            self.raw(line)

    def raw(self, text: str) -> None:
        """Text that is known to be safe, as it is."""
        answers().write(text + "\n")

    def heading(self, text: str) -> None:
        """What follows is about this."""
        shown = safe_text(text)
        self.raw(f"{Tone.STRONG.value}{shown}{RESET}" if self.colour else shown)

    def fields(self, fields: Iterable[Field]) -> None:
        """Names to the left, what they are beside them."""
        rows = [(field[0], safe_text(field[1]), field[2] if len(field) > 2 else Tone.PLAIN) for field in fields]
        wide = max(cell_width(name) for name, _, _ in rows)
        for name, value, tone in rows:
            shown = f"{tone.value}{value}{RESET}" if self.colour and tone is not Tone.PLAIN else value
            self.raw(f"{name}{' ' * (wide - cell_width(name))}  {shown}".rstrip())

    def table(self, table: Table) -> None:
        """A table, fitted to the width."""
        for line in table.lines(self.width, colour=self.colour, rule="─" if self.unicode else "-"):
            self.raw(line)
