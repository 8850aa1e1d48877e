"""A run plan as its screen looks at it: variants by id and rank, which are marked or looked at; and the screen's parts.

Each part is a widget of its own, made when it is first shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from textual.containers import Vertical

from engine.numerals import value_text
from tui.dashboard.loading import Loader
from tui.dashboard.sweeps import SHORT
from tui.shared.grid import GRID, base_value

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.desk import Desk
    from engine.sweeps.reasons import Sweep
    from engine.sweeps.results import PlanDetail, PlanSummary, VariantResult
    from tui.dashboard.app import DashboardApp

ROOM = 32
"""Cells that a label may take; what is longer is said with shorter names."""


def brief_labels(results: Sequence[VariantResult]) -> dict[str, str]:
    """Labels by variant id: `fast=10 slow=50`, `f=10 s=50` where that is too long, `baseline` as it is.

    A parameter that has one value in all of them is left out.
    """
    paths = _told(results)
    for names in _namings(paths):
        labels = {result.variant_id: _label(result, names) for result in results}
        if max(map(len, labels.values()), default=0) <= ROOM:
            break
    return labels


def abbreviated(names: Sequence[str], letters: int = 0) -> dict[str, str]:
    """Each name to the shortest beginning that no other has: of whole words, or of at least so many letters."""
    return {
        name: next(beginning for beginning in _beginnings(name, letters) if _is_only(beginning, name, names))
        for name in names
    }


def _told(results: Sequence[VariantResult]) -> list[str]:
    """The paths that variants override with different values, in the order they first appear."""
    values: dict[str, set[Any]] = {}
    for result in results:
        for path, value in result.overrides.items():
            values.setdefault(path, set()).add(value)
    overriding = sum(1 for result in results if result.overrides)
    common = {path for path in values if sum(1 for result in results if path in result.overrides) == overriding}
    told = [path for path, distinct in values.items() if len(distinct) > 1 or path not in common]
    return told or list(values)


def _namings(paths: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Names of paths, from the clearest to the shortest."""
    ends = [path.split(".", 1)[1] for path in paths]
    names = paths if len(set(ends)) < len(ends) else ends
    for letters in (0, 4, 1):
        short = abbreviated(names, letters)
        yield {path: short[name] for path, name in zip(paths, names, strict=True)}


def _beginnings(name: str, letters: int) -> Iterator[str]:
    if letters:
        yield from (name[:end].rstrip("_.") for end in range(letters, len(name)))
    else:
        words = name.split("_")
        yield from ("_".join(words[:count]) for count in range(1, len(words)))
    yield name


def _is_only(beginning: str, name: str, names: Sequence[str]) -> bool:
    return beginning == name or not any(other.startswith(beginning) for other in names if other != name)


def _label(result: VariantResult, names: Mapping[str, str]) -> str:
    told = [f"{names[path]}={value_text(value)}" for path, value in result.overrides.items() if path in names]
    return " ".join(told) or result.label


MOST_MARKED = 4
"""Variants that are compared at once."""
BASELINE, ABLATION = "baseline", "ablation"
RUNNING = "running"

Seen = tuple[str, int, float | None, int | None]
"""What tells one reading from another: status, variants that came out, and unless it runs time at work and events."""


