"""From a strategy's rows to intents: `decide` for the drivers, `StrategyRunner.evaluate` for one snapshot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from engine.account.state import PaperPosition, PaperState
from engine.intents import TradeIntent, lots_for, to_quantity
from engine.market.bars import Bars, BoolArray
from engine.market.sessions import is_intraday, to_micros
from engine.market.snapshot import MarketSnapshot
from engine.strategies import held_back
from engine.strategies.base import Signals
from engine.strategies.exits import BarView, find_exit, stop_price, target_price
from engine.strategies.guard import signals_of
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from engine.validation import JsonObject, StrictModel, UtcTime
from engine.vocabulary import IntentAction

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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a row asks for: `price` is the bar's, before slippage; `code` says why."""

    symbol: str
    action: IntentAction
    quantity: float
    price: float
    code: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a decision needs to know of a position (`opened_at` in UTC microseconds)."""

    quantity: float
    avg_price: float
    opened_at: int


def decide_exit(spec: CompiledSpec, series: Series, row: int, held: Held) -> Decision | None:
    """Whether a held position is closed on this bar, whole, and at what price."""
    bars = series.bars
    if bars.ts[row] <= held.opened_at:
        return None  # exits apply from the bar after the entry, whoever made it
    own = series.signals.exit
    view = BarView(
        float(bars.open[row]),
        float(bars.high[row]),
        float(bars.low[row]),
        float(bars.close[row]),
        own is not None and bool(own[row]),
        bool(series.is_eod[row]),
    )
    bars_held = row - int(np.searchsorted(bars.ts, held.opened_at, side="right")) + 1
    found = find_exit(spec.exit, held.avg_price, bars_held, view)
    if found is None:
        return None
    return Decision(bars.symbol, IntentAction.CLOSE_LONG, held.quantity, found.price, found.code)


def decide_entry(spec: CompiledSpec, series: Series, row: int, open_positions: int) -> Decision | str | None:
    """An entry on this bar for a flat symbol; a code when one is held back; None when there is nothing to say."""
    blocked = history_code(series.signals, row)
    if blocked is not None or not series.signals.entry[row]:
        return blocked
    if row >= series.no_entry_from:
        return held_back.END_OF_DATA
    if spec.exit.type == "eod" and series.intraday and series.is_eod[row]:
        return held_back.END_OF_SESSION
    if open_positions >= spec.risk.max_positions:
        return held_back.MAX_POSITIONS
    price = float(series.bars.close[row])
    lots = lots_for(spec.risk.dollars_per_trade, price)
    if lots < 1:
        return held_back.ZERO_QUANTITY
    return Decision(series.bars.symbol, IntentAction.OPEN_LONG, to_quantity(lots), price, spec.strategy.entry_signal)


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


def intent_of(
    spec: CompiledSpec, spec_key: str, decision: Decision, workspace_id: UUID, when: datetime, levels: dict[str, Any]
) -> TradeIntent:
    """A decision as an intent. Its id is `uuid5(workspace, spec_key:symbol:ts:action)`: the same bar, the same id."""
    symbol, action = decision.symbol, decision.action
    entering, leave = action is IntentAction.OPEN_LONG, spec.exit
    stop, target = leave.stop_loss_pct, leave.take_profit_pct
    return TradeIntent(
        id=uuid5(workspace_id, f"{spec_key}:{symbol}:{when.isoformat()}:{action.value}"),
        workspace_id=workspace_id,
        symbol=symbol,
        action=action,
        quantity=decision.quantity,
        strategy_id=spec.spec.strategy_id,
        timeframe=spec.timeframe,
        correlation_id=evaluation_id(workspace_id, spec_key, symbol, when),
        price=decision.price,
        stop_loss=_recorded(stop_price(decision.price, stop)) if entering and stop is not None else None,
        take_profit=_recorded(target_price(decision.price, target)) if entering and target is not None else None,
        reason=decision.code,
        metadata=levels,
        created_at=when,
    )


def _recorded(level: float) -> float | None:
    """A level as an intent records it: none where it can never be met, beyond the floats or at zero."""
    return level if 0 < level < math.inf else None


def _held(position: PaperPosition, snapshot: MarketSnapshot, bars: Bars) -> Held:
    """A position as an evaluation takes it: one that was opened after the snapshot counts as held before its bar."""
    opened_at = to_micros(position.opened_at)
    if opened_at > to_micros(snapshot.ts):
        opened_at = int(bars.ts[-1]) - 1
    return Held(position.quantity, position.avg_price, opened_at)


class StrategyEvaluation(StrictModel):
    """What a strategy makes of one snapshot: its intents, why (short codes), and the levels it compared."""

    evaluation_id: UUID
    spec_id: str
    symbol: str
    ts: UtcTime
    intents: list[TradeIntent]
    signals: list[str]
    metadata: JsonObject


class StrategyRunner:
    """Evaluates specs on snapshots, without state of its own."""

    def __init__(self, registry: Registry | None = None, session_tz: str = "UTC") -> None:
        self._registry = registry or Registry()
        self._session_tz = session_tz

    def compile(self, spec: ExecutionSpec, timeframe: str = "daily") -> CompiledSpec:
        """The spec with its strategy and typed parameters; INVALID_SPEC or STRATEGY_NOT_FOUND."""
        return compile_spec(spec, self._registry.get(spec.strategy_id), timeframe)

    def evaluate(self, spec: ExecutionSpec, snapshot: MarketSnapshot, state: PaperState) -> StrategyEvaluation:
        """One evaluation on the account as given; nothing is executed."""
        compiled = self.compile(spec, snapshot.timeframe)
        key = compiled.key
        decision, code, levels = self._judge(compiled, snapshot, state)
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
        )

    def _judge(
        self, spec: CompiledSpec, snapshot: MarketSnapshot, state: PaperState
    ) -> tuple[Decision | None, str | None, dict[str, Any]]:
        if snapshot.symbol not in spec.symbols:
            return None, held_back.NOT_IN_SPEC, EMPTY
        if not spec.spec.enabled:
            return None, held_back.DISABLED, EMPTY
        position = state.positions.get(snapshot.symbol)
        if position is None and snapshot.price <= 0:
            return None, held_back.INVALID_PRICE, EMPTY
        series = self._series(spec, snapshot)
        row = len(series.bars) - 1
        levels = levels_at(series.signals, row)
        if position is not None:
            held = _held(position, snapshot, series.bars)
            leaving = decide_exit(spec, series, row, held)
            return leaving, leaving.code if leaving else None, levels
        outcome = decide_entry(spec, series, row, len(state.positions))
        if isinstance(outcome, Decision):
            return outcome, outcome.code, levels
        return None, outcome, levels

    def _series(self, spec: CompiledSpec, snapshot: MarketSnapshot) -> Series:
        bars = snapshot.columns(self._session_tz)
        if snapshot.last_price is not None and snapshot.price > 0:  # a held position leaves by the close otherwise
            close = bars.close.copy()
            close[-1] = snapshot.last_price
            bars = Bars(bars.symbol, bars.ts, bars.open, bars.high, bars.low, close, bars.volume, bars.session)
        signals = signals_of(spec.strategy, bars, spec.params, snapshot.high_52w)
        is_eod = np.zeros(len(bars), dtype=np.bool_)
        is_eod[-1] = snapshot.is_eod
        return Series(bars, signals, is_eod, is_intraday(bars.session), len(bars))
