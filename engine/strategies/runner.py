"""From a strategy's rows to intents: `decide` for the drivers, `StrategyRunner.evaluate` for one snapshot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from engine.account.state import PaperPosition, PaperState
from engine.errors import InvalidError
from engine.intents import TradeIntent, to_quantity
from engine.market.bars import Bars, BoolArray, FloatArray
from engine.market.sessions import is_intraday, to_micros
from engine.market.snapshot import MarketSnapshot
from engine.policy.limits import Limits
from engine.strategies import held_back
from engine.strategies.base import Signals
from engine.strategies.exits import (
    STOP_CODES,
    BarView,
    Exit,
    Standing,
    decided_exit,
    exit_within,
    find_exit,
    stop_of,
    target_of,
)
from engine.strategies.guard import signals_of, signals_of_all
from engine.strategies.registry import Registry
from engine.strategies.sizing import Purse, Wanted, entry_lots
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from engine.validation import JsonObject, StrictModel, UtcTime
from engine.vocabulary import FillModel, IntentAction

EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Series:
    """One symbol's bars with a strategy's signals, and the facts about sessions and ends that no strategy looks up."""

    bars: Bars
    signals: Signals
    is_eod: BoolArray
    intraday: bool
    no_entry_from: int
    """Rows from here on do not enter (a closed world's last bar); `len(bars)` when all may."""
    first_decision: int = 1
    """Rows before it decide nothing: what is filled at the next bar's open is decided on a bar that is traded."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a row asks for: `price` is the bar's, before slippage; `code` says why.

    Of an entry, `stop_loss` and `take_profit` are where its exits would lie at that price (None: there is none).
    """

    symbol: str
    action: IntentAction
    quantity: float
    price: float
    code: str
    stop_loss: float | None = None
    take_profit: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a decision needs to know of a position: `opened_at` in UTC microseconds, and whether this spec opened it."""

    quantity: float
    avg_price: float
    opened_at: int
    is_own: bool = True


HighestHigh = Callable[[int, int], float]
"""The highest high of the rows from one, before another; -inf of none."""


def first_held_row(spec: CompiledSpec, series: Series, held: Held) -> int:
    """The first row that a position counts as held on: the entry's own bar, where it was filled within a bar."""
    within = held.is_own and spec.fill is not FillModel.CLOSE
    return int(np.searchsorted(series.bars.ts, held.opened_at, side="left" if within else "right"))


def deciding_row(spec: CompiledSpec, series: Series, held: Held) -> int | None:
    """The row that decided a position's entry; None where this spec did not open it, or the bar is not in the data."""
    ts, opened_at = series.bars.ts, held.opened_at
    row = int(np.searchsorted(ts, opened_at))
    if not held.is_own or row == len(ts) or ts[row] != opened_at:
        return None
    row = row if spec.fill is FillModel.CLOSE else row - 1
    return row if row >= 0 else None


def standing_on(
    spec: CompiledSpec, series: Series, row: int, held: Held, highest: HighestHigh | None = None
) -> Standing | None:
    """A position as its exits see it on a row; None on a row before it counts as held."""
    first = first_held_row(spec, series, held)
    if row < first:
        return None
    peak = held.avg_price
    if spec.exit.follows_peak:
        peak = max(peak, (highest or highest_high(series))(first, row))
    standing = Standing(held.avg_price, row - first + 1, peak)
    signals = series.signals
    if signals.stop_distance is None and signals.target_distance is None:
        return standing
    decided = deciding_row(spec, series, held)
    if decided is None:
        return standing
    return standing._replace(
        stop_distance=_at(signals.stop_distance, decided, math.nan),
        target_distance=_at(signals.target_distance, decided, math.nan),
    )


def highest_high(series: Series) -> HighestHigh:
    """The highest high between rows of a symbol, looked up anew each time."""
    high = series.bars.high
    return lambda first, stop: float(high[first:stop].max()) if stop > first else -math.inf


def decide_exit(spec: CompiledSpec, series: Series, row: int, held: Held, standing: Standing) -> Decision | None:
    """Whether a held position is closed on this bar, whole, and at what price, with fills at the close."""
    return _closing(series, held, find_exit(spec.exit, standing, bar_view(series, row)))


def decide_exit_within(spec: CompiledSpec, series: Series, row: int, held: Held, standing: Standing) -> Decision | None:
    """The exit that happens in the course of a bar, with fills at the next open: stop, target, the session's end.

    With pessimistic fills the bar of the entry has no stop and no target: it is not known which came first.
    """
    bar = bar_view(series, row)
    entered_here = held.is_own and standing.bars_held == 1
    if not (entered_here and spec.fill is FillModel.PESSIMISTIC):
        within = exit_within(spec.exit, standing, bar)
        if within is not None:
            return _closing(series, held, within)
    if spec.exit.type == "eod" and bar.is_eod:
        return _closing(series, held, Exit("eod_exit", bar.price))
    return None


def decide_exit_before(spec: CompiledSpec, series: Series, row: int, held: Held, standing: Standing) -> Decision | None:
    """The exit that the bar before `row` decided, filled at this one's open; `standing` is of the bar before."""
    if row - 1 < series.first_decision:
        return None
    own = series.signals.exit
    code = decided_exit(spec.exit, standing.bars_held, own_exit=own is not None and bool(own[row - 1]))
    if code is None:
        return None
    price = series.bars.low if spec.fill is FillModel.PESSIMISTIC else series.bars.open
    return _closing(series, held, Exit(code, float(price[row])))


def decide_entry(
    spec: CompiledSpec, series: Series, row: int, open_positions: int, purse: Purse, filled_on: int | None = None
) -> Decision | str | None:
    """An entry decided on this bar for a flat symbol; a code when one is held back; None when there is nothing to say.

    `filled_on` is the row of the bar on which it is filled; without it the entry is priced at this bar's close.
    """
    blocked = history_code(series.signals, row)
    if blocked is not None or not series.signals.entry[row]:
        return blocked
    if row >= series.no_entry_from:
        return held_back.END_OF_DATA
    if spec.exit.type == "eod" and series.intraday and series.is_eod[row]:
        return held_back.END_OF_SESSION
    if open_positions >= spec.risk.max_positions:
        return held_back.MAX_POSITIONS
    wanted = _wanted(spec, series, row, filled_on)
    lots = entry_lots(spec.risk, spec.exit, wanted, purse)
    if isinstance(lots, str):
        return lots
    standing = Standing(
        wanted.price,
        peak=wanted.price,
        stop_distance=wanted.stop_distance,
        target_distance=_at(series.signals.target_distance, row, math.nan),
    )
    stop = stop_of(spec.exit, standing)
    return Decision(
        symbol=series.bars.symbol,
        action=IntentAction.OPEN_LONG,
        quantity=to_quantity(lots),
        price=wanted.price,
        code=spec.strategy.entry_signal,
        stop_loss=None if stop is None else stop[0],
        take_profit=target_of(spec.exit, standing),
    )


def bar_view(series: Series, row: int) -> BarView:
    """A row as an exit sees it."""
    bars, own = series.bars, series.signals.exit
    return BarView(
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        own is not None and bool(own[row]),
        bool(series.is_eod[row]),
    )


def _wanted(spec: CompiledSpec, series: Series, row: int, filled_on: int | None) -> Wanted:
    bars, signals = series.bars, series.signals
    if filled_on is None or spec.fill is FillModel.CLOSE:
        price = float(bars.close[row])
    else:
        price = float((bars.high if spec.fill is FillModel.PESSIMISTIC else bars.open)[filled_on])
    return Wanted(price, _at(signals.size, row, 1.0), _at(signals.stop_distance, row, math.nan))


def _at(column: FloatArray | None, row: int, otherwise: float) -> float:
    return otherwise if column is None else float(column[row])


def _closing(series: Series, held: Held, leaving: Exit | None) -> Decision | None:
    if leaving is None:
        return None
    return Decision(series.bars.symbol, IntentAction.CLOSE_LONG, held.quantity, leaving.price, leaving.code)


def history_code(signals: Signals, row: int) -> str | None:
    """Why a row has too short a past to enter; None when it is long enough."""
    if signals.history is None:
        return None
    have = int(signals.history[row])
    if have >= signals.needed:
        return None
    return held_back.NO_HISTORY if have == 0 else f"lookback_partial_{have}_of_{signals.needed}"


def levels_at(signals: Signals, row: int) -> dict[str, float | None]:
    """The levels compared on a row; null where there is none yet."""
    values = {name: float(column[row]) for name, column in signals.levels.items()}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def evaluation_id(workspace_id: UUID, spec_key: str, symbol: str, when: datetime) -> str:
    """The id of an evaluation, and the correlation id of its intents: the same evaluation has the same id."""
    return str(uuid5(workspace_id, f"{spec_key}:{symbol}:{when.isoformat()}"))


def intent_id(workspace_id: UUID, spec_key: str, symbol: str, when: datetime, action: IntentAction) -> UUID:
    """The id of a spec's intent on a bar: the same bar, the same id, however often it is decided."""
    return uuid5(workspace_id, f"{spec_key}:{symbol}:{when.isoformat()}:{action.value}")


def intent_of(
    spec: CompiledSpec, spec_key: str, decision: Decision, workspace_id: UUID, when: datetime, levels: dict[str, Any]
) -> TradeIntent:
    """A decision as an intent. Its id is `uuid5(workspace, spec_key:symbol:ts:action)`: the same bar, the same id."""
    symbol, action = decision.symbol, decision.action
    return TradeIntent(
        id=intent_id(workspace_id, spec_key, symbol, when, action),
        workspace_id=workspace_id,
        symbol=symbol,
        action=action,
        quantity=decision.quantity,
        strategy_id=spec.spec.strategy_id,
        timeframe=spec.timeframe,
        correlation_id=evaluation_id(workspace_id, spec_key, symbol, when),
        price=decision.price,
        stop_loss=_recorded(decision.stop_loss),
        take_profit=_recorded(decision.take_profit),
        reason=decision.code,
        metadata=levels,
        created_at=when,
    )


def _recorded(level: float | None) -> float | None:
    """A level as an intent records it: none where it can never be met, beyond the floats or at zero."""
    return level if level is not None and 0 < level < math.inf else None


def _held(position: PaperPosition, snapshot: MarketSnapshot, bars: Bars) -> Held:
    """A position as an evaluation takes it: one that was opened after the snapshot counts as held before its bar.

    One that was opened at the time of a bar is taken for the spec's own.
    """
    opened_at = to_micros(position.opened_at)
    if opened_at > to_micros(snapshot.ts):
        return Held(position.quantity, position.avg_price, int(bars.ts[-1]) - 1, is_own=False)
    row = int(np.searchsorted(bars.ts, opened_at))
    is_own = row < len(bars) and int(bars.ts[row]) == opened_at
    return Held(position.quantity, position.avg_price, opened_at, is_own)


class StrategyEvaluation(StrictModel):
    """What a strategy makes of one snapshot: its intents, why (short codes), and the levels it compared.

    `estimated`: with fills at the next open, which is not known yet, price and quantity are those of the last close.
    """

    evaluation_id: UUID
    spec_id: str
    symbol: str
    ts: UtcTime
    intents: list[TradeIntent]
    signals: list[str]
    metadata: JsonObject
    estimated: bool = False


class StrategyRunner:
    """Evaluates specs on snapshots, without state of its own."""

    def __init__(self, registry: Registry | None = None, session_tz: str = "UTC") -> None:
        self._registry = registry or Registry()
        self._session_tz = session_tz

    def compile(self, spec: ExecutionSpec, timeframe: str = "daily") -> CompiledSpec:
        """The spec with its strategy and typed parameters; INVALID_SPEC or STRATEGY_NOT_FOUND."""
        return compile_spec(spec, self._registry.get(spec.strategy_id), timeframe)

    def evaluate(
        self,
        spec: ExecutionSpec,
        snapshot: MarketSnapshot,
        state: PaperState,
        *,
        limits: Limits | None = None,
        slippage_bps: float = 0.0,
        others: Sequence[Bars] = (),
    ) -> StrategyEvaluation:
        """One evaluation on the account as given; nothing is executed.

        `limits` are the account's: their fees count where an order is scaled to the cash. `others` are the bars of the
        spec's other symbols up to the snapshot, for a strategy that compares them.
        """
        compiled = self.compile(spec, snapshot.timeframe)
        key = compiled.key
        purse = Purse(state.cash, state.equity_at_cost, limits or Limits(), slippage_bps)
        decision, code, levels = self._judge(compiled, snapshot, state, purse, others)
        intents = (
            [] if decision is None else [intent_of(compiled, key, decision, state.workspace_id, snapshot.ts, levels)]
        )
        return StrategyEvaluation(
            evaluation_id=UUID(evaluation_id(state.workspace_id, key, snapshot.symbol, snapshot.ts)),
            spec_id=str(spec.instance_id or key),
            symbol=snapshot.symbol,
            ts=snapshot.ts,
            intents=intents,
            signals=[code] if code else [],
            metadata=levels,
            estimated=decision is not None and compiled.fill is not FillModel.CLOSE and not _is_within(decision),
        )

    def _judge(
        self,
        spec: CompiledSpec,
        snapshot: MarketSnapshot,
        state: PaperState,
        purse: Purse,
        others: Sequence[Bars],
    ) -> tuple[Decision | None, str | None, dict[str, Any]]:
        if snapshot.symbol not in spec.symbols:
            return None, held_back.NOT_IN_SPEC, EMPTY
        if not spec.spec.enabled:
            return None, held_back.DISABLED, EMPTY
        position = state.positions.get(snapshot.symbol)
        if position is None and snapshot.price <= 0:
            return None, held_back.INVALID_PRICE, EMPTY
        series = self._series(spec, snapshot, others)
        row = len(series.bars) - 1
        levels = levels_at(series.signals, row)
        if position is not None:
            leaving = _leaving(spec, series, row, _held(position, snapshot, series.bars))
            return leaving, leaving.code if leaving else None, levels
        outcome = decide_entry(spec, series, row, len(state.positions), purse)
        if isinstance(outcome, Decision):
            return outcome, outcome.code, levels
        return None, outcome, levels

    def _series(self, spec: CompiledSpec, snapshot: MarketSnapshot, others: Sequence[Bars]) -> Series:
        bars = snapshot.columns(self._session_tz)
        if snapshot.last_price is not None and snapshot.price > 0:  # a held position leaves by the close otherwise
            close = bars.close.copy()
            close[-1] = snapshot.last_price
            bars = Bars(bars.symbol, bars.ts, bars.open, bars.high, bars.low, close, bars.volume, bars.session)
        signals = self._signals(spec, bars, snapshot.high_52w, others)
        is_eod = np.zeros(len(bars), dtype=np.bool_)
        is_eod[-1] = snapshot.is_eod
        return Series(bars, signals, is_eod, is_intraday(bars.session), len(bars))

    def _signals(self, spec: CompiledSpec, bars: Bars, high_52w: float | None, others: Sequence[Bars]) -> Signals:
        if not spec.strategy.compares_symbols():
            return signals_of(spec.strategy, bars, spec.params, high_52w)
        by_symbol = {one.symbol: one for one in (*others, bars)}
        missing = [symbol for symbol in spec.symbols if symbol not in by_symbol]
        if missing:
            raise InvalidError(
                "INVALID_DATA",
                f"{spec.strategy.key} compares symbols, and there are no bars of {', '.join(missing)}",
                hint="give the bars of all of the spec's symbols (`others`)",
            )
        ordered = [by_symbol[symbol] for symbol in spec.symbols]
        return signals_of_all(spec.strategy, ordered, spec.params)[spec.symbols.index(bars.symbol)]


def _leaving(spec: CompiledSpec, series: Series, row: int, held: Held) -> Decision | None:
    """The exit of a held position on the last bar there is, or the one that this bar decides for the next open."""
    standing = standing_on(spec, series, row, held)
    if standing is None:
        return None
    if spec.fill is FillModel.CLOSE:
        return decide_exit(spec, series, row, held, standing)
    within = decide_exit_within(spec, series, row, held, standing)
    if within is not None:
        return within
    bar = bar_view(series, row)
    code = decided_exit(spec.exit, standing.bars_held, own_exit=bar.own_exit)
    return None if code is None else _closing(series, held, Exit(code, bar.price))


_WITHIN = frozenset({*STOP_CODES, "take_profit_exit", "eod_exit"})


def _is_within(decision: Decision) -> bool:
    """Whether it is an exit in the course of the bar itself, whose price is known."""
    return decision.code in _WITHIN and decision.action is IntentAction.CLOSE_LONG
