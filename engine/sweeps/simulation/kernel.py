"""One variant's account over its candidate entries: the ledger and the policy as one loop over plain columns.

The one other copy of `account.fold`, `policy.rules` and the bar loop's order of events, held to them bit for bit by
tests; the levels of exits and the arithmetic of sizes are the same functions. It is plain Python over anything that can
be indexed, so that numba can compile it as it stands: small sweeps run it on memory views, large ones on arrays. Every
operation is in the order in which the bar loop does it.

A candidate is a row (of all symbols' bars laid end to end) at which the strategy would enter; candidates come in the
order in which the bar loop fills them. Between them nothing happens but exits, which an entry's row decides: so a
variant costs what its candidates and the bars it holds cost, and nothing for the bars between.
"""

from __future__ import annotations

import math
from typing import Any

from engine.account.ledger import BUY, SELL
from engine.account.measure import MEASURE, measure
from engine.compiled import Kernel
from engine.statistics.clock import MARK_SESSIONS, mark_sessions
from engine.strategies.exits import STOP_LEVEL, stop_level
from engine.strategies.held_back import END_OF_DATA, END_OF_SESSION, MAX_POSITIONS, NO_STOP, TOO_SMALL, ZERO_QUANTITY
from engine.strategies.sizing import LOTS_WITHIN, lots_within
from engine.sweeps.simulation.find_exit import FIND_EXIT, find_exit
from engine.sweeps.simulation.layout import AT_CLOSE, BLOCK, DOLLARS, EQUITY, PESSIMISTIC, Owns, Terms

BAR_LOOP = -1
"""What `simulate` returns when an amount leaves the range in which its arithmetic is the broker's: use the bar loop."""

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
"""The rules that `refused_by` has a form of, in the order in which it asks them; counts are by their places here.

Which rules there are is not said here but in `policy.rules.ENTRY_RULES`; `terms.needs_bar_loop` compares the two.
"""

HELD_BACK = (END_OF_DATA, END_OF_SESSION, MAX_POSITIONS, ZERO_QUANTITY, NO_STOP, TOO_SMALL)
"""The signal codes with which `simulate` drops a candidate; counted after the rules."""

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
    _NO_STOP,
    _TOO_SMALL,
) = range(len(RULES) + len(HELD_BACK))
_APPROVED = -1

_LOTS = 1e8
_MOST_LOTS = 2**26 * 1e8  # beyond so many units the quantity's shortest decimal may name a neighbouring lot
_NEVER = 9_223_372_036_854_775_807
_MICROS_PER_MINUTE = 60_000_000


def next_due(dues: Any, symbols: Any, count: int, now: int) -> int:
    """The open position whose exit is due by `now` and comes first, by time and then in spec order; -1 when none is."""
    found, due, symbol = -1, now, -1
    for slot in range(count):
        if dues[slot] < due or (dues[slot] == due and (found < 0 or symbols[slot] < symbol)):
            found, due, symbol = slot, dues[slot], symbols[slot]
    return found


def first_in_spec_order(symbols: Any, count: int) -> int:
    """The open position whose symbol comes first in the spec; there is one at least."""
    found = 0
    for slot in range(1, count):
        if symbols[slot] < symbols[found]:
            found = slot
    return found


def move_slot(slots: Any, source: int, target: int) -> None:
    """Move an open position to another place."""
    slots.symbol[target] = slots.symbol[source]
    slots.row[target] = slots.row[source]
    slots.due[target] = slots.due[source]
    slots.lots[target] = slots.lots[source]
    slots.price[target] = slots.price[source]
    slots.cost[target] = slots.cost[source]
    slots.fees[target] = slots.fees[source]
    slots.exit_price[target] = slots.exit_price[source]
    slots.entry_row[target] = slots.entry_row[source]


def free_slot(slots: Any, count: int, symbol: int, text_order: Any) -> int:
    """The place of a new position in the order of the symbols' names, made free."""
    slot = count
    while slot > 0 and text_order[slots.symbol[slot - 1]] > text_order[symbol]:
        move_slot(slots, slot - 1, slot)
        slot -= 1
    return slot


def equity_at_cost(cash: float, costs: Any, count: int) -> float:
    """Cash, then one position at a time at its cost, in the order of their symbols' names."""
    equity = cash
    for slot in range(count):
        equity += costs[slot]
    return equity


