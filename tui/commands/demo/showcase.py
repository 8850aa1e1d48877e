"""The demo's content: what it runs, what it finds when it is there already, and how it shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from engine.account.state import values_apart
from engine.strategies.spec import ExecutionSpec
from storage.market_files import load_dataset
from storage.samples import sample_path
from tui.commands.account.look import draw, metric_fields, show_positions, show_trades
from tui.commands.account.workspaces import document_of
from tui.commands.demo.incidents import UNFINISHED_STRATEGY, Incidents, amiss, by_hand, found_in, show_incidents
from tui.commands.demo.sweeps import Sweep, show_sweep, sweep
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.output import Table, plain

if TYPE_CHECKING:
    from engine.account.metrics import Metrics
    from engine.account.state import PaperState
    from engine.broker.reconcile import ReconcileReport
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint, SessionPoint, TradeView
    from engine.market.bars import Dataset
    from engine.policy.workspace import Workspace
    from tui.shared.output import Page

NAME = "demo"
SYMBOLS = ["GOOG", "IBM"]
"""AAPL's prices are as published, with its splits: it would show results that nobody had."""
ACCOUNT_STRATEGY = "sma_cross"
STRATEGIES = ("breakout_52w_high", "sma_cross", "rsi_reversion")
DOLLARS = 4_000.0
LAST_TRADES = 5


@dataclass(frozen=True, slots=True)
class Backtest:
    """One strategy backtested on one symbol."""

    strategy_id: str
    symbol: str
    workspace_id: UUID
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Showcase:
    """All that the demo shows."""

    workspace: Workspace
    state: PaperState
    metrics: Metrics
    equity: list[EquityPoint]
    by_session: list[SessionPoint]
    trades: list[TradeView]
    runs: list[Backtest]
    sweep: Sweep
    incidents: Incidents
    reconcile: ReconcileReport
    report: Path
    """The file with the report of the sweep"""

    def document(self) -> dict[str, Any]:
        """The fields that `--json` prints."""
        return {
            "workspace": document_of(self.workspace),
            "state": plain(self.state),
            "metrics": plain(self.metrics),
            "runs": plain(self.runs),
            "sweeps": [plain(self.sweep.document())],
            "incidents": plain(self.incidents.document()),
            "reconcile": plain(self.reconcile),
            "report": plain(self.report),
        }


def prepare(desk: Desk, directory: Path, warn: Callable[[Iterable[str]], None]) -> Showcase:
    """Run what was not run before, gather all of it, and write a report of it into the directory."""
    sources = [(name, sample_path(name)) for name in SYMBOLS]
    with watching("reading the samples") as watch:
        dataset = load_dataset(sources, symbols=SYMBOLS, watch=watch)
    warn(dataset.warnings)
    workspace = desk.accounts.find(NAME) or desk.accounts.create(NAME)
    with watching("trading forward") as watch:
        desk.research.run_onward(_spec(ACCOUNT_STRATEGY, SYMBOLS), dataset, workspace, watch=watch)
    by_hand(desk, workspace, dataset)
    runs = [_backtest(desk, dataset, workspace, strategy, symbol) for strategy in STRATEGIES for symbol in SYMBOLS]
    misfits, unfinished = _spec(ACCOUNT_STRATEGY, SYMBOLS), _spec(UNFINISHED_STRATEGY, SYMBOLS)
    amiss(desk, workspace, misfits, unfinished, sources)
    swept = sweep(desk, workspace, _spec(ACCOUNT_STRATEGY, SYMBOLS), sources)
    return Showcase(
        workspace,
        desk.accounts.state(NAME),
        desk.accounts.metrics(NAME),
        desk.accounts.equity(NAME),
        desk.accounts.equity_by_session(NAME),
        desk.accounts.trades(NAME),
        runs,
        swept,
        found_in(desk, workspace),
        desk.accounts.reconcile(NAME, dry_run=True),
        _report(desk, swept.result.run_plan_id, directory),
    )


