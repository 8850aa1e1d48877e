"""One variant's account over its candidate entries: the ledger and the policy as one loop over plain columns.

The one other copy of `account.arithmetic`, `account.fold`, `policy.rules` and `strategies.exits`, held to them bit for
bit by tests. It is plain Python over anything that can be indexed, so that numba can compile it as it stands: small
sweeps run it on memory views, large ones on arrays. Every operation is in the order that the walk does it in.

A candidate is a row (of all symbols' bars laid end to end) at which the strategy would enter; candidates come in the
order of the walk. Between them nothing happens but exits, which an entry's row decides: so a variant costs what its
candidates and the bars it holds cost, and nothing for the bars between.
"""

from __future__ import annotations

import math
from typing import Any

from engine.account.metrics import MEASURE, measure
from engine.compiled import Kernel
from engine.strategies.held_back import END_OF_DATA, END_OF_SESSION, MAX_POSITIONS, ZERO_QUANTITY

WALK = -1
"""What `simulate` returns when an amount leaves the range in which its arithmetic is the broker's: walk instead."""

RULES = (
    "symbols",
    "buying_power",
    "max_positions",
    "max_order_notional",
    "max_position_notional",
    "max_exposure_pct",
    "max_daily_loss",
    "max_drawdown_pct",
    "cooldown_minutes",
)
"""The rules that `simulate` has a form of, in the order in which it asks them; `refused` counts by their places here.

Which rules there are is not said here but in `policy.rules.ENTRY_RULES`; `terms.must_walk` compares the two.
"""

HELD_BACK = (END_OF_DATA, END_OF_SESSION, MAX_POSITIONS, ZERO_QUANTITY)
"""The signal codes with which `simulate` drops a candidate, in the order in which it looks; counted after the rules."""

BLOCK = 8
"""Rows that `find_exit` may pass over at once: as many as own exits, a byte each, make a machine word."""

(
    _SYMBOLS,
    _BUYING_POWER,
    _MAX_POSITIONS,
    _MAX_ORDER,
    _MAX_POSITION,
    _MAX_EXPOSURE,
    _MAX_DAILY_LOSS,
    _MAX_DRAWDOWN,
    _COOLDOWN,
    _END_OF_DATA,
    _END_OF_SESSION,
    _NO_SLOT,
    _NO_LOT,
) = range(len(RULES) + len(HELD_BACK))

_LOTS = 1e8
_MOST_LOTS = 2**26 * 1e8  # beyond so many units the quantity's shortest decimal may name a neighbouring lot
_NEVER = 9_223_372_036_854_775_807
_MICROS_PER_MINUTE = 60_000_000


def find_exit(  # noqa: C901 - the order of `exits.find_exit`, unrolled
    entry: int, avg_price: float, last_row: int, columns: Any, owns: Any, leave: Any
) -> tuple[int, float]:
    """The row and price, before slippage, of an entry's first exit; row -1 when the data end before it.

    `columns` and `owns` are those of `simulate`; `leave` is (eod, signal, stop_pct, target_pct, max_bars) with 0 for
    what is not set. A block of bars in which nothing can be hit is passed over at once.
    """
    opened, high, low, close, session_end = columns[1], columns[2], columns[3], columns[4], columns[5]
    low_of, high_of = columns[9], columns[10]
    own, own_of = owns
    eod, signal, stop_pct, target_pct, max_bars = leave
    last = last_row
    closes = False  # whether the position is closed at `last`, whatever happens before
    if entry == last_row:
        return -1, 0.0
    if eod:
        last, closes = session_end[entry + 1], True
    if max_bars > 0 and entry + max_bars <= last:
        last, closes = entry + max_bars, True
    if stop_pct > 0 or target_pct > 0 or signal:
        stop = avg_price * (1 - stop_pct / 100) if stop_pct > 0 else -1.0
        target = avg_price * (1 + target_pct / 100) if target_pct > 0 else math.inf
        row = entry + 1
        while row <= last:
            if row % BLOCK == 0:
                block = row // BLOCK
                if low_of[block] > stop and high_of[block] < target and not (signal and own_of[block] != 0):
                    row += BLOCK
                    continue
            if low[row] <= stop:
                return row, min(opened[row], stop)
            if high[row] >= target:
                return row, max(opened[row], target)
            if signal and own[row]:
                return row, close[row]
            row += 1
    if closes:
        return last, close[last]
    return -1, 0.0


