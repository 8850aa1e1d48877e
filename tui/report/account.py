"""The report of an account, or of the account of a backtest: what it made, how, and from which orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from itertools import accumulate
from shlex import quote
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from engine.drivers.trial import count_trials
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import EventFilter
from engine.statistics.verdict import sentence_of_run
from engine.symbols import readable
from engine.vocabulary import EventType
from tui.report import reproduce
from tui.report.content import Block, Commands, Fact, Facts, Report, Role, Section, Series, TableBlock, Text
from tui.report.over_time import Curves, equity_section, milliseconds, trades_section
from tui.report.plan_worth import Side, figures_section, key_figures
from tui.shared import figures
from tui.shared.output import Table, put_positions

if TYPE_CHECKING:
    from engine.account.metrics import Metrics
    from engine.account.state import PaperState
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint, TradeView

_KINDS = {
    WorkspaceKind.ACCOUNT: "Report of an account",
    WorkspaceKind.CLOSED: "Report of a backtest",
    WorkspaceKind.VARIANT: "Report of a variant",
}
_AT_COST = "Equity is at cost, after each closed trade: open positions do not show."
_AT_MARKS = "Equity is at marks, at the end of each session."
_OF_A_RUN = (EventType.BACKTEST_RECORDED.value, EventType.RUN_ADVANCED.value)


def account_report(desk: Desk, workspace: str | UUID | None = None) -> Report:
    """The report of a workspace, as it is now; None means the desk's own. WORKSPACE_NOT_FOUND."""
    account = desk.accounts.require(workspace)
    state, metrics = desk.accounts.state(account.id), desk.accounts.metrics(account.id)
    trades = desk.accounts.trades(account.id)
    curves = _marked_curves(desk, account) or (_curves(desk.accounts.equity(account.id), trades) if trades else None)
    runs = _newest_runs(desk, account)
    sides = _sides(desk, account, metrics)
    lead = key_figures(sides) if trades else None
    verdict, *because = _sentences(desk, account, state, metrics, runs)
    return Report(
        kind=_KINDS[account.kind],
        title=_title(account, runs),
        verdict=verdict,
        because=because,
        about=_about(account, state),
        lead=[] if lead is None else [lead],
        sections=list(_sections(account, state, sides, trades, curves, runs)),
    )


def _sections(
    account: Workspace,
    state: PaperState,
    sides: Sequence[Side],
    trades: Sequence[TradeView],
    curves: Curves | None,
    runs: Sequence[dict[str, Any]],
) -> Iterator[Section]:
    if curves is not None:
        yield equity_section(curves, [_AT_COST if curves.stepped else _AT_MARKS])
        yield figures_section(sides)
    if state.positions:
        yield Section("positions", "Held now", [_positions(state)])
    yield trades_section(trades, "The account")
    yield _reproduction(account, runs)


def _sides(desk: Desk, account: Workspace, metrics: Metrics) -> list[Side]:
    """The account, and buying and holding beside it where it is known on the account's sessions."""
    held = desk.accounts.life(account.id).benchmark if account.kind is WorkspaceKind.ACCOUNT else None
    sides: list[Side] = [("account", metrics)]
    return sides if held is None else [*sides, ("holding", held)]


def _newest_runs(desk: Desk, account: Workspace) -> list[dict[str, Any]]:
    """What the journal says of the newest run of each spec on the account, the newest first."""
    found: dict[str, dict[str, Any]] = {}
    where = EventFilter(types=_OF_A_RUN)
    for event in desk.journal.events(account.id, where=where, newest_first=True):
        if isinstance(event.payload.get("spec"), dict):  # older runs did not say it
            found.setdefault(str(event.payload.get("spec_sha256")), event.payload)
    return list(found.values())


def _sentences(
    desk: Desk, account: Workspace, state: PaperState, metrics: Metrics, runs: Sequence[dict[str, Any]]
) -> list[str]:
    """The verdict, then why."""
    gained = (state.equity / account.starting_equity - 1) * 100
    made = f"{figures.percent(gained)} in {figures.counted(metrics.trade_count, 'trade')}"
    if account.kind is WorkspaceKind.CLOSED and runs:
        lead, colon, rest = _worth_of_run(desk, account, metrics).partition(": ")
        if colon:
            return [f"{lead}.", f"{rest[:1].upper()}{rest[1:]}"]
        return [lead]
    if not metrics.trade_count and not state.positions:
        return ["Nothing has been traded yet."]
    held = f", {figures.counted(len(state.positions), 'position')} still open" if state.positions else ""
    worth = f"Equity is {figures.money(state.equity)} at marks, from {figures.money(account.starting_equity)}."
    return [f"{made}{held}.", worth]


