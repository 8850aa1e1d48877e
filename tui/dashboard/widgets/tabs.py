"""The screens' names in the header: each by its key and to be clicked, in full where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rich.style import Style
from rich.text import Text

from tui.dashboard.registry import SCREENS, ScreenEntry

WIDE, NARROW = 115, 80
"""Columns from which titles stand in full, and in short, beside the longest trading state and clock that there are.

The width alone decides, so that nothing moves when figures arrive.
"""


def tabs(current: str, width: int, muted: str) -> Text:
    """` 1 Pos[2 Exec]3 Jour …`: the current screen is in brackets, and so is told from the others without colour."""
    line = Text()
    for edge, entry in zip(_edges(current), SCREENS, strict=False):
        here = entry.name == current
        line.append(edge if width < WIDE else _spread(edge), "bold")
        click = Style(meta={"@click": f"app.show_screen('{entry.name}')"})
        line.append(_words(entry, width, here=here), Style.parse("bold" if here else muted) + click)
    return line.append("]" if SCREENS[-1].name == current else " ", "bold")


def _edges(current: str) -> Iterator[str]:
    """What stands before each tab: the bracket that opens it, the one that closes the tab before, or a gap."""
    names = [None, *(entry.name for entry in SCREENS)]
    for before, name in pairwise(names):
        yield "[" if name == current else "]" if before == current else " "


def _words(entry: ScreenEntry, width: int, *, here: bool) -> str:
    if width >= WIDE:
        return f"{entry.key} {entry.title}"
    return f"{entry.key} {entry.short}" if width >= NARROW or here else entry.key


def _spread(edge: str) -> str:
    """The same where there is room for a gap beside a bracket."""
    return f" {edge}" if edge == "[" else f"{edge} "
