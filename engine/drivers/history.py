"""Whether a dataset holds the past that an onward run needs to go on."""

from __future__ import annotations

import numpy as np

from engine.account.ledger import Ledger
from engine.errors import InvalidError
from engine.market.bars import Bars, Dataset
from engine.market.sessions import MICROS_PER_DAY, iso
from engine.ports import Progress
from engine.strategies.base import Window
from engine.strategies.guard import window_of
from engine.strategies.spec import CompiledSpec

WHOLE_FILE = "give the whole file"


def check_history(spec: CompiledSpec, dataset: Dataset, known: Progress, ledger: Ledger) -> None:
    """HISTORY_SHORT unless the data hold what the strategy needs of the bars before the first new one."""
    window = window_of(spec.strategy, spec.params)
    for symbol in spec.symbols:
        bars = dataset.bars[symbol]
        first_new = int(np.searchsorted(bars.ts, known.ts, side="right"))
        if first_new == len(bars):
            continue
        start, began = int(bars.ts[0]), known.first_ts[symbol]
        if start != began and (window.anchored or start > began) and not covers(window, bars, first_new):
            hint = WHOLE_FILE if start > began else f"cut the earlier bars off again: --cut {iso(began)}"
            raise _short(symbol, f"its bars begin at {iso(start)}, the first run's at {iso(began)}", hint)
        held = ledger.holdings.get(symbol)
        if held is not None and spec.exit.max_bars is not None and start > held.opened_at:
            raise _short(symbol, f"its bars begin at {iso(start)}, after the open position's entry")


def covers(window: Window, bars: Bars, first_new: int) -> bool:
    """Whether the row `first_new` has its whole window in the data."""
    if window.anchored:
        return False
    if first_new < max(window.bars - 1, 1):
        return False
    days = bars.session[: first_new + 1]
    earlier = int(np.count_nonzero(days[1:] != days[:-1]))
    return earlier >= window.sessions + _begins_within_a_session(bars)


def _begins_within_a_session(bars: Bars) -> bool:
    """Whether the first session seems cut: it begins later in its day than another one does."""
    starts = np.flatnonzero(np.r_[True, bars.session[1:] != bars.session[:-1]])
    into_day = bars.ts[starts] - bars.session[starts] * MICROS_PER_DAY
    return bool(np.any(into_day[1:] < into_day[0]))


def _short(symbol: str, why: str, hint: str = WHOLE_FILE) -> InvalidError:
    return InvalidError("HISTORY_SHORT", f"{symbol}: the data lack history that the strategy needs: {why}", hint=hint)
