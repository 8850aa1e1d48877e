"""What happens in a replay, line by line: why a strategy traded or did not, and what was journaled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tui.dashboard.widgets.columns import COUNTS, TIMES, WORDS, Column
from tui.shared import figures
from tui.shared.words import said_by

if TYPE_CHECKING:
    from engine.drivers.replay import Step, SymbolSeen

KEPT = 200
"""Lines that stay on screen; the journal has all events."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `seq` is an event's; a signal, and an intent that nothing was journaled of, have none."""

    number: int
    ts: datetime
    symbol: str | None
    what: str
    words: str
    seq: int | None = None
    correlation_id: str | None = None


COLUMNS: tuple[Column[LogLine], ...] = (
    Column("time", "time", TIMES, lambda row: row.ts, "trading time, UTC"),
    Column("symbol", "symbol", WORDS, lambda row: row.symbol, "in which symbol", widest=12),
    Column("what", "what", WORDS, lambda row: row.what, "a signal of the strategy, or an event of the journal"),
    Column("seq", "seq", COUNTS, lambda row: row.seq, "an event's place in the journal"),
    Column("said", "says", WORDS, lambda row: row.words, "why, or what was done", widest=100),
)


class Log:
    """The newest lines, newest first, and how many there were in all."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.count = 0
        self._codes: dict[str, str] = {}

    def take(self, steps: Sequence[Step]) -> bool:
        """Add what came of these steps. Return whether there is anything new."""
        before = self.count
        for step in steps:
            for line in self._told(step):
                self.lines.append(line)
            if len(self.lines) > 2 * KEPT:
                del self.lines[:-KEPT]
        return self.count > before

    def newest(self) -> list[LogLine]:
        """The lines that are shown."""
        return self.lines[: -KEPT - 1 : -1]

    def _told(self, step: Step) -> Iterator[LogLine]:
        if step.elsewhere:
            yield self._line(step, None, "elsewhere", "another process had traded this bar before")
        for seen in step.symbols:
            if self._is_news(step, seen):
                yield self._line(step, seen.symbol, "signal", f"{seen.code}  {level_words(seen)}".rstrip())
        for attempt in step.attempts:
            if attempt.refused is not None:
                words = f"{attempt.refused.code}: {attempt.refused.message}"
                yield self._line(step, attempt.intent.symbol, "refused", words)
        yield from self._events(step)

    def _events(self, step: Step) -> Iterator[LogLine]:
        from engine.desk.journal import EventView

        for event in step.events:
            row, words = event.row, "the run's progress is kept"
            if row.intent_id is not None:
                words = said_by(EventView.of(event))
            yield self._line(step, row.symbol, row.event_type, words, event.seq, row.correlation_id)

    def _line(
        self, step: Step, symbol: str | None, what: str, words: str, seq: int | None = None, trace: str | None = None
    ) -> LogLine:
        self.count += 1
        return LogLine(self.count, step.ts, symbol, what, words, seq, trace)

    def _is_news(self, step: Step, seen: SymbolSeen) -> bool:
        """A code that came of an attempt is reported each time, one that merely persists only once."""
        stem = _NUMBER.sub("", seen.code or "")
        known, self._codes[seen.symbol] = self._codes.get(seen.symbol, ""), stem
        tried = any(attempt.intent.symbol == seen.symbol for attempt in step.attempts)
        return bool(stem) and (tried or stem != known)


def level_words(seen: SymbolSeen) -> str:
    """The levels of the newest bar, such as `fast 101.25  slow 100.80`."""
    return "  ".join(
        f"{name} {figures.NONE if value is None else figures.decimals(value, 2)}"
        for name, value in seen.levels.items()
        if name != "price"  # the close, which stands beside it
    )
