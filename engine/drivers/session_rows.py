"""The rows of equity by session that a forward run writes, in the transactions in which it trades."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.account.ledger import Fill
from engine.account.session_equity import Closes, SessionEquity
from engine.account.state import Account
from engine.broker.session_equity import SessionBook, rebuilt_equity
from engine.market.bars import Bars
from engine.market.sessions import session_day
from engine.policy.workspace import Workspace
from engine.ports import UnitOfWork

_NEVER = -(2**62)


class SessionRows:
    """Keeps an account's rows as the run goes on.

    In each transaction `follow` what it did, `write` the rows with its RUN_ADVANCED, and say `written` once it is
    committed. All is read again after a transaction that failed, and where others have journaled meanwhile.
    """

    def __init__(self, timeframe: str, bars: Mapping[str, Bars]) -> None:
        self._timeframe, self._bars = timeframe, bars
        self._times = np.unique(np.concatenate([one.ts for one in bars.values()]))
        self._book: SessionBook | None = None
        self._known: SessionBook | None = None
        """The book as of the last commit, which is that of the event `_seq`"""
        self._seq, self._ts, self._is_fresh = _NEVER, _NEVER, True
        self._stored: dict[int, SessionEquity] = {}

    def follow(self, unit: UnitOfWork, workspace: Workspace, before: int, ts: int, clock_from: int) -> None:
        """Take in the transaction's fills, and the bars up to `ts` (UTC microseconds), which it has recorded.

        `before` is the account's newest event before the transaction; the spec's sessions count from `clock_from` on.
        """
        book, self._known = self._known, None
        self._is_fresh = book is None or self._seq != before
        if book is None or self._is_fresh:
            book, self._ts = self._load(unit, workspace), clock_from - 1
        else:
            book.add_fills(list(map(Fill._make, unit.fills(workspace.id, after=before))))
        first, stop = (int(np.searchsorted(self._times, at, side="right")) for at in (self._ts, ts))
        book.marked.add((), np.unique(book.days_of(self._times[first:stop])).tolist())
        for symbol in self._bars:
            closes = book.marked.closes[symbol][self._timeframe]
            closes.known = max(closes.known, ts)
        self._book, self._ts = book, ts

    def marks(self, account: Account, session: int) -> dict[str, float]:
        """What the symbols count at that are held and have no close up to a session."""
        assert self._book is not None  # noqa: S101 - for the type checker
        marked = self._book.marked
        return {
            symbol: account.marks.get(symbol, held.avg_price)
            for symbol, held in account.ledger.holdings.items()
            if marked.close_of(symbol, session) is None
        }

    def write(self, unit: UnitOfWork, workspace: Workspace, marks: Mapping[str, float], seq: int) -> None:
        """Store the rows that have changed; `marks` are those that the RUN_ADVANCED with this `seq` names."""
        assert self._book is not None  # noqa: S101 - for the type checker
        self._book.add_marks(marks.items(), self._ts, seq)
        rows = {row.session: row for row in self._book.marked.rows()}
        if self._is_fresh and not self._stored.keys() <= rows.keys():  # the session zone was changed
            unit.replace_equity(workspace.id, list(rows.values()))
        else:
            unit.save_equity(workspace.id, [row for day, row in rows.items() if self._stored.get(day) != row])
        self._stored |= rows
        self._book.marked.settle(session_day(self._ts, workspace.limits.session_tz))
        self._seq = seq

    def written(self) -> None:
        """The transaction is committed: the next one goes on from it."""
        self._known, self._book = self._book, None

    def _load(self, unit: UnitOfWork, workspace: Workspace) -> SessionBook:
        """The account as it is in this transaction, with the closes of the data that are still to come."""
        book = SessionBook.load(unit, workspace)
        for symbol, bars in self._bars.items():
            by_timeframe = book.marked.closes.setdefault(symbol, {})
            known = by_timeframe.get(self._timeframe) or Closes.none()
            by_timeframe[self._timeframe] = known.followed_by(bars.ts, book.days_of(bars.ts), bars.close)
        self._stored = {row.session: row for row in unit.equity_by_session(workspace.id)}
        return book


def rebuild_rows(unit: UnitOfWork, workspace: Workspace) -> None:
    """Store the rows anew where they are not those that the journal and the recording make."""
    rows = rebuilt_equity(unit, workspace)
    if rows != unit.equity_by_session(workspace.id):
        unit.replace_equity(workspace.id, rows)
