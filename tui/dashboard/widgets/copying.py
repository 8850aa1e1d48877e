"""Copying out of a table: numbers as programs read them, a row as a spreadsheet takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from tui.dashboard.widgets.money import Palette
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.dashboard.widgets.columns import Column

Row = TypeVar("Row")

MOST_TOLD = 100
"""Characters of what was copied that a toast tells."""


def row_cells(columns: Sequence[Column[Row]], row: Row, palette: Palette) -> Iterator[str]:
    """All cells of a row, of which a spreadsheet takes none for a formula."""
    from tui.shared.exports import guarded

    for column in columns:
        text = column.plain(row, palette)
        yield text if column.form.right else guarded(text)


def copy(widget: Widget, cells: Sequence[str]) -> None:
    """To the clipboard with tabs between the cells, and a toast that says what it was."""
    widget.app.copy_to_clipboard("\t".join(cells))
    told = safe_text(" | ".join(cells)) or "an empty cell"
    widget.notify(fit(f"copied: {told}", MOST_TOLD), markup=False, timeout=2)
