"""Where an entry leaves: the first exit that its own row, its terms and the bars after it decide.

The one other copy of `strategies.exits.find_exit` and of the order in which the bar loop asks it; the levels are the
same functions. The bar loop looks at one bar after the other, this passes over blocks of bars in which nothing can
happen.
"""

from __future__ import annotations

import math
from typing import Any

from engine.compiled import Kernel
from engine.strategies.exits import STOP_LEVEL, TARGET_LEVEL, stop_level, target_level
from engine.sweeps.simulation.layout import AT_CLOSE, BLOCK, PESSIMISTIC

_NEVER = 9_223_372_036_854_775_807
_NOT_HIT, _STAYS = -2, -1


def first_hit(  # noqa: C901, PLR0912 - the order of the bar loop's exits, unrolled
    entry: int,
    last: int,
    avg_price: float,
    stop_distance: float,
    target_distance: float,
    last_row: int,
    opened: Any,
    high: Any,
    low: Any,
    close: Any,
    block_low: Any,
    block_high: Any,
    own: Any,
    own_blocks: Any,
    step_bars: Any,
    step_pcts: Any,
    terms: Any,
) -> tuple[int, float, int]:
    """The first exit that a bar up to `last` brings about by its prices or its signal; as `find_exit` has it.

    Row `_NOT_HIT` when no bar does, `_STAYS` when the data end first. A block of bars in which nothing can be hit is
    passed over at once.
    """
    _, signal, stop_pct, target_pct, _, trail_pct, trails, breakeven_pct, step, steps_end, _, _, _, _, _, fill = terms
    at_close = fill == AT_CLOSE
    first, within = (entry + 1, 0) if at_close else (entry, 1)
    moves = trail_pct > 0 or breakeven_pct > 0 or (trails != 0 and stop_distance > 0)
    step_pct, next_step = -1.0, _NEVER
    if step < steps_end:
        next_step = first + step_bars[step] - 1
    peak, stop, target = avg_price, -math.inf, math.inf
    if moves or stop_pct > 0 or stop_distance > 0:
        stop, _ = stop_level(avg_price, peak, stop_pct, trail_pct, trails, breakeven_pct, stop_distance)
    if target_pct > 0 or target_distance > 0:
        target = target_level(avg_price, target_pct, step_pct, target_distance)
    spared = entry if fill == PESSIMISTIC else -1  # the bar of the entry: what came first is not known
    row = first
    while row <= last:
        while row >= next_step:
            step_pct = step_pcts[step]
            step += 1
            next_step = first + step_bars[step] - 1 if step < steps_end else _NEVER
            target = target_level(avg_price, target_pct, step_pct, target_distance)
        end, lowest, highest = min(last + 1, next_step), stop, target
        if row == spared:
            end, lowest, highest = row + 1, -math.inf, math.inf
        while row < end:
            if row % BLOCK == 0 and row + BLOCK <= next_step:
                block = row // BLOCK
                if block_low[block] > stop and block_high[block] < target and not (signal and own_blocks[block] != 0):
                    if not moves:
                        row += BLOCK
                        continue
                    # the stop follows the peak: passed over only if even that of the block's highest high is not met
                    reached = max(peak, block_high[block])
                    raised, _ = stop_level(
                        avg_price, reached, stop_pct, trail_pct, trails, breakeven_pct, stop_distance
                    )
                    if block_low[block] > raised:
                        peak, stop, lowest = reached, raised, raised
                        row += BLOCK
                        continue
            if low[row] <= lowest:
                return row, min(opened[row], stop), within
            if high[row] >= highest:
                return row, max(opened[row], target), within
            if signal and own[row]:
                if at_close:
                    return row, close[row], 0
                if row == last_row:  # there is no next bar
                    return _STAYS, 0.0, 0
                # decided at this bar's close, done at the next one's open; the pessimistic sale is at that bar's low
                return row + 1, (low if fill == PESSIMISTIC else opened)[row + 1], 0
            if moves and high[row] > peak:
                peak = high[row]
                stop, _ = stop_level(avg_price, peak, stop_pct, trail_pct, trails, breakeven_pct, stop_distance)
                lowest = stop
            row += 1
    return _NOT_HIT, 0.0, 0


def find_exit(
    entry: int,
    avg_price: float,
    stop_distance: float,
    target_distance: float,
    last_row: int,
    looks: Any,
    opened: Any,
    high: Any,
    low: Any,
    close: Any,
    session_end: Any,
    block_low: Any,
    block_high: Any,
    own: Any,
    own_blocks: Any,
    step_bars: Any,
    step_pcts: Any,
    terms: Any,
) -> tuple[int, float, int]:
    """The row and price, before slippage, of the first exit of an entry filled on a row, and whether it happens in the
    course of the bar (1) rather than with what is decided (0). Row -1 when the data end before it.

    `looks`: whether an exit can come on any bar. Distances that there are not are NaN.
    """
    at_close = terms.fill == AT_CLOSE
    first = entry + 1 if at_close else entry
    if first > last_row:
        return _STAYS, 0.0, 0
    last = last_row
    closes = leaves_at_open = False  # whether the position is closed at `last`, or at the open after it, in any case
    if terms.eod:
        last, closes = session_end[first], True
    max_bars = terms.max_bars
    if max_bars > 0 and entry + max_bars <= last:
        last, closes, leaves_at_open = first + max_bars - 1, True, not at_close
    if looks or stop_distance > 0 or target_distance > 0:
        row, price, within = first_hit(
            entry,
            last,
            avg_price,
            stop_distance,
            target_distance,
            last_row,
            opened,
            high,
            low,
            close,
            block_low,
            block_high,
            own,
            own_blocks,
            step_bars,
            step_pcts,
            terms,
        )
        if row != _NOT_HIT:
            return row, price, within
    if leaves_at_open:
        return last + 1, (low if terms.fill == PESSIMISTIC else opened)[last + 1], 0
    if closes:
        return last, close[last], 0 if at_close else 1
    return _STAYS, 0.0, 0


FIRST_HIT = Kernel(first_hit, uses=(STOP_LEVEL, TARGET_LEVEL), inline=True)
FIND_EXIT = Kernel(find_exit, uses=(FIRST_HIT,), inline=True)
