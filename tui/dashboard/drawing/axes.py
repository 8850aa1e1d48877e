"""Names along an axis, placed where they have room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tui.shared.text import cell_width


class Label(NamedTuple):
    """A name on an axis: the cell of the terminal that it belongs to, the text, and whether it must be shown."""

    at: int
    text: str
    must: bool = False


def spaced(labels: Iterable[Label], width: int, apart: int = 2) -> list[tuple[int, Label]]:
    """The labels that fit on a line of `width` cells, each centred on its place, with where each begins.

    Those that must be shown come first, the others in their order where `apart` cells are left on both sides.
    """
    placed: list[tuple[int, Label]] = []
    for label in sorted(labels, key=lambda each: not each.must):
        wide = cell_width(label.text)
        begins = min(max(0, label.at - wide // 2), width - wide)
        clear = all(
            begins + wide + apart <= other or begins >= other + cell_width(there.text) + apart
            for other, there in placed
        )
        if begins >= 0 and clear:
            placed.append((begins, label))
    return sorted(placed)