def size_amount(price: float, stop_distance: float, terms: Any, equity: float) -> float:
    """What an entry is to buy for; NaN where its size depends on a stop and there is none below the price."""
    if terms.size == DOLLARS:
        return terms.size_value  # type: ignore[no-any-return]
    amount = equity * terms.size_value / 100
    if terms.size == EQUITY:
        return amount  # type: ignore[no-any-return]
    stop, _ = stop_level(
        price, price, terms.stop_pct, terms.trail_pct, terms.trails, terms.breakeven_pct, stop_distance
    )
    if not price - stop > 0 or stop == -math.inf:
        return math.nan
    return amount / (price - stop) * price  # type: ignore[no-any-return]


def refused_by(  # noqa: C901, PLR0911 - a return a rule
    cost: float,
    notional: float,
    cash: float,
    peak: float,
    is_denied: int,
    lost_today: float,
    minutes_since: float,
    caps: Any,
    costs: Any,
    count: int,
) -> int:
    """The rule that refuses an entry, by its place in `RULES`; -1 when none does."""
    if is_denied != 0:
        return _SYMBOLS
    if cost > cash:
        return _BUYING_POWER
    if caps.max_positions > 0 and count >= caps.max_positions:
        return _MAX_POSITIONS
    if caps.max_order > 0 and notional > caps.max_order:
        return _MAX_ORDER
    if caps.max_position > 0 and notional > caps.max_position:
        return _MAX_POSITION
    # the ledger's own sums: equity begins with the cash, what is invested with nothing
    equity, invested = cash, 0.0
    if caps.max_exposure > 0 or caps.max_drawdown > 0:
        for slot in range(count):
            equity += costs[slot]
            invested += costs[slot]
    if caps.max_exposure > 0 and not (equity > 0 and (invested + notional) / equity * 100 <= caps.max_exposure):
        return _MAX_EXPOSURE
    if caps.max_daily_loss > 0 and lost_today <= -caps.max_daily_loss:
        return _MAX_DAILY_LOSS
    if caps.max_drawdown > 0 and (peak - equity) / peak * 100 >= caps.max_drawdown:
        return _MAX_DRAWDOWN
    if caps.cooldown > 0 and minutes_since < caps.cooldown:
        return _COOLDOWN
    return _APPROVED


