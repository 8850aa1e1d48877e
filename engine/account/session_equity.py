"""Equity at marks at the end of each session, of an account that trades on.

What an account is worth at the end of a session is its cash then and its positions at their last closes up to then;
a position without a close counts at its mark. What decides it comes in any order: a fill, or a bar, of a session that
was valued before changes that session and those after it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from engine.account.arithmetic import bought, sold
from engine.account.ledger import BUY
from engine.intents import LOTS_PER_UNIT
from engine.market.bars import FloatArray, IntArray

MARK = 0
"""In place of a fill's side: the price at which a symbol without a close counts from then on."""

_FIRST_DAY = -(10**9)
_NEVER = -(2**62)


class SessionEquity(NamedTuple):
    """An account at the end of a session (days since 1970-01-01).

    `is_exposed`: a position was open when the session began, or was opened in it.
    """

    session: int
    equity: float
    is_exposed: bool


class Change(NamedTuple):
    """A fill, or a mark (`side` is MARK; of the rest only `price` counts), and the session from which on it counts."""

    session: int
    seq: int
    symbol: str
    side: int
    lots: int
    price: float
    fees: float


class Closes:
    """A symbol's closes with their times (UTC microseconds) and sessions, oldest first; known up to the time `known`.

    All have shape (n,). Closes after `known` are there for later.
    """

    __slots__ = ("_close", "_session", "_ts", "known")

    def __init__(self, ts: IntArray, session: IntArray, close: FloatArray, known: int) -> None:
        self._ts, self._session, self._close = ts, session, close
        self.known = known

    @classmethod
    def none(cls) -> Closes:
        """Those of a symbol of which nothing is known."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), _NEVER)

    def at(self, session: int) -> tuple[int, float] | None:
        """Time and close of the last bar up to the end of a session; None before the first."""
        through = np.searchsorted(self._ts, self.known, side="right")
        row = int(min(np.searchsorted(self._session, session, side="right"), through)) - 1
        return None if row < 0 else (int(self._ts[row]), float(self._close[row]))

    def followed_by(self, ts: IntArray, session: IntArray, close: FloatArray) -> Closes:
        """These and later ones, which are not known yet."""
        later = slice(int(np.searchsorted(ts, self._ts[-1], side="right")) if len(self._ts) else 0, None)
        columns = ((self._ts, ts), (self._session, session), (self._close, close))
        all_ts, all_sessions, all_closes = (np.concatenate([mine, theirs[later]]) for mine, theirs in columns)
        return Closes(all_ts, all_sessions, all_closes, self.known)


class _Walk:
    """The account on the way through its sessions: cash, lots and marks by symbol."""

    __slots__ = ("cash", "lots", "marks", "taken")

    def __init__(self, cash: float) -> None:
        self.cash = cash
        self.lots: dict[str, int] = {}
        self.marks: dict[str, float] = {}
        self.taken = 0
        """How many changes are behind"""

    def copy(self) -> _Walk:
        """Another that stands where this one does."""
        twin = _Walk(self.cash)
        twin.lots, twin.marks, twin.taken = dict(self.lots), dict(self.marks), self.taken
        return twin

    def take(self, change: Change) -> None:
        """Apply the next change."""
        self.taken += 1
        self.marks[change.symbol] = change.price
        if change.side == MARK:
            return
        quantity, held = change.lots / LOTS_PER_UNIT, self.lots.get(change.symbol, 0)
        if change.side == BUY:
            self.cash = bought(self.cash, quantity, change.price, change.fees)
            self.lots[change.symbol] = held + change.lots
        else:
            self.cash = sold(self.cash, quantity, change.price, change.fees)
            del self.lots[change.symbol]


class MarkedEquity:
    """An account's changes, its sessions and its symbols' closes; from them the rows of its sessions.

    A change may not be of an earlier session than the one before it in its symbol, so that nothing is sold before it
    was bought.
    """

    def __init__(self, starting_equity: float) -> None:
        self._starting_equity = starting_equity
        self.closes: dict[str, dict[str, Closes]] = {}
        """By symbol and timeframe"""
        self.changes: list[Change] = []
        """By session and seq"""
        self._sessions: list[int] = []
        self._base, self._since = _Walk(starting_equity), _FIRST_DAY
        """What is behind of changes, and the session with which `rows` begins"""

    def add(self, changes: Iterable[Change], sessions: Iterable[int] = ()) -> None:
        """Add changes, and sessions at whose ends the account is valued."""
        earliest = self._since
        for change in changes:
            insort(self.changes, change)
            earliest = min(earliest, change.session)
        for session in sessions:
            place = bisect_left(self._sessions, session)
            if place == len(self._sessions) or self._sessions[place] != session:
                self._sessions.insert(place, session)
                earliest = min(earliest, session)
        if earliest < self._since:
            self._base, self._since = _Walk(self._starting_equity), _FIRST_DAY

    def settle(self, session: int) -> None:
        """From now on `rows` begins with this session: what is added later seldom changes those before it."""
        if session <= self._since:
            return
        self._take_before(self._base, session)
        self._since = session

    def rows(self) -> Iterator[SessionEquity]:
        """The rows of the sessions, oldest first; those before the settled one only when they may have changed."""
        walk = self._base.copy()
        for session in self._sessions[bisect_left(self._sessions, self._since) :]:
            self._take_before(walk, session)
            is_exposed = bool(walk.lots)
            while walk.taken < len(self.changes) and self.changes[walk.taken].session == session:
                change = self.changes[walk.taken]
                is_exposed = is_exposed or change.side == BUY
                walk.take(change)
            yield SessionEquity(session, self._worth(walk, session), is_exposed)

    def close_of(self, symbol: str, session: int) -> float | None:
        """The symbol's last close up to the end of a session, of whatever timeframe; None without one."""
        found = [last for one in self.closes.get(symbol, {}).values() if (last := one.at(session)) is not None]
        return max(found, key=lambda last: last[0])[1] if found else None

    def _worth(self, walk: _Walk, session: int) -> float:
        """Cash, then one position at a time, symbols in order.

        A close that would make it infinite is left out, as a mark is that a person sets.
        """
        worth = walk.cash
        for symbol in sorted(walk.lots):
            quantity, close = walk.lots[symbol] / LOTS_PER_UNIT, self.close_of(symbol, session)
            value = quantity * (walk.marks[symbol] if close is None else close)
            if not math.isfinite(worth + value):
                value = quantity * walk.marks[symbol]
            worth += value
        return worth

    def _take_before(self, walk: _Walk, session: int) -> None:
        while walk.taken < len(self.changes) and self.changes[walk.taken].session < session:
            walk.take(self.changes[walk.taken])
