"""A table's cell as segments, without Rich's console: cells are one line in one style, and there are hundreds."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

ELLIPSIS = "…"


def is_plain(cell: object) -> bool:
    """Whether `cell_line` draws it as Rich would: one line in one style, cut with an ellipsis."""
    return (
        isinstance(cell, Text)
        and not cell.spans
        and cell.overflow in {None, "ellipsis"}
        and cell.justify in {None, "left", "right"}
        and "\n" not in cell.plain
        and "\t" not in cell.plain
    )


def cell_line(cell: Text, width: int, before: Style, after: Style, style: Style) -> list[Segment]:
    """The cell in `style`, over `before` and below `after`, padded to `width` columns.

    At the right the space before the text is the text's own, at the left the space behind it is the table's: as Rich
    has it, which shows where a style underlines or reverses.
    """
    words, length = cell.plain, cell_len(cell.plain)
    if length > width:
        mark = ELLIPSIS if cell.overflow == "ellipsis" else ""
        words, length = set_cell_size(words, width - len(mark)) + mark, width
    spare = " " * (width - length)
    if cell.justify == "right":
        words, spare = spare + words, ""
    line = [Segment(words, before + style + after)]
    if spare:
        line.append(Segment(spare, before + after))
    return line
