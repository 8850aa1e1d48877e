"""How much an entry buys: the amount of money, the lots it makes, what the cash covers, what is too little."""

from __future__ import annotations

import math
from typing import Any

from tests.oracles.account import Account, units
from tests.oracles.exits import highest, stops_of
from tests.oracles.signals import Signal

ZERO, NO_STOP, TOO_SMALL = "entry_skipped_zero_quantity", "entry_skipped_no_stop", "entry_skipped_too_small"

MOST = 2**62
"""The greatest number of lots that the broker takes."""
BEYOND = 10**300


def lots_of(
    risk: dict[str, Any], plan: dict[str, Any], signal: Signal, account: Account, price: float, paid: float
) -> int | str:
    """The lots of an entry, or the code of why there is none; `paid` is the price with slippage."""
    amount = amount_of(risk, plan, signal, account.equity_at_cost(), price)
    if isinstance(amount, str):
        return amount
    exactly = amount / price * 1e8
    lots = math.floor(exactly) if math.isfinite(exactly) else BEYOND
    if lots >= 1 and risk.get("short_of_cash") == "scale":
        lots = covered(account, lots, paid)
    if lots < 1:
        return ZERO
    if risk.get("min_dollars") is not None and units(lots) * price < risk["min_dollars"]:
        return TOO_SMALL
    return lots


def amount_of(risk: dict[str, Any], plan: dict[str, Any], signal: Signal, equity: float, price: float) -> float | str:
    """Dollars before slippage and fees, or the code of why there are none."""
    size = signal.size
    if size is not None and (math.isnan(size) or size <= 0):
        return ZERO
    by = risk.get("size", "dollars")
    if by == "dollars":
        amount = risk["dollars_per_trade"]
    elif by == "equity":
        amount = equity * risk["equity_pct"] / 100
    else:
        stop = highest(stops_of(plan, price, price, signal.stop_distance))
        if stop is None or not price - stop[1] > 0:
            return NO_STOP
        amount = equity * risk["risk_pct"] / 100 / (price - stop[1]) * price
    if size is not None:
        amount = amount * (1.0 if size > 1 else size)
    return amount


def covered(account: Account, wanted: int, paid: float) -> int:
    """The greatest number of lots up to `wanted` whose cost is within the cash; 0 when not one is.

    More lots never cost less, each operation being rounded to the nearest, so halving finds it.
    """
    if cost(account, wanted, paid) <= account.cash:
        return wanted
    enough, too_many = 0, wanted
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        if cost(account, middle, paid) <= account.cash:
            enough = middle
        else:
            too_many = middle
    assert enough == 0 or cost(account, enough, paid) <= account.cash
    assert cost(account, enough + 1, paid) > account.cash
    return enough


def cost(account: Account, lots: int, paid: float) -> float:
    quantity = units(lots)
    return quantity * paid + account.fees(quantity, paid)
