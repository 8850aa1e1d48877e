"""Exits: stop, then target, then the type's and `max_bars` at the close."""

from __future__ import annotations

from typing import Any

from tests.oracles.rows import Row


def exit_of(
    plan: dict[str, Any], avg: float, bars_since_entry: int, row: Row, *, is_eod: bool, leaves: bool
) -> tuple[str, float] | None:
    """Why and at what price (before slippage) a position is closed on a bar after its entry's; None: it is kept.

    `plan` has `type`, and perhaps `stop_loss_pct`, `take_profit_pct`, `max_bars`.
    """
    if bars_since_entry < 1:
        return None
    pct = plan.get("stop_loss_pct")
    if pct is not None:
        stop = avg * (1 - pct / 100)
        if row.low <= stop:
            return ("stop", row.open if row.open < stop else stop)
    pct = plan.get("take_profit_pct")
    if pct is not None:
        target = avg * (1 + pct / 100)
        if row.high >= target:
            return ("target", row.open if row.open > target else target)
    if plan["type"] == "eod" and is_eod:
        return ("eod", row.close)
    if plan["type"] == "signal" and leaves:
        return ("signal", row.close)
    if plan.get("max_bars") is not None and bars_since_entry >= plan["max_bars"]:
        return ("max_bars", row.close)
    return None
