"""Exits: the stop that counts, then the target that counts, then the type's and `max_bars`."""

from __future__ import annotations

import math
from typing import Any

from tests.oracles.rows import Row

Found = tuple[str, float]
"""Why, and at what price before slippage."""


def exit_of(
    plan: dict[str, Any],
    avg: float,
    bars_held: int,
    row: Row,
    *,
    is_eod: bool,
    leaves: bool,
    peak: float | None = None,
    stop_distance: float | None = None,
    target_distance: float | None = None,
) -> Found | None:
    """How a position is closed on a bar when fills are at the close; None: it is kept.

    `plan` is a spec's `exit` with its type. `bars_held` counts the bars after the entry's, this one included.
    """
    if bars_held < 1:
        return None
    found = level_exit(plan, avg, bars_held, avg if peak is None else peak, row, stop_distance, target_distance)
    if found is not None:
        return found
    if plan["type"] == "eod" and is_eod:
        return ("eod", row.close)
    code = decided_exit(plan, bars_held, leaves)
    return None if code is None else (code, row.close)


def level_exit(
    plan: dict[str, Any],
    avg: float,
    bars_held: int,
    peak: float,
    row: Row,
    stop_distance: float | None = None,
    target_distance: float | None = None,
) -> Found | None:
    """The stop, filled at the lower of open and stop; else the target, filled at the higher of open and target."""
    stop = highest(stops_of(plan, avg, peak, stop_distance))
    if stop is not None and row.low <= stop[1]:
        return (stop[0], row.open if row.open < stop[1] else stop[1])
    target = lowest(targets_of(plan, avg, bars_held, target_distance))
    if target is not None and row.high >= target:
        return ("target", row.open if row.open > target else target)
    return None


def decided_exit(plan: dict[str, Any], bars_held: int, leaves: bool) -> str | None:
    """The exit that a bar decides by itself: the strategy's own, then the number of bars held."""
    if plan["type"] == "signal" and leaves:
        return "signal"
    if plan.get("max_bars") is not None and bars_held >= plan["max_bars"]:
        return "max_bars"
    return None


def stops_of(plan: dict[str, Any], avg: float, peak: float, distance: float | None) -> list[Found]:
    """Every stop that stands, in the order that decides between equal ones."""
    found = []
    given = distance is not None and not math.isnan(distance) and distance > 0
    trailed = plan.get("trail") is True
    if plan.get("stop_loss_pct") is not None:
        found.append(("stop", avg * (1 - plan["stop_loss_pct"] / 100)))
    if given and not trailed:
        found.append(("stop", avg - distance))
    if plan.get("trail_pct") is not None:
        found.append(("trail", peak * (1 - plan["trail_pct"] / 100)))
    if given and trailed:
        found.append(("trail", peak - distance))
    if plan.get("breakeven_pct") is not None and peak >= avg * (1 + plan["breakeven_pct"] / 100):
        found.append(("breakeven", avg))
    return found


def highest(stops: list[Found]) -> Found | None:
    """The first of the highest."""
    best = None
    for stop in stops:
        if best is None or stop[1] > best[1]:
            best = stop
    return best


def targets_of(plan: dict[str, Any], avg: float, bars_held: int, distance: float | None) -> list[float]:
    """Every target that stands."""
    found = []
    if plan.get("take_profit_pct") is not None:
        found.append(avg * (1 + plan["take_profit_pct"] / 100))
    if distance is not None and not math.isnan(distance) and distance > 0:
        found.append(avg + distance)
    reached = [pct for number, pct in plan.get("take_profit_by_bars") or [] if number <= bars_held]
    if reached:
        found.append(avg * (1 + reached[-1] / 100))
    return found


def lowest(targets: list[float]) -> float | None:
    best = None
    for target in targets:
        if best is None or target < best:
            best = target
    return best
