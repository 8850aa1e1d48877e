"""The bar loop: timestamps in order, at each the exits of every symbol, then the entries, each on the state so far.

`run`, the dashboard's replay and the sweep's reference are this one loop. It reads signals that were computed once,
and hands every decision, as an intent with its fill price, to whoever drives it.
"""

from __future__ import annotations

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
from engine.market.bars import Bars, Dataset
from engine.market.sessions import from_micros, is_intraday, session_ends
from engine.numerals import real_number
from engine.strategies.base import History
from engine.strategies.guard import driven_signals
from engine.strategies.runner import Decision, Held, Series, decide_entry, decide_exit, intent_of, levels_at
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import IntentAction

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
    `intraday`: symbols whose kind is fixed from an earlier run.
    """

    slippage_bps: float = 0.0
    closed: bool = True
    session_complete: bool = True
    intraday: Mapping[str, bool] = field(default_factory=dict)


class Walk:
    """A spec over a dataset: its ticks (timestamps with the rows of every symbol that has a bar then).

    Signals are those of all bars; ticks are those of the dataset's window alone.
    """

    def __init__(self, spec: CompiledSpec, dataset: Dataset, workspace_id: UUID, terms: Terms) -> None:
        check_slippage(terms.slippage_bps)
        self.spec, self._workspace_id, self._terms = spec, workspace_id, terms
        self._key, self.slippage_bps = spec.key, terms.slippage_bps
        last_session = max((int(bars.session[-1]) for bars in _bars(dataset, spec) if len(bars)), default=0)
        self.series = [_series(spec, bars, terms, last_session) for bars in _bars(dataset, spec)]
        self._index([dataset.first_decision(symbol) for symbol in spec.symbols])

    def _index(self, begins: Sequence[int]) -> None:
        """Lay all symbols' rows out by time, spec order within a time, each from the row in `begins` on."""
        self._begins = begins
        each = list(zip(self.series, begins, strict=True))
        ts = np.concatenate([series.bars.ts[first:] for series, first in each])
        rows = np.concatenate([np.arange(first, len(series.bars)) for series, first in each])
        which = np.repeat(np.arange(len(each)), [max(0, len(series.bars) - first) for series, first in each])
        enters = np.concatenate([series.signals.entry[first:] for series, first in each])
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

    def would_act(self, tick: int, ledger: Ledger) -> bool:
        """Whether `step` on this account would hand anything to the broker at this tick, or be asked to."""
        for series, row in self.members(tick):
            held = ledger.holdings.get(series.bars.symbol)
            if held is None:
                if series.signals.entry[row]:
                    return True
            elif self._exit(series, row, held) is not None:
                return True
        return False

    def step(self, tick: int, ledger: Ledger, submit: Submit, tally: Tally, held_back: HeldBack | None = None) -> None:
        """Evaluate every symbol with a bar at this tick: the exits, then the entries of those that did not exit."""
        if not self.spec.spec.enabled:
            return
        ts = int(self.ticks[tick])
        members = self.members(tick)
        exited = set()
        for series, row in members:
            held = ledger.holdings.get(series.bars.symbol)
            if held is None:
                continue
            leaving = self._exit(series, row, held)
            if leaving is not None and self._submit(leaving, series, row, ts, submit, tally):
                exited.add(series.bars.symbol)
        for series, row in members:
            symbol = series.bars.symbol
            if symbol in exited or symbol in ledger.holdings or not series.signals.entry[row]:
                continue
            entering = decide_entry(self.spec, series, row, len(ledger.holdings))
            if isinstance(entering, Decision):
                self._submit(entering, series, row, ts, submit, tally)
            elif entering is not None:
                tally.hold_back(entering)
                if held_back is not None:
                    held_back(symbol, entering)

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
            self._submit(closing, series, row, int(series.bars.ts[row]), submit, tally)

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

    def _exit(self, series: Series, row: int, held: Holding) -> Decision | None:
        return decide_exit(self.spec, series, row, Held(held.quantity, held.avg_price, held.opened_at))

    def _holds_any(self, ledger: Ledger) -> bool:
        return bool(ledger.holdings) and any(series.bars.symbol in ledger.holdings for series in self.series)

    def _submit(self, decision: Decision, series: Series, row: int, ts: int, submit: Submit, tally: Tally) -> bool:
        """Hand a decision to the broker; whether it filled."""
        is_entry = decision.action is IntentAction.OPEN_LONG
        slip = slipped_buy if is_entry else slipped_sell
        fill_price = slip(decision.price, self._terms.slippage_bps)
        levels = levels_at(series.signals, row)
        intent = intent_of(self.spec, self._key, decision, self._workspace_id, from_micros(ts), levels)
        tally.intents += 1
        tally.entries += is_entry
        try:
            placement = submit(intent, fill_price, ts)
        except ConflictError:
            tally.already_executed += 1
            return False
        except InvalidError as error:
            tally.refuse(error.code)
            return False
        if placement.fill is None:
            tally.refuse(str(placement.decision.rule))
            return False
        tally.fills += 1
        return True


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


def _series(spec: CompiledSpec, bars: Bars, terms: Terms, last_session: int) -> Series:
    signals = driven_signals(spec.strategy, bars, spec.params)
    intraday = terms.intraday.get(bars.symbol, is_intraday(bars.session))
    is_eod = session_ends(bars.session)
    if intraday and not terms.session_complete and bars.session[-1] == last_session:
        is_eod[-1] = False
    return Series(bars, signals, is_eod, intraday, len(bars) - 1 if terms.closed else len(bars))
