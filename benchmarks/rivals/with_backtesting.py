"""backtesting.py: `FractionalBacktest.run`, one variant after the other.

Its units are papertape's lots, so sizes are whole. Orders fill at the close they are given at (`trade_on_close`), when
the next bar comes: one bar like the last is put behind the data for that. A variant of large data takes seconds, so a
sample of the variants is run and the time for all is the sample's, scaled.
"""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

from benchmarks.children import answer
from benchmarks.rivals.highs import breakouts, session_ends
from benchmarks.work import STARTING_EQUITY, Work, bars_of

_LOT = 1e-8


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """See `benchmarks.rivals`; `seconds` are one pass's over the sample, scaled to all variants."""
    began = time.perf_counter()
    import backtesting  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from backtesting.lib import FractionalBacktest  # noqa: PLC0415

    imported = time.perf_counter() - began
    backtesting.backtesting._tqdm = lambda sequence, **_: sequence  # a progress bar is not part of the work
    work = Work.of(question["work"])
    bars = bars_of(work)
    ends, price = session_ends(bars), bars.close

    class Breakout(backtesting.Strategy):  # type: ignore[misc]
        lookback, dollars = 1, 1.0

        def init(self) -> None:
            self.enters = breakouts(bars, [self.lookback])[:, 0]

        def next(self) -> None:
            row = len(self.data) - 1
            if row == len(ends):
                return  # the bar put behind the data
            if self.position:
                if ends[row]:
                    self.position.close()
            elif self.enters[row]:
                lots = math.floor(self.dollars / price[row] * 1e8)
                if lots:
                    self.buy(size=lots)

    columns = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": price, "Volume": bars.volume}
    index = pd.to_datetime(np.append(bars.ts, bars.ts[-1] + 60_000_000), unit="us")
    table = pd.DataFrame({name: np.append(column, column[-1]) for name, column in columns.items()}, index=index)
    chosen = spread(work.variants, question.get("sample"))
    results = []
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every order that the cash does not cover
        backtest = FractionalBacktest(
            table, Breakout, fractional_unit=_LOT, cash=STARTING_EQUITY, trade_on_close=True, finalize_trades=True
        )
        for lookback, dollars in chosen:
            stats = backtest.run(lookback=lookback, dollars=dollars)
            results.append((lookback, dollars, int(stats["# Trades"]), float(stats["Equity Final [$]"])))
    taken = time.perf_counter() - began
    return {
        "versions": {module.__name__: module.__version__ for module in (backtesting, np, pd)},
        "import_s": imported,
        "first_s": taken / len(chosen),
        "seconds": [taken / len(chosen) * len(work.variants)],
        "results": results,
    }


def spread(variants: list[tuple[int, float]], count: int | None) -> list[tuple[int, float]]:
    """So many of the variants, evenly over the lookbacks and with every size in turn; all of them for None."""
    if count is None or count >= len(variants):
        return variants
    sizes = len({dollars for _, dollars in variants})
    blocks = len(variants) // sizes
    return [variants[(nth * blocks // count) * sizes + nth % sizes] for nth in range(count)]


if __name__ == "__main__":
    answer(measure)
