"""What a walk-forward of ten folds costs beside the sweep alone: each strategy that ships, rolling and anchored.

    python -m benchmarks.walk_forward               1,000 variants on 2,520 daily bars; a minute
    python -m benchmarks.walk_forward --quick       small: does everything run?

Rolling folds train on half of the sessions, anchored ones on that and all before. Costs are CPU seconds of one process
with kernels compiled, the least of several runs; the sweep is `plan run` with its journal and statistics as they are by
default. Exit 1 where the walk-forward costs more than three sweeps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from engine.compiled import expect_much_work
from engine.desk import Desk, DeskConfig
from engine.events import LiveStamps
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from storage.sqlite.unit_of_work import SqliteStore
from storage.system import wall_clock

MOST_SWEEPS = 3.0
FOLDS = 10
_TIMES = 3


class Case(NamedTuple):
    """A strategy, its exits and the values to try: so many of the second parameter make the variants."""

    strategy: str
    leave: dict[str, Any]
    first: tuple[str, list[Any]]
    second: tuple[str, list[Any]]

    def sweep(self, variants: int) -> dict[str, list[Any]]:
        """A grid of about so many variants."""
        (path, values), (other, others) = self.first, self.second
        return {path: values, other: others[: max(1, variants // len(values))]}


CASES = (
    Case(
        "breakout_52w_high",
        {"type": "none", "max_bars": 5, "stop_loss_pct": 5.0},
        ("entry.lookback_days", list(range(2, 34))),
        ("exit.max_bars", list(range(1, 100))),
    ),
    Case("sma_cross", {}, ("entry.fast_period", list(range(2, 34))), ("entry.slow_period", list(range(40, 140)))),
    Case(
        "rsi_reversion",
        {},
        ("entry.period", list(range(2, 34))),
        ("entry.buy_below", [float(level) for level in range(10, 45)]),
    ),
)


class Cost(NamedTuple):
    """CPU seconds of a sweep alone, and with a walk-forward."""

    name: str
    sweep: float
    both: float

    @property
    def sweeps(self) -> float:
        """What the walk-forward costs, in sweeps."""
        return (self.both - self.sweep) / self.sweep

    def __str__(self) -> str:
        told = f"the walk-forward costs {self.sweeps:.2f} sweeps"
        return f"{self.name:<28} {self.sweep:>8.2f} s {self.both:>8.2f} s   {told}"


def walks(sessions: int) -> Iterator[tuple[str, str]]:
    """Ten folds, rolling and anchored, that use all sessions."""
    test = sessions // (2 * FOLDS)
    lengths = f"train={sessions - FOLDS * test},test={test}"
    yield "rolling", lengths
    yield "anchored", f"{lengths},anchored"


def costs(sessions: int, variants: int, times: int) -> Iterator[Cost]:
    """Each case, in this process."""
    dataset = Dataset({"SYN": synthetic_daily(sessions, seed=3, symbol="SYN")})
    expect_much_work()
    for case in CASES:
        alone = _least(case, dataset, variants, times, None)
        for name, terms in walks(sessions):
            yield Cost(f"{case.strategy}, {name}", alone, _least(case, dataset, variants, times, terms))


def _least(case: Case, dataset: Dataset, variants: int, times: int, walk_forward: str | None) -> float:
    return min(_seconds(case, dataset, variants, walk_forward) for _ in range(times))


def _seconds(case: Case, dataset: Dataset, variants: int, walk_forward: str | None) -> float:
    spec = parse_spec({"strategy_id": case.strategy, "symbols": ["SYN"], "exit": case.leave})
    with tempfile.TemporaryDirectory() as room, _desk(Path(room)) as desk:
        began = time.process_time()
        result = desk.plans.run(spec, dataset, case.sweep(variants), walk_forward=walk_forward)
        took = time.process_time() - began
    if result.walk_forward is not None and len(result.walk_forward.folds) != FOLDS:
        raise ValueError(f"{len(result.walk_forward.folds)} folds")
    return took


def _desk(room: Path) -> Desk:
    desk = Desk(SqliteStore(room / "desk.db"), LiveStamps(wall_clock), DeskConfig(), Registry())
    desk.accounts.ensure_default(None)
    return desk


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether it is within what is owed."""
    parser = argparse.ArgumentParser(description="What a walk-forward costs beside the sweep alone.")
    parser.add_argument("--quick", action="store_true", help="small, once")
    quick = parser.parse_args(arguments).quick
    sessions, variants, times = (240, 64, 1) if quick else (2_520, 1_000, _TIMES)
    print(f"{'':<28} {'sweep':>10} {'with it':>10}")
    found = []
    for cost in costs(sessions, variants, times):
        print(cost, flush=True)
        found.append(cost)
    most = max(cost.sweeps for cost in found)
    print(f"at most {most:.2f} sweeps, {'within' if most <= MOST_SWEEPS else 'over'} the {MOST_SWEEPS:g} owed")
    return 0 if quick or most <= MOST_SWEEPS else 1


if __name__ == "__main__":
    sys.exit(main())
