"""What fills at the next open, a stop, a trail and sizes by equity cost a sweep: `python -m benchmarks.fills`.

Two sweeps of `sma_cross` over the same bars in one process, in turns: one that uses none of it, one that uses all of
it. Prints the best time of each, bar-variants a second, and the ratio of the two. `--bars` and `--rounds` change the
size. The compiled kernel is loaded first and its time is not counted.
"""

from __future__ import annotations

import argparse
import time
from typing import Any
from uuid import UUID

from engine.compiled import expect_much_work
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_minutes
from engine.policy.workspace import Workspace
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from engine.sweeps.plan.generator import generate
from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.simulation.simulate import Simulation

PLAIN: dict[str, Any] = {"strategy_id": "sma_cross", "symbols": ["SYN"]}
EVERYTHING: dict[str, Any] = {
    **PLAIN,
    "execution": {"fill": "next_open"},
    "exit": {"stop_loss_pct": 2.0, "trail_pct": 1.0},
    "risk": {"size": "equity", "equity_pct": 50.0},
}
SWEEP = {"entry.fast_period": list(range(5, 25, 2)), "entry.slow_period": list(range(30, 80, 5))}


def variants(document: dict[str, Any]) -> list[Variant]:
    """The variants of the sweep over a base document that are traded."""
    base = compile_spec(parse_spec(document), Registry().get("sma_cross"))
    return [variant for variant in generate(base, SWEEP).variants if variant.spec is not None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What section 12 of a spec costs a sweep.")
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if not expect_much_work():
        print("numba is not installed: the plain kernel is measured")
    data = Dataset({"SYN": synthetic_minutes(asked.bars, 7)})
    account = Workspace(UUID(int=1), "benchmark", 100_000.0, 0)
    sweeps = {"plain": variants(PLAIN), "everything": variants(EVERYTHING)}
    simulations = {name: Simulation(data, account, 1.0) for name in sweeps}
    best = dict.fromkeys(sweeps, float("inf"))
    for turn in range(asked.rounds + 1):  # the first finds candidates and compiles
        for name, found in sweeps.items():
            began = time.perf_counter()
            for _ in simulations[name].simulate_each(found):
                pass
            best[name] = min(best[name], time.perf_counter() - began) if turn else best[name]
    for name, seconds in best.items():
        speed = asked.bars * len(sweeps[name]) / seconds / 1e6
        print(
            f"{name:<12}{len(sweeps[name]):>6} variants{seconds * 1e3:>10,.1f} ms{speed:>10,.0f} million bar-variants/s"
        )
    print(f"everything reaches {best['plain'] / best['everything']:.0%} of plain")


if __name__ == "__main__":
    main()
