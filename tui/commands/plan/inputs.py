"""What `plan` commands take: which variants, under which terms, which run plan; its data and strategy, found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import NotFoundError
from engine.numerals import typed_number
from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode, Objective
from tui.commands.progress import watching
from tui.commands.strategy.inputs import DataOptions, note_rights
from tui.shared.inputs import packages_moved, source_of, strategy_file, versions

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.plans import Load
    from engine.market.bars import Dataset
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.plan.request import SweepRequest
    from engine.sweeps.results import PlanDetail, PlanResult
    from storage.strategies.files import UserRegistry
    from tui.commands.calls import Call

LAST = "last"

PlanId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A run plan: its id, the beginning of one, or `last` for the newest.", show_default=False
    ),
]
Top = Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many variants to show, best first.")]


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """The options that say which variants there are."""

    sweep: Annotated[
        list[str],
        typer.Option(
            "--sweep",
            metavar="PATH=VALUES",
            help="A parameter and the values to try, such as entry.lookback_days=20,55,252 or 20:200:20 for every 20th"
            " up to 200; lists as exit.take_profit_by_bars=[[1,5]],[[2,3],[9,1]],none; may be repeated, then every"
            " combination.",
            show_default=False,
        ),
    ] = field(default_factory=list)
    max_variants: Annotated[
        int,
        typer.Option(
            "--max-variants", min=1, metavar="N", help="Run at most N variants; the rest are dropped and counted."
        ),
    ] = 1000
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            min=1,
            metavar="N",
            help="Run N of the combinations, drawn from all; the same each time.",
        ),
    ] = None
    no_ablations: Annotated[
        bool, typer.Option("--no-ablations", help="Leave out the variants that set one value back to the base spec's.")
    ] = False

    def request(self, spec: ExecutionSpec, values: Mapping[str, Sequence[Any]], timeframe: str) -> SweepRequest:
        """A sweep of these values, on data of this timeframe."""
        from engine.sweeps.plan.request import SweepRequest

        return SweepRequest(
            spec=spec,
            sweep=values,
            timeframe=timeframe,
            include_ablations=not self.no_ablations,
            max_variants=self.max_variants,
            sample=self.sample,
        )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options that say how variants are run and ranked."""

    like: Annotated[
        str | None, typer.Option("--like", metavar="NAME|UUID", help="Take equity, limits and fees of this workspace.")
    ] = None
    slippage_bps: Annotated[
        float,
        typer.Option(
            "--slippage-bps", parser=typed_number, metavar="BPS", help="What every fill loses, in basis points."
        ),
    ] = 0.0
    objective: Annotated[
        Objective,
        typer.Option(
            "--objective", metavar="NAME", help=f"The score that ranks variants: {', '.join(list(Objective))}."
        ),
    ] = DEFAULT_OBJECTIVE
    journal: Annotated[
        JournalMode,
        typer.Option("--journal", help="Keep every fill of every variant, or only the results."),
    ] = JournalMode.FULL
    verify: Annotated[
        int, typer.Option("--verify", min=0, metavar="N", help="Run N variants again, bar by bar, and compare exactly.")
    ] = 0

    holdout: Annotated[
        str | None,
        typer.Option(
            "--holdout",
            metavar="SHARE|DAY",
            help="Keep the last sessions from the sweep: a share of them (20%) or those from a day on (2012-01-01)."
            " `plan open` opens them, once.",
        ),
    ] = None
    walk_forward: Annotated[
        str | None,
        typer.Option(
            "--walk-forward",
            metavar="TERMS",
            help="Train on one window and test on the next, fold after fold: train=504,test=126 in sessions, with"
            " step=126, purge=0 or anchored behind it.",
        ),
    ] = None
    no_statistics: Annotated[
        bool, typer.Option("--no-statistics", help="Leave out what the best is worth: dsr, pbo, p_luck, the verdict.")
    ] = False

    def applied_to(self, request: SweepRequest) -> SweepRequest:
        """The request under these terms."""
        return replace(
            request,
            like=self.like,
            slippage_bps=self.slippage_bps,
            objective=self.objective,
            journal=self.journal,
            verify=self.verify,
            statistics=not self.no_statistics,
            holdout=self.holdout,
            walk_forward=self.walk_forward,
        )


StrategyFile = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        metavar="FILE.py[:NAME]",
        help="The file of the plan's strategy, when it was moved, or when you never ran it here.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        help="How many run at once (default: one per processor). Results do not depend on it.",
    ),
]
FailIf = Annotated[
    str | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="Exit with 1 when this holds or is unknown, such as 'best.return_pct < 0 or plan.p_luck > 0.05'.",
    ),
]


def plan_named(desk: Desk, ref: str) -> str:
    """The id or its beginning that the argument names; RUN_PLAN_NOT_FOUND when `last` names none."""
    if ref != LAST:
        return ref
    newest = desk.plans.all(limit=1)
    if not newest:
        raise NotFoundError("RUN_PLAN_NOT_FOUND", "there is no run plan yet", hint="`papertape plan run` makes one")
    return str(newest[0].run_plan_id)


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


def _registry_of(desk: Desk) -> UserRegistry:
    from storage.strategies.files import UserRegistry

    registry = desk.research.registry
    if not isinstance(registry, UserRegistry):
        raise TypeError(f"a desk that opens files has a UserRegistry, not {type(registry).__name__}")
    return registry


def find_strategy(call: Call, desk: Desk, plan: PlanDetail, named: str | None) -> None:
    """Make the plan's strategy known to the desk: what is `named` for it, else what it was started with.

    Notes say that its file is a program, and which packages it imports in another version than then.
    """
    from storage.strategies.loading import split_ref

    told = plan.plan["data"].get("strategy_file")
    if named is not None:
        _registry_of(desk).trust(named)
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
