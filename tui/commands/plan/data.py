"""What a run plan is told of its data and of its strategy's file, and both found again by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import ConflictError
from tui.commands.progress import watching
from tui.commands.strategy.inputs import DataOptions, note_rights
from tui.shared.inputs import packages_moved, source_of, strategy_file, versions

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.plans import Load
    from engine.market.bars import Dataset
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.results import PlanDetail, PlanResult
    from tui.commands.calls import Call


def recorded(desk: Desk, data: DataOptions, spec: ExecutionSpec, dataset: Dataset) -> dict[str, Any]:
    """How to find data and strategy again from any directory, with the warnings about the data."""
    from storage.datasets import loading

    sources = [source_of(text, spec.symbols) for text in data.data]
    again = loading(
        sources, symbols=spec.symbols, session_tz=dataset.session_tz, start=data.start, end=data.end, cut=data.cut
    )
    return {**again, "strategy_file": strategy_file(desk, spec.strategy_id), "warnings": list(dataset.warnings)}


def loader(call: Call) -> Load:
    """A function that loads a run's data again; their warnings go to stderr."""

    def load(told: Mapping[str, Any]) -> Dataset:
        from storage.datasets import load_again

        if "sources" not in told:
            raise ConflictError(
                "RUN_NOT_RESUMABLE",
                "this run plan was started by a program that did not record where its data are",
                hint="resume it from that program, or run the plan again",
            )
        with watching("reading the data") as watch:
            dataset = load_again(told, watch)
        call.warn(dataset.warnings)
        return dataset

    return load


def once(load: Load) -> Load:
    """A loader that reads the dataset once and then returns the same one."""
    kept: list[Dataset] = []

    def loaded(told: Mapping[str, Any]) -> Dataset:
        if not kept:
            kept.append(load(told))
        return kept[0]

    return loaded


def find_strategy(call: Call, desk: Desk, plan: PlanDetail, named: str | None) -> None:
    """Make the plan's strategy known to the desk: what is `named` for it, else what it was started with.

    Notes say that its file is a program, and which packages it imports in another version than then.
    """
    from storage.strategies.loading import split_ref

    told = plan.plan["data"].get("strategy_file")
    if named is not None:
        desk.research.registry.trust(named)
        note_rights(call, named)
    elif isinstance(told, str) and not _ships(plan.strategy_id) and split_ref(told)[0].is_file():
        note_rights(call, told)
    call.warn(packages_moved(desk, plan.run_plan_id), "note")


def tell_of_the_same(call: Call, desk: Desk, result: PlanResult) -> None:
    """Whether a run plan that was the same came to the same. Nothing is said of results before all have come out."""
    earlier = result.duplicate_of[-1]
    count = result.differs_from.get(earlier)
    if count is not None:
        call.warn([_differing(desk, result, earlier, count)])
    elif result.status == "completed":
        call.warn([f"an identical plan was run before, with the same results: run plan {earlier}"], "note")
    else:
        call.warn([f"an identical plan was run before: run plan {earlier}"], "note")


def _differing(desk: Desk, result: PlanResult, earlier: str, count: int) -> str:
    from engine.desk.research import moved

    then, now = (desk.plans.get(run_plan_id).plan["distributions"] for run_plan_id in (earlier, result.run_plan_id))
    why = "; ".join(versions(moved(then, now))) or (
        "the strategy reads what the fingerprint does not know, such as a file or a clock"
    )
    many = f"{count:,} of {len(result.results):,} variants"
    return f"the same fingerprint gave other results: {many} differ from run plan {earlier} ({why})"


def _ships(key: str) -> bool:
    from engine.strategies.registry import BUILTIN

    return any(strategy_class.key == key for strategy_class in BUILTIN)
