"""`run`: a dataset through strategy, policy and broker, as a backtest or as a forward run in an account."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import UsageError
from engine.numerals import typed_number
from tui.commands.account.look import metric_fields
from tui.commands.calls import Call, command
from tui.commands.progress import watching
from tui.commands.strategy.inputs import DataOptions, SpecOptions
from tui.shared import figures
from tui.shared.output import plain
from tui.shared.words import holding_of

if TYPE_CHECKING:
    from typing import Any

    from engine.desk import Desk
    from engine.drivers.backtest import RunOutcome
    from engine.drivers.beginning import OnwardTerms
    from engine.strategies.spec import ExecutionSpec
    from tui.shared.output import Page

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class ForwardOptions:
    """The options of a forward run."""

    session_complete: Annotated[
        bool, typer.Option("--session-complete", help="With -w: the last session of the data is complete.")
    ] = False
    begin: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="TIME", help="With -w: where a spec that is new to the account starts trading."
        ),
    ] = None
    accept_history: Annotated[
        bool, typer.Option("--accept-history", help="With -w: continue although the data's past has changed.")
    ] = False
    accept_strategy: Annotated[
        bool, typer.Option("--accept-strategy", help="With -w: continue with the strategy's changed code.")
    ] = False

    def refuse_alone(self) -> None:
        """Raise UsageError for an option that needs -w and is given without it."""
        alone = {
            "--session-complete": (self.session_complete, "a backtest closes everything at its end"),
            "--start": (self.begin is not None, "a backtest begins with --from TIME"),
            "--accept-history": (self.accept_history, "a backtest remembers no history"),
            "--accept-strategy": (self.accept_strategy, "a backtest takes the strategy as it is"),
        }
        for name, (given, hint) in alone.items():
            if given:
                raise UsageError("USAGE", f"{name} without -w", hint=hint)

    def terms(self, slippage_bps: float) -> OnwardTerms:
        """The terms as the forward run's driver takes them."""
        from engine.drivers.beginning import OnwardTerms

        return OnwardTerms(
            slippage_bps,
            session_complete=self.session_complete,
            accept_history=self.accept_history,
            accept_strategy=self.accept_strategy,
            from_window=self.begin is not None,
        )


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
    forward: ForwardOptions,
    like: Annotated[
        str | None, typer.Option(metavar="NAME|UUID", help="Take equity, limits and fees of this workspace.")
    ] = None,
    slippage_bps: Annotated[
        float,
        typer.Option(
            "--slippage-bps", parser=typed_number, metavar="BPS", help="What every fill loses, in basis points."
        ),
    ] = 0.0,
) -> None:
    """Run a spec over a dataset.

    Without -w a backtest: a fresh account, everything closed at the end, reproducible to the last bit.
    With the flag -w a forward run in that account: only new bars are traded, and a second run adds nothing.
    """
    trades_on = call.workspace is not None
    _refuse(trades_on, like, data.session_tz)
    if not trades_on:
        forward.refuse_alone()
    with call.desk() as desk:
        wanted = spec.read_to_run(call, desk)
        if trades_on:
            outcome = _run_forward(call, desk, wanted, data, forward, slippage_bps)
        else:
            outcome = _run_backtest(call, desk, wanted, data, like, slippage_bps)
    call.warn(outcome.notes, "note")
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
        **outcome.stopped.document(),
        "reasons": list(outcome.reasons),
        "benchmark": plain(outcome.benchmark),
        "because": outcome.worth,
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
            *figures.stopped_by("refused by", outcome.stopped.refusals),
            *figures.stopped_by("held back", outcome.stopped.held_back),
            *metric_fields(outcome.metrics),
            *holding_of(outcome.benchmark),
        ]
    )
    page.line()
    sentences = [*outcome.reasons, *filter(None, [outcome.worth])]
    for sentence in sentences:
        page.paragraph(sentence)
    if sentences:
        page.line()
    where = quote(workspace or str(outcome.workspace_id))
    page.line(f"next:  papertape trades -w {where}")
    page.line(f"       papertape equity -w {where}")


def _refuse(trades_on: bool, like: str | None, session_tz: str | None) -> None:
    if trades_on and like is not None:
        raise UsageError(
            "USAGE", "-w and --like together", hint="-w trades forward in an account, --like starts a fresh one"
        )
    if trades_on and session_tz is not None:
        raise UsageError(
            "USAGE", "--session-tz with -w", hint="an account keeps its own: `papertape policy set session_tz=ZONE`"
        )


def _run_backtest(
    call: Call, desk: Desk, spec: ExecutionSpec, data: DataOptions, like: str | None, slippage_bps: float
) -> RunOutcome:
    model = desk.accounts.require(like)
    dataset, timeframe = data.load(call, spec.symbols, data.zone(model.limits))
    with watching("running") as watch:
        return desk.research.run(spec, dataset, timeframe=timeframe, like=like, slippage_bps=slippage_bps, watch=watch)


def _run_forward(
    call: Call, desk: Desk, spec: ExecutionSpec, data: DataOptions, forward: ForwardOptions, slippage_bps: float
) -> RunOutcome:
    from storage.market_files.sources import read_end

    begins = read_end(forward.begin, "--start")
    workspace = desk.accounts.ensure_default()
    dataset, timeframe = data.load(call, spec.symbols, workspace.limits.session_tz)
    if begins is not None:
        dataset = dataset.window(begins.at)
    terms = forward.terms(slippage_bps)
    with watching("running") as watch:
        return desk.research.run_onward(spec, dataset, workspace, timeframe=timeframe, terms=terms, watch=watch)
