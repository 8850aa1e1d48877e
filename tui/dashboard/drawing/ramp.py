"""Colours for figures: a ramp from the worst through a middle to the best, and ink that can be read on it.

The worst end has the theme's colour of a loss, the best that of a gain: blue and orange, which the colour-blind tell
apart; towards both ends the ramp also changes its lightness, so that it reads in grey.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from engine.market.bars import FloatArray
from tui.dashboard.colours import Palette, Rgb, hexed, ink_on, mixed, rgb

LEVELS = 65
"""Colours of a ramp: odd, so that the middle has one of its own"""
_MIDDLE = (LEVELS - 1) // 2
_DEEP, _BRIGHT, _GREY = 0.45, 0.55, 0.55
"""How much of the ends' colour is left at the worst, at the best, and of the muted colour in the middle"""


@dataclass(frozen=True, slots=True)
class Scale:
    """The figures at the two ends of a ramp and in its middle; `better` is 1, -1 where less is better, or 0."""

    low: float
    middle: float
    high: float
    better: int = 1

    @classmethod
    def over(cls, values: FloatArray, better: int = 1) -> Scale:
        """One for all these figures, NaN among them left out: around 0 where they lie on both of its sides."""
        known = values[np.isfinite(values)]
        if not known.size:
            return cls(0.0, 0.0, 0.0, better)
        low, high = float(known.min()), float(known.max())
        middle = 0.0 if low < 0.0 < high else low + (high - low) / 2
        return cls(low, middle, high, better)

    def levels(self, values: FloatArray) -> np.ndarray:
        """The level of each figure, 0 for the worst to `LEVELS` - 1 for the best; -1 for NaN."""
        with np.errstate(all="ignore"):
            below = (values - self.middle) / (self.middle - self.low) if self.middle > self.low else values * 0.0
            above = (values - self.middle) / (self.high - self.middle) if self.high > self.middle else values * 0.0
        part = np.clip(np.where(values < self.middle, below, above), -1.0, 1.0) * (self.better or 1)
        known = np.isfinite(part)
        levels = np.full(values.shape, -1, np.int64)
        levels[known] = np.rint(_MIDDLE + part[known] * _MIDDLE).astype(np.int64)
        return levels


@dataclass(frozen=True)
class Ramp:
    """The colours of the levels, worst first, with the ink for each."""

    colours: tuple[str, ...]

    @classmethod
    def of(cls, palette: Palette, background: str, foreground: str, better: int = 1) -> Ramp:
        """A theme's: `better` 0 goes from grey to the line's colour, for figures of which none is better."""
        ground, ink, muted = rgb(background), rgb(foreground), rgb(palette.muted)
        grey = mixed(ground, muted, _GREY)
        if better == 0:
            stops = [(0.0, mixed(ground, muted, 0.25)), (0.5, grey), (1.0, rgb(palette.line))]
        else:
            loss, gain = rgb(palette.loss), rgb(palette.gain)
            stops = [
                (0.0, mixed(ground, loss, _DEEP)),
                (0.25, mixed(ground, loss, 0.9)),
                (0.5, grey),
                (0.8, gain),
                (1.0, mixed(ink, gain, _BRIGHT)),
            ]
        return cls(tuple(_at(stops, level / (LEVELS - 1)) for level in range(LEVELS)))

    @cached_property
    def inks(self) -> tuple[str, ...]:
        """Black or white for each colour, whichever has the greater contrast."""
        return tuple(ink_on(colour) for colour in self.colours)


def _at(stops: Sequence[tuple[float, Rgb]], place: float) -> str:
    for (since, low), (until, high) in pairwise(stops):
        if place <= until or math.isclose(place, until):
            return hexed(mixed(low, high, (place - since) / (until - since)))
    return hexed(stops[-1][1])
