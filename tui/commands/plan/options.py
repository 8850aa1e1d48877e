"""What `plan` commands take: which variants, under which terms, which run plan, how much of it to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import NotFoundError
from engine.numerals import typed_number
from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode, Objective

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.plan.request import SweepRequest

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
