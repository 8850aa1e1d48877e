"""The bar loop: timestamps in order, at each the exits of every symbol, then the entries, each on the state so far.

`run`, the dashboard's replay and the sweep's reference are this one loop. It reads signals that were computed once,
and hands every decision, as an intent with its fill price, to whoever drives it.

With fills at the close a bar's decisions are done on the bar itself. With fills at the next open a timestamp has two
phases: at the open what the bars before decided, exits first; then, within the bar, stops, targets and session ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

import numpy as np

from engine.account.arithmetic import slipped_buy, slipped_sell
from engine.account.ledger import Holding, Ledger
from engine.broker.paper import Placement
from engine.drivers.short_history import Decided, Unready, unready_bars
from engine.errors import ConflictError, InvalidError
from engine.intents import TradeIntent
from engine.market.bars import Bars, BoolArray, Dataset, FloatArray
from engine.market.sessions import from_micros, is_intraday, session_ends
from engine.numerals import real_number
from engine.policy.limits import Limits
from engine.strategies.base import History, Signals
from engine.strategies.exits import Standing
from engine.strategies.guard import driven_signals
from engine.strategies.held_back import END_OF_DATA
from engine.strategies.runner import (
    Decision,
    Held,
    Series,
    decide_entry,
    decide_exit,
    decide_exit_before,
    decide_exit_within,
    intent_of,
    levels_at,
    standing_on,
)
from engine.strategies.sizing import Purse
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import FillModel, IntentAction

Submit = Callable[[TradeIntent, float, int], Placement]
"""Takes an intent, its fill price and its trading time to the broker."""

HeldBack = Callable[[str, str], None]
"""Hears of a symbol whose entry was held back before it became an intent, and of the code that says why."""


@dataclass(slots=True)
class Tally:
    """What a driver did: intents emitted, orders filled, intents refused by policy or broker.

    `entries` are the intents that would enter. `refusals` counts the refused by policy rule or by the broker's error
    code; `held_back` counts, by signal code, the entries in a flat symbol that a strategy signalled and that were
    dropped before they became intents.
    """

    intents: int = 0
    fills: int = 0
    rejected: int = 0
    already_executed: int = 0
    entries: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    held_back: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Tally:
        """Another with the same counts."""
        return replace(self, refusals=dict(self.refusals), held_back=dict(self.held_back))

    def refuse(self, code: str) -> None:
        """An intent was refused, by a rule or with an error code."""
        self.rejected += 1
        self.refusals[code] = self.refusals.get(code, 0) + 1

    def hold_back(self, code: str) -> None:
        """An entry was dropped before it became an intent."""
        self.held_back[code] = self.held_back.get(code, 0) + 1


@dataclass(frozen=True, slots=True)
class Terms:
    """How a driver fills and ends.

    `closed`: a symbol's last bar does not enter. `session_complete`: the session the data end in is a whole one.
    `intraday`: symbols whose kind is fixed from an earlier run. `first_decisions`: by symbol the row from which on its
    bars decide, where that is not the row from which on they are traded.
    """

    slippage_bps: float = 0.0
    closed: bool = True
    session_complete: bool = True
    intraday: Mapping[str, bool] = field(default_factory=dict)
    first_decisions: Mapping[str, int] = field(default_factory=dict)


def _always(_: Holding) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Book:
    """The account that a step decides on; `is_own` says of a position whether this spec opened it."""

    ledger: Ledger
    limits: Limits
    is_own: Callable[[Holding], bool] = _always


class BarLoop:
    """A spec over a dataset: its ticks (timestamps with the rows of every symbol that has a bar then).

    Signals are those of all bars; ticks are those of the dataset's window alone.
    """

    def __init__(self, spec: CompiledSpec, dataset: Dataset, workspace_id: UUID, terms: Terms) -> None:
        check_slippage(terms.slippage_bps)
        self.spec, self._workspace_id, self._terms = spec, workspace_id, terms
        self._key, self.slippage_bps = spec.key, terms.slippage_bps
        last_session = max((int(bars.session[-1]) for bars in _bars(dataset, spec) if len(bars)), default=0)
        first_rows = [dataset.first_decision(symbol) for symbol in spec.symbols]
        self.series = _all_series(spec, _bars(dataset, spec), terms, first_rows, last_session)
        self._at_close = spec.fill is FillModel.CLOSE
        self._highest: dict[str, _HighestHigh] = {}
        self._filled: dict[str, BoolArray] = {}
        self._index(first_rows)

    def _index(self, begins: Sequence[int]) -> None:
        """Lay all symbols' rows out by time, spec order within a time, each from the row in `begins` on."""
        self._begins = begins
        each = list(zip(self.series, begins, strict=True))
        ts = np.concatenate([series.bars.ts[first:] for series, first in each])
        rows = np.concatenate([np.arange(first, len(series.bars)) for series, first in each])
        which = np.repeat(np.arange(len(each)), [max(0, len(series.bars) - first) for series, first in each])
        enters = np.concatenate([self._entries_filled_on(series)[first:] for series, first in each])
        # the last key leads: by time, then in spec order, which decides whose entry meets the cash first
        order = np.lexsort((which, ts))
        ts = ts[order]
        self._starts = np.flatnonzero(np.diff(ts, prepend=ts[:1] - 1))
        self._stops = np.r_[self._starts[1:], len(ts)]
        self._rows, self._which = rows[order], which[order]
        self.ticks = ts[self._starts]
        """The timestamps in order, UTC microseconds."""
        if not self.spec.spec.enabled:
            enters = np.zeros_like(enters)
        self._candidates = np.flatnonzero(np.logical_or.reduceat(enters[order], self._starts))

    def visit(self, ledger: Callable[[], Ledger], start: int = 0) -> Iterator[int]:
        """The ticks, from `start`, at which anything can happen: a spec's symbol is held, or one would enter."""
        tick, count = start, len(self.ticks)
        while tick < count:
            # while all is flat nothing happens between two candidates: the bars there are not looked at one by one
            if not self._holds_any(ledger()):
                at = int(np.searchsorted(self._candidates, tick))
                if at == len(self._candidates):
                    return
                tick = int(self._candidates[at])
            yield tick
            tick += 1

    def members(self, tick: int) -> list[tuple[Series, int]]:
        """Every symbol with a bar at this tick, in spec order, and the row of that bar."""
        found = range(int(self._starts[tick]), int(self._stops[tick]))
        return [(self.series[self._which[member]], int(self._rows[member])) for member in found]

    def unready(self, start: int = 0, stop: int | None = None) -> Unready:
        """The symbol-bars of the ticks from `start` on, before `stop`, on which nothing can enter."""
        first, last = self._rows_at(start), self._rows_at(len(self.ticks) if stop is None else stop)
        decided = (
            Decided(series.bars, self._histories[which], series.signals.needed, first[which], last[which])
            for which, series in enumerate(self.series)
        )
        return unready_bars(decided, self.spec)

    def signals_any(self, start: int, stop: int) -> bool:
        """Whether the strategy would enter anything on a bar of these ticks, were it flat."""
        first, last = self._rows_at(start), self._rows_at(stop)
        return any(
            bool(series.signals.entry[begin:end].any())
            for series, begin, end in zip(self.series, first, last, strict=True)
        )

    def bars_between(self, start: int, stop: int) -> int:
        """How many symbol-bars these ticks have."""
        return sum(self._rows_at(stop)) - sum(self._rows_at(start))

    def would_act(self, tick: int, book: Book) -> bool:
        """Whether `step` on this account would hand anything to the broker at this tick, or be asked to."""
        for series, row in self.members(tick):
            held = book.ledger.holdings.get(series.bars.symbol)
            if held is None:
                if self._entries_filled_on(series)[row]:
                    return True
            elif self._exits_on(series, row, self._held(held, book)):
                return True
        return False

    def step(self, tick: int, book: Book, submit: Submit, tally: Tally, held_back: HeldBack | None = None) -> None:
        """Evaluate every symbol with a bar at this tick: the exits, then the entries of those that did not exit."""
        if not self.spec.spec.enabled:
            return
        step = _Step(int(self.ticks[tick]), self.members(tick), book, submit, tally, held_back)
        if self._at_close:
            exited = self._exit_all(step, self._exit_at_close)
            self._enter_all(step, exited)
            return
        exited = self._exit_all(step, self._exit_at_open)
        self._enter_all(step, exited)
        # after the entries: a stop that the open gapped through frees its cash and its slot too late for them
        self._exit_all(step, self._exit_within)
        self._drop_last(step)

    def _exit_all(self, step: _Step, leaves: _Leaves) -> set[str]:
        """Close what is to be left, in spec order; the symbols that were."""
        exited = set()
        for series, row in step.members:
            holding = step.book.ledger.holdings.get(series.bars.symbol)
            if holding is None:
                continue
            leaving = leaves(series, row, self._held(holding, step.book))
            if leaving is not None and self._submit(leaving, series, self.decided(row), step):
                exited.add(series.bars.symbol)
        return exited

    def _enter_all(self, step: _Step, exited: set[str]) -> None:
        """Enter what is flat now and did not exit at this timestamp, by score."""
        for series, row in self._by_score(step.members):
            decided, ledger = self.decided(row), step.book.ledger
            symbol = series.bars.symbol
            if symbol in exited or symbol in ledger.holdings or not self._may_decide(series, decided):
                continue
            purse = Purse.of(ledger, step.book.limits, self._terms.slippage_bps)
            entering = decide_entry(self.spec, series, decided, len(ledger.holdings), purse, row)
            if isinstance(entering, Decision):
                self._submit(entering, series, decided, step)
            elif entering is not None:
                step.hold_back(symbol, entering)

    def _drop_last(self, step: _Step) -> None:
        """With fills at the next open: what the last bar of a closed world signals has no next bar."""
        for series, row in step.members:
            flat = series.bars.symbol not in step.book.ledger.holdings
            if row >= series.no_entry_from and flat and self._may_decide(series, row):
                step.hold_back(series.bars.symbol, END_OF_DATA)

    def decided(self, row: int) -> int:
        """The row that decided what is filled at this row, its stops and targets apart."""
        return row if self._at_close else row - 1

    def _may_decide(self, series: Series, row: int) -> bool:
        return row >= series.first_decision and bool(series.signals.entry[row])

    def _by_score(self, members: list[tuple[Series, int]]) -> list[tuple[Series, int]]:
        """The highest score at the deciding row first, NaN last; otherwise in spec order."""
        if len(members) < 2 or not any(series.signals.score is not None for series, _ in members):
            return members

        def rank(member: tuple[Series, int]) -> tuple[bool, float]:
            series, row = member
            column, decided = series.signals.score, self.decided(row)
            score = math.nan if column is None or decided < 0 else float(column[decided])
            # sorting is stable: equal scores, and those that are NaN, stay in spec order
            return (True, 0.0) if math.isnan(score) else (False, -score)

        return sorted(members, key=rank)

    def _exits_on(self, series: Series, row: int, held: Held) -> bool:
        if self._at_close:
            return self._exit_at_close(series, row, held) is not None
        return self._exit_at_open(series, row, held) is not None or self._exit_within(series, row, held) is not None

    def _exit_at_close(self, series: Series, row: int, held: Held) -> Decision | None:
        standing = self._standing(series, row, held)
        return None if standing is None else decide_exit(self.spec, series, row, held, standing)

    def _exit_at_open(self, series: Series, row: int, held: Held) -> Decision | None:
        standing = self._standing(series, row - 1, held)
        return None if standing is None else decide_exit_before(self.spec, series, row, held, standing)

    def _exit_within(self, series: Series, row: int, held: Held) -> Decision | None:
        standing = self._standing(series, row, held)
        return None if standing is None else decide_exit_within(self.spec, series, row, held, standing)

    def _standing(self, series: Series, row: int, held: Held) -> Standing | None:
        symbol = series.bars.symbol
        if self.spec.exit.follows_peak and symbol not in self._highest:
            self._highest[symbol] = _HighestHigh(series.bars.high)
        return standing_on(self.spec, series, row, held, self._highest.get(symbol))

    def _held(self, holding: Holding, book: Book) -> Held:
        is_own = book.is_own(holding) if self._asks_whose else True
        return Held(holding.quantity, holding.avg_price, holding.opened_at, is_own)

    @cached_property
    def _asks_whose(self) -> bool:
        """Whether it makes a difference who opened a position."""
        return not self._at_close or any(gives_distances(series.signals) for series in self.series)

    def _entries_filled_on(self, series: Series) -> BoolArray:
        """On which rows an entry that the strategy signalled would be filled, were the symbol flat; shape (n,).

        With fills at the next open also a closed world's last row, where one that it signals itself is dropped.
        """
        entry = series.signals.entry
        if self._at_close:
            return entry
        known = self._filled.get(series.bars.symbol)
        if known is None:
            known = np.zeros_like(entry)
            first = series.first_decision
            known[first + 1 :] = entry[first:-1]
            last = len(entry) - 1
            known[last:] |= entry[last:] & (last >= max(first, series.no_entry_from))
            self._filled[series.bars.symbol] = known
        return known

    def close_out(self, ledger: Ledger, submit: Submit, tally: Tally) -> None:
        """Close what is open, in spec order, at each symbol's last close with that bar's time."""
        for series in self.series:
            held = ledger.holdings.get(series.bars.symbol)
            if held is None:
                continue
            row = len(series.bars) - 1
            closing = Decision(
                series.bars.symbol,
                IntentAction.CLOSE_LONG,
                held.quantity,
                float(series.bars.close[row]),
                "end_of_data_exit",
            )
            # no limit keeps a position open: those of the account are not needed
            step = _Step(int(series.bars.ts[row]), [], Book(ledger, Limits()), submit, tally)
            self._submit(closing, series, row, step)

    @property
    def last_ts(self) -> int:
        """The time of the data's last bar (UTC microseconds)."""
        return max(int(series.bars.ts[-1]) for series in self.series if len(series.bars))

    def last_closes(self) -> dict[str, float]:
        """Each symbol's last close; symbols without bars are left out."""
        return {series.bars.symbol: float(series.bars.close[-1]) for series in self.series if len(series.bars)}

    @cached_property
    def _histories(self) -> list[History | None]:
        """How much of the past each symbol's bars have."""
        columns = (series.signals.history for series in self.series)
        return [None if column is None else History(column) for column in columns]

    def _rows_at(self, tick: int) -> list[int]:
        """Of each symbol the first row that decides at this tick or later."""
        if tick >= len(self.ticks):
            return [max(first, len(series.bars)) for first, series in zip(self._begins, self.series, strict=True)]
        ts = self.ticks[tick]
        rows = (int(np.searchsorted(series.bars.ts, ts)) for series in self.series)
        return [max(first, row) for first, row in zip(self._begins, rows, strict=True)]

    def _holds_any(self, ledger: Ledger) -> bool:
        return bool(ledger.holdings) and any(series.bars.symbol in ledger.holdings for series in self.series)

    def _submit(self, decision: Decision, series: Series, decided: int, step: _Step) -> bool:
        """Hand a decision to the broker, with the levels of the row that decided it; whether it filled."""
        is_entry = decision.action is IntentAction.OPEN_LONG
        slip = slipped_buy if is_entry else slipped_sell
        fill_price = slip(decision.price, self._terms.slippage_bps)
        levels, tally = levels_at(series.signals, max(decided, 0)), step.tally
        intent = intent_of(self.spec, self._key, decision, self._workspace_id, from_micros(step.ts), levels)
        tally.intents += 1
        tally.entries += is_entry
        try:
            placement = step.submit(intent, fill_price, step.ts)
        except ConflictError:
            # an id is derived from spec, symbol, time and action (decision 7): this order has been made already
            tally.already_executed += 1
            return False
        except InvalidError as error:
            # what the broker itself refuses is counted, not journaled, and ends no run (decision 11)
            tally.refuse(error.code)
            return False
        if placement.fill is None:
            tally.refuse(str(placement.decision.rule))
            return False
        tally.fills += 1
        return True


