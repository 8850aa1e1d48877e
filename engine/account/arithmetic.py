"""The arithmetic of an account: floats in, floats out, each operation in one fixed order.

    fees = fee_fixed + fee_per_share*quantity + fee_bps/1e4*quantity*price
    BUY    cash -= quantity*price + fees      realized_pnl -= fees
           avg = (avg*qty + price*add) / (qty + add)
    SELL   cash += quantity*price - fees      realized_pnl += (price - avg)*quantity - fees

Order matters to the last bit: every path (broker, drivers, replay, results) calls these and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable


def order_fees(fixed: float, per_share: float, bps: float, quantity: float, price: float) -> float:
    """What an order of `quantity` at `price` costs beside its notional, in the account's currency."""
    return fixed + per_share * quantity + bps / 1e4 * quantity * price


def bought(cash: float, quantity: float, price: float, fees: float) -> float:
    """The cash left after buying `quantity` at `price` and paying `fees` (dollars)."""
    return cash - (quantity * price + fees)


def sold(cash: float, quantity: float, price: float, fees: float) -> float:
    """The cash held after selling `quantity` at `price` and paying `fees` (dollars)."""
    return cash + (quantity * price - fees)


def scaled_average(average: float, quantity: float, price: float, added: float) -> float:
    """The average price of a position of `quantity` after `added` more at `price`."""
    return (average * quantity + price * added) / (quantity + added)


def realized_on_sale(average: float, quantity: float, price: float, fees: float) -> float:
    """The realized P&L of a sale: the gain over the average price, less the fee out."""
    return (price - average) * quantity - fees


def trade_pnl(entry_price: float, exit_price: float, quantity: float, fees: float) -> float:
    """A round trip's P&L; `fees` are fee in plus fee out."""
    return (exit_price - entry_price) * quantity - fees


def total(amounts: Iterable[float], start: float = 0.0) -> float:
    """Plain additions from left to right (`sum` of Python 3.12 compensates, `numpy.sum` adds in pairs)."""
    result = start
    for amount in amounts:
        result += amount
    return result


def slipped_buy(price: float, bps: float) -> float:
    """What a buy pays with a slippage of `bps` basis points."""
    return price * (1 + bps / 1e4)


def slipped_sell(price: float, bps: float) -> float:
    """What a sale gets with a slippage of `bps` basis points."""
    return price * (1 - bps / 1e4)
