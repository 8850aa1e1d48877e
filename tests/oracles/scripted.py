"""Small cases with their signals written down, traded by the plain loops and by the engine."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from engine.market.bars import Bars, Dataset, make_bars
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import Registry
from tests.oracles.account import units
from tests.oracles.comparing import Script, compare, loops
from tests.oracles.signals import Signal
from tests.support.worlds import DAY, MINUTE, World

Prices = tuple[float, float, float, float]
"""Open, high, low, close."""
_FIRST = 18_700 * DAY
_FIELDS = {"size": 1.0, "stop_distance": math.nan, "target_distance": math.nan, "score": math.nan}
"""What a column says where the script says nothing."""


class Done(NamedTuple):
    """A trade; times are places in the case's list of bars."""

    symbol: str
    entered: int
    paid: float
    left: int
    got: float
    reason: str


class Played(NamedTuple):
    done: list[Done]
    quantities: list[float]
    """of the same trades"""
    held_back: dict[str, int]
    refused: list[str]
    too_many: int


def flat(price: float) -> Prices:
    return (price, price, price, price)


def play(
    bars: dict[str, list[Prices | None]],
    signals: dict[str, dict[int, dict[str, Any]]],
    *,
    fill: str = "next_open",
    leave: dict[str, Any] | None = None,
    risk: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    equity: float = 10_000.0,
    slippage_bps: float = 0.0,
    sessions: list[int] | None = None,
) -> Played:
    """Both ways, alike. Each symbol's bars stand at the same times, None where it has none.

    `signals` are by place in that list. Without `sessions`, the lengths of days of hours, each bar is a day.
    """
    times = _times(sessions, max(len(each) for each in bars.values()))
    columns = {symbol: _bars_of(symbol, each, times) for symbol, each in bars.items()}
    script = {symbol: _script(signals.get(symbol, {}), each) for symbol, each in bars.items()}
    spec = {
        "strategy_id": "scripted",
        "symbols": list(bars),
        "exit": {"type": "none", **(leave or {})},
        "risk": risk or {},
        "execution": {"fill": fill},
    }
    world = World(spec, Dataset(columns, "UTC"), limits or {}, equity, slippage_bps)
    compare(world, registry=_registry(script, columns), script=script)
    return _played(world, script, times)


def _times(sessions: list[int] | None, count: int) -> list[int]:
    if sessions is None:
        return [_FIRST + day * DAY for day in range(count)]
    return [_FIRST + day * DAY + hour * 60 * MINUTE for day, hours in enumerate(sessions) for hour in range(hours)]


def _bars_of(symbol: str, prices: list[Prices | None], times: list[int]) -> Bars:
    rows = [(ts, *row) for ts, row in zip(times, prices, strict=False) if row is not None]
    ts, *columns = (list(column) for column in zip(*rows, strict=True))
    return make_bars(
        symbol, np.array(ts), *(np.array(column, dtype=float) for column in columns), np.ones(len(ts)), "UTC"
    )


def _script(signals: dict[int, dict[str, Any]], prices: list[Prices | None]) -> list[Signal]:
    plain = {"enters": False, "leaves": False, "levels": ()}
    return [Signal(**{**plain, **signals.get(place, {})}) for place, row in enumerate(prices) if row is not None]


def _registry(script: Script, bars: dict[str, Bars]) -> Registry:
    """One with a strategy that gives the script's signals, found by symbol and time; columns only as they are used."""
    told = {
        (symbol, ts): signal
        for symbol, each in script.items()
        for ts, signal in zip(bars[symbol].ts.tolist(), each, strict=True)
    }
    used = [name for name in _FIELDS if any(getattr(signal, name) is not None for signal in told.values())]

    nothing = Signal(False, False, ())  # a spec is checked by asking a strategy about bars of nobody

    class Scripted(Strategy[Params]):
        key = "scripted"
        has_exit = True
        default_exit = "none"

        def signals(self, bars: Bars, params: Params) -> Signals:
            rows = [told.get((bars.symbol, ts), nothing) for ts in bars.ts.tolist()]

            def column(name: str) -> Any:
                given = [getattr(row, name) for row in rows]
                return np.array([_FIELDS[name] if value is None else value for value in given], dtype=float)

            return Signals(
                entry=np.array([row.enters for row in rows], dtype=bool),
                exit=np.array([row.leaves for row in rows], dtype=bool),
                **{name: column(name) for name in used},
            )

        def window(self, params: Params) -> Window:
            return Window(bars=1)

    registry = Registry()
    registry.add(Scripted, "a test")
    return registry


def _played(world: World, script: Script, times: list[int]) -> Played:
    test = loops(world, script)
    outcome = test.run()
    reasons = [each.reason for each in outcome["emitted"] if not each.buys]
    done = [
        Done(
            trade["symbol"],
            times.index(trade["entry_ts"]),
            trade["entry_price"],
            times.index(trade["exit_ts"]),
            trade["exit_price"],
            reason,
        )
        for trade, reason in zip(outcome["trades"], reasons, strict=True)
    ]
    return Played(
        done,
        [units(trade["lots"]) for trade in outcome["trades"]],
        dict(outcome["held_back"]),
        [rule for _, _, rule in outcome["refusals"]],
        outcome["too_many"],
    )
