"""Ticks: round numbers along an axis, and names placed where they have room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tui.shared.text import cell_width

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
"""What a step may be, times a power of ten"""


class Label(NamedTuple):
    """A name on an axis: the cell of the terminal that it belongs to, the text, and whether it must be shown."""

    at: int
    text: str
    must: bool = False


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, evenly spaced, at most `most`; rising. None beyond finite numbers.

    The step is 1, 2, 2.5 or 5 times a power of ten: the smallest that gives few enough.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high < low or most < 1:
        return []
    if high == low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 0.0
    if power == 0.0 or not math.isfinite(power):
        return [low]
    for step in (power * factor for factor in (*_ROUND, 20.0)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [place * step for place in range(first, last + 1)]
    return [low]


def decimals_of(ticks: Sequence[float]) -> int:
    """How many decimals tell these ticks apart, at most eight."""
    if len(ticks) < 2:
        return 2
    step = abs(ticks[1] - ticks[0])
    for digits in range(9):
        if step > 0 and abs(round(step, digits) - step) <= step * 1e-6:
            return digits
    return 8


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
