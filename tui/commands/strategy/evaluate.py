"""`evaluate`: what a strategy makes of the last bar, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.vocabulary import FillModel, IntentAction
from tui.commands.calls import Call, command
from tui.commands.strategy.inputs import DataOptions, SpecOptions
from tui.shared import figures
from tui.shared.output import Table

if TYPE_CHECKING:
    from engine.strategies.runner import StrategyEvaluation
    from tui.shared.output import Page

app = typer.Typer()


@command(
    app,
    "evaluate",
    example="papertape evaluate --strategy breakout_52w_high --symbol IBM --data sample:IBM",
    panel="Strategies",
)
def evaluate(
    call: Call,
    spec: SpecOptions,
    data: DataOptions,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As of this time (default: the end of the data).")
    ] = None,
) -> None:
    """Evaluate a spec once; nothing is written.

    Each symbol's signals, levels and intents on the account as it is; with --json one evaluation, or an array of
    them when the spec has several symbols.
    """
    with call.desk() as desk:
        wanted = spec.read(call, desk)
        account = desk.accounts.require()
        dataset, timeframe = data.load(call, wanted.symbols, data.zone(account.limits))
        evaluations = desk.research.evaluate(wanted, dataset, timeframe=timeframe, at=_moment(at))
    # one symbol is one evaluation, and one document
    call.answer(
        evaluations[0] if len(evaluations) == 1 else evaluations,
        lambda page: _show(page, evaluations, wanted.execution.fill),
    )


def _moment(at: str | None) -> int | None:
    """The last time that `--at` may mean, in UTC microseconds; None: the end of the data."""
    from storage.market_files.sources import read_end

    end = read_end(at, "--at")
    return None if end is None else end.last


def _show(page: Page, evaluations: list[StrategyEvaluation], fill: FillModel) -> None:
    table = Table().text("symbol", [evaluation.symbol for evaluation in evaluations])
    table.times("bar (UTC)", [evaluation.ts for evaluation in evaluations])
    table.text("signals", [", ".join(evaluation.signals) or "none" for evaluation in evaluations])
    page.table(table.text("levels", [_levels(evaluation) for evaluation in evaluations], shrinks=True))
    intents = [(intent, evaluation.estimated) for evaluation in evaluations for intent in evaluation.intents]
    for intent, is_estimated in intents:
        amount = figures.quantity(intent.quantity)
        at = "" if intent.price is None else f" at {figures.price(intent.price)}"
        page.line(f"would {intent.action.value} {amount} {intent.symbol}{at}: {intent.reason}")
        if is_estimated:
            page.line(f"  {_estimate(intent.action, fill)}")
    if not intents:
        page.line("no intent")


def _estimate(action: IntentAction, fill: FillModel) -> str:
    """What is not known yet of an intent that the next bar fills."""
    buys = action is IntentAction.OPEN_LONG
    extreme = "high" if buys else "low"
    place = "the next open" if fill is FillModel.NEXT_OPEN else f"the next bar's {extreme}"
    return f"{'quantity' if buys else 'price'} estimated at the last close: filled at {place}"


def _levels(evaluation: StrategyEvaluation) -> str:
    levels = evaluation.metadata.items()
    return ", ".join(f"{name} {figures.NONE if level is None else figures.price(level)}" for name, level in levels)
