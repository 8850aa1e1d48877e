"""How often the verdict finds skill where there is none, and where there is.

    python -m benchmarks.calibration                      1,000 sweeps of each kind; an hour of one core
    python -m benchmarks.calibration --sweeps 100         fewer
    python -m benchmarks.calibration --workers 2

Sweeps of 25 to 100 variants of `sma_cross` and `rsi_reversion` over ten years of daily closes: random walks without
drift, with that of a bull market, real prices with their days shuffled, and regimes of 40 days, which a strategy that
follows them earns an annual Sharpe ratio of about 1.5 from, the market's own rise taken away. Signals are the
strategies' own; positions are all of the equity, from close to close, without costs. Exit 1 when `BEYOND_LUCK` comes in
more than 7 % of the sweeps of a kind of noise, or in less than 80 % of those with an edge.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from benchmarks.noise import Numbers, normals
from engine.market.bars import Bars, make_bars
from engine.market.sessions import MICROS_PER_DAY
from engine.statistics.luck import luck, plan_luck
from engine.statistics.sessions import figures, session_sharpes
from engine.statistics.verdict import Evidence, Performance, Verdict, judge
from engine.strategies.base import Signals, Strategy
from engine.strategies.builtin.rsi_reversion import RsiReversion
from engine.strategies.builtin.sma_cross import SmaCross

SESSIONS, A_YEAR = 2_520, 252.0
VOLATILITY, BULL, EDGE = 0.01, 0.0005, 0.0026
REGIME = 40
DRAWS = 2_000
MOST_FOUND_IN_NOISE, LEAST_FOUND_OF_EDGES = 0.07, 0.80


class Swept(NamedTuple):
    """A plan's variants: returns of shape (T, variants), sessions on which each entered, its trades that lost."""

    returns: Numbers
    entered: list[int]
    losing: list[int]


class Judged(NamedTuple):
    """What came of one sweep; `alpha_sharpe` is the best's, a year, the market's own returns taken away."""

    verdict: Verdict
    p_luck: float
    alpha_sharpe: float


def driftless(seed: int) -> Numbers:
    """Daily returns of a random walk."""
    return VOLATILITY * normals(seed, SESSIONS)


def rising(seed: int) -> Numbers:
    """The same with a drift of 13 % a year."""
    return BULL + driftless(seed)


def shuffled(seed: int) -> Numbers:
    """Days of a real share, in another order."""
    real = _samples()[seed % len(_samples())]
    order = np.argsort(normals(seed, len(real)), kind="stable")
    return real[order][:SESSIONS]


def regimes(seed: int) -> Numbers:
    """Forty days up, forty days down, beneath the noise of a random walk."""
    way = np.where(np.arange(SESSIONS) // REGIME % 2 == seed % 2, 1.0, -1.0)
    return EDGE * way + driftless(seed)


KINDS: dict[str, Callable[[int], Numbers]] = {
    "random walk": driftless,
    "random walk with a bull market's drift": rising,
    "real prices, shuffled": shuffled,
    "regimes of 40 days": regimes,
}
PLANTED = "regimes of 40 days"


def swept(market: Numbers, seed: int, *, blind: bool) -> Swept:
    """A grid of 25 to 100 variants: of the strategy that follows trends, or if `blind` of either."""
    closes = 100 * np.cumprod(1 + market)
    ts = np.arange(len(closes), dtype=np.int64) * MICROS_PER_DAY
    bars = make_bars("SYN", ts, closes, closes, closes, closes, np.ones(len(closes)))
    side = 5 + seed % 6
    positions = [_held(signals) for signals in (_reversions if blind and seed % 2 else _crosses)(bars, side)]
    held = np.stack(positions, axis=1).astype(np.float64)
    before = np.concatenate([np.zeros((1, held.shape[1])), held[:-1]])
    returns = before * market[:, np.newaxis]
    equity = np.cumprod(1 + returns, axis=0)
    return Swept(returns, *zip(*(_trades(*column) for column in zip(held.T, equity.T, strict=True)), strict=True))


def judged(kind: str, seed: int) -> Judged:
    """One sweep of a kind, with its verdict."""
    market = KINDS[kind](seed)
    found = swept(market, seed, blind=kind != PLANTED)
    sharpes = session_sharpes(found.returns)
    best = int(np.argmax(sharpes))
    of_plan = plan_luck(found.returns, market, best, f"{kind}:{seed}", DRAWS)
    assert of_plan is not None
    evidence = Evidence(
        sessions=len(market),
        trials=len(sharpes),
        best=_performance(found.returns[:, best]),
        held=_performance(market),
        entered_sessions=found.entered[best],
        losing_trades=found.losing[best],
        p_luck=luck(of_plan, 0),
    )
    years = len(market) / A_YEAR
    return Judged(judge(evidence)[0], of_plan.p_plan, of_plan.t_best / years**0.5)


def calibrate(kind: str, seeds: range, workers: int = 1) -> list[Judged]:
    """A sweep for each seed."""
    if workers == 1:
        return [judged(kind, seed) for seed in seeds]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return list(pool.map(partial(judged, kind), seeds, chunksize=8))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a line a kind, and say whether the verdict keeps what it promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="the first of as many seeds")
    asked = parser.parse_args(arguments)
    fine = True
    print(f"{'kind':<40} {'sweeps':>6} {'p_luck <= 0.05':>14} {'BEYOND_LUCK':>12} {'alpha Sharpe':>12}")
    for kind in KINDS:
        found = calibrate(kind, range(asked.seed, asked.seed + asked.sweeps), asked.workers)
        beyond = share(found)
        small = np.mean([each.p_luck <= 0.05 for each in found])
        alpha = np.median([each.alpha_sharpe for each in found])
        fine &= beyond >= LEAST_FOUND_OF_EDGES if kind == PLANTED else beyond <= MOST_FOUND_IN_NOISE
        print(f"{kind:<40} {len(found):>6} {small:>14.1%} {beyond:>12.1%} {alpha:>12.2f}", flush=True)
    return 0 if fine else 1


