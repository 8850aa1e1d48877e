"""`plan noise`: a run plan again on shuffled bars, and how often the best there is as good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import PapertapeError, SystemFault
from engine.vocabulary import NOISE_DRAWS
from storage.system import processors
from tui.commands.calls import Call, command
from tui.commands.plan.inputs import FailIf, PlanId, StrategyFile, Workers, find_strategy, loader, plan_named
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.output import Page, plain, write_document
from tui.shared.words import noise_of

if TYPE_CHECKING:
    from engine.sweeps.noise.results import NoiseResult
    from engine.sweeps.results import PlanDetail
    from tui.shared.output import Field

NOISE_COLOUR, BEST_COLOUR = (110, 140, 190), (80, 200, 120)
SHARES = (50, 95)
"""In percent: which scores of the draws are told"""

app = typer.Typer()


@command(app, "noise", example="papertape plan noise last --draws 200", without_workspace=True)
def noise(
    call: Call,
    plan: PlanId,
    draws: Annotated[
        int, typer.Option("--draws", min=1, metavar="N", help="How often the bars are shuffled.")
    ] = NOISE_DRAWS,
    strategy: StrategyFile = None,
    workers: Workers = None,
    fail_if: FailIf = None,
) -> None:
    """Run a plan again on shuffled bars.

    Is its best better than noise? Each draw shuffles the sessions of the plan's window, their gaps apart from their
    shapes, and runs every variant on them. p_noise is the share of draws, the plan itself counted in, whose best is as
    good as the plan's. What Ctrl-C, a kill or `plan cancel` leaves, the same command ends. Draws are no tries.
    """
    from tui.commands.plan.fail_if import Gate

    gate = Gate.read(fail_if)
    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        find_strategy(call, desk, detail, strategy)
        with watching("running on shuffled bars") as watch:
            found = desk.plans.noise(
                detail.run_plan_id, loader(call), draws=draws, workers=workers or processors(), watch=watch
            )
        result = desk.plans.result(detail.run_plan_id).model_copy(update={"noise": found})
    document = {"run_plan_id": detail.run_plan_id, "objective": detail.objective, **plain(found)}
    document["fail_if"] = gate.document(result)
    _answer(call, detail, found, document, _stopped(detail, found) or gate.error(result))


def _stopped(detail: PlanDetail, found: NoiseResult) -> PapertapeError | None:
    """The error that says that a test is not complete, and how to go on with it."""
    if found.p_noise is not None:
        return None
    return SystemFault(
        "CANCELLED",
        f"the noise test was stopped with {len(found.scores):,} of {found.draws:,} draws done",
        hint=f"`papertape plan noise {detail.run_plan_id} --draws {found.draws}` goes on",
    )


def _answer(
    call: Call, detail: PlanDetail, found: NoiseResult, document: dict[str, Any], error: PapertapeError | None
) -> None:
    """Print the result on stdout; raise the error that a script should stop for."""
    if not call.json:
        show_noise(Page(), detail, found)
    if error is not None:
        error.details.update(document)
        raise error
    if call.json:
        write_document(document)


def show_noise(page: Page, detail: PlanDetail, found: NoiseResult) -> None:
    """Print the probability, and where the plan's best lies among the bests of the draws."""
    page.heading(f"run plan {detail.run_plan_id}  against noise")
    label = next(
        (one.label for one in detail.results if one.variant_id == found.best_variant_id), found.best_variant_id
    )
    rows: list[Field] = [*noise_of(found), ("best", f"{label} by {detail.objective} {found.best_score:.4f}")]
    scores = sorted(score for score in found.scores if score is not None)
    if scores:
        told = (f"{share} % up to {scores[-(-share * len(scores) // 100) - 1]:.4f}" for share in SHARES)
        rows += [("draws", f"{', '.join(told)}, all up to {scores[-1]:.4f}")]
    if len(scores) < len(found.scores):
        rows += [("", f"{figures.counted(len(found.scores) - len(scores), 'draw')} without a score")]
    page.fields(rows)
    if scores:
        _draw(page, scores, found.best_score)


def _draw(page: Page, scores: list[float], best: float) -> None:
    from tui.shared.charts import distribution

    page.line()
    colours = (NOISE_COLOUR, BEST_COLOUR) if page.colour else None
    page.raw(distribution(scores, best, page.width, colours=colours, unicode=page.unicode))
    page.line(f"columns: the best score of each draw   {'│' if page.unicode else '|'} the plan's best, {best:.4f}")
