"""The tests of a walk-forward as one account's life: their sessions, trades and benchmarks strung together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.account.ledger import Trade
from engine.account.measure import metrics_of
from engine.account.metrics import Metrics
from engine.market.bars import FloatArray
from engine.statistics.clock import Clock, figures_of_sessions
from engine.statistics.sessions import sessions_a_year
from engine.sweeps.results import Simulated, trades_of


@dataclass(frozen=True, slots=True)
class Tested:
    """What one test came to. `equity` is that at the end of each of its sessions, (T,), `exposed` in how many of them
    there was a position; without metrics nothing was traded in it, and its equity stayed as it was.
    """

    clock: Clock
    metrics: Metrics | None
    equity: FloatArray
    trades: Sequence[Trade] = ()
    exposed: int = 0

    @property
    def ending_equity(self) -> float:
        """What the next test begins with."""
        return float(self.equity[-1])


def tested(clock: Clock, starting_equity: float, simulated: Simulated | None) -> Tested:
    """A test on a clock; None, or one that failed, leaves the equity as it was."""
    metrics = None if simulated is None else simulated.result.metrics
    if simulated is None or simulated.equity is None or metrics is None:
        return Tested(clock, None, np.full(len(clock), starting_equity))
    share = metrics.exposure_pct or 0.0  # of the sessions, in percent: a whole number of them
    exposed = round(share * len(clock) / 100)
    return Tested(clock, metrics, simulated.equity, trades_of(starting_equity, simulated.fills), exposed)


def stitched(starting_equity: float, tests: Sequence[Tested]) -> Metrics:
    """The metrics over the sessions of all tests, in their order, beside the benchmarks of their windows joined.

    A year's sessions are counted on the stitched clock: from the first test's first session to the last one's last.
    """
    sessions = np.concatenate([test.clock.sessions for test in tests])
    benchmark = np.concatenate([test.clock.benchmark.returns for test in tests])
    equity = np.concatenate([test.equity for test in tests])
    exposed = sum(test.exposed for test in tests)
    (of_sessions,) = figures_of_sessions(
        starting_equity, equity[np.newaxis], [exposed], benchmark, sessions_a_year(sessions)
    )
    trades = [trade for test in tests for trade in test.trades]
    held = [bars for test in tests for bars in test.clock.bars_held(test.trades)]
    return metrics_of(starting_equity, trades, held, of_sessions)
