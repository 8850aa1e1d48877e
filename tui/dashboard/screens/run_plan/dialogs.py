"""The dialogs of a run plan: a variant's spec as a run of its own, and the question before a holdout is opened.

The run is a backtest on the plan's data, beside what the sweep gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.dashboard.keys import bound
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.dialog import Confirm, DeskDialog, FormDialog, fact_lines
from tui.shared import figures
from tui.shared.metrics import FIGURES
from tui.shared.out_of_sample import facts_of
from tui.shared.words import bars_of, verdict_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.drivers.backtest import RunOutcome
    from engine.ports import Watch
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.results import PlanDetail, PlanResult, VariantResult
    from tui.dashboard.screens.base import DeskScreen
    from tui.dashboard.screens.run_plan.view import PlanView

COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Ran:
    """A run, and the variant whose spec it had."""

    variant: VariantResult
    outcome: RunOutcome


def run_dialog(view: PlanView) -> FormDialog[Ran]:
    """A dialog that asks once and closes with the run."""
    detail, variant = view.detail, view.variant
    like = variant.workspace_id or detail.workspace_id
    facts = [
        ("variant", view.named(variant.variant_id)),
        ("strategy", f"{detail.strategy_id} on {', '.join(detail.plan['base']['symbols'])}"),
        ("data", f"as the sweep had them, {bars_of(detail)}"),
        ("account", f"fresh, with the equity, limits and fees that {view.account} had"),
        ("slippage", f"{detail.plan['slippage_bps']:g} bps"),
    ]
    return FormDialog("Run this variant's spec", facts, [], "Run", partial(run_variant, detail, variant, like))


def run_variant(detail: PlanDetail, variant: VariantResult, like: UUID, desk: Desk, _: Mapping[str, str]) -> Ran:
    """Run it; DATASET_CHANGED, STRATEGY_CHANGED when the plan's data or strategy are not what they were. Blocks."""
    desk.plans.know_strategy(detail.run_plan_id)
    dataset = desk.plans.dataset(detail.run_plan_id, load_told)
    outcome = desk.research.run(
        spec_of(detail, variant),
        dataset,
        timeframe=detail.plan["timeframe"],
        like=like,
        slippage_bps=detail.plan["slippage_bps"],
    )
    return Ran(variant, outcome)


def open_holdout(screen: DeskScreen, detail: PlanDetail) -> None:
    """Ask, then open a run plan's holdout; say why where it cannot be."""
    holdout, app = detail.holdout, screen.app
    if holdout is None or holdout.opened or detail.status != COMPLETED:
        why = "has no holdout" if holdout is None else "is open already" if holdout.opened else "is not complete yet"
        app.warn(f"the run plan {why}" if holdout is None or not holdout.opened else f"the holdout {why}")
        return

    def opened(result: PlanResult) -> None:
        app.say("the holdout is open" if result.statistics is None else f"opened: {verdict_of(result.statistics)}")
        app.refresh_now()

    def answered(yes: bool | None) -> None:
        if yes:
            screen.load(partial(_opened, detail.run_plan_id), opened, group="open", acts=True)

    facts = [*facts_of(holdout), ("", "It opens once: what comes out is journaled, and the verdict is made anew.")]
    app.push_screen(Confirm("Open the holdout?", facts, yes="Open"), answered)


def _opened(run_plan_id: UUID, desk: Desk, _: Watch) -> PlanResult:
    """Trade on it. Blocks."""
    desk.plans.know_strategy(run_plan_id)
    return desk.plans.open(run_plan_id, load_told)


def spec_of(detail: PlanDetail, variant: VariantResult) -> ExecutionSpec:
    """The plan's spec with the variant's values put in; INVALID_SPEC when one is out of bounds."""
    from engine.strategies.spec import parse_spec

    spec = detail.plan["spec"]
    document = {**spec, **{part: dict(spec.get(part, {})) for part in ("entry", "exit", "risk", "execution")}}
    for path, value in variant.overrides.items():
        part, name = path.split(".", 1)
        document[part][name] = value
    return parse_spec(document, "the variant's spec")


class RanDialog(DeskDialog[UUID]):
    """What the run gave beside what the sweep gave; leaves with its world when one wants to look at it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("o,enter", "look", "look at it", "its account becomes the workspace that is shown", "ran.look", show=True)
    ]

    def __init__(self, ran: Ran) -> None:
        super().__init__()
        self._ran = ran

    def compose(self) -> ComposeResult:
        """The figures, and whether they are the same."""
        outcome, variant = self._ran.outcome, self._ran.variant
        tally = outcome.tally
        facts = [
            ("variant", variant.label),
            ("world", str(outcome.workspace_id)),
            ("bars", figures.whole(outcome.bars)),
            ("intents", f"{figures.whole(tally.intents)}, {figures.whole(tally.fills)} filled"),
            ("refused", figures.by_code(outcome.stopped.refusals) or figures.whole(tally.rejected)),
            *figures.stopped_by("held back", outcome.stopped.held_back),
            *(("why" if not place else "", sentence) for place, sentence in enumerate(outcome.reasons)),
        ]
        with Vertical(classes="dialog"):
            yield Static(Text(f"It ran: {self._verdict()}", "bold"), classes="dialog-title")
            yield Static(fact_lines(facts), classes="facts")
            yield Static(self._figures(), classes="facts")
            yield Static(Text("o looks at its account; Esc leaves it", "dim"))

    def action_look(self) -> None:
        """Close the dialog and show the account of the run."""
        self.dismiss(self._ran.outcome.workspace_id)

    def _verdict(self) -> str:
        if self._ran.variant.metrics is None:
            return "the sweep has nothing to compare it with"
        same = self._ran.outcome.metrics == self._ran.variant.metrics
        return "the same as in the sweep" if same else "not as in the sweep: were limits or fees changed since?"

    def _figures(self) -> Text:
        """The main metrics, the run's and the sweep's; the score is the objective's, which a run has not."""
        ran = self._ran.variant.model_copy(update={"metrics": self._ran.outcome.metrics})
        shown = [figure for figure in FIGURES if figure.metric.spared is not None]  # as leaderboards: there is room
        lines = [f"{'':<20}{'this run':>16}{'the sweep':>16}"]
        for figure in shown:
            ran_value, swept_value = (figure.text(side) for side in (ran, self._ran.variant))
            lines.append(f"{figure.metric.label:<20}{ran_value:>16}{swept_value:>16}")
        return Text("\n".join(lines))