def simulate(  # noqa: C901, PLR0912, PLR0915 - one flat loop: it runs a hundred million times
    begin: int,
    end: int,
    entries: Any,
    rows: Any,
    symbols: Any,
    owns: Any,
    terms: Any,
    steps: Any,
    money: Any,
    caps: Any,
    slots: Any,
    out: Any,
) -> tuple[int, int, int]:
    """Trade one variant, whose candidates are those from `begin` on, before `end`.

    The numbers of trades, of fills, and of those before what is left open is closed; `BAR_LOOP` for all three where
    the broker's arithmetic is not this one's.
    """
    ts, opened, high, low, close, session_end, symbol_of, day, block_low, block_high = rows
    own, own_blocks = owns
    step_bars, step_pcts = steps
    last_row, intraday, text_order, denied, held, closed_row = symbols
    o_equity, o_pnl, o_cost, o_fees, o_bars, counts, of_day, f_row, f_side, f_lots, f_price, f_fees = out
    s_symbol, s_row, s_due, s_lots, s_price, s_cost, s_fees, s_exit_price, s_entry_row = slots
    candidates, sizes, stop_distances, target_distances = entries
    starting_equity, slippage_bps, fee_fixed, fee_per_share, fee_bps = money
    at_close, daily, cools = terms.fill == AT_CLOSE, caps.max_daily_loss > 0, caps.cooldown > 0
    looks = (
        terms.signal != 0
        or terms.stop_pct > 0
        or terms.target_pct > 0
        or terms.trail_pct > 0
        or terms.breakeven_pct > 0
        or terms.steps_begin < terms.steps_end
    )
    single = len(last_row) == 1  # then a row is its own time, and nothing need be fetched from afar
    priced = close if at_close else high if terms.fill == PESSIMISTIC else opened
    sized, gives_stop, gives_target = (
        len(sizes) > 0,
        len(stop_distances) > 0,
        len(target_distances) > 0,
    )
    for symbol in range(len(last_row)):
        held[symbol], closed_row[symbol] = 0, -1
    for rule in range(len(counts)):
        counts[rule] = 0
    for each in range(len(of_day)):
        of_day[each] = 0.0
    cash = starting_equity
    peak = starting_equity
    trades = fills = n_open = 0
    ordinary = -1

    at = begin
    while at <= end:
        row, filled, now, symbol = -1, -1, _NEVER, 0
        if at < end:
            row = candidates[at]
            if not single:
                symbol = symbol_of[row]
            filled = row if at_close else row + 1
            if row == last_row[symbol]:  # what is signalled there is dropped once the bar itself is behind
                now = 2 * (row if single else ts[row]) + (0 if at_close else 1)
            else:
                now = 2 * (filled if single else ts[filled])
        # the exits that are due by now, in the order of the bar loop; at the end all there are, then what is left open
        while n_open > 0:
            due = next_due(s_due, s_symbol, n_open, now) if n_open > 1 else 0 if s_due[0] <= now else -1
            if due < 0 or s_row[due] < 0:
                if at < end:
                    break
                if ordinary < 0:
                    ordinary = fills
                due = first_in_spec_order(s_symbol, n_open)
                s_row[due] = last_row[s_symbol[due]]
                s_exit_price[due] = close[s_row[due]]
            leaving, left, lots = s_symbol[due], s_row[due], s_lots[due]
            quantity, price = lots / _LOTS, s_exit_price[due] * (1 - slippage_bps / 1e4)
            fees = fee_fixed + fee_per_share * quantity + fee_bps / 1e4 * quantity * price
            cash = cash + (quantity * price - fees)
            if not (price > 0 and math.isfinite(fees) and math.isfinite(cash)):
                return BAR_LOOP, BAR_LOOP, BAR_LOOP
            if daily:
                of_day[day[left]] += (price - s_price[due]) * quantity - fees
            paid = s_fees[due] + fees
            o_pnl[trades] = (price - s_price[due]) * quantity - paid
            o_cost[trades], o_fees[trades], o_bars[trades] = s_cost[due], paid, left - s_entry_row[due]
            n_open -= 1
            # closed up, not swapped: equity is summed in the order of names
            for slot in range(due, n_open):
                move_slot(slots, slot + 1, slot)
            equity = equity_at_cost(cash, s_cost, n_open) if n_open > 0 else cash
            peak = max(peak, equity)
            o_equity[trades] = equity
            trades += 1
            held[leaving] = 0
            closed_row[leaving] = left
            f_row[fills], f_side[fills], f_lots[fills] = left, SELL, lots
            f_price[fills], f_fees[fills] = price, fees
            fills += 1
        if at == end:
            break

        nth = at
        at += 1
        # held, or left at this very timestamp: the exit went first, and what exits does not enter
        if held[symbol] != 0 or closed_row[symbol] == filled:
            continue
        if row == last_row[symbol]:
            counts[_END_OF_DATA] += 1
            continue
        if terms.eod and intraday[symbol] and session_end[row] == row:
            counts[_END_OF_SESSION] += 1
            continue
        if n_open >= terms.most_open:
            counts[_NO_SLOT] += 1
            continue
        unslipped = priced[filled]
        stop_distance = stop_distances[nth] if gives_stop else math.nan
        if terms.size == DOLLARS and not sized:
            amount = terms.size_value
        else:
            share = sizes[nth] if sized else 1.0
            if not share > 0:
                counts[_NO_LOT] += 1
                continue
            amount = size_amount(unslipped, stop_distance, terms, equity_at_cost(cash, s_cost, n_open))
            if amount != amount:  # noqa: PLR0124 - NaN
                counts[_NO_STOP] += 1
                continue
            amount = amount * min(share, 1.0)
        affordable = amount / unslipped * _LOTS
        if not affordable >= 1:
            counts[_NO_LOT] += 1
            continue
        if affordable >= _MOST_LOTS:
            return BAR_LOOP, BAR_LOOP, BAR_LOOP
        lots = math.floor(affordable)
        price = unslipped * (1 + slippage_bps / 1e4)
        if terms.scales:
            lots = lots_within(cash, lots, price, fee_fixed, fee_per_share, fee_bps)
            if lots < 1:
                counts[_NO_LOT] += 1
                continue
        quantity = lots / _LOTS
        if terms.min_dollars > 0 and quantity * unslipped < terms.min_dollars:
            counts[_TOO_SMALL] += 1
            continue
        notional = quantity * price
        fees = fee_fixed + fee_per_share * quantity + fee_bps / 1e4 * quantity * price
        cost = notional + fees
        # such an order the broker refuses by an error code of its own, which the bar loop counts
        if not (price > 0 and math.isfinite(cost) and math.isfinite(cash + (notional - fees))):
            return BAR_LOOP, BAR_LOOP, BAR_LOOP
        rule = _APPROVED
        if caps.any_on or denied[symbol] != 0:
            minutes = math.inf
            if cools and closed_row[symbol] >= 0:  # times lie far apart in memory: they are fetched where needed
                minutes = (ts[filled] - ts[closed_row[symbol]]) / _MICROS_PER_MINUTE
            lost_today = of_day[day[filled]] if daily else 0.0
            rule = refused_by(cost, notional, cash, peak, denied[symbol], lost_today, minutes, caps, s_cost, n_open)
        # with no limit set this is the one rule there is
        elif cost > cash:
            rule = _BUYING_POWER
        if rule != _APPROVED:
            counts[rule] += 1
            continue

        cash = cash - (quantity * price + fees)
        # a fee is realized when it is paid: an entry already counts towards the day's loss
        if daily:
            of_day[day[filled]] += -fees
        target_distance = target_distances[nth] if gives_target else math.nan
        exit_row, exit_price, within = find_exit(
            filled,
            price,
            stop_distance,
            target_distance,
            last_row[symbol],
            looks,
            opened,
            high,
            low,
            close,
            session_end,
            block_low,
            block_high,
            own,
            own_blocks,
            step_bars,
            step_pcts,
            terms,
        )
        slot = n_open if n_open == 0 else free_slot(slots, n_open, symbol, text_order)
        s_symbol[slot], s_row[slot], s_lots[slot], s_price[slot] = symbol, exit_row, lots, price
        s_due[slot] = _NEVER
        if exit_row >= 0:
            s_due[slot] = 2 * (exit_row if single else ts[exit_row]) + within
        s_cost[slot], s_fees[slot], s_exit_price[slot] = quantity * price, fees, exit_price
        s_entry_row[slot] = filled
        n_open += 1
        held[symbol] = 1
        # as in the fold, after every fill: a purchase can raise it by a rounding
        peak = max(peak, equity_at_cost(cash, s_cost, n_open))
        f_row[fills], f_side[fills], f_lots[fills] = filled, BUY, lots
        f_price[fills], f_fees[fills] = price, fees
        fills += 1
    return trades, fills, fills if ordinary < 0 else ordinary


