"""Holdout and walk-forward, from the spec's text: sessions in a list, windows by counting, each one traded by loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from tests.oracles.account import metrics_of
from tests.oracles.backtest import Backtest
from tests.oracles.rows import Row
from tests.oracles.statistics import a_year, returns
from tests.oracles.worth import curve_of, exposed_sessions, figures_of, figures_of_trades, holding_of, worth_of


class Walk(NamedTuple):
    """Lengths in sessions."""

    train: int
    test: int
    step: int
    purge: int = 0
    anchored: bool = False


class Fold(NamedTuple):
    train: list[date]
    test: list[date]


class Variant(NamedTuple):
    """`spec` is a spec file's document with the overrides in it."""

    id: str
    spec: dict[str, Any]


@dataclass
class Market:
    """What all windows share."""

    rows: dict[str, list[Row]]
    zone: str
    limits: dict[str, Any]
    slippage_bps: float


@dataclass
class Traded:
    """A window that has been traded."""

    world: Backtest
    metrics: dict[str, Any]
    days: list[int]
    equity: list[float]
    """E_0 to E_T"""
    holding: list[float]

    def growth_a_year(self) -> float | None:
        """log(E_end / E_start) / years."""
        if len(self.days) < 2 or self.equity[0] <= 0 or self.equity[-1] <= 0:
            return None
        years = len(self.days) / a_year(self.days)
        return math.log(self.equity[-1] / self.equity[0]) / years


def sessions_of(
    rows: dict[str, list[Row]], symbols: Sequence[str], start: date | None = None, end: date | None = None
) -> list[date]:
    """The days on which one of the symbols has a bar in the window, both of its days included."""
    days = []
    for symbol in symbols:
        for row in rows[symbol]:
            inside = (start is None or row.day >= start) and (end is None or row.day <= end)
            if inside and row.day not in days:
                days.append(row.day)
    return sorted(days)


def held_out(sessions: list[date], holdout: Fraction | date) -> tuple[list[date], list[date]]:
    """The sessions before a holdout, and its own: the last so many, rounded down, or those from a day on."""
    if isinstance(holdout, date):
        return [day for day in sessions if day < holdout], [day for day in sessions if day >= holdout]
    count = 0
    while Fraction(count + 1) <= holdout * len(sessions):
        count += 1
    return sessions[: len(sessions) - count], sessions[len(sessions) - count :]


def folds_of(sessions: list[date], walk: Walk) -> list[Fold]:
    """Whole folds only."""
    found = []
    first = 0
    while True:
        after_training = first + walk.train
        test = after_training + walk.purge
        if test + walk.test > len(sessions):
            return found
        begin = 0 if walk.anchored else first
        found.append(Fold(sessions[begin:after_training], sessions[test : test + walk.test]))
        first += walk.step


def trade(market: Market, spec: dict[str, Any], days: list[date], equity: float) -> Traded:
    """A closed world on a window: no bar after its last day, none before its first decides."""
    rows = {symbol: [row for row in market.rows[symbol] if row.day <= days[-1]] for symbol in spec["symbols"]}
    world = Backtest(spec, rows, market.zone, market.limits, equity, market.slippage_bps, start=days[0])
    metrics = world.run()["metrics"] | worth_of(world)
    return Traded(world, metrics, *curve_of(world), holding_of(world))


def score_of(objective: str, metrics: dict[str, Any]) -> float | None:
    if metrics["trade_count"] == 0:
        return None
    fall, gain = metrics["max_drawdown_pct"], metrics["return_pct"]
    if objective == "sharpe_dd_penalty":
        return None if metrics["sharpe"] is None else metrics["sharpe"] - 0.5 * fall / 100
    if objective == "return":
        return gain
    if objective == "return_dd_penalty":
        return gain - 0.5 * fall
    if objective == "calmar":
        return gain / fall if fall != 0 else None
    return metrics[objective]


def best_of(objective: str, trained: dict[str, Traded]) -> str | None:
    """The highest score; then the higher return, the lower drawdown, the smaller id."""
    best: tuple[float, float, float] | None = None
    chosen = None
    for name in sorted(trained):
        metrics = trained[name].metrics
        score = score_of(objective, metrics)
        if score is None:
            continue
        mine = (score, metrics["return_pct"], -metrics["max_drawdown_pct"])
        if best is None or mine > best:
            best, chosen = mine, name
    return chosen


@dataclass
class Walked:
    folds: list[Fold] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    """by fold, the variant that traded its test"""
    scores: list[float | None] = field(default_factory=list)
    """its score inside; None where no variant had one"""
    trained: list[Traded] = field(default_factory=list)
    tested: list[Traded] = field(default_factory=list)


def walk_forward(
    market: Market,
    variants: Sequence[Variant],
    objective: str,
    folds: list[Fold],
    starting_equity: float,
    said: Sequence[str] = (),
) -> Walked:
    """The first variant is the baseline.

    `said` are somebody's choices, by fold: they are taken where their score is the best but for its last digits.
    """
    found = Walked()
    equity = starting_equity
    for fold in folds:
        trained = {each.id: trade(market, each.spec, fold.train, starting_equity) for each in variants}
        best = best_of(objective, trained)
        if best is not None and len(said) > len(found.folds) and said[len(found.folds)] in trained:
            theirs = score_of(objective, trained[said[len(found.folds)]].metrics)
            ours = score_of(objective, trained[best].metrics)
            if theirs is not None and ours is not None and math.isclose(theirs, ours, rel_tol=1e-9, abs_tol=1e-9):
                best = said[len(found.folds)]
        chosen = next(each for each in variants if each.id == (best or variants[0].id))
        tested = trade(market, chosen.spec, fold.test, equity)
        equity = tested.equity[-1]
        found.folds.append(fold)
        found.chosen.append(chosen.id)
        found.scores.append(None if best is None else score_of(objective, trained[best].metrics))
        found.trained.append(trained[chosen.id])
        found.tested.append(tested)
    return found


def out_of_sample(market: Market, walked: Walked) -> dict[str, Any]:
    """The metrics of all tests as one account's: its sessions, trades and holding's returns strung together."""
    tested = walked.tested
    equity, days = [tested[0].equity[0]], list[int]()
    trades, holding = list[dict[str, Any]](), list[float]()
    exposed = 0
    for each in tested:
        days += each.days
        equity += each.equity[1:]
        trades += each.world.account.trades
        holding += each.holding
        exposed += exposed_sessions(each.world)
    return {
        **metrics_of(equity[0], trades),
        **figures_of(days, equity, holding),
        "exposure_pct": exposed / len(days) * 100,
        **figures_of_trades(trades, market.rows),
    }


def efficiency(walked: Walked) -> float | None:
    """Mean growth a year outside over mean growth a year inside, of those that were chosen."""
    outside = [each.growth_a_year() for each in walked.tested]
    inside = [each.growth_a_year() for each in walked.trained]
    if None in outside or None in inside or not outside:
        return None
    below = math.fsum(inside) / len(inside)
    return math.fsum(outside) / len(outside) / below if below > 0 else None


def chosen_counts(walked: Walked, values: dict[str, Any]) -> list[tuple[Any, int]]:
    """How many folds chose each value of one parameter; `values` gives each variant's."""
    return [
        (value, sum(1 for name in walked.chosen if values[name] == value)) for value in sorted(set(values.values()))
    ]


def stitched_returns(walked: Walked) -> list[float]:
    """The session returns outside, fold after fold."""
    return [value for each in walked.tested for value in returns(each.equity)]
