"""What a forward run's account remembers of a spec's symbols, and where data contradict it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from engine.account.ledger import Holding, Ledger
from engine.errors import InvalidError
from engine.events import PAPER
from engine.market.bars import Bars, Dataset, IntArray
from engine.market.recording import BarChange, Recorded, Span, first_change
from engine.market.sessions import MICROS_PER_DAY, from_micros, iso, session_days
from engine.ports import Progress, UnitOfWork, Views
from engine.strategies.base import Window
from engine.strategies.guard import window_of
from engine.strategies.runner import Held, Series, deciding_row, intent_id
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import IntentAction


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


WHOLE_FILE = "give the whole file"


def check_history(spec: CompiledSpec, dataset: Dataset, known: Progress, ledger: Ledger) -> None:
    """HISTORY_SHORT unless the data hold what the strategy needs of the bars before the first new one."""
    window = window_of(spec.strategy, spec.params)
    first_new_rows = {
        symbol: int(np.searchsorted(dataset.bars[symbol].ts, known.ts, side="right")) for symbol in spec.symbols
    }
    with_news = {symbol for symbol, row in first_new_rows.items() if row < len(dataset.bars[symbol])}
    if with_news and spec.strategy.compares_symbols():  # a symbol's signals depend on the past of every other
        with_news = set(spec.symbols)
    for symbol in spec.symbols:
        bars, first_new = dataset.bars[symbol], first_new_rows[symbol]
        if symbol not in with_news:
            continue
        start, began = int(bars.ts[0]), known.first_ts[symbol]
        if start != began and (window.anchored or start > began) and not covers(window, bars, first_new):
            hint = WHOLE_FILE if start > began else f"cut the earlier bars off again: --cut {iso(began)}"
            raise _short(symbol, f"its bars begin at {iso(start)}, the first run's at {iso(began)}", hint)
        held = ledger.holdings.get(symbol)
        if held is not None and spec.exit.looks_back and start > held.opened_at:
            raise _short(symbol, f"its bars begin at {iso(start)}, after the open position's entry")


def check_deciding_rows(
    spec: CompiledSpec, series: Iterable[Series], known: Progress, ledger: Ledger, own: Mapping[tuple[str, int], bool]
) -> None:
    """HISTORY_SHORT unless the data hold the bar that decided each open position of the spec, with its whole window.

    Of a strategy whose stops or targets lie at distances that it gave on that bar. `own`: see `Beginning`.
    """
    window = window_of(spec.strategy, spec.params)
    for one in series:
        held, bars = ledger.holdings.get(one.bars.symbol), one.bars
        if held is None or not own[held.symbol, held.opened_at] or known.first_ts[held.symbol] == int(bars.ts[0]):
            continue
        decided = deciding_row(spec, one, Held(held.quantity, held.avg_price, held.opened_at))
        if decided is None or not covers(window, bars, decided):
            began = iso(int(bars.ts[0]))
            raise _short(held.symbol, f"its bars begin at {began}, too late for the bar that decided the open position")


def opened_by(views: Views, workspace_id: UUID, spec_key: str, holding: Holding) -> bool:
    """Whether a spec opened a position: its first fill bears the intent id of that spec, symbol and bar."""
    when = from_micros(holding.opened_at)
    opening = intent_id(workspace_id, spec_key, holding.symbol, when, IntentAction.OPEN_LONG)
    return views.prior_fill(workspace_id, opening, PAPER) is not None


def covers(window: Window, bars: Bars, first_new: int) -> bool:
    """Whether the row `first_new` has its whole window in the data."""
    # a recursive figure depends on the very first bar: no later beginning gives the same
    if window.anchored:
        return False
    if first_new < max(window.bars - 1, 1):
        return False
    days = bars.session[: first_new + 1]
    earlier = int(np.count_nonzero(days[1:] != days[:-1]))
    return earlier >= window.sessions + _begins_within_a_session(bars)


def _begins_within_a_session(bars: Bars) -> bool:
    """Whether the first session seems cut: it begins later in its day than another one does."""
    starts = np.flatnonzero(np.r_[True, bars.session[1:] != bars.session[:-1]])
    into_day = bars.ts[starts] - bars.session[starts] * MICROS_PER_DAY
    return bool(np.any(into_day[1:] < into_day[0]))


def _short(symbol: str, why: str, hint: str = WHOLE_FILE) -> InvalidError:
    return InvalidError("HISTORY_SHORT", f"{symbol}: the data lack history that the strategy needs: {why}", hint=hint)


class Unrecorded:
    """By symbol: the rows before the recording begins, and those from a row on that came after it."""

    def __init__(self, timeframe: str, bars: Mapping[str, Bars], recorded: Mapping[str, Recorded]) -> None:
        self._timeframe, self._bars = timeframe, bars
        self._head = {symbol: _rows_before(one, recorded[symbol]) for symbol, one in bars.items()}
        self._tail = {symbol: _rows_through(one, recorded[symbol].last) for symbol, one in bars.items()}

    def has(self, ts: int) -> bool:
        """Whether a bar up to a time (UTC microseconds) is not recorded."""
        return any(self._head.values()) or any(stop > self._tail[symbol] for symbol, stop in self._stops(ts).items())

    def write(self, unit: UnitOfWork, workspace_id: UUID, ts: int) -> None:
        """Add the bars up to a time to the recording; call `written` once that is committed."""
        spans = []
        for symbol, stop in self._stops(ts).items():
            rows = ((0, self._head[symbol]), (self._tail[symbol], stop))
            spans += [Span(self._bars[symbol], start, end) for start, end in rows if end > start]
        unit.record_bars(workspace_id, self._timeframe, spans)

    def written(self, ts: int) -> None:
        """All up to a time is recorded."""
        for symbol, stop in self._stops(ts).items():
            self._head[symbol], self._tail[symbol] = 0, max(self._tail[symbol], stop)

    def _stops(self, ts: int) -> dict[str, int]:
        return {symbol: _rows_through(bars, ts) for symbol, bars in self._bars.items()}


def _rows_before(bars: Bars, recorded: Recorded) -> int:
    return int(np.searchsorted(bars.ts, recorded.ts[0])) if len(recorded) else 0


def _rows_through(bars: Bars, ts: int | None) -> int:
    return 0 if ts is None else int(np.searchsorted(bars.ts, ts, side="right"))
