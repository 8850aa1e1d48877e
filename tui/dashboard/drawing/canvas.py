"""A sheet of terminal cells, each a character on a colour, that becomes text with as few spans as it can."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from tui.shared.text import cell_width

UPPER_HALF = "▀"


class Canvas:
    """`width` columns and `height` rows of spaces. Places outside are left alone, so callers need not clip."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._chars = [[" "] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: str = "") -> None:
        """Write from a column on; a wide character takes two cells, and the second is dropped from the line."""
        if not 0 <= y < self.height:
            return
        for char in text:
            wide = cell_width(char)
            if x >= 0 and x + wide <= self.width and wide > 0:
                self._chars[y][x], self._styles[y][x] = char, style
                if wide == 2:
                    self._chars[y][x + 1], self._styles[y][x + 1] = "", style
            x += wide

    def halves(self, x: int, y: int, upper: str, lower: str) -> None:
        """Colour the two halves of a cell, each `#rrggbb`, or empty for the background."""
        if upper == lower:
            self.put(x, y, " ", f"on {upper}" if upper else "")
        elif not upper:
            self.put(x, y, "▄", lower)
        else:
            self.put(x, y, UPPER_HALF, f"{upper} on {lower}" if lower else upper)

    def char(self, x: int, y: int) -> str:
        """What stands in a cell; empty outside."""
        return self._chars[y][x] if 0 <= y < self.height and 0 <= x < self.width else ""

    def text(self) -> Text:
        """The sheet, a line a row."""
        lines = []
        for chars, styles in zip(self._chars, self._styles, strict=True):
            line, at = Text(no_wrap=True), 0
            for style, run in groupby(styles):
                until = at + sum(1 for _ in run)
                line.append("".join(chars[at:until]), style or None)
                at = until
            lines.append(line)
        page = Text("\n").join(lines)
        page.no_wrap, page.overflow = True, "crop"
        return page
