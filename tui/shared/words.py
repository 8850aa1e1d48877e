"""Events and run plans in a few words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk.journal import EventView
    from engine.sweeps.results import PlanDetail, PlanSummary


SHORT_SHA256 = 8
"""Digits of a hash that tell two versions of a strategy apart."""


def said_by(event: EventView) -> str:
    """An event in a few words; its payload as JSON when there are no words for it."""
    payload = event.payload
    if event.price is not None and event.quantity is not None:
        return f"{event.side} {_at(event.quantity, event.price)}"
    if "because" in payload:
        return f"{payload.get('rule')}: {payload['because']}" if payload["because"] else "approved"
    if "pnl" in payload:
        return f"P&L {figures.signed(payload['pnl'])}"
    if "avg_price" in payload:
        return _at(payload["quantity"], payload["avg_price"])
    if "action" in payload:
        return f"{payload['action']} {figures.quantity(payload['quantity'])} {payload.get('reason') or ''}"
    return _of_a_driver(payload) or _of_a_sweep(payload) or json.dumps(payload, ensure_ascii=False)


def _of_a_driver(payload: dict[str, Any]) -> str:
    """An event of a backtest or a forward run: its progress, its result, or what was accepted."""
    match payload:
        case {"spec_key": _, "timeframe": _, "ts": str(ts)}:
            return f"came to {ts[:19].replace('T', ' ')}"
        case {"symbols": dict(symbols), "settled": _}:
            changes = (f"{symbol} {change['kind']} at {change['ts'][:10]}" for symbol, change in symbols.items())
            return f"the data's past is followed: {', '.join(changes)}"
        case {"strategy_id": str(strategy), "from": str(before), "to": str(now)}:
            return f"{strategy}: the code {before[:SHORT_SHA256]} is now {now[:SHORT_SHA256]}"
        case {"spec": dict(spec), "fills": _, "metrics": {"trade_count": trades, "ending_equity": equity}}:
            made = f"{figures.counted(trades, 'trade')}, equity {figures.money(equity)}"
            return f"{spec['strategy_id']} on {', '.join(spec['symbols'])}: {made}{_stopped(payload)}"
    return ""


def _stopped(payload: dict[str, Any]) -> str:
    """What kept entries of a backtest from being filled, where it was counted."""
    counts = (("refused", payload.get("refusals")), ("held back", payload.get("held_back")))
    return "".join(f"; {what}: {figures.by_code(counted)}" for what, counted in counts if counted)


def _of_a_sweep(payload: dict[str, Any]) -> str:
    """A run plan's event: its payload may hold a thousand variants."""
    if "variants_count" in payload:
        return f"{payload['strategy_id']}, {figures.counted(payload['variants_count'], 'variant')}"
    return f"variant {payload['variant_id']} {payload['status']}" if "variant_id" in payload else ""


def _at(quantity: float, price: float) -> str:
    return f"{figures.quantity(quantity)} at {figures.price(price)}"


HASH = 16
"""Digits of a hash that are shown: enough to compare by eye, JSON has the rest."""


def bars_of(plan: PlanDetail) -> str:
    """The bars of a run plan, such as `1,047 bars after 2,223 of history`."""
    return f"{figures.whole(plan.bar_count)} bars{figures.after(plan.history_bars)}"


def progress_of(plan: PlanSummary) -> str:
    """The progress of a plan, such as `100 of 100, 2 failed, 1 skipped`."""
    parts = [f"{figures.whole(plan.done)} of {figures.whole(plan.variants)}"]
    without = ((plan.failed, "failed"), (plan.skipped, "skipped"))
    return ", ".join([*parts, *(f"{figures.whole(count)} {what}" for count, what in without if count)])


def took(seconds: float) -> str:
    """A duration, such as `0.25 s`, `3 min 20 s` or `2 h 05 min`."""
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