def simulate_each(
    spans: Any,
    entries: Any,
    rows: Any,
    symbols: Any,
    owns: Any,
    variants: Any,
    steps: Any,
    money: Any,
    caps: Any,
    clock: Any,
    slots: Any,
    out: Any,
    found: Any,
) -> None:
    """Trade and measure variants one after the other: a call from Python costs as much as several of them.

    `variants` are `Terms` whose fields have shape (variants,). The fills in `out` are the last variant's.
    """
    starting_equity = money.starting_equity
    for nth in range(len(spans.begin)):
        # field by field: numba indexes no tuple of mixed types by a variable
        terms = Terms(
            variants.eod[nth],
            variants.signal[nth],
            variants.stop_pct[nth],
            variants.target_pct[nth],
            variants.max_bars[nth],
            variants.trail_pct[nth],
            variants.trails[nth],
            variants.breakeven_pct[nth],
            variants.steps_begin[nth],
            variants.steps_end[nth],
            variants.size[nth],
            variants.size_value[nth],
            variants.scales[nth],
            variants.min_dollars[nth],
            variants.most_open[nth],
            variants.fill[nth],
        )
        begin, end, own = spans.begin[nth], spans.end[nth], spans.own[nth]
        mine = Owns(owns.rows[own:], owns.blocks[own // BLOCK :])
        trades, fills, ordinary = simulate(
            begin, end, entries, rows, symbols, mine, terms, steps, money, caps, slots, out
        )
        found.trades[nth], found.fills[nth] = trades, fills
        for rule in range(len(out.counts)):
            found.counts[nth][rule] = out.counts[rule]
        if trades < 0:
            continue
        totals = measure(starting_equity, out.equity, out.pnl, out.cost, out.fees, out.bars, trades)
        for place in range(len(totals)):
            found.totals[nth][place] = totals[place]
        found.exposed[nth] = mark_sessions(
            starting_equity,
            fills,
            ordinary,
            out.fill_row,
            out.fill_side,
            out.fill_lots,
            out.fill_price,
            out.fill_fees,
            clock.of_rows,
            rows.symbol,
            clock.by_name,
            clock.closes,
            clock.held,
            found.equity[nth],
        )


_MOVE_SLOT = Kernel(move_slot, inline=True)
SIMULATE = Kernel(
    simulate,
    uses=(
        Kernel(next_due, inline=True),
        Kernel(first_in_spec_order, inline=True),
        _MOVE_SLOT,
        Kernel(free_slot, uses=(_MOVE_SLOT,), inline=True),
        Kernel(equity_at_cost, inline=True),
        Kernel(size_amount, uses=(STOP_LEVEL,)),
        Kernel(refused_by, inline=True),
        LOTS_WITHIN,
        FIND_EXIT,
    ),
)
SIMULATE_EACH = Kernel(simulate_each, uses=(SIMULATE, MEASURE, MARK_SESSIONS))
