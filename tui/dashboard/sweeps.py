"""Sweeps that this dashboard executes: in the background, whichever screen is shown, until they end or it is left.

One that is stopped by leaving is cancelled in the journal, and can be resumed: its data are found again by what the
journal says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from textual.message import Message

from engine.errors import ConflictError
from tui.dashboard.loading import Loader
from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.market.bars import Dataset
    from engine.ports import Watch
    from engine.sweeps.results import PlanResult
    from tui.dashboard.app import DashboardApp


SHORT = 8
"""Digits of a run plan's id that people are told."""

Work = Callable[["Desk", "Watch"], "PlanResult"]


class SweepAdvanced(Message, bubble=False):
    """A sweep of this dashboard has come further, or to its end."""

    def can_replace(self, message: Message) -> bool:
        """A newer message replaces one that waits."""
        return isinstance(message, SweepAdvanced)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` variants came out; nothing is known of either before the first."""

    done: int = 0
    total: int = 0


class Sweeps:
    """What is under way, by run plan; the screen that is shown is told of every step."""

    def __init__(self, app: DashboardApp) -> None:
        self._app = app
        self._loader = Loader(app)
        self._under_way: dict[UUID, Progress] = {}

    def progress(self, run_plan_id: UUID) -> Progress | None:
        """How far a sweep of this dashboard is; None for one that it does not execute."""
        return self._under_way.get(run_plan_id)

    @property
    def at_work(self) -> int:
        """How many sweeps are under way."""
        return len(self._under_way)

    def execute(self, run_plan_id: UUID, work: Work) -> None:
        """Run or resume a sweep, unless it is under way already."""
        if run_plan_id in self._under_way:
            return
        self._advanced(run_plan_id, 0, 0)
        self._loader.load(
            work,
            self._ended,
            group=f"sweep {run_plan_id}",
            failed=partial(self._failed, run_plan_id),
            advanced=partial(self._advanced, run_plan_id),
            acts=True,
        )

    def _advanced(self, run_plan_id: UUID, done: int, total: int) -> None:
        self._under_way[run_plan_id] = Progress(done, total)
        self._app.desk_screen.post_message(SweepAdvanced())

    def _ended(self, result: PlanResult) -> None:
        best = next((variant.label for variant in result.results if variant.variant_id == result.best_variant_id), None)
        sentence = f"run plan {str(result.run_plan_id)[:SHORT]} {result.status}: "
        sentence += f"{figures.whole(result.done)} of {figures.counted(len(result.results), 'variant')}"
        self._app.say(sentence if best is None else f"{sentence}, the best {best}")
        self._leave(result.run_plan_id)

    def _failed(self, run_plan_id: UUID, error: PapertapeError) -> None:
        self._app.tell(error)
        self._leave(run_plan_id)

    def _leave(self, run_plan_id: UUID) -> None:
        self._under_way.pop(run_plan_id, None)
        self._app.desk_screen.post_message(SweepAdvanced())
        self._app.refresh_now()


def load_told(told: Mapping[str, Any]) -> Dataset:
    """The dataset that a run was started with, loaded again."""
    from storage.datasets import load_again

    if "sources" not in told:
        raise ConflictError(
            "RUN_NOT_RESUMABLE",
            "this run plan was started by a program that did not record where its data are",
            hint="resume it from that program, or run the plan again",
        )
    return load_again(told)


def resume(run_plan_id: UUID, tell: Callable[[str], None], desk: Desk, watch: Watch) -> PlanResult:
    """Go on with a run plan that was stopped; `tell` is told of packages that are in another version by now."""
    from tui.shared.inputs import packages_moved

    for sentence in packages_moved(desk, run_plan_id):
        tell(sentence)
    return desk.plans.resume(run_plan_id, load_told, workers=spare_processors(), watch=watch)


def spare_processors() -> int:
    """Processors that this process may use, but for the one that paints the screen; at least one."""
    from storage.system import processors

    return max(1, processors() - 1)
