"""Equity by session as the journal and the recording make it: what a forward run keeps, and what reconciling rebuilds.

The rows are as of the newest event of a forward run: its sessions, the closes recorded up to then, and the fills up to
that event. A fill that came later, by hand, is in no row before the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np

from engine.account.fold import replay_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.account.session_equity import MARK, Change, Closes, MarkedEquity, SessionEquity
from engine.events import EventType
from engine.market.recording import Recorded
from engine.market.sessions import session_day, session_days, to_micros
from engine.payloads import read_payload
from engine.policy.workspace import Workspace
from engine.ports import EventFilter, Progress, Views

_OF_RUNS = (EventType.RUN_ADVANCED.value, EventType.HISTORY_ACCEPTED.value)


class SessionBook:
    """An account's equity by session, with the fold that says which fills count and from which session on."""

    def __init__(self, starting_equity: float, session_tz: str) -> None:
        self.marked = MarkedEquity(starting_equity)
        self._zone = session_tz
        self._ledger = Ledger.fresh(starting_equity)
        self._latest: dict[str, int] = {}
        """Each symbol's newest session with a change"""

    @classmethod
    def load(cls, views: Views, workspace: Workspace, through: int | None = None) -> SessionBook:
        """All that the journal up to the event `through` (None: its end), and the recording, say of the account."""
        newest = views.head(workspace.id) if through is None else through
        book = cls(workspace.starting_equity, _zone_at(views, workspace, newest))
        progresses = views.progresses(workspace.id)
        book._take_fills(views, workspace.id, newest)
        book._take_recording(views, workspace.id, progresses)
        if book._lacks_closes():
            book.marked.add(book._journaled_marks(views, workspace.id, newest))
        return book

    def add_fills(self, fills: Sequence[Fill]) -> None:
        """Further fills, in the order of their `seq`; those that cannot be applied do not count."""
        unapplied = {error.seq for error in replay_fills(self._ledger, fills)}
        days = session_days(np.array([fill.ts for fill in fills], dtype=np.int64), self._zone).tolist()
        changes = []
        for fill, day in zip(fills, days, strict=True):
            if fill.seq not in unapplied:
                since = self._latest[fill.symbol] = max(day, self._latest.get(fill.symbol, day))
                changes.append(Change(since, fill.seq, fill.symbol, fill.side, fill.lots, fill.price, fill.fees))
        self.marked.add(changes)

    def add_marks(self, marks: Iterable[tuple[str, float]], ts: int, seq: int) -> None:
        """What symbols without a close count at from a time on (UTC microseconds), as the event `seq` says."""
        day = session_day(ts, self._zone)
        self.marked.add(Change(day, seq, symbol, MARK, 0, mark, 0.0) for symbol, mark in marks)

    def days_of(self, ts: np.ndarray) -> np.ndarray:
        """The sessions of times, in the account's zone."""
        return session_days(ts, self._zone)

    def _take_fills(self, views: Views, workspace_id: UUID, newest: int) -> None:
        skip = views.duplicate_fills(workspace_id)
        read = (Fill._make(fill) for fill in views.fills(workspace_id))
        self.add_fills([fill for fill in read if fill.seq <= newest and fill.seq not in skip])

    def _take_recording(self, views: Views, workspace_id: UUID, progresses: Sequence[Progress]) -> None:
        for timeframe in sorted({each.timeframe for each in progresses}):
            here = [each for each in progresses if each.timeframe == timeframe]
            symbols = sorted({*self._latest, *(symbol for each in here for symbol in each.first_ts)})
            recorded = views.recorded(workspace_id, timeframe, symbols)
            for symbol, bars in recorded.items():
                if len(bars):
                    closes = Closes(bars.ts, self.days_of(bars.ts), bars.figures[3], int(bars.ts[-1]))
                    self.marked.closes.setdefault(symbol, {})[timeframe] = closes
            self.marked.add((), (day for each in here for day in self._sessions_of(each, recorded)))

    def _sessions_of(self, progress: Progress, recorded: dict[str, Recorded]) -> Iterator[int]:
        """The sessions on which a symbol of a spec has a bar among those that its runs have processed."""
        if progress.clock_from is None:
            return
        for symbol in progress.first_ts:
            ts = recorded[symbol].ts
            processed = ts[np.searchsorted(ts, progress.clock_from) : np.searchsorted(ts, progress.ts, side="right")]
            yield from np.unique(self.days_of(processed)).tolist()

    def _lacks_closes(self) -> bool:
        """Whether a symbol was held, or may have been, in a session up to which it had no close."""
        return any(
            change.side == BUY and self.marked.close_of(change.symbol, change.session) is None
            for change in self.marked.changes
        )

    def _journaled_marks(self, views: Views, workspace_id: UUID, newest: int) -> Iterator[Change]:
        where = EventFilter(workspace_id, (EventType.RUN_ADVANCED.value,), before=newest + 1)
        for seq, row in views.events(where, limit=None):
            said = read_payload(row.payload, row.event_type, seq)
            day = session_day(to_micros(datetime.fromisoformat(said["ts"])), self._zone)
            for symbol, mark in said.get("marks", {}).items():
                yield Change(day, seq, symbol, MARK, 0, mark, 0.0)


def rebuilt_equity(views: Views, workspace: Workspace) -> list[SessionEquity]:
    """The rows that should be stored of an account, oldest first; none of one that no forward run has traded."""
    newest = views.events(EventFilter(workspace.id, _OF_RUNS), limit=1, newest_first=True)
    if not newest or all(each.clock_from is None for each in views.progresses(workspace.id)):
        return []
    return list(SessionBook.load(views, workspace, newest[0].seq).marked.rows())


def rows_zone(views: Views, workspace: Workspace) -> str:
    """The session zone of the account's rows: that of its newest event of a run."""
    newest = views.events(EventFilter(workspace.id, _OF_RUNS), limit=1, newest_first=True)
    return _zone_at(views, workspace, newest[0].seq) if newest else workspace.limits.session_tz


def _zone_at(views: Views, workspace: Workspace, seq: int) -> str:
    """The account's session zone as of an event: the zone now, unless it was changed since."""
    where = EventFilter(workspace.id, (EventType.POLICY_CHANGED.value,), after=seq)
    for event in views.events(where, limit=None):
        said = read_payload(event.row.payload, event.row.event_type, event.seq)
        if "session_tz" in said:
            return str(said["session_tz"][0])
    return workspace.limits.session_tz