def simulate(  # noqa: C901, PLR0912, PLR0915 - one flat loop: it runs a hundred million times
    candidates: Any, columns: Any, symbols: Any, owns: Any, leave: Any, money: Any, limits: Any, slots: Any, out: Any
) -> tuple[int, int]:
    """Trade one variant; the numbers of trades and of fills, or `WALK` for both.

    `columns`: (ts, open, high, low, close, session_end, symbol, rank, day), each (rows,) over all symbols, and
    (low, high) of every `BLOCK` of rows; `rank` is a row's place in the order of the walk, `day` its day from 0.
    `symbols`: (last_row, intraday, text_order, denied, held, closed_row), each (symbols,); the last two are scratch.
    `owns`: whether the strategy's own exit fires, (rows,), and whether it does in each block. `leave`: see `find_exit`.
    `money`: (starting_equity, dollars_per_trade, max_positions, slippage_bps, fee_fixed, fee_per_share, fee_bps).
    `limits`: those of `RULES` from max_positions on, 0 where one is off; the two before it are `denied` and the cash.
    `slots`: scratch for open positions, (symbol, exit_row, exit_time, exit_rank, lots, price, cost, fees,
    exit_price), each
    (max_positions,). `out`: (equity, pnl, refused, of_day, fill_row, fill_side, fill_lots, fill_price, fill_fees):
    equity and P&L after each trade, refusals by rule and what was held back by code, P&L by day, and the fills in
    order (length 0: not wanted).
    """
    ts, close, session_end, symbol_of, rank, day = (
        columns[0],
        columns[4],
        columns[5],
        columns[6],
        columns[7],
        columns[8],
    )
    last_row, intraday, text_order, denied, held, closed_row = symbols
    s_symbol, s_row, s_due, s_rank, s_lots, s_price, s_cost, s_fees, s_exit_price = slots
    o_equity, o_pnl, o_refused, of_day, f_row, f_side, f_lots, f_price, f_fees = out
    starting_equity, dollars, most_open, slippage_bps, fee_fixed, fee_per_share, fee_bps = money
    max_positions, max_order, max_position, max_exposure, max_daily_loss, max_drawdown, cooldown = limits
    eod = leave[0]
    wants_fills = len(f_row) > 0
    single = len(last_row) == 1  # then a row is its own time and place, and nothing need be fetched from afar
    for symbol in range(len(last_row)):
        held[symbol], closed_row[symbol] = 0, -1
    for rule in range(len(o_refused)):
        o_refused[rule] = 0
    for each in range(len(of_day)):
        of_day[each] = 0.0
    cash = starting_equity
    peak = starting_equity
    trades = fills = n_open = 0
    ending = len(candidates)

    at = 0
    while at <= ending:
        row, now = -1, _NEVER
        if at < ending:
            row = candidates[at]
            now = row if single else ts[row]
        # the exits that are due by now, in the order of the walk; at the end all there are, then what is left open
        while n_open > 0:
            due, due_rank = -1, _NEVER
            for slot in range(n_open):
                if s_due[slot] <= now and s_rank[slot] < due_rank:
                    due, due_rank = slot, s_rank[slot]
            if due < 0:
                if at < ending:
                    break
                due = 0
                for slot in range(1, n_open):
                    if s_symbol[slot] < s_symbol[due]:
                        due = slot
                s_row[due] = last_row[s_symbol[due]]
                s_exit_price[due] = close[s_row[due]]
            symbol, left = s_symbol[due], s_row[due]
            lots = s_lots[due]
            quantity, price = lots / _LOTS, s_exit_price[due] * (1 - slippage_bps / 1e4)
            fees = fee_fixed + fee_per_share * quantity + fee_bps / 1e4 * quantity * price
            cash = cash + (quantity * price - fees)
            if not (price > 0 and math.isfinite(fees) and math.isfinite(cash)):
                return WALK, WALK
            if max_daily_loss > 0:
                of_day[day[left]] += (price - s_price[due]) * quantity - fees
            o_pnl[trades] = (price - s_price[due]) * quantity - (s_fees[due] + fees)
            n_open -= 1
            for slot in range(due, n_open):
                s_symbol[slot] = s_symbol[slot + 1]
                s_row[slot] = s_row[slot + 1]
                s_due[slot] = s_due[slot + 1]
                s_rank[slot] = s_rank[slot + 1]
                s_lots[slot] = s_lots[slot + 1]
                s_price[slot] = s_price[slot + 1]
                s_cost[slot] = s_cost[slot + 1]
                s_fees[slot] = s_fees[slot + 1]
                s_exit_price[slot] = s_exit_price[slot + 1]
            equity = cash
            for slot in range(n_open):
                equity += s_cost[slot]
            peak = max(peak, equity)
            o_equity[trades] = equity
            trades += 1
            held[symbol] = 0
            closed_row[symbol] = left
            if wants_fills:
                f_row[fills], f_side[fills], f_lots[fills] = left, -1, lots
                f_price[fills], f_fees[fills] = price, fees
            fills += 1
        if at == ending:
            break

        at += 1
        symbol = 0 if single else symbol_of[row]
        if held[symbol] != 0 or closed_row[symbol] == row:
            continue
        if row == last_row[symbol]:
            o_refused[_END_OF_DATA] += 1
            continue
        if eod and intraday[symbol] and session_end[row] == row:
            o_refused[_END_OF_SESSION] += 1
            continue
        if n_open >= most_open:
            o_refused[_NO_SLOT] += 1
            continue
        affordable = dollars / close[row] * _LOTS
        if not affordable >= 1:
            o_refused[_NO_LOT] += 1
            continue
        if affordable >= _MOST_LOTS:
            return WALK, WALK
        lots = math.floor(affordable)
        quantity = lots / _LOTS
        price = close[row] * (1 + slippage_bps / 1e4)
        notional = quantity * price
        fees = fee_fixed + fee_per_share * quantity + fee_bps / 1e4 * quantity * price
        cost = notional + fees
        if not (price > 0 and math.isfinite(cost) and math.isfinite(cash + (notional - fees))):
            return WALK, WALK

        if denied[symbol] != 0:
            o_refused[_SYMBOLS] += 1
            continue
        if cost > cash:
            o_refused[_BUYING_POWER] += 1
            continue
        if max_positions > 0 and n_open >= max_positions:
            o_refused[_MAX_POSITIONS] += 1
            continue
        if max_order > 0 and notional > max_order:
            o_refused[_MAX_ORDER] += 1
            continue
        if max_position > 0 and notional > max_position:
            o_refused[_MAX_POSITION] += 1
            continue
        equity, invested = cash, 0.0
        if max_exposure > 0 or max_drawdown > 0:
            for slot in range(n_open):
                equity += s_cost[slot]
                invested += s_cost[slot]
        if max_exposure > 0 and not (equity > 0 and (invested + notional) / equity * 100 <= max_exposure):
            o_refused[_MAX_EXPOSURE] += 1
            continue
        if max_daily_loss > 0 and of_day[day[row]] <= -max_daily_loss:
            o_refused[_MAX_DAILY_LOSS] += 1
            continue
        if max_drawdown > 0 and (peak - equity) / peak * 100 >= max_drawdown:
            o_refused[_MAX_DRAWDOWN] += 1
            continue
        left = closed_row[symbol]
        if cooldown > 0 and left >= 0 and (ts[row] - ts[left]) / _MICROS_PER_MINUTE < cooldown:
            o_refused[_COOLDOWN] += 1
            continue

        cash = cash - (quantity * price + fees)
        if max_daily_loss > 0:
            of_day[day[row]] += -fees
        exit_row, exit_price = find_exit(row, price, last_row[symbol], columns, owns, leave)
        slot = n_open
        while slot > 0 and text_order[s_symbol[slot - 1]] > text_order[symbol]:
            s_symbol[slot] = s_symbol[slot - 1]
            s_row[slot] = s_row[slot - 1]
            s_due[slot] = s_due[slot - 1]
            s_rank[slot] = s_rank[slot - 1]
            s_lots[slot] = s_lots[slot - 1]
            s_price[slot] = s_price[slot - 1]
            s_cost[slot] = s_cost[slot - 1]
            s_fees[slot] = s_fees[slot - 1]
            s_exit_price[slot] = s_exit_price[slot - 1]
            slot -= 1
        s_symbol[slot], s_row[slot], s_lots[slot], s_price[slot] = symbol, exit_row, lots, price
        s_due[slot] = s_rank[slot] = _NEVER
        if exit_row >= 0:
            s_due[slot], s_rank[slot] = (exit_row, exit_row) if single else (ts[exit_row], rank[exit_row])
        s_cost[slot], s_fees[slot], s_exit_price[slot] = quantity * price, fees, exit_price
        n_open += 1
        held[symbol] = 1
        equity = cash
        for slot in range(n_open):
            equity += s_cost[slot]
        peak = max(peak, equity)
        if wants_fills:
            f_row[fills], f_side[fills], f_lots[fills] = row, 1, lots
            f_price[fills], f_fees[fills] = price, fees
        fills += 1
    return trades, fills


