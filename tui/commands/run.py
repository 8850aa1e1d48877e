"""`run`: a dataset through strategy, policy and broker, in a closed world or onward in an account."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import UsageError
from engine.numerals import typed_number
from tui.commands import figures
from tui.commands.calls import Call, command
from tui.commands.curve import metric_fields
from tui.commands.documents import plain
from tui.commands.inputs import DataOptions, SpecOptions
from tui.commands.progress import watching

if TYPE_CHECKING:
    from typing import Any

    from engine.desk import Desk
    from engine.drivers.closed import RunOutcome
    from engine.strategies.spec import ExecutionSpec
    from tui.commands.pages import Page

app = typer.Typer()


@command(
    app,
    "run",
    example="papertape run --strategy sma_cross --symbol GOOG --data sample:GOOG --slippage-bps 5",
    panel="Strategies",
)
def run(
    call: Call,
    spec: SpecOptions,
    data: DataOptions,
    like: Annotated[
        str | None, typer.Option(metavar="NAME|UUID", help="Take equity, limits and fees of this workspace.")
    ] = None,
    slippage_bps: Annotated[
        float,
        typer.Option(
            "--slippage-bps", parser=typed_number, metavar="BPS", help="What every fill loses, in basis points."
        ),
    ] = 0.0,
    session_complete: Annotated[
        bool, typer.Option("--session-complete", help="With -w: the session that the data end in is whole.")
    ] = False,
) -> None:
    """Run a spec over a dataset.

    Without -w in a closed world: a fresh account, everything closed at the end, reproducible to the last bit.
    With the flag -w onward in that account: only what is new is traded, and a run again adds nothing.
    """
    onward = call.workspace is not None
    _refuse(onward, like, data.session_tz, session_complete)
    with call.desk() as desk:
        wanted = spec.read(call, desk)
        if onward:
            outcome = _run_onward(call, desk, wanted, data, slippage_bps, session_complete)
        else:
            outcome = _run_closed(call, desk, wanted, data, like, slippage_bps)
    call.answer(document_of(outcome), lambda page: show_outcome(page, outcome, call.workspace))


def document_of(outcome: RunOutcome) -> dict[str, Any]:
    """A run as JSON has it."""
    tally = outcome.tally
    return {
        "workspace_id": outcome.workspace_id,
        "bars": outcome.bars,
        "history_bars": outcome.history_bars,
        "intents": tally.intents,
        "fills": tally.fills,
        "rejected": tally.rejected,
        "metrics": plain(outcome.metrics),
    }


def show_outcome(page: Page, outcome: RunOutcome, workspace: str | None) -> None:
    """What a run did, what came of it, and where to look next."""
    tally = outcome.tally
    counts = [figures.counted(tally.intents, "intent"), f"{figures.whole(tally.fills)} filled"]
    counts.append(f"{figures.whole(tally.rejected)} refused")
    if tally.already_executed:
        counts.append(f"{figures.whole(tally.already_executed)} executed before")
    page.fields(
        [
            ("bars", figures.whole(outcome.bars) + figures.after(outcome.history_bars)),
            ("this run", ", ".join(counts)),
            *metric_fields(outcome.metrics),
        ]
    )
    page.line()
    where = quote(workspace or str(outcome.workspace_id))
    page.line(f"look on:  papertape trades -w {where}")
    page.line(f"          papertape equity -w {where}")


def _refuse(onward: bool, like: str | None, session_tz: str | None, session_complete: bool) -> None:
    if onward and like is not None:
        raise UsageError("USAGE", "-w and --like together", hint="-w trades onward in an account, --like starts afresh")
    if onward and session_tz is not None:
        raise UsageError(
            "USAGE", "--session-tz with -w", hint="an account keeps its own: `papertape policy set session_tz=ZONE`"
        )
    if session_complete and not onward:
        raise UsageError("USAGE", "--session-complete without -w", hint="a closed world closes everything at its end")


def _run_closed(
    call: Call, desk: Desk, spec: ExecutionSpec, data: DataOptions, like: str | None, slippage_bps: float
) -> RunOutcome:
    model, _ = desk.accounts.get_or_unsaved(like)
    dataset, timeframe = data.load(call, spec.symbols, data.zone(model.limits))
    with watching("running") as watch:
        return desk.research.run(spec, dataset, timeframe=timeframe, like=like, slippage_bps=slippage_bps, watch=watch)


def _run_onward(
    call: Call, desk: Desk, spec: ExecutionSpec, data: DataOptions, slippage_bps: float, session_complete: bool
) -> RunOutcome:
    from engine.drivers.onward import OnwardTerms

    workspace = desk.accounts.get()
    dataset, timeframe = data.load(call, spec.symbols, workspace.limits.session_tz)
    terms = OnwardTerms(slippage_bps, session_complete)
    with watching("running") as watch:
        return desk.research.run_onward(spec, dataset, workspace, timeframe=timeframe, terms=terms, watch=watch)
