"""How fast a replay goes: bars a second, taken a few at a beat so that the screen is painted no more than it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 500)
"""Bars a second."""
STEPS = (1, 10, 100)
BEATS = 5
"""Beats a second at most; at higher speeds each takes more bars."""
HURRY = 250
"""Bars that are taken at once on the way to the end."""


class Beating(Protocol):
    """What beats until it is stopped; Textual's timer does."""

    def stop(self) -> None:
        """No more beats."""
        ...


Every = Callable[[float, Callable[[], None]], Beating]
"""Starts beating: so many seconds apart, each beat a call."""


@dataclass(slots=True)
class Pace:
    """Speed and step, each one of a few."""

    _speed: int = 3
    _step: int = 0

    @property
    def speed(self) -> int:
        """Bars a second."""
        return SPEEDS[self._speed]

    @property
    def step(self) -> int:
        """Bars that one step takes."""
        return STEPS[self._step]

    @property
    def seconds(self) -> float:
        """From one beat to the next."""
        return 1 / min(self.speed, BEATS)

    @property
    def bars(self) -> int:
        """Bars that a beat takes."""
        return max(1, self.speed // BEATS)

    def change(self, by: int) -> None:
        """Faster or slower, as far as it goes."""
        self._speed = min(len(SPEEDS) - 1, max(0, self._speed + by))

    def turn_step(self) -> None:
        """The next length of a step, round and round."""
        self._step = (self._step + 1) % len(STEPS)