def _report(desk: Desk, run_plan_id: UUID, directory: Path) -> Path:
    """The report of a sweep, in the format that can be written here; a second demo writes the same again."""
    from tui.report.files import write_plan_report

    path = directory / (f"{NAME}.html" if find_spec("bokeh") is not None else f"{NAME}.md")
    with watching("writing a report"):
        return write_plan_report(desk, run_plan_id, path, force=True)


def near_home(path: Path) -> str:
    """A path as a shell takes it, the home directory as `~`."""
    home = Path.home()
    return f"~/{quote(str(path.relative_to(home)))}" if path.is_relative_to(home) else quote(str(path))


def _backtest(desk: Desk, dataset: Dataset, workspace: Workspace, strategy: str, symbol: str) -> Backtest:
    """Backtest under an id that a second demo finds again."""
    spec = _spec(strategy, [symbol])
    backtest_id = uuid5(workspace.id, desk.research.compile(spec).key)
    if desk.accounts.find(backtest_id) is None:
        with watching(f"{strategy} on {symbol}") as watch:
            desk.research.run(spec, dataset, like=NAME, workspace_id=backtest_id, watch=watch)
    return Backtest(strategy, symbol, backtest_id, desk.accounts.metrics(backtest_id))


def _spec(strategy: str, symbols: list[str]) -> ExecutionSpec:
    from engine.strategies.spec import RiskSpec

    return ExecutionSpec(
        strategy_id=strategy, symbols=symbols, timeframe="daily", risk=RiskSpec(dollars_per_trade=DOLLARS)
    )


def show(page: Page, showcase: Showcase) -> None:
    """Print the account, its curve and last trades, the backtests, the reconciliation, and where to go on."""
    page.heading(f"{NAME}: {ACCOUNT_STRATEGY} on {' and '.join(SYMBOLS)}, daily, forward run")
    draw(page, showcase.equity, showcase.by_session)
    page.fields(metric_fields(showcase.metrics))
    page.line()
    page.heading("Held now")
    show_positions(page, list(showcase.state.positions.values()))
    page.line()
    page.heading(f"The last {LAST_TRADES} of {figures.whole(len(showcase.trades))} trades")
    show_trades(page, showcase.trades[-LAST_TRADES:])
    page.line()
    page.heading("Backtests: each strategy alone, on each symbol")
    page.table(_runs_table(showcase.runs))
    page.line()
    show_sweep(page, showcase.sweep, ACCOUNT_STRATEGY)
    page.line()
    show_incidents(page, showcase.incidents)
    page.line()
    _show_reconcile(page, showcase.reconcile)
    page.line(f"A report to send:  {near_home(showcase.report)}")
    page.line("Next:  papertape -w demo")
    page.line("       papertape trades -w demo")
    page.line("       papertape events -w demo --limit 10")
    page.line("       papertape run --strategy sma_cross --symbol IBM --data sample:IBM --slippage-bps 5")
    page.line(f"       papertape plan show {showcase.sweep.result.run_plan_id}")


_RUN_FIGURES = ("trade_count", "return_pct", "max_drawdown_marked_pct", "win_rate", "sharpe_annual")


def _runs_table(runs: list[Backtest]) -> Table:
    from tui.shared.metrics import FIGURES

    table = Table().text("strategy", [run.strategy_id for run in runs], shrinks=True)
    table.text("symbol", [run.symbol for run in runs])
    by_name = {figure.key: figure for figure in FIGURES}
    for name in _RUN_FIGURES:
        by_name[name].put(table, runs)
    return table


def _show_reconcile(page: Page, report: ReconcileReport) -> None:
    read = figures.whole(report.events_replayed)
    if report.drift or report.errors:
        drifted = figures.counted(len(list(values_apart(report.drift))), "drifted field")
        page.line(f"reconcile: {read} fills replayed, {drifted}, {len(report.errors)} errors")
    else:
        page.line(f"reconcile: {read} fills replayed from the journal, no drift")
