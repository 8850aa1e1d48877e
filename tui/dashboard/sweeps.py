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

from tui.dashboard.loading import Loader
from tui.shared import figures
from tui.shared.words import noise_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.market.bars import Dataset
    from engine.ports import Watch
    from engine.sweeps.noise.results import NoiseResult
    from engine.sweeps.results import PlanResult
    from tui.dashboard.app import DashboardApp


SHORT = 8
"""Digits of a run plan's id that people are told."""

Work = Callable[["Desk", "Watch"], "PlanResult"]
NoiseWork = Callable[["Desk", "Watch"], "NoiseResult"]


class SweepAdvanced(Message, bubble=False):
    """A sweep of this dashboard has come further, or to its end."""

    def can_replace(self, message: Message) -> bool:
        """A newer message replaces one that waits."""
        return isinstance(message, SweepAdvanced)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` variants came out, or draws of a noise test; nothing is known of either before the first."""

    done: int = 0
    total: int = 0
    of_noise: bool = False


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
        self._begin(run_plan_id, work, self._ended)

    def test_noise(self, run_plan_id: UUID, work: NoiseWork) -> None:
        """Run a completed sweep against noise, unless it is under way already."""
        self._begin(run_plan_id, work, partial(self._tested, run_plan_id), of_noise=True)

    def _begin(
        self,
        run_plan_id: UUID,
        work: Callable[[Desk, Watch], Any],
        ended: Callable[[Any], None],
        *,
        of_noise: bool = False,
    ) -> None:
        if run_plan_id in self._under_way:
            return
        self._advanced(run_plan_id, of_noise, 0, 0)
        self._loader.load(
            work,
            ended,
            group=f"sweep {run_plan_id}",
            failed=partial(self._failed, run_plan_id),
            advanced=partial(self._advanced, run_plan_id, of_noise),
            acts=True,
        )

    def _advanced(self, run_plan_id: UUID, of_noise: bool, done: int, total: int) -> None:
        self._under_way[run_plan_id] = Progress(done, total, of_noise)
        self._app.desk_screen.post_message(SweepAdvanced())

    def _tested(self, run_plan_id: UUID, found: NoiseResult) -> None:
        ((name, told),) = noise_of(found)
        self._app.say(f"run plan {str(run_plan_id)[:SHORT]}: {name} {told}")
        self._leave(run_plan_id)

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

    return load_again(told)


def resume(run_plan_id: UUID, tell: Callable[[str], None], desk: Desk, watch: Watch) -> PlanResult:
    """Go on with a run plan that was stopped; `tell` is told of packages that are in another version by now."""
    from tui.shared.inputs import packages_moved

    for sentence in packages_moved(desk, run_plan_id):
        tell(sentence)
    return desk.plans.resume(run_plan_id, load_told, workers=spare_processors(), watch=watch)


def test_noise(run_plan_id: UUID, tell: Callable[[str], None], desk: Desk, watch: Watch) -> NoiseResult:
    """Run a plan against noise; `tell` is told of packages that are in another version by now."""
    from tui.shared.inputs import packages_moved

    for sentence in packages_moved(desk, run_plan_id):
        tell(sentence)
    return desk.plans.noise(run_plan_id, load_told, workers=spare_processors(), watch=watch)


def spare_processors() -> int:
    """Processors that this process may use, but for the one that paints the screen; at least one."""
    from storage.system import processors

    return max(1, processors() - 1)
