"""A few run plans in a process of their own, in one of the ways in which they can be run; `benchmarks.pythons` asks."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks.children import answer
from benchmarks.tries_killed import open_desk
from engine.compiled import expect_much_work, is_loaded
from engine.desk import Desk
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from engine.ports import Unwatched
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.sweeps.results import PlanResult
from engine.sweeps.simulation import simulate


class Planned(NamedTuple):
    """A run plan; each has symbols of its own, so that none is a try on another's data."""

    spec: ExecutionSpec
    data: Dataset
    sweep: dict[str, list[Any]]
    timeframe: str = "daily"


def _daily(symbols: str) -> Dataset:
    return Dataset({symbol: synthetic_daily(1_200, ord(symbol), symbol) for symbol in symbols})


def plans() -> list[Planned]:
    """Strategies, exits, sizes and fills of every kind: two symbols at once, days and minutes."""
    stop = {"type": "signal", "stop_loss_pct": 4.0, "trail_pct": 6.0}
    minutes = Dataset({"M": synthetic_minutes(20_000, 5, "M")})
    return [
        Planned(
            _spec("breakout_52w_high", "AB", entry={"lookback_days": 20}, exit={"type": "none", "max_bars": 10}),
            _daily("AB"),
            {"entry.lookback_days": [5, 10, 20, 40], "risk.dollars_per_trade": [1_000, 5_000, 9_000]},
        ),
        Planned(
            _spec("sma_cross", "C", exit=stop, execution={"fill": "next_open"}),
            _daily("C"),
            {"entry.fast_period": [3, 5, 8], "entry.slow_period": [20, 30, 50], "exit.take_profit_pct": [None, 5.0]},
        ),
        Planned(
            _spec("rsi_reversion", "M", risk={"size": "equity", "equity_pct": 50.0}),
            minutes,
            {
                "entry.period": [7, 14],
                "entry.buy_below": [25.0, 30.0, 35.0],
                "execution.fill": ["close", "pessimistic"],
            },
            "1m",
        ),
    ]


def _spec(strategy: str, symbols: str, **parts: Any) -> ExecutionSpec:
    return parse_spec({"strategy_id": strategy, "symbols": list(symbols), **parts})


def run(question: dict[str, Any]) -> dict[str, Any]:
    """Every plan, or with `dies_at` the one at `plan` up to that passing of the store; with `resume` what is left."""
    compiled = question["form"] == "compiled"
    simulate.MUCH_WORK = simulate.BUSY = 0 if compiled else 2**63
    if compiled and not expect_much_work():
        raise RuntimeError("numba is not installed")
    every = list(enumerate(plans()))
    wanted = every if question.get("plan") is None else [every[question["plan"]]]
    with open_desk(Path(question["db"]), lambda: "code", question.get("dies_at", 0)) as desk:
        documents = [_run(desk, nth, plan, question).model_dump(mode="json") for nth, plan in wanted]
    assert is_loaded() is compiled
    versions = {"python": python_version(), "numpy": version("numpy"), "numba": version("numba")}
    return {"documents": documents, "versions": versions}


def _run(desk: Desk, nth: int, plan: Planned, question: dict[str, Any]) -> PlanResult:
    run_plan_id, workers = UUID(int=nth + 1, version=4), question["workers"]
    if question.get("resume"):
        return desk.plans.resume(run_plan_id, lambda _: plan.data, workers=workers)
    terms: dict[str, Any] = {"timeframe": plan.timeframe, "run_plan_id": run_plan_id}
    return desk.plans.run(plan.spec, plan.data, plan.sweep, workers=workers, watch=Unwatched(), **terms)


if __name__ == "__main__":
    answer(run)
