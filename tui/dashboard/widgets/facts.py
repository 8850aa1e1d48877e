"""Labels with their values beside them: what is too long for its line goes on below the value, not below the label."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import StyleType
from rich.table import Table
from rich.text import Text


def labelled(lines: Sequence[tuple[str, Text]], style: StyleType = "dim") -> Table:
    """A label a line, in `style`, and the values aligned."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in lines:
        grid.add_row(Text(label, style), value)
    return grid