def share(found: list[Judged]) -> float:
    """How many were found to be beyond luck."""
    return Counter(each.verdict for each in found)[Verdict.BEYOND_LUCK] / len(found)


def _crosses(bars: Bars, side: int) -> list[Signals]:
    fast, slow = np.linspace(2, 9, side).astype(int), np.linspace(10, 100, side).astype(int)
    grid = [{"fast_period": int(one), "slow_period": int(other)} for one in fast for other in slow]
    return _signals(SmaCross(), bars, grid)


def _reversions(bars: Bars, side: int) -> list[Signals]:
    period, below = np.linspace(2, 20, side).astype(int), np.linspace(25, 45, side)
    grid = [{"period": int(one), "buy_below": float(other)} for one in period for other in below]
    return _signals(RsiReversion(), bars, grid)


def _signals(strategy: Strategy, bars: Bars, grid: list[dict[str, float]]) -> list[Signals]:
    return [strategy.signals(bars, strategy.params(**each)) for each in grid]


def _held(signals: Signals) -> Numbers:
    """Whether the position is open after each close: from an entry to the next exit."""
    way = np.where(signals.exit, -1, np.where(signals.entry, 1, 0))
    last = np.maximum.accumulate(np.where(way != 0, np.arange(len(way)), 0))
    return way[last] == 1


def _trades(held: Numbers, equity: Numbers) -> tuple[int, int]:
    """Sessions on which it entered, and trades that lost; one that is open at the end is closed there."""
    change = np.diff(held, prepend=0.0)
    entries, exits = np.flatnonzero(change > 0), np.flatnonzero(change < 0)
    ends = np.append(exits, len(held) - 1)[: len(entries)]
    return len(entries), int(np.count_nonzero(equity[ends] < equity[entries]))


def _performance(returns: Numbers) -> Performance:
    equity = np.cumprod(np.concatenate([[1.0], 1 + returns]))
    found = figures(equity[:, np.newaxis], A_YEAR)[0]
    return Performance(found.cagr_pct, found.sharpe_annual)


@cache
def _samples() -> list[Numbers]:
    """Daily returns of the shares that papertape brings along, but for the one whose splits are in its prices."""
    from storage.market_files import load_dataset  # noqa: PLC0415 - what walks at random needs no files
    from storage.samples import sample_path  # noqa: PLC0415

    read = load_dataset([(name, sample_path(name)) for name in ("GOOG", "IBM")])
    return [bars.close[1:] / bars.close[:-1] - 1 for bars in read.bars.values()]


if __name__ == "__main__":
    sys.exit(main())
