"""Small worlds for tests: data, a spec, limits. One generator, driven by a seed or by Hypothesis.

Prices move in whole ticks, so that ties (a close at the prior high, a low at the stop) come up; symbols miss
timestamps, begin and end apart; sessions are of uneven length and, in most zones, do not begin at midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from engine.market.bars import Bars, Bound, Dataset, make_bars
from engine.market.sessions import from_micros

ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Asia/Kolkata", "America/St_Johns", "Asia/Beirut")
NAMES = ("AAA", "B", "Zz", "a.b", "été", "NA")
MINUTE = 60_000_000
DAY = 1440 * MINUTE
_FIRST_DAYS = (18_690, 18_930, 19_000)  # near changes of the clocks in March and October 2021, and a plain one


@dataclass(frozen=True)
class World:
    """All that decides a closed world; `spec` is a spec file's document, `limits` those of `policy set`."""

    spec: dict[str, Any]
    dataset: Dataset
    limits: dict[str, Any]
    starting_equity: float
    slippage_bps: float

    @property
    def zone(self) -> str:
        return self.dataset.session_tz


def make_world(random: Random) -> World:
    """A world in which a good deal happens."""
    dataset = make_dataset(random)
    symbols = list(dataset.symbols)
    random.shuffle(symbols)
    if len(symbols) > 2 and random.random() < 0.3:
        symbols.pop()
    return World(
        spec=make_spec(random, symbols),
        dataset=dataset,
        limits=make_limits(random, symbols),
        starting_equity=random.choice([10_000.0, 10_000.0, 2_500.5]),
        slippage_bps=random.choice([0.0, 0.0, 2.5, 30.0]),
    )


def make_dataset(random: Random, *, zone: str | None = None, intraday: bool | None = None, most: int = 90) -> Dataset:
    """One to four symbols on one grid of times."""
    zone = zone or random.choice(ZONES)
    intraday = random.random() < 0.5 if intraday is None else intraday
    names = random.sample(NAMES, random.choice([1, 2, 3, 4, 4]))
    plain = Random(random.getrandbits(32))  # a thousand draws that Hypothesis need not keep
    grid = intraday_grid(plain, most) if intraday else daily_grid(plain, most)
    return Dataset({name: make_series(plain, name, grid, zone) for name in names}, session_tz=zone)


def daily_grid(random: Random, most: int) -> list[int]:
    first, hour = random.choice(_FIRST_DAYS), random.choice([0, 0, 5, 21])
    count = random.randint(20, most)
    return [(first + day) * DAY + hour * 60 * MINUTE for day in range(count) if day % 7 < 5]


def intraday_grid(random: Random, most: int) -> list[int]:
    first, opening = random.choice(_FIRST_DAYS), random.choice([0, 570, 870, 1330])
    spacing = random.choice([1, 30, 60, 90])
    grid: list[int] = []
    day = first
    while len(grid) < most:
        length = random.choice([1, 2, 3, 5, 8])
        grid += [day * DAY + (opening + spacing * i) * MINUTE for i in range(length)]
        day += 1
    return grid


