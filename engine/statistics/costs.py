"""What further costs would leave of a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Filled(NamedTuple):
    """A round trip: prices as filled, `pnl` after the costs that were paid."""

    quantity: float
    entry_price: float
    exit_price: float
    pnl: float


def breakeven_bps(trades: Iterable[Filled]) -> float | None:
    """The further cost of each side, in basis points of its value, at which the trades earn nothing.

    None where they earn less than nothing now, or nothing was traded.
    """
    earned = traded = 0.0
    for quantity, entry_price, exit_price, pnl in trades:
        earned += pnl
        traded += quantity * (entry_price + exit_price)
    return None if earned < 0 or traded <= 0 else earned / traded * 1e4
