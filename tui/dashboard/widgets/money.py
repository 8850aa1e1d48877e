"""Profit and loss: by sign and arrow as well as by colour, so that it reads without any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tui.commands import figures
from tui.dashboard.themes import FALLBACK

if TYPE_CHECKING:
    from textual.app import App

UP, DOWN = "▲", "▼"
_HEX = re.compile(r"#[0-9a-fA-F]{6}$")

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The theme's colours for what is drawn outside of stylesheets, each as `#rrggbb`."""

    gain: str
    loss: str
    muted: str
    line: str

    @classmethod
    def of(cls, app: App[Any]) -> Palette:
        """The colours of the theme in use."""
        named = app.theme_variables
        colours = (named[name] for name in ("gain", "loss", "muted", "primary"))
        # a theme of the terminal's own sixteen colours has names, and no parts of red, green and blue
        spare = (FALLBACK["gain"], FALLBACK["loss"], FALLBACK["muted"], FALLBACK["gain"])
        return cls(*(own if _HEX.match(own) else other for own, other in zip(colours, spare, strict=True)))


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