def make_series(random: Random, symbol: str, grid: list[int], zone: str) -> Bars:
    """A walk in ticks over part of a grid; at least two bars."""
    start = random.choice([0, 0, random.randrange(len(grid) // 2)])
    stop = random.choice([len(grid), random.randrange(start + 2, len(grid) + 1)])
    missing = random.choice([0.0, 0.1, 0.4])
    ts = [t for t in grid[start:stop] if random.random() >= missing]
    if len(ts) < 2:
        ts = grid[start : start + 2]
    tick = random.choice([1.0, 0.25, 0.37, 1e-4, 111.1])
    rows = _walk(random, len(ts), level=random.choice([8, 100]))
    opening, high, low, close = (np.array([row[i] * tick for row in rows]) for i in range(4))
    return make_bars(symbol, np.array(ts, dtype=np.int64), opening, high, low, close, np.ones(len(ts)), zone)


def _walk(random: Random, count: int, level: int) -> list[tuple[int, int, int, int]]:
    """Ticks around a level: a low one moves in eighths and halves, so that prices and percentages meet exactly."""
    rows, close = [], random.randint(level, level + level // 4)
    reach = random.choice([2, 4]) if level < 20 else random.choice([2, 5, 12])
    for _ in range(count):
        opening = max(4, close + random.choice([0, 0, 1, -1, random.randint(-reach, reach)]))
        close = max(4, opening + random.randint(-reach, reach))
        high = max(opening, close) + random.choice([0, 0, 1, reach])
        low = max(1, min(opening, close) - random.choice([0, 0, 1, reach]))
        rows.append((opening, high, low, close))
    return rows


def make_spec(random: Random, symbols: list[str]) -> dict[str, Any]:
    """Any built-in strategy with small periods, any exits composed with it."""
    strategy = random.choice(["breakout_52w_high", "breakout_52w_high", "sma_cross", "rsi_reversion"])
    leave: dict[str, Any] = {}
    kinds = ["eod", "none"] if strategy == "breakout_52w_high" else ["eod", "none", "signal"]
    if random.random() < 0.7:
        leave["type"] = random.choice(kinds)
    if random.random() < 0.4:
        leave["stop_loss_pct"] = random.choice([0.7, 10.0, 12.5, 18.9, 25.0])
    if random.random() < 0.4:
        leave["take_profit_pct"] = random.choice([0.7, 2.9, 10.0, 12.5, 25.0])
    if random.random() < 0.4:
        leave["max_bars"] = random.choice([1, 2, 3, 7])
    risk = {
        "dollars_per_trade": random.choice([250.0, 1000.0, 1000.0, 3333.33, 6000.0, 0.0001]),
        "max_positions": random.choice([1, 2, 3, 5, 5]),
    }
    return {
        "strategy_id": strategy,
        "symbols": symbols,
        "entry": make_entry(random, strategy),
        "exit": leave,
        "risk": risk,
    }


@dataclass(frozen=True)
class Window:
    """Where a window begins and ends; None is open."""

    start: Bound | None
    end: Bound | None


def make_window(random: Random, dataset: Dataset) -> Window:
    """Bounds somewhere in the data, seldom outside: days or instants, at a bar's time or beside it."""
    times = sorted({int(ts) for bars in dataset.bars.values() for ts in bars.ts})

    def bound(at: int) -> Bound:
        ts = from_micros(times[at] + random.choice([0, 0, 1, -1, 7 * DAY * random.choice([-1, 1])]))
        return ts.astimezone(ZoneInfo(dataset.session_tz)).date() if random.random() < 0.6 else ts

    first = random.randrange(len(times))
    start = bound(first) if random.random() < 0.9 else None
    end = bound(random.randrange(first, len(times))) if random.random() < 0.4 else None
    return Window(start, end)


def make_entry(random: Random, strategy: str) -> dict[str, Any]:
    """Parameters small enough for short data; of a strategy that has none here, the defaults."""
    if strategy == "breakout_52w_high":
        return {"lookback_days": random.choice([1, 2, 3, 5])}
    if strategy == "sma_cross":
        fast = random.choice([1, 2, 3])
        return {"fast_period": fast, "slow_period": fast + random.choice([1, 2, 4])}
    if strategy == "rsi_reversion":
        return {
            "period": random.choice([1, 2, 5]),
            "buy_below": random.choice([30.0, 50.0, 70.0]),
            "sell_above": random.choice([40.0, 55.0, 80.0]),
        }
    if strategy == "atr_trend":
        return {
            "entry_period": random.choice([1, 2, 4]),
            "exit_period": random.choice([1, 2, 4]),
            "atr_period": random.choice([1, 2, 3]),
            "stop_ranges": random.choice([0.5, 1.0, 1.5]),
        }
    if strategy == "momentum_rotation":
        return {
            "lookback_period": random.choice([1, 2, 5]),
            "average_period": random.choice([1, 2, 7]),
            "hold": random.choice([1, 2]),
        }
    return {}


def make_world_12(random: Random) -> World:
    """A world that fills, sizes and leaves in every way: `make_world` for the fields that came later."""
    dataset = make_dataset(random)
    symbols = list(dataset.symbols)
    random.shuffle(symbols)
    if len(symbols) > 2 and random.random() < 0.2:
        symbols.pop()
    limits = make_limits(random, symbols)
    if random.random() < 0.4:  # limits bind so early that hardly anything else would come up
        limits = {name: value for name, value in limits.items() if name.startswith("fee_")}
    return World(
        spec=make_spec_12(random, symbols),
        dataset=dataset,
        limits=limits,
        starting_equity=random.choice([10_000.0, 10_000.0, 2_500.5]),
        slippage_bps=random.choice([0.0, 0.0, 2.5, 30.0]),
    )


def make_spec_12(random: Random, symbols: list[str]) -> dict[str, Any]:
    """Any strategy, with any fill, size and exits that go with it; a field left out about as often as given."""
    strategy = random.choice([*("atr_breakout", "scored_moves", "strongest") * 2, *_BUILTIN])
    distances = strategy in ("atr_breakout", "strongest", "atr_trend")
    document: dict[str, Any] = {
        "strategy_id": strategy,
        "symbols": symbols,
        "entry": make_own_entry(random, strategy),
        "exit": make_exit_12(random, strategy, distances=distances),
    }
    document["risk"] = make_risk_12(random, document["exit"], distances=distances)
    fill = random.choice(["close", "next_open", "next_open", "pessimistic", None])
    return document if fill is None else {**document, "execution": {"fill": fill}}


_BUILTIN = ("breakout_52w_high", "sma_cross", "rsi_reversion", "momentum_rotation", "atr_trend")


def make_own_entry(random: Random, strategy: str) -> dict[str, Any]:
    """Parameters of the strategies in `tests.support.sized_strategies`, and of the built-in ones."""
    if strategy == "atr_breakout":
        return {
            "period": random.choice([1, 2, 3]),
            "stop_ranges": random.choice([0.5, 1.0, 1.5]),
            "target_ranges": random.choice([0.5, 1.0, 2.0]),
            "fickle": random.random() < 0.5,
        }
    if strategy == "scored_moves":
        return {"steps": random.choice([4, 10, 40]), "sized": random.random() < 0.7}
    if strategy == "strongest":
        return {"lookback": random.choice([1, 2, 4]), "places": random.choice([1, 2])}
    return make_entry(random, strategy)


def make_exit_12(random: Random, strategy: str, *, distances: bool) -> dict[str, Any]:
    """Exits composed at will, with percentages that prices in eighths meet exactly."""
    leave: dict[str, Any] = {}
    kinds = ["eod", "none", "none"] if strategy == "breakout_52w_high" else ["eod", "none", "none", "signal", "signal"]
    if random.random() < 0.8:
        leave["type"] = random.choice(kinds)
    choices: dict[str, list[Any]] = {
        "stop_loss_pct": [0.7, 10.0, 12.5, 18.9, 25.0],
        "take_profit_pct": [0.7, 2.9, 10.0, 12.5, 25.0],
        "max_bars": [1, 2, 3, 7],
        "trail_pct": [0.7, 5.0, 12.5, 25.0],
        "breakeven_pct": [0.5, 5.0, 12.5],
        "take_profit_by_bars": [
            [[1, 12.5], [3, 2.5], [5, 0.0]],
            [[0, 25.0], [2, 5.0]],
            [[3, 0.0]],
            [[2, 1], [9, 30.0]],
        ],
    }
    likely = random.choice([0.15, 0.4])
    leave |= {name: random.choice(values) for name, values in choices.items() if random.random() < likely}
    if distances and random.random() < 0.5:
        leave["trail"] = random.random() < 0.8
    return leave


def make_risk_12(random: Random, leave: dict[str, Any], *, distances: bool) -> dict[str, Any]:
    """Sizes that leave some cash, and sizes that want more than there is."""
    risk: dict[str, Any] = {"max_positions": random.choice([1, 2, 3, 5, 5])}
    sizes = ["dollars", "equity", None]
    if distances or "stop_loss_pct" in leave or "trail_pct" in leave:
        sizes += ["risk", "risk", "risk"]
    size = random.choice(sizes)
    if size is not None:
        risk["size"] = size
    if size == "equity":
        risk["equity_pct"] = random.choice([5.0, 33.3, 60.0, 100.0, 250.0])
    elif size == "risk":
        risk["risk_pct"] = random.choice([0.1, 1.0, 2.5, 20.0])
    else:
        risk["dollars_per_trade"] = random.choice([250.0, 1000.0, 3333.33, 6000.0, 10_000.0, 0.0001])
    if random.random() < 0.6:
        risk["short_of_cash"] = random.choice(["scale", "scale", "refuse"])
    if random.random() < 0.3:
        risk["min_dollars"] = random.choice([1.0, 250.0, 1000.0])
    return risk


def make_limits(random: Random, symbols: list[str]) -> dict[str, Any]:
    """Each limit off more often than on, at values that bind."""
    choices: dict[str, list[Any]] = {
        "max_positions": [1, 2],
        "max_order_notional": [1000.0, 1001.0, 5000.0],
        "max_position_notional": [999.9, 1000.0, 4000.0],
        "max_exposure_pct": [10.0, 35.0, 90.0],
        "max_daily_loss": [1.0, 1.0, 60.0, 125.0],
        "max_drawdown_pct": [0.01, 1.0, 1.25, 5.0],
        "cooldown_minutes": [1.0, 90.0, 1440.0, 2880.5],
        "deny_symbols": [symbols[:1]],
        "allow_symbols": [symbols[-2:]],
    }
    fees: dict[str, list[Any]] = {"fee_fixed": [0.35, 1.0, 1.0], "fee_per_share": [0.005], "fee_bps": [1.5, 10.0]}
    likely = random.choice([0.0, 0.5, 1.0])
    limits = {name: random.choice(values) for name, values in choices.items() if random.random() < 0.17}
    return limits | {name: random.choice(values) for name, values in fees.items() if random.random() < likely}


def worlds() -> st.SearchStrategy[World]:
    """Worlds, for Hypothesis."""
    return st.randoms(use_true_random=False).map(make_world)


def worlds_12() -> st.SearchStrategy[World]:
    """Those of `make_world_12`, for Hypothesis."""
    return st.randoms(use_true_random=False).map(make_world_12)
