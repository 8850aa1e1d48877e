"""What a run plan is told of its data and of its strategy's file, and both found again by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import ConflictError
from tui.commands.inputs import DataOptions, SpecOptions, key_in, source_of
from tui.commands.progress import watching

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.plans import Load
    from engine.market.bars import Dataset
    from engine.sweeps.results import PlanDetail
    from tui.commands.calls import Call


def recorded(data: DataOptions, spec: SpecOptions, dataset: Dataset, symbols: list[str]) -> dict[str, Any]:
    """How data and strategy are found again from any directory, and what the data were warned of."""
    from storage.datasets import loading

    sources = [source_of(text, symbols) for text in data.data]
    again = loading(
        sources, symbols=symbols, session_tz=dataset.session_tz, start=data.start, end=data.end, cut=data.cut
    )
    return {**again, "strategy_file": _strategy_file(spec.strategy), "warnings": list(dataset.warnings)}


def loader(call: Call) -> Load:
    """How the data that a run was told of are loaded again; their warnings go to stderr."""

    def load(told: Mapping[str, Any]) -> Dataset:
        from storage.datasets import load_again

        if "sources" not in told:
            raise ConflictError(
                "RUN_NOT_RESUMABLE",
                "a program started this run plan, and it does not say where its data are",
                hint="resume it from there, or run the plan anew",
            )
        with watching("reading the data") as watch:
            dataset = load_again(told, watch)
        call.warn(dataset.warnings)
        return dataset

    return load


def find_strategy(call: Call, desk: Desk, plan: PlanDetail) -> None:
    """Register the strategy's file with the desk, if the run was started with one."""
    told = plan.plan["data"].get("strategy_file")
    if told:
        key_in(call, desk.research.registry, told)


def _strategy_file(name: str | None) -> str | None:
    """A strategy's file with its class, as it is found from anywhere; None for one that is named by its key."""
    from storage.strategy_loading import split_ref

    path, kind = split_ref(name or "")
    if path.suffix != ".py":
        return None
    whole = str(path.expanduser().absolute())
    return whole if kind is None else f"{whole}:{kind}"
