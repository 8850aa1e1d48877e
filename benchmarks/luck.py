"""What judging a plan takes: `dsr`, `pbo` and `p_luck` on 2,500 sessions, and `pbo` beside others on the same matrix.

    python -m benchmarks.luck                  100 and 1,000 variants; minutes with rivals
    python -m benchmarks.luck --no-rivals
    python -m benchmarks.luck --compiled       with compiled kernels, as in a plan that has work enough to load them
    python -m benchmarks.luck --quick          small: does everything run and agree?

The rivals, on the 100 variants, are a plain implementation in numpy, and ffn and purgedcv where they are installed
(`pip install ffn purgedcv`); they see the same sessions in the same blocks. Times are wall and CPU milliseconds of the
fastest of several calls. Exit 1 when tools disagree on a probability; a figure that falls short of what is owed is no
failure.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from benchmarks.noise import Numbers, normals
from engine.compiled import expect_much_work
from engine.statistics.holding import exposures
from engine.statistics.luck import plan_luck
from engine.statistics.overfitting import MOST_BLOCKS, blocks_of, overfitting
from engine.statistics.sessions import figures, moments
from engine.statistics.sharpe import deflated_sharpe, variance_of_trials

SESSIONS, QUICK = 2_500, 160
OWED_MS = {100: 300.0, 1_000: 1_500.0}
_TIMES = 5


def matrix(sessions: int, variants: int) -> tuple[Numbers, Numbers]:
    """Returns of variants that are in the market now and then, and the market's."""
    market = 0.0003 + 0.01 * normals(1, sessions)
    held = normals(2, sessions, variants) > np.linspace(-1.0, 1.0, variants)
    return held * market[:, np.newaxis], market


class Took(NamedTuple):
    """Milliseconds of a call, by the clock on the wall and by that of the process, all its threads together."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:>10.1f} ms {self.cpu:>10.1f} ms of CPU"


def measure(returns: Numbers, market: Numbers) -> dict[str, Took]:
    """What each statistic takes."""
    equity = 1e4 * np.cumprod(np.concatenate([np.ones((1, returns.shape[1])), 1 + returns]), axis=0)
    calls: dict[str, Callable[[], Any]] = {
        "figures of every variant": lambda: figures(equity, 252.0),
        "beta and alpha of every variant": lambda: exposures(equity, market, 252.0),
        "dsr": lambda: dsr(returns),
        "pbo": lambda: overfitting(returns),
        "p_luck": lambda: plan_luck(returns, market, 0, "bars"),
    }
    took = {name: fastest(call) for name, call in calls.items()}
    three = [took[name] for name in ("dsr", "pbo", "p_luck")]
    took["dsr, pbo and p_luck"] = Took(sum(each.wall for each in three), sum(each.cpu for each in three))
    return took


def dsr(returns: Numbers) -> float | None:
    """Of the best, among all of them."""
    of = moments(returns)
    sharpes = np.where(of.spread > 0, of.mean / np.where(of.spread > 0, of.spread, 1.0), 0.0)
    best, sessions = int(np.argmax(sharpes)), len(returns)
    variance = variance_of_trials(sharpes.tolist(), sessions)
    skew, kurtosis = float(of.skew[best]), float(of.kurtosis[best])
    return deflated_sharpe(float(sharpes[best]), skew, kurtosis, sessions, len(sharpes), variance)


def plain_pbo(returns: Numbers, blocks: int) -> float:
    """As one writes it down: the rows of each half, their means and deviations, and ranks."""
    parts = np.array_split(returns, blocks)
    low = halves = 0
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[block] for block in half])
        outside = np.concatenate([parts[block] for block in range(blocks) if block not in half])
        chosen = np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1))
        ratios = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        rank = np.count_nonzero(ratios < ratios[chosen]) + (np.count_nonzero(ratios == ratios[chosen]) + 1) / 2
        low += rank <= (returns.shape[1] + 1) / 2
        halves += 1
    return low / halves


def with_ffn(returns: Numbers, blocks: int) -> float:
    """ffn.calc_prob_backtest_overfitting."""
    import ffn  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    return float(ffn.calc_prob_backtest_overfitting(pd.DataFrame(returns), n_blocks=blocks))


def with_purgedcv(returns: Numbers, blocks: int) -> float:
    """purgedcv.probability_of_backtest_overfitting."""
    import purgedcv  # noqa: PLC0415

    return float(purgedcv.probability_of_backtest_overfitting(np.ascontiguousarray(returns.T), blocks).pbo)


RIVALS: dict[str, Callable[[Numbers, int], float]] = {
    "plain numpy": plain_pbo,
    "ffn": with_ffn,
    "purgedcv": with_purgedcv,
}


def beside(returns: Numbers) -> bool:
    """`pbo` of all tools on the same blocks, each as a ratio of ours; whether they agree."""
    blocks = blocks_of(len(returns)) or MOST_BLOCKS
    whole = returns[len(returns) % blocks :]  # papertape leaves out the first sessions, ffn the last
    ours, took = overfitting(whole, blocks), fastest(lambda: overfitting(whole, blocks))
    print(f"  {'pbo, papertape':<34} {took}   {ours:.10f}")
    agree = True
    for name, rival in RIVALS.items():
        if name in {"ffn", "purgedcv"} and find_spec(name) is None:
            print(f"  pbo, {name}: not installed")
            continue
        theirs, ms = timed(partial(rival, whole, blocks))
        agree &= theirs == ours
        print(f"  {f'pbo, {name}':<34} {ms}   {theirs:.10f}   {ms.cpu / took.cpu:,.0f} times as much", flush=True)
    return agree


def fastest(call: Callable[[], Any]) -> Took:
    """The least of a few calls, of either clock."""
    took = [timed(call)[1] for _ in range(_TIMES)]
    return Took(min(each.wall for each in took), min(each.cpu for each in took))


def timed(call: Callable[[], Any]) -> tuple[Any, Took]:
    """What a call returns, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return found, Took((time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when tools disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.compiled and not expect_much_work():
        parser.error("numba is not installed")
    agree = True
    sizes = (10, 20) if asked.quick else tuple(OWED_MS)
    for variants in sizes:
        returns, market = matrix(QUICK if asked.quick else SESSIONS, variants)
        print(f"{variants:,} variants, {len(returns):,} sessions")
        for name, took in measure(returns, market).items():
            owed = OWED_MS.get(variants) if "," in name else None
            print(f"  {name:<34} {took}{'' if owed is None else f'   {owed:,.0f} ms owed'}", flush=True)
        if not asked.no_rivals and variants == min(sizes):
            agree &= beside(returns)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
