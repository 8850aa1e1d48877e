"""The bars that an account has seen of a symbol, and how a file differs from them.

An account that trades forward decided on the bars that it saw then. A file with another past (adjusted for a split, a
tick corrected, a bar stamped again, a last bar that was unfinished) would otherwise be traded as if nothing had
happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from engine.errors import InvalidError
from engine.market.bars import Bars, FloatArray, IntArray
from engine.market.sessions import iso, moment

FIGURES = ("open", "high", "low", "close", "volume")

ChangeKind = Literal["differs", "gone", "new", "second"]

_ACCEPT = "take the file's bars with --accept-history, or trade them in a new account (`papertape workspace create`)"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Bars as they were seen, oldest first: `ts` in UTC microseconds, `figures` of shape (5, n) as `FIGURES` names."""

    ts: IntArray
    figures: FloatArray

    @classmethod
    def of(cls, bars: Bars, start: int = 0, stop: int | None = None) -> Recorded:
        """Rows `start` to `stop` (exclusive) of a symbol's bars."""
        part = bars.slice(start, len(bars) if stop is None else stop)
        return cls(part.ts, np.array([getattr(part, name) for name in FIGURES]))

    @classmethod
    def joined(cls, parts: Iterable[Recorded]) -> Recorded:
        """Several recordings of one symbol as one, in the order of their times."""
        known = list(parts)
        ts = np.concatenate([np.empty(0, np.int64), *(part.ts for part in known)])
        figures = np.concatenate([np.empty((len(FIGURES), 0)), *(part.figures for part in known)], axis=1)
        order = np.argsort(ts, kind="stable")
        return cls(ts[order], figures[:, order])

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def last(self) -> int | None:
        """The time of the newest bar; None when nothing is recorded."""
        return int(self.ts[-1]) if len(self.ts) else None

    def outside(self, first: int, last: int) -> Recorded:
        """The bars before `first` and those after `last` (UTC microseconds)."""
        kept = (self.ts < first) | (self.ts > last)
        return Recorded(self.ts[kept], self.figures[:, kept])

    def row(self, index: int) -> dict[str, float]:
        """The figures of one bar, by name."""
        return dict(zip(FIGURES, map(float, self.figures[:, index]), strict=True))


class Span(NamedTuple):
    """Rows `start` to `stop` (exclusive) of a symbol's bars, which the account now sees."""

    bars: Bars
    start: int
    stop: int

    def shares(self, start: int, stop: int) -> bool:
        """Whether the session of these rows goes beyond the span, so that some of it may be recorded already."""
        days = self.bars.session
        before = start == self.start and start > 0 and days[start - 1] == days[start]
        return bool(before or (stop == self.stop and stop < len(days) and days[stop - 1] == days[stop]))


@dataclass(frozen=True, slots=True)
class BarChange:
    """The first row in which a file has another past, and how many such rows there are.

    `differs`: the same time with other figures. `gone`: seen before, not in the file. `new`: in the file, between bars
    that were seen. `second`: a second bar in a session of a symbol that was daily in its first run.
    """

    symbol: str
    ts: int
    kind: ChangeKind
    old: dict[str, float] | None
    new: dict[str, float] | None
    rows: int

    def payload(self) -> dict[str, Any]:
        """The change as a JSON object, for the journal and `--json`."""
        return {"ts": iso(self.ts), "kind": self.kind, "old": self.old, "new": self.new, "rows": self.rows}

    def sentence(self) -> str:
        """The change for a person: the bar, its figures then, and its figures now."""
        bar = f"the bar of {moment(self.ts)}"
        more = f" (the first of {self.rows:,} rows that differ)" if self.rows > 1 else ""
        match self.kind:
            case "differs":
                return f"{bar} has changed since this account saw it: {self._figures()}{more}"
            case "gone":
                return f"{bar}, which this account has seen, is gone from the data{more}"
            case "new":
                return f"{bar} is new between bars that this account has seen{more}"
            case "second":
                return f"{bar} is a second one in its session, and this account's first run found daily bars{more}"

    def _figures(self) -> str:
        old, new = self.old or {}, self.new or {}
        apart = [name for name in FIGURES if old.get(name) != new.get(name)]
        return ", ".join(f"{name} {_plain(old[name])} is now {_plain(new[name])}" for name in apart)


