"""Cells of a map: the more ink, the greater the figure, by shade and by colour, with the figure where it fits."""

from __future__ import annotations

from rich.text import Text

from tui.dashboard.widgets.money import Palette, rgb

SHADES = ("░", "▒", "▓", "█")
NOTHING = "·"
"""A cell without a figure: no such variant, or one that failed or was skipped."""
FRAME = 2
"""Columns at both ends of a cell, where the cursor's brackets stand."""


def shade_of(value: float | None, low: float, high: float) -> str:
    """Which of four shades a figure has between the least and the greatest."""
    if value is None:
        return NOTHING
    if high <= low:
        return SHADES[1]
    return SHADES[min(len(SHADES) - 1, int((value - low) / (high - low) * len(SHADES)))]


def colour_between(value: float, worst: float, best: float, palette: Palette) -> str:
    """A colour between that of a loss, for the worst, and that of a gain, for the best; either may be the greater."""
    part = 0.5 if best == worst else (value - worst) / (best - worst)
    mixed = (round(a + (b - a) * part) for a, b in zip(rgb(palette.loss), rgb(palette.gain), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def cell(shade: str, colour: str, signs: str, shown: str, width: int, *, here: bool) -> Text:
    """`▓▓* 12.30`, as wide as it is told: the shade has what signs and figure leave.

    The cursor's cell stands in brackets: the shade stays as it is.
    """
    said = f"{signs}{shown}"
    ink = Text(shade * max(1, width - FRAME - len(said)), colour)
    opened, closed = "[]" if here else "  "
    return Text.assemble((opened, "bold"), ink, (said, "bold" if here else ""), (closed, "bold"))
