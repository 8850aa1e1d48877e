"""papertape's own calls on loaded bars: `desk.plans.run` as a whole, the simulation alone, the full journal."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

from benchmarks.children import answer, repeated
from benchmarks.work import STARTING_EQUITY, Work, dataset_of, spec_of, symbol_names

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.market.bars import Dataset
    from engine.strategies.spec import ExecutionSpec

_SMA: dict[str, list[Any]] = {"fast_period": [5, 10, 15, 20, 25], "slow_period": [40, 60, 80, 100]}
_RSI: dict[str, list[Any]] = {"period": [5, 10, 15, 20, 25], "buy_below": [20.0, 25.0, 30.0, 35.0]}
_TARGETS = {"exit.take_profit_pct": [0.5, 0.75, 1.0, 1.5, 2.0]}


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """The case that `question["case"]` names, on its work with its workers."""
    began = time.perf_counter()
    from storage.desk import open_desk  # noqa: PLC0415
    from storage.settings import Settings  # noqa: PLC0415

    imported = time.perf_counter() - began
    work = Work.of(question["work"])
    spec, sweep = sweep_of(work, question.get("strategy", "breakout_52w_high"))
    dataset = dataset_of(work)
    with tempfile.TemporaryDirectory() as room, open_desk(Settings(db=Path(room) / "desk.db")) as desk:
        found = _CASES[question["case"]](desk, spec, dataset, sweep, {**question, "db": f"{room}/desk.db"})
    return {"import_s": imported, **found}


def sweep_of(work: Work, strategy: str) -> tuple[ExecutionSpec, dict[str, list[Any]]]:
    """A strategy's base spec and what is swept: the work's own for the breakout, 100 with stop and target else."""
    from engine.strategies.spec import parse_spec  # noqa: PLC0415

    if strategy == "breakout_52w_high":
        return spec_of(work), work.sweep
    leave = {"type": "signal", "stop_loss_pct": 0.5, "take_profit_pct": 1.0}
    spec = parse_spec({"strategy_id": strategy, "symbols": symbol_names(work), "exit": leave})
    entries = _SMA if strategy == "sma_cross" else _RSI
    return spec, {**{f"entry.{name}": list(values) for name, values in entries.items()}, **_TARGETS}


def _call(
    desk: Desk, spec: ExecutionSpec, dataset: Dataset, sweep: dict[str, list[Any]], question: dict[str, Any]
) -> dict[str, Any]:
    """The whole call: cold, then warm, as in a process that has swept enough to load the compiled kernels."""
    sizes: list[int] = []

    def call() -> None:
        result = desk.plans.run(
            spec,
            dataset,
            sweep,
            include_ablations=False,
            max_variants=1_000_000,
            journal="summary",
            workers=question.get("workers", 1),
        )
        sizes.append(len(result.results))

    (first,) = repeated(call, least=1, most=1)
    warm_up(call)
    return {"first_s": first, "seconds": repeated(call, least=question.get("least", 3)), "variants": sizes[-1]}


def _orchestrator(
    desk: Desk, spec: ExecutionSpec, dataset: Dataset, sweep: dict[str, list[Any]], question: dict[str, Any]
) -> dict[str, Any]:
    """Of the whole call what the orchestrator takes: the plan is made and RUN_STARTED is written, bars are loaded."""
    from engine.sweeps.orchestrator import Execution  # noqa: PLC0415

    taken: list[float] = []
    execute = Execution.execute

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        result = execute(*arguments)
        taken.append(time.perf_counter() - began)
        return result

    with patch.object(Execution, "execute", timed):
        found = _call(desk, spec, dataset, sweep, question)
    return {**found, "first_s": taken[0], "seconds": taken[-len(found["seconds"]) :]}


def warm_up(call: Callable[[], object]) -> None:
    """Bring a process to where many sweeps bring it."""
    from engine.compiled import expect_much_work  # noqa: PLC0415

    expect_much_work()
    call()


def _simulation(
    desk: Desk, spec: ExecutionSpec, dataset: Dataset, sweep: dict[str, list[Any]], question: dict[str, Any]
) -> dict[str, Any]:
    """`Simulation.simulate_each` alone, made anew each time: no generation, no journal; `form` says which kernels."""
    from engine.policy.workspace import Workspace  # noqa: PLC0415
    from engine.sweeps.simulation import simulate  # noqa: PLC0415
    from engine.sweeps.simulation.simulate import Simulation  # noqa: PLC0415

    if "form" in question:  # else it decides by the work there is
        simulate.MUCH_WORK = simulate.BUSY = 0 if question["form"] == "compiled" else 2**63
    variants = desk.plans.generate(spec, sweep, include_ablations=False, max_variants=1_000_000).variants
    traded = [variant for variant in variants if variant.spec is not None]
    account = Workspace(UUID(int=1), "benchmark", STARTING_EQUITY, 0)

    def call() -> None:
        deque(Simulation(dataset, account).simulate_each(traded, workers=question.get("workers", 1)), 0)

    (first,) = repeated(call, least=1, most=1)
    return {"first_s": first, "seconds": repeated(call, least=question.get("least", 3)), "variants": len(traded)}


def _journal(
    desk: Desk, spec: ExecutionSpec, dataset: Dataset, sweep: dict[str, list[Any]], question: dict[str, Any]
) -> dict[str, Any]:
    """Runs with the journal `full` into one file, and how many events each wrote."""
    from storage.sqlite.unit_of_work import SqliteStore  # noqa: PLC0415

    def head() -> int:
        with SqliteStore(question["db"]) as store, store.read() as views:
            return views.head()

    run = partial(desk.plans.run, spec, dataset, sweep, include_ablations=False, max_variants=1_000_000, journal="full")
    (first,) = repeated(run, least=1, most=1)
    warm_up(run)
    before = head()
    seconds = repeated(run)
    return {"first_s": first, "seconds": seconds, "events": (head() - before) // len(seconds)}


_CASES = {"call": _call, "orchestrator": _orchestrator, "simulation": _simulation, "journal": _journal}

if __name__ == "__main__":
    answer(measure)