def _worth_of_run(desk: Desk, account: Workspace, metrics: Metrics) -> str:
    """The sentence that the backtest ended with."""
    trials = desk.journal.trials()
    mine = next((trial for trial in trials if trial.run_id == str(account.id)), None)
    tries = 1 if mine is None else count_trials(mine, [one for one in trials if one.seq < mine.seq]).on_these_data
    return sentence_of_run(metrics.psr, metrics.alpha_annual_pct, metrics.trade_count, tries)


def _title(account: Workspace, runs: Sequence[dict[str, Any]]) -> str:
    if account.kind is WorkspaceKind.ACCOUNT or not runs:
        return account.name
    spec = runs[0]["spec"]
    return f"{spec['strategy_id']} on {', '.join(map(readable, spec['symbols']))}"


def _about(account: Workspace, state: PaperState) -> list[Fact]:
    limits = account.limits.model_dump(mode="json", exclude_defaults=True)
    said = ", ".join(f"{name} {value}" for name, value in limits.items()) or "none set"
    return [
        Fact("account", account.name),
        Fact("began with", figures.money(account.starting_equity)),
        Fact("equity", f"{figures.money(state.equity)} at marks"),
        Fact("cash", figures.money(state.cash)),
        Fact("limits, fees", said),
        Fact("trading", account.trading_state.value),
        Fact("last event", f"{figures.moment(state.last_event_at)}, seq {figures.whole(state.last_seq)}"),
    ]


def _marked_curves(desk: Desk, account: Workspace) -> Curves | None:
    """Session by session, of an account that trades on; None of any other."""
    points = desk.accounts.equity_by_session(account.id)
    if not points:
        return None
    days = [datetime.combine(point.session, time(), UTC) for point in points if point.session is not None]
    values = np.array([point.equity for point in points], dtype=np.float64)
    return Curves(milliseconds([days[0], *days]), [Series("account", Role.BEST, values)], points[0].equity, "sessions")


def _curves(points: Sequence[EquityPoint], trades: Sequence[TradeView]) -> Curves:
    """From the first entry on, in the order of closing.

    A trade of older data, run later, stands where the curve has come to.
    """
    begun = min(trade.entry_ts for trade in trades)
    times = milliseconds([begun if point.ts is None else point.ts for point in points])
    values = np.array([point.equity for point in points], dtype=np.float64)
    rising = np.array(list(accumulate(times.tolist(), max)), dtype=np.float64)
    return Curves(rising, [Series("account", Role.BEST, values)], points[0].equity, "trades", stepped=True)


def _positions(state: PaperState) -> TableBlock:
    held = list(state.positions.values())
    table = Table().text("symbol", [readable(position.symbol) for position in held])
    return TableBlock(put_positions(table, held), "Open positions, at their marks")


def _reproduction(account: Workspace, runs: Sequence[dict[str, Any]]) -> Section:
    blocks: list[Block] = [Commands(_commands(account, runs))]
    for run in runs:
        spec, window = run["spec"], run.get("window")
        facts = [
            Fact("strategy", f"{spec['strategy_id']} on {', '.join(map(readable, spec['symbols']))}"),
            Fact("spec", str(run.get("spec_sha256")), "sha256 of all its parameters"),
            Fact("code", str(run.get("strategy_sha256")), "sha256"),
        ]
        facts += [Fact(f"bars of {readable(symbol)}", digest, "sha256") for symbol, digest in run["bars"].items()]
        if window is not None:
            facts.append(Fact("traded", f"{window['from'][:10]} to {window['to'][:10]}"))
        blocks.append(Facts(facts))
    if account.kind is WorkspaceKind.CLOSED and runs:
        said = f"{reproduce.ANY_FILE} stands for the file of the bars: a backtest keeps their sha256, not a path."
        blocks.append(Text(said, aside=True))
    return Section("reproduce", "How to reproduce it", blocks)


def _commands(account: Workspace, runs: Sequence[dict[str, Any]]) -> list[str]:
    if account.kind is WorkspaceKind.CLOSED and runs:
        run = runs[0]
        return reproduce.run_commands(run["spec"], run["slippage_bps"], account.limits, account.starting_equity)
    name = quote(account.name)
    return [f"papertape reconcile --dry-run -w {name}", f"papertape trades -w {name}", f"papertape events -w {name}"]