@dataclass(frozen=True, slots=True)
class _Step:
    """One timestamp being traded: its time (UTC microseconds), the symbols with a bar, and who takes the orders."""

    ts: int
    members: list[tuple[Series, int]]
    book: Book
    submit: Submit
    tally: Tally
    held_back: HeldBack | None = None

    def hold_back(self, symbol: str, code: str) -> None:
        """An entry was dropped before it became an intent."""
        self.tally.hold_back(code)
        if self.held_back is not None:
            self.held_back(symbol, code)


_Leaves = Callable[[Series, int, Held], Decision | None]


class _HighestHigh:
    """The highest high of a symbol's held bars, found on from where it was last asked."""

    def __init__(self, high: FloatArray) -> None:
        self._high, self._first, self._stop, self._found = high, -1, -1, -math.inf

    def __call__(self, first: int, stop: int) -> float:
        """Of the rows from `first` on, before `stop`; -inf of none."""
        if first != self._first or stop < self._stop:
            self._first, self._stop, self._found = first, first, -math.inf
        if stop > self._stop:
            self._found = max(self._found, float(self._high[self._stop : stop].max()))
            self._stop = stop
        return self._found


def gives_distances(signals: Signals) -> bool:
    """Whether exits depend on the bar that decided a position's entry."""
    return signals.stop_distance is not None or signals.target_distance is not None


