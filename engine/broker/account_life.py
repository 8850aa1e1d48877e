"""What an account's whole life comes to: its metrics, with those of its sessions where it has equity by session.

The rows, and buying and holding beside them, come from what the account keeps: nothing is read from a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.account.ledger import Fill, Trade
from engine.account.measure import metrics_of
from engine.account.metrics import Metrics
from engine.account.session_equity import SessionEquity
from engine.broker.replay import replayed
from engine.broker.session_equity import rows_zone
from engine.market.bars import make_bars
from engine.market.recording import Recorded
from engine.policy.workspace import Workspace
from engine.ports import Views
from engine.statistics.clock import Sessions
from engine.statistics.holding import HoldingMetrics, Window


class AccountLife(NamedTuple):
    """Every closed trade of an account and its metrics; `benchmark` is None of one without equity by session."""

    trades: list[Trade]
    metrics: Metrics
    benchmark: HoldingMetrics | None


class Curve(NamedTuple):
    """The part of an account's rows of which its figures are made: what it was worth before them, and the rows."""

    start: float
    rows: Sequence[SessionEquity]


def life_of(views: Views, workspace: Workspace) -> AccountLife:
    """The account as it is in this snapshot."""
    trades: list[Trade] = []
    replayed(views, workspace, trades)
    curve = curve_of(views, workspace)
    if not curve.rows:
        return AccountLife(trades, metrics_of(workspace.starting_equity, trades), None)
    seen = _seen(views, workspace)
    clock = Sessions(
        [window for window, _ in seen.values()], np.array([row.session for row in curve.rows], dtype=np.int64)
    )
    equity = np.array([[row.equity for row in curve.rows]])
    (figures,) = clock.figures(curve.start, equity, [sum(row.is_exposed for row in curve.rows)])
    held = _bars_held(trades, {symbol: recorded for symbol, (_, recorded) in seen.items()})
    return AccountLife(trades, metrics_of(workspace.starting_equity, trades, held, figures), clock.holding)


def curve_of(views: Views, workspace: Workspace) -> Curve:
    """The account's equity by session, from its starting equity on.

    Where it had traded before its first row (by hand, or with an earlier version), what it had made by then belongs to
    no session: the curve begins with that row.
    """
    rows = views.equity_by_session(workspace.id)
    first = next((Fill._make(fill) for fill in views.fills(workspace.id)), None)
    if rows and first is not None and first.session < rows[0].session:
        return Curve(rows[0].equity, rows[1:])
    return Curve(workspace.starting_equity, rows)


def _seen(views: Views, workspace: Workspace) -> dict[str, tuple[Window, Recorded]]:
    """By symbol of the account's specs, the recorded bars and the part of them on which its sessions count.

    A symbol of several specs is that of the first.
    """
    zone, found = rows_zone(views, workspace), dict[str, tuple[Window, Recorded]]()
    for progress in views.progresses(workspace.id):
        fresh = [symbol for symbol in progress.first_ts if symbol not in found]
        if progress.clock_from is None or not fresh:
            continue
        for symbol, bars in views.recorded(workspace.id, progress.timeframe, fresh).items():
            start = int(np.searchsorted(bars.ts, progress.clock_from))
            stop = int(np.searchsorted(bars.ts, progress.ts, side="right"))
            opened, high, low, close, volume = bars.figures
            whole = make_bars(symbol, bars.ts, opened, high, low, close, volume, zone)
            found[symbol] = Window(whole, start, stop), bars
    return found


def _bars_held(trades: Sequence[Trade], recorded: dict[str, Recorded]) -> list[int] | None:
    """How many of its symbol's bars each trade lasted; None where one of them began before its symbol was recorded."""
    held = []
    for trade in trades:
        bars = recorded.get(trade.symbol)
        if bars is None or not len(bars) or trade.entry_ts < bars.ts[0]:
            return None
        held.append(int(np.searchsorted(bars.ts, trade.exit_ts) - np.searchsorted(bars.ts, trade.entry_ts)))
    return held