def first_change(recorded: Recorded, bars: Bars, *, daily: bool) -> BarChange | None:
    """How a symbol's bars differ from its recording, where the two overlap; None if they agree.

    Bars that the file lacks at its head or tail are not a change. `daily`: the first run found one bar a session, so a
    second one beside a bar that was seen is a change too.
    """
    if not len(recorded):
        return None
    first, last = max(int(recorded.ts[0]), int(bars.ts[0])), min(int(recorded.ts[-1]), int(bars.ts[-1]))
    then, now = _between(recorded.ts, first, last), _between(bars.ts, first, last)
    changes: list[tuple[int, ChangeKind]] = []
    common, at_then, at_now = np.intersect1d(recorded.ts[then], bars.ts[now], assume_unique=True, return_indices=True)
    at_then, at_now = at_then + then.start, at_now + now.start
    figures = Recorded.of(bars).figures[:, at_now]
    differs = np.any(recorded.figures[:, at_then] != figures, axis=0)
    changes += [(int(ts), "differs") for ts in common[differs]]
    changes += [(int(ts), "gone") for ts in np.setdiff1d(recorded.ts[then], common, assume_unique=True)]
    changes += [(int(ts), "new") for ts in np.setdiff1d(bars.ts[now], common, assume_unique=True)]
    if daily:
        changes += [(int(ts), "second") for ts in _second_bars(bars, int(recorded.ts[-1]))]
    return None if not changes else _first(recorded, bars, changes)


def changed(changes: Mapping[str, BarChange]) -> InvalidError:
    """HISTORY_CHANGED for a file with another past of some symbols; it names the earliest row."""
    first = min(changes.values(), key=lambda change: change.ts)
    others = [symbol for symbol in changes if symbol != first.symbol]
    also = f"; {', '.join(others)} changed too" if others else ""
    details = {"symbol": first.symbol, **first.payload(), "symbols": list(changes)}
    return InvalidError(
        "HISTORY_CHANGED", f"{first.symbol}: {first.sentence()}{also}", hint=_ACCEPT, details={"history": details}
    )


def merged(symbol: str, recorded: Recorded, seen: Recorded) -> Recorded:
    """Two recordings as one. Raises HISTORY_CHANGED if they disagree: another process has recorded other bars."""
    common, at_then, at_now = np.intersect1d(recorded.ts, seen.ts, assume_unique=True, return_indices=True)
    differs = np.flatnonzero(np.any(recorded.figures[:, at_then] != seen.figures[:, at_now], axis=0))
    if len(differs):
        row = int(differs[0])
        old, new = recorded.row(int(at_then[row])), seen.row(int(at_now[row]))
        raise changed({symbol: BarChange(symbol, int(common[row]), "differs", old, new, len(differs))})
    fresh = np.isin(seen.ts, common, invert=True, assume_unique=True)
    return Recorded.joined([recorded, Recorded(seen.ts[fresh], seen.figures[:, fresh])])


def _first(recorded: Recorded, bars: Bars, changes: list[tuple[int, ChangeKind]]) -> BarChange:
    ts, kind = min(changes)
    old = None if kind in {"new", "second"} else recorded.row(int(np.searchsorted(recorded.ts, ts)))
    new = None if kind == "gone" else Recorded.of(bars, at := int(np.searchsorted(bars.ts, ts)), at + 1).row(0)
    return BarChange(bars.symbol, ts, kind, old, new, len(changes))


def _second_bars(bars: Bars, last_seen: int) -> IntArray:
    """Times of the bars after `last_seen` that are not the first of their session."""
    again = np.flatnonzero(bars.session[1:] == bars.session[:-1]) + 1
    times: IntArray = bars.ts[again]
    return times[times > last_seen]


def _between(ts: IntArray, first: int, last: int) -> slice:
    return slice(int(np.searchsorted(ts, first)), int(np.searchsorted(ts, last, side="right")))


def _plain(figure: float) -> str:
    return repr(figure).removesuffix(".0")
