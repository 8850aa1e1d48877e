"""What a replay has come to so far, as its screen shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

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
        """Its newest bar."""
        return self._seen.get(self.symbol)

    def take(self, steps: Sequence[Step]) -> bool:
        """What came of these steps; whether the log has new lines."""
        for step in steps:
            self.newest = step
            self._seen |= {seen.symbol: seen for seen in step.symbols}
        for symbol, mark in marks_of(steps):
            self.marks[symbol].append(mark)
        return self.log.take(steps)

    def turn_symbol(self) -> None:
        """Look at the next symbol, round and round."""
        self._looked_at = (self._looked_at + 1) % len(self.replay.spec.symbols)
