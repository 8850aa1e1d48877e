"""How much an entry buys: the amount that the spec's size comes to, and what the cash is enough for.

The arithmetic is plain functions of numbers, which the sweep's kernel calls too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from engine.account.arithmetic import order_fees, slipped_buy
from engine.account.ledger import Ledger
from engine.compiled import Kernel
from engine.intents import LOTS_PER_UNIT, lots_for, to_quantity
from engine.policy.limits import Limits
from engine.strategies import held_back
from engine.strategies.exits import Standing, stop_of
from engine.strategies.spec import ExitSpec, RiskSpec
from engine.vocabulary import ShortOfCash, SizeRule


class Wanted(NamedTuple):
    """An entry before it has a quantity: the price of its fill before slippage, and what its signal brought with it.

    `size` is 1 and `stop_distance` NaN where the strategy gives none.
    """

    price: float
    size: float = 1.0
    stop_distance: float = math.nan


@dataclass(frozen=True, slots=True)
class Purse:
    """What an entry is paid from: cash, equity at cost (the account's currency), fees and slippage."""

    cash: float
    equity_at_cost: float
    limits: Limits
    slippage_bps: float

    @classmethod
    def of(cls, ledger: Ledger, limits: Limits, slippage_bps: float) -> Purse:
        """An account's, as it is now."""
        return cls(ledger.cash, ledger.equity_at_cost, limits, slippage_bps)


def entry_lots(risk: RiskSpec, leave: ExitSpec, wanted: Wanted, purse: Purse) -> int | str:
    """The lots that an entry buys, one at least; or the code that says why there is none."""
    if not wanted.size > 0:
        return held_back.ZERO_QUANTITY
    amount = _amount(risk, leave, wanted, purse)
    if isinstance(amount, str):
        return amount
    # by the price before slippage; cash and policy are held to the price of the fill
    lots = lots_for(amount * min(wanted.size, 1.0), wanted.price)
    if lots >= 1 and risk.short_of_cash is ShortOfCash.SCALE:
        limits = purse.limits
        fees = limits.fee_fixed or 0.0, limits.fee_per_share or 0.0, limits.fee_bps or 0.0
        lots = lots_within(purse.cash, lots, slipped_buy(wanted.price, purse.slippage_bps), *fees)
    if lots < 1:
        return held_back.ZERO_QUANTITY
    if risk.min_dollars is not None and to_quantity(lots) * wanted.price < risk.min_dollars:
        return held_back.TOO_SMALL
    return lots


def _amount(risk: RiskSpec, leave: ExitSpec, wanted: Wanted, purse: Purse) -> float | str:
    """What is to be bought for, before the signal's own size, in the account's currency; or a code."""
    if risk.size is SizeRule.DOLLARS:
        return risk.dollars_per_trade
    if risk.size is SizeRule.EQUITY:
        return purse.equity_at_cost * (risk.equity_pct or 0.0) / 100
    stop = stop_of(leave, Standing(wanted.price, peak=wanted.price, stop_distance=wanted.stop_distance))
    if stop is None or not wanted.price - stop[0] > 0:
        return held_back.NO_STOP
    return purse.equity_at_cost * (risk.risk_pct or 0.0) / 100 / (wanted.price - stop[0]) * wanted.price


def lots_within(cash: float, lots: int, price: float, fixed: float, per_share: float, bps: float) -> int:
    """The greatest number of lots, at most `lots`, whose cost is within the cash; 0 where one lot costs more.

    The cost is the ledger's sum, quantity * price + fees. It never falls as lots are added, each operation in it being
    monotone, so halving finds the greatest.
    """
    quantity = lots / LOTS_PER_UNIT
    if quantity * price + order_fees(fixed, per_share, bps, quantity, price) <= cash:
        return lots
    enough, too_many = 0, lots
    while too_many - enough > 1:
        middle = enough + (too_many - enough) // 2
        quantity = middle / LOTS_PER_UNIT
        if quantity * price + order_fees(fixed, per_share, bps, quantity, price) <= cash:
            enough = middle
        else:
            too_many = middle
    return enough


ORDER_FEES = Kernel(order_fees)
LOTS_WITHIN = Kernel(lots_within, uses=(ORDER_FEES,))
