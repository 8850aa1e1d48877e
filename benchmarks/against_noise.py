"""`plan noise`: how long it takes, whether `p_noise` is uniform on noise, and how often it finds a planted edge.

    python -m benchmarks.against_noise                   the speed, then 200 plans of noise and 200 with an edge
    python -m benchmarks.against_noise --speed           the speed alone
    python -m benchmarks.against_noise --plans 50        fewer plans
    python -m benchmarks.against_noise --workers 1

The speed is that of 200 draws of 1,000 variants on 2,500 daily bars, for which 30 s on two cores are owed: wall and CPU
seconds of `desk.plans.noise`, data in memory. The plans are those of `benchmarks.calibration`, 99 draws each: on noise,
p_noise takes its 100 values equally often, by the distance of Kolmogorov and Smirnov with a probability of 1 % to be
further away; on the regimes of 40 days it is below 0.05 in 80 %. Exit 1 when either does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import calibration
from benchmarks.calibration import KINDS, PLANTED, dataset, swept
from engine.compiled import expect_much_work
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.spec import parse_spec
from storage.desk import open_desk
from storage.settings import Settings

OWED_S, DRAWS, BARS = 30.0, 200, 2_500
OF_A_PLAN = 99
LEAST_FOUND_OF_EDGES = 0.80
TOO_FAR = 1.63
"""Times 1 / √n: the distance that the uniform distribution exceeds with a probability of 1 % (Smirnov, 1948)"""

SWEEPS: dict[str, dict[str, list[Any]]] = {
    "breakout_52w_high": {
        "entry.lookback_days": list(range(2, 202)),
        "risk.dollars_per_trade": [500.0, 1_000.0, 2_000.0, 5_000.0, 9_000.0],
    },
    "sma_cross": {"entry.fast_period": list(range(2, 42)), "entry.slow_period": list(range(45, 170, 5))},
    "rsi_reversion": {
        "entry.period": list(range(2, 27)),
        "entry.buy_below": [20.0, 25.0, 28.0, 30.0, 32.0, 34.0, 36.0, 40.0],
        "entry.sell_above": [50.0, 55.0, 60.0, 65.0, 70.0],
    },
}
"""1,000 variants of each, without the baseline."""


class Took(NamedTuple):
    """Seconds of a noise test, and how many variants the plan had."""

    wall: float
    cpu: float
    variants: int


def speed(strategy: str, workers: int, draws: int = DRAWS) -> Took:
    """A noise test in a desk of its own, its kernels compiled before."""
    expect_much_work()
    data = Dataset({"SYN": synthetic_daily(BARS, 1)})
    with tempfile.TemporaryDirectory() as room, open_desk(Settings(db=Path(room) / "desk.db")) as desk:
        spec = parse_spec({"strategy_id": strategy, "symbols": ["SYN"]})
        terms: dict[str, Any] = {"include_ablations": False, "max_variants": 1_001, "journal": "summary"}
        plan = desk.plans.run(spec, data, SWEEPS[strategy], **terms)
        desk.plans.noise(plan.run_plan_id, lambda _: data, draws=1)
        wall, cpu = time.perf_counter(), time.process_time()
        desk.plans.noise(plan.run_plan_id, lambda _: data, draws=draws + 1, workers=workers)
        return Took(time.perf_counter() - wall, time.process_time() - cpu, len(plan.results))


def p_noise(kind: str, seed: int) -> float:
    """Of the plan of a kind of data and a seed."""
    data, plan = dataset(kind, seed), swept(kind, seed)
    found = calibration._desk().plans.noise(plan.run_plan_id, lambda _: data, draws=OF_A_PLAN)
    assert found.p_noise is not None
    return found.p_noise


def calibrate(kind: str, seeds: range, workers: int = 1) -> list[float]:
    """The p_noise of a plan for each seed."""
    if workers == 1:
        return [p_noise(kind, seed) for seed in seeds]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return list(pool.map(partial(p_noise, kind), seeds, chunksize=4))


def distance(found: list[float], values: int = OF_A_PLAN + 1) -> float:
    """The greatest distance of their distribution from that of 1/values, 2/values, … 1, equally often each."""
    places = np.arange(1, values + 1)
    counted = np.searchsorted(np.sort(np.round(np.array(found) * values)), places, side="right")
    return float(np.max(np.abs(counted / len(found) - places / values)))


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when the probability does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(arguments)
    for strategy in SWEEPS:
        took = speed(strategy, asked.workers)
        told = f"{DRAWS} draws of {took.variants:,} variants, {asked.workers} workers"
        print(f"{strategy:<24} {told}: {took.wall:6.1f} s, {took.cpu:6.1f} s of CPU   {OWED_S:.0f} s owed", flush=True)
    return 0 if asked.speed or holds(asked.plans, asked.workers) else 1


def holds(plans: int, workers: int) -> bool:
    """Print a line a kind of data; whether noise is uniform and the edge is found."""
    fine = True
    for kind in KINDS:
        found = calibrate(kind, range(1, plans + 1), workers)
        share, far = float(np.mean([p < 0.05 for p in found])), distance(found)
        limit = TOO_FAR / len(found) ** 0.5
        fine &= share >= LEAST_FOUND_OF_EDGES if kind == PLANTED else far <= limit
        told = f"{plans} plans, p_noise below 0.05 in {share:.1%}"
        print(
            f"{kind:<40} {told}" + ("" if kind == PLANTED else f", distance {far:.3f}, {limit:.3f} allowed"), flush=True
        )
    return fine


if __name__ == "__main__":
    sys.exit(main())
