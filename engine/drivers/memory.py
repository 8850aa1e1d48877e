"""What an account that trades on remembers of a spec's symbols, and where data contradict it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from engine.market.bars import Bars, Dataset, IntArray
from engine.market.recording import BarChange, Recorded, first_change
from engine.market.sessions import session_days
from engine.ports import Progress, Views
from engine.strategies.spec import CompiledSpec


@dataclass(frozen=True, slots=True)
class Memory:
    """How far the spec has come (None: it is new here), how far every spec has, and the bars seen by symbol."""

    known: Progress | None
    everybody: tuple[Progress, ...]
    recorded: Mapping[str, Recorded]

    @classmethod
    def of(cls, views: Views, workspace_id: UUID, spec: CompiledSpec) -> Memory:
        """What the workspace remembers, all of one snapshot."""
        everybody = tuple(views.progresses(workspace_id))
        known = next((each for each in everybody if each.spec_key == spec.key), None)
        recorded = views.recorded(workspace_id, spec.timeframe, spec.symbols)
        return cls(known, everybody, recorded)

    def came_to(self, spec: CompiledSpec) -> int | None:
        """Up to when the account's specs have traded a symbol of this one (UTC microseconds); None: none has."""
        shared = [each.ts for each in self.everybody if not set(spec.symbols).isdisjoint(each.first_ts)]
        return max(shared, default=None)

    def changes(self, dataset: Dataset) -> dict[str, BarChange]:
        """The symbols whose past the data tell otherwise than it was seen."""
        found = {
            symbol: first_change(recorded, dataset.bars[symbol], daily=self.is_daily(symbol))
            for symbol, recorded in self.recorded.items()
        }
        return {symbol: change for symbol, change in found.items() if change is not None}

    def is_daily(self, symbol: str) -> bool:
        """Whether the first run of this symbol found one bar a session; False where none was."""
        kinds = (each.intraday[symbol] for each in self.everybody if symbol in each.intraday)
        return not next(kinds, True)


def followed(recorded: Recorded, bars: Bars, session_tz: str, *, daily: bool) -> tuple[Recorded, IntArray]:
    """A recording that follows the file where the two overlap, and its sessions, shape (n,).

    The session that was seen last of a daily symbol is seen whole: a bar stamped anew in it is no new one.
    """
    days = session_days(recorded.ts, session_tz)
    if daily:
        stop = int(np.searchsorted(bars.session, days[-1], side="right"))
        outside = (days < bars.session[0]) | (days > bars.session[-1])
    else:
        stop = int(np.searchsorted(bars.ts, recorded.ts[-1], side="right"))
        outside = (recorded.ts < bars.ts[0]) | (recorded.ts > bars.ts[-1])
    kept = Recorded(recorded.ts[outside], recorded.figures[:, outside])
    together = Recorded.joined([kept, Recorded.of(bars, 0, stop)])
    return together, session_days(together.ts, session_tz)


def settled(progress: Progress, symbol: str, before: Recorded, after: Recorded) -> Progress:
    """A spec's progress once a symbol's changed history is followed: what it had traded is not traded again."""
    seen, now = before.last, after.last
    if seen is None or now is None or symbol not in progress.first_ts or not seen <= progress.ts < now:
        return progress
    return progress.with_settled(symbol, now)


def without_settled(dataset: Dataset, progress: Progress) -> Dataset:
    """The data, each symbol traded only after what the progress says is settled of it."""
    if not progress.settled:
        return dataset
    begins = {
        symbol: max(dataset.first_row(symbol), int(np.searchsorted(dataset.bars[symbol].ts, last, side="right")))
        for symbol, last in progress.settled.items()
    }
    return dataset.traded_from(begins)
