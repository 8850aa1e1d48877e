"""Colours: six themes, dark, light and of high contrast, and profit and loss by sign and arrow as well as by colour.

The themes that are offered are these alone, since their colours are read wherever they stand. Profit and loss are a
pair that the colour-blind can tell apart, blue and orange. `series-1` to `series-4` are curves on one chart, after
Okabe and Ito's set for the same (https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.theme import Theme

from tui.shared import figures

if TYPE_CHECKING:
    from textual.app import App

DARK, LIGHT, CONTRAST = "dark", "light", "high-contrast"
FROST, PAPER, MIDNIGHT = "frost", "paper", "midnight"

THEMES = (
    Theme(
        DARK,
        primary="#7aa2d6",
        secondary="#8fa3b8",
        accent="#e0b050",
        warning="#e0b050",
        error="#f08a4b",
        success="#56b4e9",
        foreground="#d5dae1",
        background="#14171c",
        surface="#14171c",
        panel="#20252d",
        variables={
            "gain": "#56b4e9",
            "loss": "#f09a3e",
            "muted": "#9aa4b2",
            "series-1": "#56b4e9",
            "series-2": "#e69f00",
            "series-3": "#19b58a",
            "series-4": "#dd8fbb",
            "reducing": "#2f2a1c",
            "halted": "#43271a",
            "field": "#2c3a4f",
            "block-cursor-background": "#3b5b86",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#20252d",
        },
    ),
    Theme(
        LIGHT,
        primary="#1f5f9e",
        secondary="#4d5b6b",
        accent="#8a5a00",
        warning="#8a5a00",
        error="#a33c00",
        success="#0060a0",
        foreground="#1c2128",
        background="#fbfbf8",
        surface="#fbfbf8",
        panel="#e8eaed",
        dark=False,
        variables={
            "gain": "#005a96",
            "loss": "#963f00",
            "muted": "#545e6b",
            "series-1": "#0068a8",
            "series-2": "#945700",
            "series-3": "#007355",
            "series-4": "#96357a",
            "reducing": "#f4e8cc",
            "halted": "#f8dccb",
            "field": "#d3e2f0",
            "block-cursor-background": "#1f5f9e",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#e8eaed",
        },
    ),
    Theme(
        CONTRAST,
        primary="#ffffff",
        secondary="#ffffff",
        accent="#ffff00",
        warning="#ffff00",
        error="#ffb000",
        success="#7fd4ff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        text_alpha=1.0,
        variables={
            "gain": "#7fd4ff",
            "loss": "#ffb000",
            "muted": "#ffffff",
            "series-1": "#7fd4ff",
            "series-2": "#ffb000",
            "series-3": "#4fe0b0",
            "series-4": "#ff9fd0",
            "reducing": "#3f3f00",
            "halted": "#583d00",
            "field": "#404040",
            "block-cursor-background": "#ffff00",
            "block-cursor-foreground": "#000000",
            "footer-background": "#000000",
            "footer-key-foreground": "#ffff00",
        },
    ),
    Theme(
        FROST,
        primary="#88c0d0",
        secondary="#b4c2d6",
        accent="#ebcb8b",
        warning="#ebcb8b",
        error="#f5b491",
        success="#8fd0e3",
        foreground="#eceff4",
        background="#2e3440",
        surface="#2e3440",
        panel="#373e4d",
        variables={
            "gain": "#8fd0e3",
            "loss": "#f2b27a",
            "muted": "#b7c1d1",
            "series-1": "#8fd0e3",
            "series-2": "#ebb568",
            "series-3": "#a9cf8b",
            "series-4": "#dcb0d6",
            "reducing": "#45412f",
            "halted": "#51392f",
            "field": "#434c5e",
            "block-cursor-background": "#8fbfd0",
            "block-cursor-foreground": "#1b2029",
            "footer-background": "#373e4d",
        },
    ),
    Theme(
        PAPER,
        primary="#6b4a1e",
        secondary="#5c5343",
        accent="#7a4b00",
        warning="#7a4b00",
        error="#963400",
        success="#00548a",
        foreground="#2b2419",
        background="#f6efdf",
        surface="#f6efdf",
        panel="#eae0c9",
        dark=False,
        variables={
            "gain": "#004f86",
            "loss": "#8a3600",
            "muted": "#5a5140",
            "series-1": "#005a96",
            "series-2": "#854a00",
            "series-3": "#00634a",
            "series-4": "#862f6e",
            "reducing": "#eedfb4",
            "halted": "#f1cfb5",
            "field": "#dcd9c4",
            "block-cursor-background": "#6b4a1e",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#eae0c9",
        },
    ),
    Theme(
        MIDNIGHT,
        primary="#8b9cff",
        secondary="#98a2c8",
        accent="#ffcc66",
        warning="#ffcc66",
        error="#ff9f6e",
        success="#63c5f5",
        foreground="#dfe4ff",
        background="#080b1a",
        surface="#080b1a",
        panel="#12172d",
        variables={
            "gain": "#63c5f5",
            "loss": "#ffaa55",
            "muted": "#9aa5cc",
            "series-1": "#63c5f5",
            "series-2": "#ffb347",
            "series-3": "#4fd6a8",
            "series-4": "#e6a0e0",
            "reducing": "#2c2713",
            "halted": "#3c1f16",
            "field": "#242c54",
            "block-cursor-background": "#3d4bb5",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#12172d",
        },
    ),
)

FALLBACK = THEMES[0].variables
"""What our stylesheets name, for the moment before one of these themes is chosen."""

DIM = 0.7
"""How much of its colour a dimmed text keeps: Textual's half is too little to be read on a panel."""
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


def mixed(under: Rgb, over: Rgb, part: float) -> Rgb:
    """A colour with `part` of `over` in it, the rest of `under`."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(under, over, strict=True))
    return red, green, blue


def ink_on(colour: str) -> str:
    """Black or white: what is read better on a colour, by WCAG's contrast."""
    return "#000000" if luminance(rgb(colour)) > 0.179 else "#ffffff"


def luminance(colour: Rgb) -> float:
    """The relative luminance of a colour, 0 to 1 (WCAG 2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hexed(colour: Rgb) -> str:
    """A colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def gain(amount: float, palette: Palette, digits: int = 2, unit: str = "", *, arrow: bool = True) -> Text:
    """`▲ +12.30`, `▼ -3.00`, `0.00`; what is rounded to nothing has no arrow.

    Without `arrow` for a figure that stands beside one that has it.
    """
    shown = figures.signed(amount, digits)
    mark, colour = {"+": (UP, palette.gain), "-": (DOWN, palette.loss)}.get(shown[0], ("", ""))
    return Text(f"{mark} {shown}{unit}" if mark and arrow else f"{shown}{unit}", colour)
