"""The one fold: fills onto a ledger, in `seq` order, for execution, drivers and reconciliation alike."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.account.arithmetic import bought, realized_on_sale, scaled_average, sold, trade_pnl
from engine.account.ledger import BUY, SELL, Fill, Holding, Ledger, Trade
from engine.intents import LOTS_PER_UNIT, MAX_LOTS


class Unapplied(NamedTuple):
    """A fill that the ledger cannot take, and why."""

    seq: int
    reason: str


def apply_fills(  # noqa: C901, PLR0915 - one flat loop, see below
    ledger: Ledger, fills: Iterable[Fill], trades: list[Trade] | None = None
) -> list[Unapplied]:
    """Apply fills in the order given; closed round trips are appended to `trades`.

    A fill that cannot be applied leaves the ledger as it was and is returned with its reason. The loop is one flat
    function because replay runs it half a million times a second; `fills` may be any tuples of `Fill`'s shape.
    """
    holdings, by_session, last_closed_at = ledger.holdings, ledger.realized_by_session, ledger.last_closed_at
    cash, realized, peak = ledger.cash, ledger.realized_pnl, ledger.peak_equity
    orders = closed = 0
    seq, ts = ledger.last_seq, ledger.last_event_at
    day: int | None = None
    of_day = 0.0
    unapplied: list[Unapplied] = []
    # what the open positions cost, symbols in code-point order: equity at cost is summed after every fill
    symbols = list(holdings)
    costs = [held.quantity * held.avg_price for held in holdings.values()]
    for seq, symbol, side, lots, price, fees, ts, session in fills:
        held = holdings.get(symbol)
        quantity = lots / LOTS_PER_UNIT
        if side == BUY and 0 < lots <= MAX_LOTS - (held.lots if held is not None else 0):
            if held is None:
                holdings[symbol] = Holding(symbol, lots, quantity, price, ts, fees)
                at = bisect_left(symbols, symbol)
                symbols.insert(at, symbol)
                costs.insert(at, quantity * price)
            else:
                held.avg_price = scaled_average(held.avg_price, held.quantity, price, quantity)
                held.lots += lots
                # from the whole lots, not added to what it was: so a full close leaves exactly nothing
                held.quantity = held.lots / LOTS_PER_UNIT
                held.entry_fees += fees
                costs[bisect_left(symbols, symbol)] = held.quantity * held.avg_price
            cash = bought(cash, quantity, price, fees)
            gain = -fees
        # the broker sells a position whole or not at all: a sale of a part was not written by it
        elif side == SELL and held is not None and held.lots == lots:
            cash = sold(cash, quantity, price, fees)
            gain = realized_on_sale(held.avg_price, quantity, price, fees)
            del holdings[symbol]
            at = bisect_left(symbols, symbol)
            del symbols[at], costs[at]
            last_closed_at[symbol] = ts
            closed += 1
        else:
            unapplied.append(Unapplied(seq, _why_not(side, symbol, lots, held)))
            continue
        realized += gain
        # fills of one day mostly follow each other: the table of days is looked at when the day changes
        if session != day:
            if day is not None:
                by_session[day] = of_day
            day, of_day = session, by_session.get(session, 0.0)
        of_day += gain
        orders += 1
        # cash first, then one position at a time: another order of these additions has other last bits
        equity = cash
        for cost in costs:
            equity += cost
        if equity > peak:  # noqa: PLR1730 - a call of max costs a sixth of the replay
            peak = equity
        if trades is not None and side == SELL and held is not None:
            trades.append(_trade(held, price, fees, ts, equity))
    if day is not None:
        by_session[day] = of_day
    # a dict keeps the order of insertion, and every sum over positions goes by name
    ledger.holdings = {symbol: holdings[symbol] for symbol in symbols}
    ledger.cash, ledger.realized_pnl, ledger.peak_equity = cash, realized, peak
    ledger.orders_count += orders
    ledger.trades_count += closed
    ledger.last_seq, ledger.last_event_at = seq, ts
    return unapplied


def replay_fills(ledger: Ledger, fills: Sequence[Fill], trades: list[Trade] | None = None) -> list[Unapplied]:
    """`apply_fills` for fills that no broker has checked: one that makes an amount not finite is not applied.

    What is not finite stays so to the end, where it is looked for: the loop is spared it. Then halves are taken again,
    until such a fill stands alone.
    """
    before, kept = ledger.copy(), len(trades or ())
    unapplied = apply_fills(ledger, fills, trades)
    if ledger.is_finite or not fills:
        return unapplied
    ledger.become(before)
    if trades is not None:
        del trades[kept:]
    if len(fills) == 1:
        (fill,) = fills
        ledger.last_seq, ledger.last_event_at = fill[0], fill[6]
        return [Unapplied(fill[0], f"{fill[1]} at {fill[4]!r} makes an amount that is not finite")]
    half = len(fills) // 2
    return [each for part in (fills[:half], fills[half:]) for each in replay_fills(ledger, part, trades)]


def _trade(held: Holding, price: float, fee_out: float, ts: int, equity: float) -> Trade:
    fees = held.entry_fees + fee_out
    pnl = trade_pnl(held.avg_price, price, held.quantity, fees)
    return Trade(held.symbol, held.opened_at, ts, held.lots, held.avg_price, price, fees, pnl, equity)


def _why_not(side: int, symbol: str, lots: int, held: Holding | None) -> str:
    if side == SELL and held is None:
        return f"a sale of {symbol}, which is not held"
    if side == SELL and held is not None:
        return f"a sale of {lots / LOTS_PER_UNIT} {symbol} while {held.quantity} are held"
    if side == BUY and lots > 0:
        return f"buying {lots / LOTS_PER_UNIT} {symbol} makes more than 2^62 lots"
    return f"a fill with side {side} and {lots} lots"
