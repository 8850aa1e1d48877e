"""What each metric is: its name, title, unit and meaning, from which every table, export and page is made.

`measure` has the formulas of those of a list of trades, `engine.statistics` of those of an account's sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from engine.validation import StrictModel


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
            "max dd % trades",
            "max drawdown %, closed trades",
            Unit.PERCENT,
            2,
            "the greatest fall from a peak of the curve, positive: what happens while a position is open does not show",
            "the greatest fall from a peak, trade by trade",
            Better.LOWER,
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
            spared=8,
        ),
    ]
    sharpe_annual: Annotated[
        float | None,
        Metric(
            "Sharpe",
            "Sharpe, annual",
            Unit.RATIO,
            2,
            "mean(r) / std(r) * sqrt(sessions a year), r the returns from session to session; std with ddof 1",
            "return by risk, a year",
            Better.HIGHER,
            needs="two sessions that differ, and equity above zero throughout",
            spared=0,
        ),
    ] = None
    sortino_annual: Annotated[
        float | None,
        Metric(
            "Sortino",
            "Sortino, annual",
            Unit.RATIO,
            2,
            "mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(sessions a year)",
            "return by downside risk, a year",
            Better.HIGHER,
            needs="a session with a loss, and equity above zero throughout",
        ),
    ] = None
    volatility_pct: Annotated[
        float | None,
        Metric(
            "volatility %",
            "volatility %, annual",
            Unit.PERCENT,
            2,
            "std(r) * sqrt(sessions a year) * 100",
            "spread of session returns, a year",
            Better.LOWER,
            needs="two sessions, and equity above zero throughout",
        ),
    ] = None
    cagr_pct: Annotated[
        float | None,
        Metric(
            "CAGR %",
            "growth a year %",
            Unit.PERCENT,
            2,
            "((ending / starting)^(1 / years) - 1) * 100",
            "compound annual growth rate",
            Better.HIGHER,
            needs="two sessions, and equity above zero throughout",
            spared=2,
        ),
    ] = None
    max_drawdown_marked_pct: Annotated[
        float | None,
        Metric(
            "max dd %",
            "max drawdown %",
            Unit.PERCENT,
            2,
            "the greatest fall from a peak of equity at the sessions' ends, open positions marked; positive",
            "the greatest fall from a peak, open positions marked",
            Better.LOWER,
            needs="two sessions, and equity above zero throughout",
            spared=1,
        ),
    ] = None
    longest_drawdown_sessions: Annotated[
        int | None,
        Metric(
            "longest dd",
            "longest drawdown, sessions",
            Unit.COUNT,
            0,
            "most sessions from one at a peak to the first that is at it again, or to the end",
            "sessions below a peak, at most",
            Better.LOWER,
            needs="two sessions, and equity above zero throughout",
        ),
    ] = None
    calmar_annual: Annotated[
        float | None,
        Metric(
            "Calmar",
            "Calmar, annual",
            Unit.RATIO,
            2,
            "cagr_pct / max_drawdown_marked_pct",
            "growth by drawdown",
            Better.HIGHER,
            needs="a fall from a peak",
        ),
    ] = None
    skew: Annotated[
        float | None,
        Metric(
            "skew",
            "skew of returns",
            Unit.RATIO,
            2,
            "m3 / m2^1.5, population moments of r",
            "below 0: losses come in larger pieces than gains",
            needs="session returns that vary",
        ),
    ] = None
    kurtosis: Annotated[
        float | None,
        Metric(
            "kurtosis",
            "kurtosis of returns",
            Unit.RATIO,
            2,
            "m4 / m2^2, population moments of r; 3 for a normal distribution",
            "above 3: extremes come more often",
            needs="session returns that vary",
        ),
    ] = None
    exposure_pct: Annotated[
        float | None,
        Metric(
            "exposure %",
            "exposure %",
            Unit.PERCENT,
            1,
            "share of sessions in which a position was open at the start or was opened, * 100",
            "sessions with a position",
            needs="a session",
        ),
    ] = None
    avg_trade_pct: Annotated[
        float | None,
        Metric(
            "avg trade %",
            "average trade %",
            Unit.PERCENT,
            2,
            "mean of `pnl / (entry_price * quantity) * 100`",
            "profit of a trade, of its cost",
            Better.HIGHER,
            needs="a trade",
        ),
    ] = None
    best_trade_pct: Annotated[
        float | None,
        Metric("best trade %", "best trade %", Unit.PERCENT, 2, "the greatest of them", "", Better.HIGHER, "a trade"),
    ] = None
    worst_trade_pct: Annotated[
        float | None,
        Metric("worst trade %", "worst trade %", Unit.PERCENT, 2, "the least of them", "", Better.HIGHER, "a trade"),
    ] = None
    expectancy: Annotated[
        float | None,
        Metric(
            "expectancy",
            "expectancy",
            Unit.MONEY,
            2,
            "mean `pnl` of a trade",
            "profit of a trade",
            Better.HIGHER,
            needs="a trade",
        ),
    ] = None
    sqn: Annotated[
        float | None,
        Metric(
            "SQN",
            "system quality number",
            Unit.RATIO,
            2,
            "sqrt(n) * mean(pnl) / std(pnl), n trades, std with ddof 1",
            "expectancy by its spread",
            Better.HIGHER,
            needs="two trades that differ",
        ),
    ] = None
    fees_paid: Annotated[
        float | None,
        Metric("fees", "fees paid", Unit.MONEY, 2, "sum of the fees of all trades", "", Better.LOWER),
    ] = None
    avg_bars_held: Annotated[
        float | None,
        Metric(
            "bars held",
            "average bars held",
            Unit.RATIO,
            1,
            "mean of the symbol's bars from entry to exit",
            "bars from entry to exit",
            needs="a trade",
        ),
    ] = None
    psr: Annotated[
        float | None,
        Metric(
            "PSR",
            "probabilistic Sharpe ratio",
            Unit.SHARE,
            1,
            "probability that the true Sharpe ratio is above 0 (Bailey and López de Prado, 2012), 0 to 1",
            "probability of a Sharpe ratio above 0",
            Better.HIGHER,
            needs="session returns that vary",
        ),
    ] = None
    beta: Annotated[
        float | None,
        Metric(
            "beta",
            "beta",
            Unit.RATIO,
            2,
            "sum((r - mean r) * (b - mean b)) / sum((b - mean b)^2), b the returns of buying and holding",
            "how much it moves with buying and holding",
            needs="two sessions, and equity above zero throughout",
        ),
    ] = None
    alpha_annual_pct: Annotated[
        float | None,
        Metric(
            "alpha %",
            "alpha %, annual",
            Unit.PERCENT,
            2,
            "mean(r - beta * b) * sessions a year * 100",
            "return beyond beta times buying and holding, a year",
            Better.HIGHER,
            needs="two sessions, and equity above zero throughout",
        ),
    ] = None


def _described(name: str) -> Metric:
    (metric,) = (each for each in Metrics.model_fields[name].metadata if isinstance(each, Metric))
    return metric


METRICS: Mapping[str, Metric] = {name: _described(name) for name in Metrics.model_fields}
"""Every metric by its name in JSON."""

_FIRST_SHOWN = (
    "return_pct",
    "cagr_pct",
    "max_drawdown_marked_pct",
    "sharpe_annual",
    "win_rate",
    "trade_count",
    "profit_factor",
)
SHOWN: tuple[str, ...] = (*_FIRST_SHOWN, *(name for name in METRICS if name not in _FIRST_SHOWN))
"""Their names in the order in which tables show them."""

SessionFigures = Mapping[str, float | int | None]
"""The metrics of `OF_SESSIONS`, by name."""

OF_SESSIONS = (
    "sharpe_annual",
    "sortino_annual",
    "volatility_pct",
    "cagr_pct",
    "max_drawdown_marked_pct",
    "longest_drawdown_sessions",
    "calmar_annual",
    "skew",
    "kurtosis",
    "exposure_pct",
    "psr",
    "beta",
    "alpha_annual_pct",
)
"""The metrics that come from an account's equity at the end of every session."""
