"""How often the verdict finds skill where there is none, and where there is.

    python -m benchmarks.calibration                      1,000 sweeps of each kind; twenty minutes of two cores
    python -m benchmarks.calibration --sweeps 100         fewer
    python -m benchmarks.calibration --workers 1

Every sweep is a run plan on a desk, as `plan run` executes one: 25 to 100 configurations of `sma_cross` or
`rsi_reversion`, all terms at their defaults, over ten years of daily closes. Prices are random walks
without drift, with that of a bull market, real ones with their days shuffled, and regimes of 40 days, in which the best
variant earns an annual Sharpe ratio of about 1.5 once the market's own rise is taken away. Exit 1 when `BEYOND_LUCK`
comes in more than 7 % of the sweeps of a kind of noise, or in less than 80 % of those with an edge.
"""

from __future__ import annotations

import argparse
import atexit
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.noise import Numbers, normals
from engine.compiled import expect_much_work
from engine.desk import Desk
from engine.market.bars import Dataset, FloatArray, make_bars
from engine.market.sessions import MICROS_PER_DAY
from engine.statistics.verdict import Verdict
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.sweeps.results import PlanResult
from storage.desk import open_desk
from storage.settings import Settings

SESSIONS = 2_520
VOLATILITY, BULL, EDGE = 0.01, 0.0005, 0.00242
REGIME = 40
MOST_FOUND_IN_NOISE, LEAST_FOUND_OF_EDGES = 0.07, 0.80


class Judged(NamedTuple):
    """What came of one sweep; `alpha_sharpe` is the best's, a year, the market's own returns taken away."""

    verdict: str
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


def dataset(kind: str, seed: int) -> Dataset:
    """Daily bars that are their closes, of a symbol that no other seed has: no sweep is a try on another's data."""
    closes: FloatArray = 100 * np.cumprod(1 + KINDS[kind](seed), dtype=np.float64)
    sessions = np.arange(len(closes), dtype=np.int64)
    ts = (sessions // 5 * 7 + sessions % 5) * MICROS_PER_DAY  # five days of each week
    symbol = f"{list(KINDS).index(kind)}-{seed}"
    return Dataset({symbol: make_bars(symbol, ts, closes, closes, closes, closes, np.ones(len(closes)))})


def sweep(kind: str, seed: int) -> dict[str, list[Any]]:
    """The values of two parameters, 5 to 10 of each: of the strategy that follows trends, over noise of either."""
    side = 5 + seed % 6
    if kind != PLANTED and seed % 2:
        periods, below = np.linspace(2, 20, side).astype(int), np.linspace(25, 45, side)
        return {"entry.period": periods.tolist(), "entry.buy_below": below.tolist()}
    slow = np.linspace(12, 100, side).astype(int)
    return {"entry.fast_period": list(range(2, 2 + side)), "entry.slow_period": slow.tolist()}


def swept(kind: str, seed: int) -> PlanResult:
    """The sweep of a kind and a seed, executed as a run plan; its baseline is the first of the grid."""
    data, values = dataset(kind, seed), sweep(kind, seed)
    return _desk().plans.run(_spec(data, values), data, values, journal="summary")


def judged(kind: str, seed: int) -> Judged:
    """One sweep of a kind, with its verdict."""
    result = swept(kind, seed)
    statistics = result.statistics
    assert statistics is not None
    assert statistics.p_luck is not None
    return Judged(statistics.verdict, statistics.p_luck, alpha_sharpe(result))


def alpha_sharpe(result: PlanResult) -> float:
    """The annual Sharpe ratio of what the best earns beyond the market, from the figures that a plan shows of it.

    The returns left of a regression have the variance of the whole less that of beta times the market's.
    """
    best = next(one.metrics for one in result.results if one.variant_id == result.best_variant_id)
    assert best is not None
    assert result.benchmark is not None
    alpha, beta, whole, market = best.alpha_annual_pct, best.beta, best.volatility_pct, result.benchmark.volatility_pct
    assert alpha is not None
    assert beta is not None
    assert whole is not None
    assert market is not None
    return alpha / math.sqrt(whole**2 - (beta * market) ** 2)


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
    parser.add_argument("--workers", type=int, default=2)
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


@cache
def _desk() -> Desk:
    """This process's desk; its database goes with the process. It does what is worth compiling at once."""
    expect_much_work()
    room = tempfile.TemporaryDirectory()
    desk = open_desk(Settings(db=Path(room.name) / "desk.db"))
    atexit.register(room.cleanup)
    atexit.register(desk.close)  # before the room
    return desk


def _spec(data: Dataset, values: dict[str, list[Any]]) -> ExecutionSpec:
    """The base spec: the first value of each parameter."""
    strategy = "rsi_reversion" if "entry.period" in values else "sma_cross"
    entry = {path.removeprefix("entry."): of_path[0] for path, of_path in values.items()}
    return parse_spec({"strategy_id": strategy, "symbols": list(data.bars), "entry": entry})


@cache
def _samples() -> list[Numbers]:
    """Daily returns of the shares that papertape brings along, but for the one whose splits are in its prices."""
    from storage.market_files import load_dataset  # noqa: PLC0415 - what walks at random needs no files
    from storage.samples import sample_path  # noqa: PLC0415

    read = load_dataset([(name, sample_path(name)) for name in ("GOOG", "IBM")])
    return [bars.close[1:] / bars.close[:-1] - 1 for bars in read.bars.values()]


if __name__ == "__main__":
    sys.exit(main())