class PlanView:
    """One reading of a run plan. `marked` are the ids of up to four variants, `current` the one that is looked at.

    `account` is the name of the workspace whose equity, limits and fees it has.
    """

    def __init__(self, detail: PlanDetail, seen: Seen, account: str = "") -> None:
        self.detail, self.seen, self.account = detail, seen, account or str(detail.workspace_id)
        self.by_id = {result.variant_id: result for result in detail.results}
        from engine.sweeps.objectives import ranked

        self.ordered = ranked(detail.results)
        self.ranks = {result.variant_id: rank for rank, result in enumerate(self.ordered, 1)}
        self.paths: list[str] = list(detail.plan["sweep"])
        self.marked: list[str] = []
        self.current: str = detail.best_variant_id or self.baseline.variant_id

    @cached_property
    def labels(self) -> dict[str, str]:
        """Variants in few words, by id: where many stand below each other."""
        return brief_labels(self.detail.results)

    def reasons(self, result: VariantResult) -> list[str]:
        """Why a variant traded little, in sentences."""
        from engine.sweeps.reasons import variant_reasons

        return [] if self._sweep is None else variant_reasons(result, self._sweep)

    def why(self, result: VariantResult) -> str | None:
        """Why a variant has no result, or why it traded little."""
        return result.error or result.skip_reason or ". ".join(self.reasons(result)) or None

    @cached_property
    def _sweep(self) -> Sweep | None:
        """What all variants have in common; None where the journal's limits cannot be read."""
        from engine.errors import DamageFault
        from engine.sweeps.reasons import Sweep

        try:
            return Sweep.read(self.detail.plan)
        except DamageFault:
            return None

    @property
    def short_id(self) -> str:
        """The beginning of the run plan's id."""
        return str(self.detail.run_plan_id)[:SHORT]

    @property
    def baseline(self) -> VariantResult:
        """The base spec itself: always the first."""
        return self.detail.results[0]

    @property
    def variant(self) -> VariantResult:
        """The variant that is looked at."""
        return self.by_id[self.current]

    @property
    def first_of_grid(self) -> VariantResult | None:
        """The variant that ablations are measured against."""
        return next((result for result in self.detail.results if GRID in result.tags), None)

    def base_value(self, path: str) -> Any:
        """What the base spec has at a path."""
        return base_value(self.detail.plan, path)

    def value(self, result: VariantResult, path: str) -> Any:
        """What a variant has at a path."""
        return result.overrides[path] if path in result.overrides else self.base_value(path)

    def named(self, variant_id: str) -> str:
        """A variant's label with its rank, such as `fast_period=5, slow_period=40 (rank 2)`."""
        rank = self.ranks.get(variant_id)
        result = self.by_id[variant_id]
        return f"{result.label} ({result.status if rank is None else f'rank {rank:,}'})"

    def mark(self, variant_id: str) -> bool:
        """Mark a variant, or take its mark away; False when four others are marked."""
        if variant_id in self.marked:
            self.marked.remove(variant_id)
        elif len(self.marked) < MOST_MARKED:
            self.marked.append(variant_id)
        else:
            return False
        return True

    def follow(self, before: PlanView | None) -> None:
        """Keep what was marked and looked at in an earlier reading of the same run plan."""
        if before is not None and before.detail.run_plan_id == self.detail.run_plan_id:
            self.marked, self.current = before.marked, before.current

    def chosen(self) -> Sequence[str]:
        """The marked variants, or the one that is looked at while none is marked."""
        return self.marked or [self.current]


def read_view(desk: Desk, run_plan_id: UUID | None, before: PlanView | None) -> PlanView | None:
    """The run plan as it stands (without an id: the newest), `before` itself when nothing has changed since.

    None while there is no run plan at all. Blocks.
    """
    plans = desk.plans.all()
    if run_plan_id is None:
        if not plans:
            return None
        run_plan_id = plans[0].run_plan_id
    seen = next((_seen(desk, plan) for plan in plans if plan.run_plan_id == run_plan_id), None)
    if before is not None and (before.detail.run_plan_id, before.seen) == (run_plan_id, seen):
        return before
    detail = desk.plans.get(run_plan_id)
    account = desk.accounts.find(str(detail.workspace_id))
    return PlanView(detail, _seen(desk, detail), account.name if account else "")


def _seen(desk: Desk, plan: PlanSummary) -> Seen:
    """What tells one reading from the next; of a run that has ended its events too: its holdout may be opened."""
    if plan.status == RUNNING:
        return plan.status, plan.done, None, None
    return plan.status, plan.done, plan.duration_s, desk.plans.event_count(plan.run_plan_id)


class Part(Vertical):
    """A part. `take` is called with the run plan when the part is shown, and again whenever it has changed."""

    app: DashboardApp
    DEFAULT_CLASSES = "plan-part"

    def __init__(self) -> None:
        super().__init__()
        self.loader = Loader(self)

    def take(self, view: PlanView) -> None:
        """Show a reading of the run plan; called again for each newer one."""
        raise NotImplementedError

    def focused_first(self) -> Widget | None:
        """The widget that has the focus when the part is shown."""
        return None


@dataclass(frozen=True, slots=True)
class PartEntry:
    """`kind` is the class in `tui/dashboard/screens/run_plan/<name>.py`, `key` what shows it."""

    key: str
    name: str
    title: str
    kind: str
    why: str

    def make(self) -> Part:
        """The part, its module imported now."""
        module = import_module(f"tui.dashboard.screens.run_plan.{self.name}")
        return cast("Callable[[], Part]", getattr(module, self.kind))()


PARTS = (
    PartEntry("v", "verdict", "verdict", "VerdictPart", "what the best is worth: odds, curves, tests, costs"),
    PartEntry("b", "board", "board", "BoardPart", "every variant with all its metrics, best first"),
    PartEntry("c", "curves", "curves", "CurvesPart", "equity of the marked variants over the baseline"),
    PartEntry("m", "map", "map", "MapPart", "two parameters against each other, by any metric"),
    PartEntry("t", "trades", "trades", "TradesPart", "the round trips of the variant under the cursor"),
    PartEntry("a", "ablations", "ablations", "AblationsPart", "what putting one value back to the base spec's changed"),
    PartEntry("d", "compare", "diff", "ComparePart", "two variants side by side"),
    PartEntry("e", "events", "events", "EventsPart", "what the journal says of this run"),
    PartEntry("i", "about", "about", "AboutPart", "what was asked: spec, sweep, data, limits"),
)
