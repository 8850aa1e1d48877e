"""Cells of a map: the darker, the better, by shade as well as by colour, with the figure where it fits."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from tui.dashboard.widgets.money import Palette, rgb

SHADES = ("  ", "░░", "▒▒", "▓▓", "██")
NOTHING = "··"
"""A cell without a figure: no such variant, or one that failed or was skipped."""


def shade_of(value: float | None, low: float, high: float) -> str:
    """Which of five shades a figure has between the least and the greatest."""
    if value is None:
        return NOTHING
    if high <= low:
        return SHADES[2]
    return SHADES[min(len(SHADES) - 1, int((value - low) / (high - low) * len(SHADES)))]


def colour_between(value: float, low: float, high: float, palette: Palette) -> str:
    """A colour between that of a loss, for the least, and that of a gain, for the greatest."""
    part = 0.5 if high <= low else (value - low) / (high - low)
    mixed = (round(a + (b - a) * part) for a, b in zip(rgb(palette.loss), rgb(palette.gain), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def cell(
    value: float | None,
    shown: str,
    width: int,
    bounds: tuple[float, float],
    palette: Palette,
    *,
    here: bool,
    best: bool,
) -> Text:
    """`▓▓ 12.30`, as wide as it is told; the figure is left out when `shown` is empty.

    The best has a star, the cell that the cursor is on is reversed.
    """
    colour = palette.muted if value is None else colour_between(value, *bounds, palette)
    shade = Text(shade_of(value, *bounds), colour)
    star = "*" if best else " "
    made = Text.assemble(" ", shade, shown.rjust(width - len(shade) - 2), star)
    if here:
        made.stylize(Style(reverse=True, bold=True))
    return made
