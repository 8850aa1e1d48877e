"""Replay: a forward run that a person steps through, a few bars at a time, and everything that was seen on the way.

It is `run -w` in steps: the same transactions, the same fills, the same progress. Where it stands still what is held
is marked at the last closes, as at the data's end, so that the account is worth the same wherever it is looked at. What
was replayed is traded; the journal is append-only, so there is no way back to the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engine.account.state import Account, PaperPosition
from engine.drivers.bar_loop import Tally
from engine.drivers.beginning import OnwardTerms
from engine.drivers.forward_run import Attempt, ForwardRun, Taken
from engine.events import Stamps
from engine.market.bars import Bars, Dataset, FloatArray
from engine.market.sessions import LAST_MICROS, from_micros
from engine.policy.workspace import Workspace
from engine.ports import JournalEvent, Store, Unwatched, Watch
from engine.strategies.exits import stop_of, target_of
from engine.strategies.guard import signals_of
from engine.strategies.held_back import DISABLED
from engine.strategies.runner import Series, history_code, levels_at, standing_on
from engine.strategies.spec import CompiledSpec

_PROBED = 1_000
"""Bars on which is found out whether a level is a price."""


@dataclass(frozen=True, slots=True)
class SymbolSeen:
    """One symbol's bar at a step, and what came of it.

    `levels` are those the strategy compared (None where there is none yet); `code` says why it traded, or why not
    (None: there was nothing to say); `held` is its position after the step, valued at this bar's close.
    """

    symbol: str
    open: float
    high: float
    low: float
    close: float
    levels: dict[str, float | None]
    code: str | None
    held: PaperPosition | None


@dataclass(frozen=True, slots=True)
class Step:
    """One timestamp: every symbol with a bar then, in spec order, and what was tried and journaled.

    `number` counts from 1. `cash` and `equity` are after it; equity at the last close seen of each symbol. `elsewhere`:
    another process had traded this timestamp before.
    """

    number: int
    ts: datetime
    symbols: list[SymbolSeen]
    attempts: list[Attempt]
    events: list[JournalEvent]
    cash: float
    equity: float
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A symbol's bars up to where a replay is, and the strategy's levels on them (arrays of the same length).

    `entry_price`, and the `stop` and `target` that the next bar is held against, are the position's; None without one.
    """

    bars: Bars
    levels: Mapping[str, FloatArray]
    entry_price: float | None = None
    stop: float | None = None
    target: float | None = None


