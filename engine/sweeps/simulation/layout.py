"""What the kernel reads, and what it leaves: columns under names that both of its forms take.

Named tuples, because numba takes them and reads their fields at no cost. A column is anything that can be indexed: an
array for the compiled form, a list or a memory view for plain Python.
"""

from __future__ import annotations

from typing import Any, NamedTuple

BLOCK = 8
"""Rows that `find_exit` may pass over at once: as many as own exits, a byte each, make a machine word."""

AT_CLOSE, AT_OPEN, PESSIMISTIC = range(3)
"""Where decisions are filled, as `Terms.fill` has it."""
DOLLARS, EQUITY, RISK = range(3)
"""What an entry's size is a share of, as `Terms.size` has it."""


class Rows(NamedTuple):
    """All symbols' bars laid end to end, each (rows,): `session_end` is the last row of a row's session, `day` its day
    from 0, `symbol` the place of its symbol. `block_low` and `block_high` are the extremes of every `BLOCK` of rows.
    """

    ts: Any
    open: Any
    high: Any
    low: Any
    close: Any
    session_end: Any
    symbol: Any
    day: Any
    block_low: Any
    block_high: Any


class Symbols(NamedTuple):
    """Of each symbol: its last row, whether it is intraday, its place in the order of their names, whether the policy
    keeps it out. The last two are scratch: whether it is held, and the row of its last exit.
    """

    last_row: Any
    intraday: Any
    text_order: Any
    denied: Any
    held: Any
    closed_row: Any


class Owns(NamedTuple):
    """Where the strategy's own exit fires: a byte a row, and a word a block of them."""

    rows: Any
    blocks: Any


class Entries(NamedTuple):
    """Candidates in the order in which they are filled, each (candidates,); columns of length 0 are not given.

    `size`, `stop_distance` and `target_distance` are those of the signals.
    """

    rows: Any
    size: Any
    stop_distance: Any
    target_distance: Any


class Terms(NamedTuple):
    """What a variant sets; 0 stands for what is not set.

    `eod` to `max_bars`, `trail_pct` to `breakeven_pct`: exits. `steps_begin`, `steps_end`: where in `Steps` its
    `take_profit_by_bars` lies. `size` and `size_value` (dollars or a percentage), `scales` (to the cash),
    `min_dollars`: sizes. `most_open`: positions. `fill`: where decisions are filled.
    """

    eod: Any
    signal: Any
    stop_pct: Any
    target_pct: Any
    max_bars: Any
    trail_pct: Any
    trails: Any
    breakeven_pct: Any
    steps_begin: Any
    steps_end: Any
    size: Any
    size_value: Any
    scales: Any
    min_dollars: Any
    most_open: Any
    fill: Any


class Steps(NamedTuple):
    """The pairs of all variants' `take_profit_by_bars`: held bars, and the percentage from then on."""

    bars: Any
    pct: Any


class Money(NamedTuple):
    """What every variant begins with and pays."""

    starting_equity: float
    slippage_bps: float
    fee_fixed: float
    fee_per_share: float
    fee_bps: float


class Caps(NamedTuple):
    """The limits of `RULES` from the third on, 0 where one is off; the two before it are `denied` and the cash.

    `any_on`: whether one of them is on.
    """

    any_on: int
    max_positions: Any
    max_order: float
    max_position: float
    max_exposure: float
    max_daily_loss: float
    max_drawdown: float
    cooldown: float


class Slots(NamedTuple):
    """Scratch for open positions, each (max_positions,), in the order of their symbols' names.

    `due` orders exits: twice the time of the exit, and 1 more for one in the course of a bar.
    """

    symbol: Any
    row: Any
    due: Any
    lots: Any
    price: Any
    cost: Any
    fees: Any
    exit_price: Any
    entry_row: Any


class Out(NamedTuple):
    """What `simulate` leaves: of each trade the equity after it, P&L, cost, fees and bars held; counts by rule and
    code, P&L by day, and the fills in order.
    """

    equity: Any
    pnl: Any
    cost: Any
    fees: Any
    bars: Any
    counts: Any
    of_day: Any
    fill_row: Any
    fill_side: Any
    fill_lots: Any
    fill_price: Any
    fill_fees: Any


class Spans(NamedTuple):
    """Where each variant's candidates begin and end, and where its own exits begin, at a whole block: (variants,)."""

    begin: Any
    end: Any
    own: Any


class Clocked(NamedTuple):
    """The clock as the kernel reads it: the session of every row, the symbols by name, each one's close a session.

    `of_rows` (rows,), `by_name` (symbols,), `closes` (symbols, sessions); `held` is scratch, (symbols,).
    """

    of_rows: Any
    by_name: Any
    closes: Any
    held: Any


class Found(NamedTuple):
    """What `simulate_each` finds: numbers of trades and fills, counts by rule and code (variants, rules and codes),
    what `account.measure` finds, (variants, figures), the sessions with a position, and equity
    at the end of each session, (variants, sessions).
    """

    trades: Any
    fills: Any
    counts: Any
    totals: Any
    exposed: Any
    equity: Any
