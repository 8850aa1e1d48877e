"""Profit and loss: by sign and arrow as well as by colour, so that it reads without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tui.shared import figures

if TYPE_CHECKING:
    from textual.app import App

UP, DOWN = "▲", "▼"
CURVES = 4
"""Curves on one chart that have a colour each."""

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The theme's colours for what is drawn outside of stylesheets, each as `#rrggbb`."""

    gain: str
    loss: str
    muted: str
    line: str
    series: tuple[str, ...]

    @classmethod
    def of(cls, app: App[Any]) -> Palette:
        """The colours of the theme in use."""
        named = app.theme_variables
        curves = tuple(named[f"series-{place}"] for place in range(1, CURVES + 1))
        return cls(named["gain"], named["loss"], named["muted"], named["primary"], curves)


def rgb(colour: str) -> Rgb:
    """The three parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def gain(amount: float, palette: Palette, digits: int = 2, unit: str = "", *, arrow: bool = True) -> Text:
    """`▲ +12.30`, `▼ -3.00`, `0.00`; what is rounded to nothing has no arrow.

    Without `arrow` for a figure that stands beside one that has it.
    """
    shown = figures.signed(amount, digits)
    mark, colour = {"+": (UP, palette.gain), "-": (DOWN, palette.loss)}.get(shown[0], ("", ""))
    return Text(f"{mark} {shown}{unit}" if mark and arrow else f"{shown}{unit}", colour)
