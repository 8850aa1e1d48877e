"""What is asked of a sweep, whoever asks: command line, HTTP, dashboard and Python build the same request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine.drivers.bar_loop import check_slippage
from engine.errors import InvalidError
from engine.strategies.spec import ExecutionSpec
from engine.sweeps.objectives import objective
from engine.sweeps.out_of_sample.windows import HoldoutTerms, WalkForwardTerms
from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode

MAX_VARIANTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """A base spec, the values to try, and the terms under which every variant trades.

    `sweep` maps dotted paths to the values to try. `timeframe` is that of the data, for a spec that names none.
    `workspace` is the plan's; equity, limits and fees are taken from `like`, and from `workspace` without it.
    `slippage_bps` is in basis points of the price. `verify` variants are run again bar by bar and compared. `data` says
    how the caller loads the dataset again: it is kept in the journal. `run_plan_id` is for a caller who has to know the
    id before the start; it must not be in use. `statistics`: say what the best is worth, once all has come out.
    `sample`: try so many combinations of the grid, drawn by what the plan is made of, in place of the first ones.
    `refines` is the run plan around whose best this one tries values.
    `holdout` keeps the last sessions from the sweep, as `20%` or from a day on, `2012-01-01`. `walk_forward` is written
    as `train=504,test=126[,step=126][,purge=0][,anchored]`, in sessions.
    """

    spec: ExecutionSpec
    sweep: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    timeframe: str = "daily"
    workspace: str | UUID | None = None
    like: str | UUID | None = None
    objective: str = DEFAULT_OBJECTIVE
    slippage_bps: float = 0.0
    include_ablations: bool = True
    max_variants: int = MAX_VARIANTS
    sample: int | None = None
    refines: str | None = None
    journal: str = JournalMode.FULL
    verify: int = 0
    statistics: bool = True
    holdout: str | None = None
    walk_forward: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    run_plan_id: UUID | None = None

    @property
    def model(self) -> str | UUID | None:
        """The workspace whose equity, limits and fees every variant begins with."""
        return self.workspace if self.like is None else self.like

    def check(self) -> None:
        """INVALID_SPEC for an objective, a slippage, a journal mode, a number to verify, a holdout or a walk-forward
        that there is none of.
        """
        objective(self.objective)
        check_slippage(self.slippage_bps)
        if self.journal not in list(JournalMode):
            raise InvalidError("INVALID_SPEC", f"unknown journal mode {self.journal!r}", hint="use full or summary")
        if self.verify < 0:
            raise InvalidError(
                "INVALID_SPEC", f"verify is {self.verify}", hint="give the number of variants to run again"
            )
        if self.holdout is not None:
            HoldoutTerms.read(self.holdout)
        self.walk_forward_terms()

    def walk_forward_terms(self) -> WalkForwardTerms | None:
        """The walk-forward that is asked for. INVALID_SPEC."""
        return None if self.walk_forward is None else WalkForwardTerms.read(self.walk_forward)
