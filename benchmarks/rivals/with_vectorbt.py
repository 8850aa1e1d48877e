"""vectorbt: `Portfolio.from_signals` over all variants at once, with a signal function.

The function enters when flat and leaves at the session's end when not, so a bar can do either; plain arrays of signals
cannot say that of daily bars, and take as long. The Rust engine, which calls no functions, is no faster here. Buys are
not rounded to whole lots: `size_granularity` makes of a rounded order a partial one, which `allow_partial=False`
(needed for the cash limit) refuses. Figures are those that come from trades: drawdown and Sharpe, which vectorbt takes
from the account's value at every bar, are not asked for, which spares it more time and memory than all the rest takes.
"""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from benchmarks.children import answer, repeated
from benchmarks.rivals.highs import breakouts, session_ends
from benchmarks.work import STARTING_EQUITY, Work, bars_of


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """See `benchmarks.rivals`."""
    began = time.perf_counter()
    import numba  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    import vectorbt as vbt  # noqa: PLC0415

    imported = time.perf_counter() - began

    @numba.njit
    def signal(now: Any, entries: Any, ends: Any, sizes: int) -> tuple[bool, bool, bool, bool]:
        if now.position_now > 0:
            return False, ends[now.i], False, False
        return entries[now.i, now.col // sizes], False, False, False

    work = Work.of(question["work"])
    bars = bars_of(work)
    close = pd.Series(bars.close, index=pd.to_datetime(bars.ts, unit="us"))

    def call() -> tuple[Any, Any]:
        held = vbt.Portfolio.from_signals(
            close,
            signal_func_nb=signal,
            signal_args=(breakouts(bars, work.lookbacks), session_ends(bars), len(work.dollars)),
            size=np.tile(work.dollars, len(work.lookbacks))[np.newaxis],
            size_type="value",
            allow_partial=False,
            init_cash=STARTING_EQUITY,
            fees=0.0,
            freq="1min",
        )
        trades = held.trades
        trades.win_rate(), trades.profit_factor()
        return trades.count().tolist(), held.final_value().tolist()

    def free() -> None:
        gc.collect()  # a portfolio goes with the cyclic collector alone; that is not timed

    (first,) = repeated(call, least=1, most=1)
    seconds = repeated(call, least=question["least"], before=free)
    free()
    counts, equity = call()
    return {
        "versions": {module.__name__: module.__version__ for module in (vbt, numba, np, pd)},
        "import_s": imported,
        "first_s": first,
        "seconds": seconds,
        "results": [
            (*pair, *figures) for pair, figures in zip(work.variants, zip(counts, equity, strict=True), strict=True)
        ],
    }


if __name__ == "__main__":
    answer(measure)
