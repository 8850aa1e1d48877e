"""Results of a list of trades, on the trade-equity curve: the starting equity, then equity at cost after each trade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, NamedTuple

from engine.account.ledger import Trade
from engine.compiled import Kernel
from engine.validation import StrictModel, trusted


class Unit(Enum):
    """What a metric is measured in; `SHARE` is from 0 to 1 and shown in percent."""

    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    SHARE = "share"
    RATIO = "ratio"


class Better(Enum):
    """Which way a metric is better; the value is the sign of an improvement."""

    HIGHER = 1
    LOWER = -1
    NEITHER = 0


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric beside its formula. Every table, screen, export and page is made from it.

    `title` heads a column and `label` stands where there is room; `digits` are the decimals shown, of percents for a
    share. `meaning` says what it is, in the JSON reference; `short` the same where a line must do, as in a tooltip.
    `needs` says when there is one. Leaderboards leave out the greatest `spared` first where there is no room, and
    never show one without; `compared` ones are shown where two variants are set side by side.
    """

    title: str
    label: str
    unit: Unit
    digits: int
    meaning: str
    short: str = ""
    better: Better = Better.NEITHER
    needs: str = ""
    spared: int | None = None
    compared: bool = True

    @property
    def scale(self) -> int:
        """What a value is multiplied by to be shown."""
        return 100 if self.unit is Unit.SHARE else 1

    @property
    def is_gain(self) -> bool:
        """Whether it is shown with its sign: a percentage of which more is better."""
        return self.unit is Unit.PERCENT and self.better is Better.HIGHER


class Metrics(StrictModel):
    """`sharpe` is per trade and not annualised; percentages are of equity; a figure that does not exist is null.

    The order of the fields is that of JSON and of exports. Tables show them in the order of `SHOWN`.
    """

    trade_count: Annotated[
        int, Metric("trades", "trades", Unit.COUNT, 0, "round trips closed", "closed round trips", spared=0)
    ]
    starting_equity: Annotated[
        float, Metric("starting", "starting equity", Unit.MONEY, 2, "the first point of the curve", compared=False)
    ]
    ending_equity: Annotated[
        float,
        Metric(
            "ending",
            "ending equity",
            Unit.MONEY,
            2,
            "the last point: equity at cost after the last close",
            "equity at the end, after fees",
            Better.HIGHER,
        ),
    ]
    return_pct: Annotated[
        float,
        Metric(
            "return %",
            "return %",
            Unit.PERCENT,
            2,
            "`(ending / starting - 1) * 100`",
            "of the starting equity",
            Better.HIGHER,
            spared=0,
        ),
    ]
    max_drawdown_pct: Annotated[
        float,
        Metric(
            "max dd %",
            "max drawdown %",
            Unit.PERCENT,
            2,
            "the greatest fall from a peak of the curve, positive",
            "the greatest fall from a peak, trade by trade",
            Better.LOWER,
            spared=1,
        ),
    ]
    win_rate: Annotated[
        float | None,
        Metric(
            "won %",
            "won %",
            Unit.SHARE,
            1,
            "share of trades with `pnl > 0`, 0 to 1",
            "trades with a profit, of all",
            Better.HIGHER,
            needs="a trade",
            spared=5,
        ),
    ]
    profit_factor: Annotated[
        float | None,
        Metric(
            "profit factor",
            "profit factor",
            Unit.RATIO,
            2,
            "gross profit / gross loss",
            "gross profit by gross loss",
            Better.HIGHER,
            needs="a losing trade",
            spared=6,
        ),
    ]
    gross_profit: Annotated[
        float,
        Metric(
            "gross profit",
            "gross profit",
            Unit.MONEY,
            2,
            "sum of the gains",
            "of all winning trades",
            Better.HIGHER,
        ),
    ]
    gross_loss: Annotated[
        float,
        Metric(
            "gross loss",
            "gross loss",
            Unit.MONEY,
            2,
            "sum of the losses, positive",
            "of all losing trades",
            Better.LOWER,
        ),
    ]
    sharpe: Annotated[
        float | None,
        Metric(
            "Sharpe/trade",
            "Sharpe, per trade",
            Unit.RATIO,
            4,
            "mean / population standard deviation of the changes along the curve: per trade, not annualised",
            "Sharpe, per trade; not annualised",
            Better.HIGHER,
            needs="two trades that differ, and equity above zero throughout",
            spared=2,
        ),
    ]