def check_slippage(bps: float) -> None:
    """INVALID_SPEC unless a slippage is between 0 and 10,000 basis points (at those a sale would get nothing)."""
    try:
        fits = 0 <= real_number(bps) < 10_000
    except ValueError:
        fits = False
    if not fits:
        raise InvalidError("INVALID_SPEC", f"a slippage of {bps!r} basis points", hint="give 0 or more, below 10000")


def _bars(dataset: Dataset, spec: CompiledSpec) -> list[Bars]:
    return [dataset.bars[symbol] for symbol in spec.symbols]


def _all_series(
    spec: CompiledSpec, bars: Sequence[Bars], terms: Terms, first_rows: Sequence[int], last_session: int
) -> list[Series]:
    signals = driven_signals(spec.strategy, bars, spec.params)
    return [
        _series(one, given, terms, first, last_session)
        for one, given, first in zip(bars, signals, first_rows, strict=True)
    ]


def _series(bars: Bars, signals: Signals, terms: Terms, first_row: int, last_session: int) -> Series:
    intraday = terms.intraday.get(bars.symbol, is_intraday(bars.session))
    is_eod = session_ends(bars.session)
    # no calendar says whether the session that the data end in is over: without word of it, it is not (decision 9)
    if intraday and not terms.session_complete and bars.session[-1] == last_session:
        is_eod[-1] = False
    decides_from = terms.first_decisions.get(bars.symbol, first_row)
    return Series(bars, signals, is_eod, intraday, len(bars) - 1 if terms.closed else len(bars), decides_from)
