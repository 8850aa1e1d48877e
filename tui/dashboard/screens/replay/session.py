"""A replay under way: what happens in it line by line, how fast it goes, and what the screen says of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from tui.dashboard.colours import Palette, gain
from tui.dashboard.screens.replay.chart import Mark, marks_of
from tui.dashboard.widgets.columns import COUNTS, TIMES, WORDS, Column
from tui.shared import figures
from tui.shared.text import safe_text
from tui.shared.words import said_by

if TYPE_CHECKING:
    from engine.drivers.replay import Replay, Step, SymbolSeen

KEPT = 200
"""Lines that stay on screen; the journal has all events."""
_NUMBER = re.compile(r"\d+")
EMPTY = (
    "No replay is under way.\n\n"
    "n        a form, filled in: sma_cross on real prices, in a new account\n"
    "ctrl+s   begins it there, as it stands\n"
    "space    plays it;   . takes a step, e goes to the end\n\n"
    "Every bar goes through strategy, policy, broker and journal, as `papertape run -w` would take it."
)
QUIET = "Nothing has happened yet.   space plays, . takes a step, e goes to the end"
NO_WAY_BACK = (
    "there is no way back to the start: what was replayed is traded, and the journal is append-only;"
    " n begins anew in a new workspace"
)
_BAR = 12


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
        """Stop the timer; it calls nobody afterwards."""
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


def standing(session: Session, pace: Pace, going: str, palette: Palette, width: int) -> Text:
    """Three lines: what is replayed where and how fast; how far it is and what it is worth; the newest bar.

    What does not fit into `width` columns is cut.
    """
    replay, newest = session.replay, session.newest
    spec = replay.spec
    first = Text.assemble(
        (f" {safe_text(spec.spec.strategy_id)}", "bold"),
        f" on {safe_text(', '.join(spec.symbols))}, {safe_text(spec.timeframe)} → {safe_text(replay.workspace.name)}  ",
        (going, "bold"),
        (f"  {pace.speed:,} bars/s, step {pace.step}", palette.muted),
    )
    second = Text(f" {_progress(replay.position, replay.length)}")
    if newest is not None:
        tally = replay.tally
        second.append(f"  {figures.moment(newest.ts)}")
        second.append("  equity ", palette.muted).append(figures.money(newest.equity), "bold")
        by_code = f" ({figures.by_code(tally.refusals)})" if tally.refusals else ""
        second.append(f"  {figures.counted(tally.fills, 'fill')}, {tally.rejected:,} refused{by_code}")
    elif replay.start:
        second.append(f"  {figures.counted(replay.start, 'bar')} traded before")
    third = _bar(session.seen, palette) if session.seen is not None else Text(f" {safe_text(session.symbol)}")
    for line in (first, second, third):
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join([first, second, third])


def ended(session: Session) -> str:
    """What a replay came to, at its end."""
    replay, newest = session.replay, session.newest
    if newest is None:
        return f"everything in these data was traded in {replay.workspace.name} before"
    fills = figures.counted(replay.tally.fills, "fill")
    sentence = f"the data end: {fills} in {replay.workspace.name}, equity {figures.money(newest.equity)}"
    return "; ".join([sentence, *replay.reasons[:1]])


def _progress(done: int, total: int) -> str:
    full = _BAR * done // total if total else _BAR
    return f"{'█' * full}{'░' * (_BAR - full)} {done:,} of {total:,}"


def _bar(seen: SymbolSeen, palette: Palette) -> Text:
    line = Text.assemble((f" {safe_text(seen.symbol)}", "bold"))
    for name, price in (("O", seen.open), ("H", seen.high), ("L", seen.low), ("C", seen.close)):
        line.append(f"  {name} ", palette.muted).append(figures.price(price))
    if seen.held is not None:
        line.append("  held ", palette.muted)
        line.append(f"{figures.quantity(seen.held.quantity)} at {figures.price(seen.held.avg_price)} ")
        line.append_text(gain(seen.held.unrealized_pnl, palette))
    return line.append(f"  {safe_text(seen.code or '')}", "bold")
