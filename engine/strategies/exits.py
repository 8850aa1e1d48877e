"""Exits, for every strategy alike: stops, targets, a bar limit, and what the exit's type says.

The levels are plain functions of numbers, which the sweep's kernel calls too. 0 stands for what is not set, NaN or a
value at or below 0 for a distance that there is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.compiled import Kernel
from engine.strategies.spec import ExitSpec

STOP_LOSS, TRAIL, BREAKEVEN = range(3)
STOP_CODES = ("stop_loss_exit", "trail_exit", "breakeven_exit")
"""The codes of the stops: where several lie equally high, the first of them counts."""


class Standing(NamedTuple):
    """A position as its exits see it on a bar.

    `avg_price` and `peak` (the highest high of the held bars before this one, and at least `avg_price`) are prices;
    `bars_held` counts the bars held, this one included; the distances are those of the bar that decided the entry.
    """

    avg_price: float
    bars_held: int = 1
    peak: float = 0.0
    stop_distance: float = math.nan
    target_distance: float = math.nan


class BarView(NamedTuple):
    """What an exit sees of the current bar; `price` is its close, or the caller's last price."""

    open: float
    high: float
    low: float
    price: float
    own_exit: bool
    """The strategy's own exit fires"""
    is_eod: bool


class Exit(NamedTuple):
    """Why a position is closed, as a short code, and at what price before slippage."""

    code: str
    price: float


def stop_level(
    avg_price: float,
    peak: float,
    stop_pct: float,
    trail_pct: float,
    trails: Any,
    breakeven_pct: float,
    distance: float,
) -> tuple[float, int]:
    """The highest of a position's stops and which it is (a place in `STOP_CODES`); -inf where there is none.

    `distance` lies below the average price, or below the peak where it `trails`. It is hit when the low is at or below.
    """
    stop, which = -math.inf, STOP_LOSS
    if stop_pct > 0:
        stop = avg_price * (1 - stop_pct / 100)
    if distance > 0 and not trails:
        stop = max(stop, avg_price - distance)
    if trail_pct > 0:
        # higher alone counts: of equal levels the one named first is told, stop loss before trail before breakeven
        level = peak * (1 - trail_pct / 100)
        if level > stop:
            stop, which = level, TRAIL
    if distance > 0 and trails:
        level = peak - distance
        if level > stop:
            stop, which = level, TRAIL
    if breakeven_pct > 0 and peak >= avg_price * (1 + breakeven_pct / 100) and avg_price > stop:
        stop, which = avg_price, BREAKEVEN
    return stop, which


def target_level(avg_price: float, target_pct: float, step_pct: float, distance: float) -> float:
    """The lowest of a position's targets, inf where there is none; hit when the high is at or above it.

    `step_pct` is what `take_profit_by_bars` asks for by now; negative where it asks for nothing yet.
    """
    target = math.inf
    if target_pct > 0:
        target = avg_price * (1 + target_pct / 100)
    if distance > 0:
        target = min(target, avg_price + distance)
    if step_pct >= 0:
        target = min(target, avg_price * (1 + step_pct / 100))
    return target


STOP_LEVEL, TARGET_LEVEL = Kernel(stop_level), Kernel(target_level)


def stop_of(plan: ExitSpec, standing: Standing) -> tuple[float, str] | None:
    """A position's stop and its code; None where there is none."""
    avg_price, _, peak, distance, _ = standing
    level, which = stop_level(
        avg_price,
        max(peak, avg_price),
        plan.stop_loss_pct or 0.0,
        plan.trail_pct or 0.0,
        plan.trail,
        plan.breakeven_pct or 0.0,
        distance,
    )
    return None if level == -math.inf else (level, STOP_CODES[which])


def target_of(plan: ExitSpec, standing: Standing) -> float | None:
    """A position's target; None where there is none."""
    step_pct = pct_after(plan.take_profit_by_bars or (), standing.bars_held)
    level = target_level(standing.avg_price, plan.take_profit_pct or 0.0, step_pct, standing.target_distance)
    return None if level == math.inf else level


def pct_after(steps: Sequence[tuple[int, float]], bars_held: int) -> float:
    """The percentage of the last pair whose number of bars is reached; -1 before the first."""
    return next((pct for bars, pct in reversed(steps) if bars <= bars_held), -1.0)


def exit_within(plan: ExitSpec, standing: Standing, bar: BarView) -> Exit | None:
    """The exit at a stop or a target that this bar meets: the stop goes first, even where the bar opened beyond both.

    A stop is filled at the lower of the open and its level, a target at the higher.
    """
    stop = stop_of(plan, standing)
    if stop is not None and bar.low <= stop[0]:
        return Exit(stop[1], min(bar.open, stop[0]))
    target = target_of(plan, standing)
    if target is not None and bar.high >= target:
        return Exit("take_profit_exit", max(bar.open, target))
    return None


def decided_exit(plan: ExitSpec, bars_held: int, *, own_exit: bool) -> str | None:
    """The code of an exit that a bar decides by its close: the strategy's own, or the bar limit."""
    if plan.type == "signal" and own_exit:
        return "signal_exit"
    if plan.max_bars is not None and bars_held >= plan.max_bars:
        return "max_bars_exit"
    return None


def find_exit(plan: ExitSpec, standing: Standing, bar: BarView) -> Exit | None:
    """The first exit that applies on a bar, with fills at the close."""
    within = exit_within(plan, standing, bar)
    if within is not None:
        return within
    if plan.type == "eod" and bar.is_eod:
        return Exit("eod_exit", bar.price)
    code = decided_exit(plan, standing.bars_held, own_exit=bar.own_exit)
    return None if code is None else Exit(code, bar.price)