def simulate_each(
    candidates: Any,
    columns: Any,
    symbols: Any,
    owns: Any,
    variants: Any,
    account: Any,
    limits: Any,
    slots: Any,
    out: Any,
    found: Any,
) -> None:
    """Trade and measure variants one after the other: a call from Python costs as much as several of them.

    `variants`: (begin, end, eod, signal, stop_pct, target_pct, max_bars, dollars_per_trade, max_positions), each
    (variants,); a variant's candidates are those from its `begin` on, before its `end`.
    `account`: (starting_equity, slippage_bps, fee_fixed, fee_per_share, fee_bps). What comes out is put into `found`:
    (trades, fills, refused, then the six of `metrics.measure`), each (variants,), `refused` (variants, rules and
    codes). The fills in `out` are the last variant's.
    """
    begin, end, eod, signal, stop_pct, target_pct, max_bars, dollars, most_open = variants
    starting_equity, slippage_bps, fee_fixed, fee_per_share, fee_bps = account
    n_trades, n_fills, refused, ending, profit, loss, wins, worst, ratio = found
    for nth in range(len(dollars)):
        leave = (eod[nth], signal[nth], stop_pct[nth], target_pct[nth], max_bars[nth])
        money = (starting_equity, dollars[nth], most_open[nth], slippage_bps, fee_fixed, fee_per_share, fee_bps)
        mine = candidates[begin[nth] : end[nth]]
        trades, fills = simulate(mine, columns, symbols, owns, leave, money, limits, slots, out)
        n_trades[nth], n_fills[nth] = trades, fills
        for rule in range(len(out[2])):
            refused[nth][rule] = out[2][rule]
        if trades >= 0:
            measured = measure(starting_equity, out[0], out[1], trades)
            ending[nth], profit[nth], loss[nth], wins[nth], worst[nth], ratio[nth] = measured


FIND_EXIT = Kernel(find_exit)
SIMULATE = Kernel(simulate, uses=(FIND_EXIT,))
SIMULATE_EACH = Kernel(simulate_each, uses=(SIMULATE, MEASURE))
