"""`plan`: sweeps generated, run, resumed, cancelled, and what they came to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from engine.vocabulary import RunStatus
from storage.system import processors
from tui.commands.calls import Call, command
from tui.commands.plan import noise, report
from tui.commands.plan.inputs import (
    FailIf,
    PlanId,
    RunOptions,
    StrategyFile,
    SweepOptions,
    Top,
    Workers,
    find_strategy,
    loader,
    once,
    plan_named,
    recorded,
    tell_of_the_same,
)
from tui.commands.progress import watching
from tui.commands.strategy.inputs import DataOptions, SpecOptions
from tui.shared.output import Page, plain, write_document

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.plans import Load
    from engine.strategies.paths import Scalar
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.plan.generator import Generated
    from engine.sweeps.results import PlanResult
    from tui.commands.plan.fail_if import Gate

NAME, PANEL = "plan", "Strategies"
HELP = "Sweeps: many variants under the same rules, compared."
EXAMPLE = "papertape plan run --strategy sma_cross --symbol GOOG --data sample:GOOG --sweep entry.fast_period=5:25:5"
_SMA = "--strategy sma_cross --symbol GOOG --data sample:GOOG"

app = typer.Typer()
app.add_typer(report.app)


@command(app, "generate", example=f"papertape plan generate {_SMA} --sweep entry.fast_period=5:25:5")
def generate(call: Call, spec: SpecOptions, data: DataOptions, sweep: SweepOptions, top: Top = 20) -> None:
    """The variants of a sweep. Nothing is executed or written.

    The baseline first, then every combination of the values, then the ablations.
    """
    from tui.commands.plan.pages import show_generated

    with call.desk() as desk:
        wanted = spec.read(call, desk)
        values = _values(desk, wanted, sweep)
        model = desk.accounts.require()
        _, timeframe = data.load(call, wanted.symbols, data.zone(model.limits))
        variants = desk.plans.variants(sweep.request(wanted, values, timeframe))
    call.answer(_generated(variants, wanted.timeframe or timeframe), lambda page: show_generated(page, variants, top))


@command(app, "run", example=f"papertape plan run {_SMA} --sweep entry.fast_period=5:25:5 --slippage-bps 5")
def run(
    call: Call,
    spec: SpecOptions,
    data: DataOptions,
    sweep: SweepOptions,
    terms: RunOptions,
    workers: Workers = None,
    fail_if: FailIf = None,
    top: Top = 20,
) -> None:
    """Run every variant of a sweep, and rank them.

    Each trades in an account of its own, under the same rules. Exit 0 when a variant succeeded and --fail-if does not
    hold. What Ctrl-C or a kill leaves, `plan resume` ends.
    """
    from tui.commands.plan.fail_if import Gate

    gate = Gate.read(fail_if)
    with call.desk() as desk:
        result, load = _run(call, desk, spec, data, sweep, terms, workers)
        _answer(call, desk, result, load, gate, top)


@command(app, "resume", example="papertape plan resume last --workers 2", without_workspace=True)
def resume(
    call: Call,
    plan: PlanId,
    strategy: StrategyFile = None,
    workers: Workers = None,
    fail_if: FailIf = None,
    top: Top = 20,
) -> None:
    """Go on with a run plan that was stopped.

    By Ctrl-C, a kill, or `plan cancel`. What is finished is not run again; the end is as without the stop. A strategy
    of your own runs only when its source is the one that the plan was started with, and you ran or named it yourself:
    no code runs because a journal names it."""
    from tui.commands.plan.fail_if import Gate

    gate = Gate.read(fail_if)
    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        find_strategy(call, desk, detail, strategy)
        load = once(loader(call))
        with watching("running the sweep", detail.run_plan_id) as watch:
            result = desk.plans.resume(detail.run_plan_id, load, workers=workers or processors(), watch=watch)
        _answer(call, desk, result, load, gate, top)


@command(app, "open", example="papertape plan open last", without_workspace=True)
def open_holdout(
    call: Call, plan: PlanId, strategy: StrategyFile = None, fail_if: FailIf = None, top: Top = 20
) -> None:
    """Trade the best of a run plan on its holdout, once.

    The baseline too: what comes out is journaled, and the verdict made anew. A holdout that is opened again shows the
    same. It says how often its sessions were opened before, and how many tries have seen them."""
    from tui.commands.plan.fail_if import Gate

    gate = Gate.read(fail_if)
    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        if detail.holdout is not None and not detail.holdout.opened:
            find_strategy(call, desk, detail, strategy)
        load = once(loader(call))
        result = desk.plans.open(detail.run_plan_id, load)
        _answer(call, desk, result, load, gate, top)


@command(app, "refine", example="papertape plan refine last --between 3", without_workspace=True)
def refine(
    call: Call,
    plan: PlanId,
    between: Annotated[
        int, typer.Option("--between", min=1, metavar="N", help="Values on each side of the best's, for each number.")
    ] = 3,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="Run N of the combinations, drawn from all.")
    ] = None,
    strategy: StrategyFile = None,
    workers: Workers = None,
    fail_if: FailIf = None,
    top: Top = 20,
) -> None:
    """Try values around a plan's best, as a new plan.

    For each swept number, between the best's value and the next ones that were tried. Terms, data and account are the
    plan's; what is no number stays as the best has it. Every variant is a try like any other.
    """
    from tui.commands.plan.fail_if import Gate

    gate, fresh = Gate.read(fail_if), _fresh_id()
    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        find_strategy(call, desk, detail, strategy)
        load = once(loader(call))
        with watching("running the sweep", fresh) as watch:
            result = desk.plans.refine(
                detail.run_plan_id,
                load,
                between=between,
                sample=sample,
                workers=workers or processors(),
                watch=watch,
                new_id=fresh,
            )
        _answer(call, desk, result, load, gate, top)


@command(app, "cancel", example="papertape plan cancel last", without_workspace=True)
def cancel(call: Call, plan: PlanId) -> None:
    """Ask a run plan to stop.

    Any process may ask, whichever runs it. What is done stays; `plan resume` goes on with it."""
    with call.desk() as desk:
        wanted = plan_named(desk, plan)
        desk.plans.cancel(wanted)
        detail = desk.plans.get(wanted)
    sentence = "is asked to stop" if detail.status == "running" else f"is {detail.status}"
    document = {"success": True, "run_plan_id": detail.run_plan_id, "status": detail.status}
    call.answer(document, lambda page: page.line(f"run plan {detail.run_plan_id} {sentence}"))


app.add_typer(noise.app)


@command(app, "list", example="papertape plan list --status interrupted")
def list_all(
    call: Call,
    status: Annotated[RunStatus | None, typer.Option("--status", help="Only plans with this status.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the newest N.", show_default=False)
    ] = None,
) -> None:
    """Run plans, newest first.

    With the flag -w those of that workspace alone."""
    from tui.commands.plan.pages import show_plans

    with call.desk() as desk:
        plans = desk.plans.all(limit=limit, status=None if status is None else status.value, workspace=call.workspace)
    call.answer(plans, lambda page: show_plans(page, plans))


@command(app, "show", example="papertape plan show last --top 50", without_workspace=True)
def show(call: Call, plan: PlanId, top: Top = 20) -> None:
    """How a run plan stands, and what came of it.

    What was asked of it, its variants best first, what to know of its data."""
    from tui.commands.plan.pages import show_plan

    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        events = desk.plans.events(detail.run_plan_id)
    document = {**plain(detail), "events": events} if call.json else None
    call.answer(document, lambda page: show_plan(page, detail, events, top))


@command(app, "trades", example="papertape plan trades last best", without_workspace=True)
def trades(
    call: Call,
    plan: PlanId,
    variant: Annotated[
        str,
        typer.Argument(
            metavar="VARIANT", help="Its id or the beginning of one, `best` or `baseline`.", show_default=False
        ),
    ],
    strategy: StrategyFile = None,
) -> None:
    """A variant's round trips, in the order of closing.

    From its fills; of a plan with --journal summary they are computed again from the same data."""
    from tui.commands.account.look import show_trades

    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        if detail.journal == "summary":
            find_strategy(call, desk, detail, strategy)
        closed = desk.plans.trades(detail.run_plan_id, variant, loader(call))
    call.answer(closed, lambda page: show_trades(page, closed))


@command(app, "export", example="papertape plan export last --to sweep.csv", without_workspace=True)
def export(
    call: Call,
    plan: PlanId,
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="A .csv, .json or .parquet file.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """A run plan's variants as a file.

    A row a variant, or the JSON document of `plan run`. In CSV a text that a spreadsheet would take for a formula has
    an apostrophe in front.
    """
    from tui.shared.files import encoder_for, write_whole

    path = Path(to)
    encode = encoder_for(path)
    with call.desk() as desk:
        result = desk.plans.result(plan_named(desk, plan))
    write_whole(path, encode(plain(result)), force=force)
    document = {"success": True, "run_plan_id": result.run_plan_id, "path": path, "variants": len(result.results)}
    call.answer(document, lambda page: page.line(f"{path} written, {len(result.results):,} variants"))


def _run(
    call: Call,
    desk: Desk,
    spec: SpecOptions,
    data: DataOptions,
    sweep: SweepOptions,
    terms: RunOptions,
    workers: int | None,
) -> tuple[PlanResult, Load]:
    wanted = spec.read_to_run(call, desk)
    values = _values(desk, wanted, sweep)
    model = desk.accounts.require(terms.like)
    dataset, timeframe = data.load(call, wanted.symbols, data.zone(model.limits))
    fresh = _fresh_id()
    with watching("running the sweep", fresh) as watch:
        request = replace(
            terms.applied_to(sweep.request(wanted, values, timeframe)),
            run_plan_id=fresh,
            data=recorded(desk, data, wanted, dataset),
        )
        result = desk.plans.execute(request, dataset, workers=workers or processors(), watch=watch)
    return result, lambda _: dataset


def _fresh_id() -> UUID:
    """The id of a run plan that is about to begin, so that an interrupted start can still name it."""
    from engine.events import LiveStamps
    from storage.system import wall_clock

    return UUID(LiveStamps(wall_clock).new_id())


def _values(desk: Desk, wanted: ExecutionSpec, sweep: SweepOptions) -> dict[str, list[Scalar]]:
    """The values to try, refused before the data are read."""
    from tui.shared.inputs import read_sweep

    return read_sweep(desk.research.compile(wanted), sweep.sweep)


def _generated(generated: Generated, timeframe: str) -> dict[str, Any]:
    """Variants as JSON has them, and the timeframe that their ids are made with."""
    variants = [variant.payload() for variant in generated.variants]
    counts = {"n_variants": len(variants), "variants_dropped": generated.dropped}
    return {"timeframe": timeframe, **counts, "variants": variants}


def _answer(call: Call, desk: Desk, result: PlanResult, load: Load, gate: Gate, top: int) -> None:
    """Print the result on stdout and notes on stderr; raise the error that a script should stop for."""
    from engine.sweeps.results import cancelled

    if result.duplicate_of:
        tell_of_the_same(call, desk, result)
    if not call.json:
        _show(Page(), desk, result, load, top)
    error = cancelled(result) if result.status == "cancelled" else gate.error(result)
    if error is not None:
        error.details.update(_document_of(result, gate))
        raise error
    if call.json:
        write_document(_document_of(result, gate))


def _document_of(result: PlanResult, gate: Gate) -> dict[str, Any]:
    """A sweep as JSON has it."""
    return {**plain(result), "fail_if": gate.document(result)}


def _show(page: Page, desk: Desk, result: PlanResult, load: Load, top: int) -> None:
    from tui.commands.plan.pages import draw_over, show_result

    show_result(page, result, top)
    if _has_two_curves(result):
        page.line()
        best, baseline = (desk.plans.equity(result.run_plan_id, side, load) for side in ("best", "baseline"))
        draw_over(page, best, baseline)
    page.line()
    page.line(f"next:  papertape plan show {result.run_plan_id}")
    if result.best_variant_id is not None:
        page.line(f"       papertape plan trades {result.run_plan_id} best")


def _has_two_curves(result: PlanResult) -> bool:
    """Whether there is a best variant beside a baseline that succeeded too."""
    baseline = result.results[0]
    return result.best_variant_id not in (None, baseline.variant_id) and baseline.metrics is not None