class Replay:
    """A spec over a dataset in a workspace, step by step; one thread at a time."""

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        spec: CompiledSpec,
        dataset: Dataset,
        stamps: Stamps,
        terms: OnwardTerms | None = None,
        strategy_sha256: str = "",
    ) -> None:
        """Raises what `ForwardRun` does: the data or the strategy contradict what the account has seen."""
        self._run = ForwardRun(store, workspace, spec, dataset, stamps, terms, strategy_sha256)
        self._enabled = spec.spec.enabled
        self._closes: dict[str, float] = {}
        self._price_levels: dict[str, frozenset[str]] = {}
        self.workspace, self.spec = workspace, spec
        self.position = self._run.start
        """Timestamps that are behind; at the beginning those that were traded before."""
        self.reasons: list[str] = []
        """Why so little was traded, in words, once the data are at their end."""

    @property
    def start(self) -> int:
        """Timestamps that were traded before it began."""
        return self._run.start

    @property
    def length(self) -> int:
        """How many timestamps the replay has in all."""
        return len(self._run.walk.ticks)

    @property
    def is_over(self) -> bool:
        """Whether every timestamp is behind."""
        return self.position >= self.length

    @property
    def tally(self) -> Tally:
        """Intents, fills and refusals so far."""
        return self._run.tally

    def step(self, count: int = 1, watch: Watch | None = None) -> list[Step]:
        """Trade the next timestamps, at most `count`; fewer at the end, or when the watch says stop.

        What a step wrote is committed when it is returned, and what is held is marked at the closes seen last; after an
        error `position` says how far it came.
        """
        watch, steps = watch or Unwatched(), list[Step]()
        goal = min(self.length, self.position + count)
        while self.position < goal and not watch.stopped():
            watch.advance(self.position, self.length)
            taken = self._run.take(self.position)
            steps.append(self._seen(self.position, taken))
            self.position += 1
        self._run.mark(self._closes)
        if steps and self.is_over:
            self.reasons = self._run.reasons()
        return steps

    def past(self, symbol: str, most: int | None = None) -> Past:
        """A symbol's bars up to the last timestamp that is behind, at most the newest so many."""
        series = self._series(symbol)
        stop = int(np.searchsorted(series.bars.ts, self._now(), side="right"))
        start = 0 if most is None else max(0, stop - most)
        levels = {name: column[start:stop] for name, column in series.signals.levels.items()}
        return Past(series.bars.slice(start, stop), levels, *self._exits(series, stop))

    def _exits(self, series: Series, row: int) -> tuple[float | None, float | None, float | None]:
        """A position's entry price, and the stop and the target that a row is held against."""
        held = self._run.held(series.bars.symbol)
        if held is None:
            return None, None, None
        standing = standing_on(self.spec, series, row, held)
        if standing is None:
            return held.avg_price, None, None
        stop = stop_of(self.spec.exit, standing)
        return held.avg_price, None if stop is None else stop[0], target_of(self.spec.exit, standing)

    def price_levels(self, symbol: str) -> frozenset[str]:
        """The levels that are prices: were every price twice as high, they would be so too."""
        if symbol not in self._price_levels:
            self._price_levels[symbol] = self._probe(symbol)
        return self._price_levels[symbol]

    def _probe(self, symbol: str) -> frozenset[str]:
        bars = self._series(symbol).bars.slice(0, _PROBED)
        doubled = Bars(
            symbol, bars.ts, bars.open * 2, bars.high * 2, bars.low * 2, bars.close * 2, bars.volume, bars.session
        )
        one, two = (signals_of(self.spec.strategy, each, self.spec.params).levels for each in (bars, doubled))
        return frozenset(name for name in one if np.allclose(one[name] * 2, two[name], equal_nan=True))

    def _series(self, symbol: str) -> Series:
        return next(each for each in self._run.walk.series if each.bars.symbol == symbol)

    def _now(self) -> int:
        """The last timestamp that is behind; before the first, the moment before it; without any, the end."""
        ticks = self._run.walk.ticks
        if not len(ticks):
            return LAST_MICROS
        return int(ticks[self.position - 1]) if self.position else int(ticks[0]) - 1

    def _seen(self, tick: int, taken: Taken) -> Step:
        walk, account = self._run.walk, self._run.account()
        members = walk.members(tick)
        self._closes |= {series.bars.symbol: float(series.bars.close[row]) for series, row in members}
        valued = Account(account.workspace_id, account.ledger, dict(account.marks))
        valued.value_at(self._closes)
        return Step(
            number=tick + 1,
            ts=from_micros(int(walk.ticks[tick])),
            symbols=[self._symbol(series, row, taken, valued) for series, row in members],
            attempts=taken.attempts,
            events=taken.events,
            cash=account.ledger.cash,
            equity=account.ledger.equity_at(valued.marks),
            elsewhere=taken.elsewhere,
        )

    def _symbol(self, series: Series, row: int, taken: Taken, account: Account) -> SymbolSeen:
        bars, held = series.bars, account.position(series.bars.symbol)
        return SymbolSeen(
            symbol=bars.symbol,
            open=float(bars.open[row]),
            high=float(bars.high[row]),
            low=float(bars.low[row]),
            close=float(bars.close[row]),
            levels=levels_at(series.signals, row),
            code=self._code(series, row, taken, is_flat=held is None),
            held=held,
        )

    def _code(self, series: Series, row: int, taken: Taken, *, is_flat: bool) -> str | None:
        symbol = series.bars.symbol
        if not self._enabled:
            return DISABLED
        for attempt in taken.attempts:
            if attempt.intent.symbol == symbol:
                return attempt.intent.reason
        return taken.held_back.get(symbol) or (history_code(series.signals, row) if is_flat else None)
