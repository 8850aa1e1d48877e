"""The parts of the run plan screen: each a widget of its own, made when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from textual.containers import Vertical

from tui.dashboard.loading import Loader

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.dashboard.app import DashboardApp
    from tui.dashboard.screens.run_plan.view import PlanView


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
    PartEntry("b", "board", "board", "BoardPart", "every variant with all its metrics, best first"),
    PartEntry("c", "curves", "curves", "CurvesPart", "equity of the marked variants over the baseline"),
    PartEntry("m", "map", "map", "MapPart", "two parameters against each other, by any metric"),
    PartEntry("t", "trades", "trades", "TradesPart", "the round trips of the variant under the cursor"),
    PartEntry("a", "ablations", "ablations", "AblationsPart", "what putting one value back to the base spec's changed"),
    PartEntry("d", "compare", "diff", "ComparePart", "two variants side by side"),
    PartEntry("v", "events", "events", "EventsPart", "what the journal says of this run"),
    PartEntry("i", "about", "about", "AboutPart", "what was asked: spec, sweep, data, limits"),
)