def _described(name: str) -> Metric:
    (metric,) = (each for each in Metrics.model_fields[name].metadata if isinstance(each, Metric))
    return metric


METRICS: Mapping[str, Metric] = {name: _described(name) for name in Metrics.model_fields}
"""Every metric by its name in JSON."""

_FIRST_SHOWN = ("return_pct", "max_drawdown_pct", "sharpe", "win_rate", "trade_count", "profit_factor")
SHOWN: tuple[str, ...] = (*_FIRST_SHOWN, *(name for name in METRICS if name not in _FIRST_SHOWN))
"""Their names in the order in which tables show them."""


class Measured(NamedTuple):
    """What `measure` finds: `fall` is the greatest fall from a peak in percent, `ratio` the Sharpe ratio or NaN."""

    ending_equity: float
    gross_profit: float
    gross_loss: float
    wins: int
    fall: float
    ratio: float


def metrics_of(starting_equity: float, trades: Sequence[Trade]) -> Metrics:
    """The metrics of closed trades in the order of their closing; every sum is plain additions from left to right."""
    equity, pnl = [trade.equity for trade in trades], [trade.pnl for trade in trades]
    return figures_of(starting_equity, len(trades), measure(starting_equity, equity, pnl, len(trades)))


def figures_of(starting_equity: float, trade_count: int, measured: Sequence[float]) -> Metrics:
    """What `measure` found, as metrics. No model validates them: a sweep makes thousands, and they are floats."""
    ending_equity, gross_profit, gross_loss, wins, drawdown, ratio = measured  # in the order of `Measured`
    values = {
        "trade_count": trade_count,
        "starting_equity": starting_equity,
        "ending_equity": ending_equity,
        "return_pct": (ending_equity / starting_equity - 1) * 100,
        "max_drawdown_pct": drawdown,
        "win_rate": wins / trade_count if trade_count else None,
        "profit_factor": gross_profit / gross_loss if gross_loss > 0 else None,
        "gross_profit": gross_profit,
        "gross_loss": gross_loss,
        "sharpe": None if math.isnan(ratio) else ratio,
    }
    return trusted(Metrics, values)


def measure(starting_equity: float, equity: Any, pnl: Any, count: int) -> Measured:
    """What the metrics are made of, from a curve and the profit or loss of each of its trades.

    `equity` and `pnl` hold `count` values, one a trade; anything that can be indexed, so that numba can compile it.

    The Sharpe ratio is mean(r) / std(r) of the relative changes r along the curve, with the population standard
    deviation (William F. Sharpe, The Sharpe Ratio, 1994, with a risk-free rate of zero and one trade as the period);
    none with fewer than two trades, a deviation of zero, or a point of the curve at or below zero.
    """
    gross_profit = gross_loss = worst = changes = squares = 0.0
    wins = 0
    peak = before = least = starting_equity
    for trade in range(count):
        gain, point = pnl[trade], equity[trade]
        if gain > 0:
            gross_profit += gain
            wins += 1
        elif gain < 0:
            gross_loss += -gain
        peak = max(peak, point)
        fall = (peak - point) / peak * 100
        worst = max(worst, fall)
        least = min(least, point)
        if least > 0:
            changes += point / before - 1
        before = point
    if count < 2 or least <= 0:
        return Measured(before, gross_profit, gross_loss, wins, worst, math.nan)
    mean = changes / count
    before = starting_equity
    for trade in range(count):
        deviation = equity[trade] / before - 1 - mean
        squares += deviation * deviation
        before = equity[trade]
    spread = math.sqrt(squares / count)
    return Measured(before, gross_profit, gross_loss, wins, worst, mean / spread if spread > 0 else math.nan)


MEASURE = Kernel(measure)
