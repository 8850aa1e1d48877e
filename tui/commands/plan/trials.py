"""`trials`: what has been tried, and on which data; the best of many tries is luck as much as skill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.leaderboard import SHORTEST_PLAN, short_ids
from tui.shared.output import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ports import Trial
    from tui.shared.output import Page

PANEL = "Strategies"

app = typer.Typer()


@command(app, "trials", example="papertape trials --symbol GOOG", panel=PANEL, without_workspace=True)
def trials(
    call: Call,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only what was tried on this symbol.")
    ] = None,
) -> None:
    """What has been tried, of all accounts.

    A try is a distinct configuration with a result: a strategy's code with all its parameters. Run plans, backtests and
    forward runs are counted; older runs, which did not journal what they tried, are listed and cannot be.
    """
    with call.desk() as desk:
        tried = desk.journal.trials(symbol)
        names = {str(account.id): account.name for account in desk.accounts.all()}
    call.answer([document_of(trial) for trial in tried], lambda page: _show(page, tried, names, symbol))


def document_of(trial: Trial) -> dict[str, Any]:
    """A run that tried something, as JSON has it."""
    return {
        "kind": trial.kind,
        "run_id": trial.run_id,
        "spec_key": trial.spec_key or None,
        "strategy_id": trial.strategy_id or None,
        "strategy_sha256": trial.strategy_sha256 or None,
        "symbols": sorted(trial.bars),
        "from": _when(trial.first_ts),
        "to": _when(trial.last_ts),
        "configurations": trial.count if trial.is_countable else None,
        "countable": trial.is_countable,
        "seq": trial.seq,
    }


def _when(ts: int | None) -> str | None:
    from engine.market.sessions import iso

    return None if ts is None else iso(ts)


def _show(page: Page, tried: Sequence[Trial], names: Mapping[str, str], symbol: str | None) -> None:
    where = "" if symbol is None else f" on {symbol}"
    if not tried:
        page.line(f"nothing has been tried{where} yet")
        return
    table = Table().text("kind", [trial.kind for trial in tried])
    ids = short_ids([trial.run_id for trial in tried], SHORTEST_PLAN)
    table.text("run plan or account", [names.get(trial.run_id, ids[trial.run_id]) for trial in tried], shrinks=True)
    table.text("strategy", [trial.strategy_id or "-" for trial in tried], shrinks=True)
    table.text("symbols", [", ".join(sorted(trial.bars)) for trial in tried], shrinks=True)
    table.text("from", [_day(trial.first_ts) for trial in tried])
    table.text("to", [_day(trial.last_ts) for trial in tried])
    table.text("tries", [figures.whole(trial.count) if trial.is_countable else "?" for trial in tried], right=True)
    page.table(table)
    page.line()
    distinct = {(trial.strategy_sha256, spec) for trial in tried for spec in trial.digests()}
    page.line(f"{figures.counted(len(distinct), 'distinct configuration')} tried{where}")
    unknown = sum(1 for trial in tried if not trial.is_countable)
    if unknown:
        page.line(f"{figures.counted(unknown, 'older run')} cannot be counted: what was tried was not journaled then")


def _day(ts: int | None) -> str:
    from engine.market.sessions import from_micros

    return "-" if ts is None else from_micros(ts).date().isoformat()
