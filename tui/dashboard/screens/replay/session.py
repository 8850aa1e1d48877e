"""A replay under way: what it has come to so far, and how fast it goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.dashboard.screens.replay.chart import Mark, marks_of
from tui.dashboard.screens.replay.log import Log

if TYPE_CHECKING:
    from engine.drivers.replay import Replay, Step, SymbolSeen


class Session:
    """One replay: the log, the fills by symbol, the newest step, and the symbol that is looked at."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.log = Log()
        self.marks: dict[str, list[Mark]] = defaultdict(list)
        self.newest: Step | None = None
        self._seen: dict[str, SymbolSeen] = {}
        self._looked_at = 0

    @property
    def symbol(self) -> str:
        """The symbol that is looked at."""
        return self.replay.spec.symbols[self._looked_at]

    @property
    def seen(self) -> SymbolSeen | None:
        """The newest bar of the symbol that is shown, with its levels."""
        return self._seen.get(self.symbol)

    def take(self, steps: Sequence[Step]) -> bool:
        """Add what came of these steps. Return whether the log has new lines."""
        for step in steps:
            self.newest = step
            self._seen |= {seen.symbol: seen for seen in step.symbols}
        for symbol, mark in marks_of(steps):
            self.marks[symbol].append(mark)
        return self.log.take(steps)

    def turn_symbol(self) -> None:
        """Show the next symbol; after the last, the first."""
        self._looked_at = (self._looked_at + 1) % len(self.replay.spec.symbols)


SPEEDS = (1, 2, 5, 10, 20, 50, 100, 500)
"""The speed in bars a second."""
STEPS = (1, 10, 100)
BEATS = 5
"""Beats a second at most; at higher speeds each takes more bars."""
HURRY = 250
"""Bars that are taken at once on the way to the end."""


class Beating(Protocol):
    """Something that calls back periodically until it is stopped, such as Textual's timer."""

    def stop(self) -> None:
        """Stop the timer."""
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
        """The speed in bars a second."""
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
        """Change the speed by one step, within its range."""
        self._speed = min(len(SPEEDS) - 1, max(0, self._speed + by))

    def turn_step(self) -> None:
        """Choose the next length of a step; after the last, the first."""
        self._step = (self._step + 1) % len(STEPS)
