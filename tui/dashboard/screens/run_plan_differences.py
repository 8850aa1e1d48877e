"""Forms of columns that compare: a figure of each side as it is said, and how far the one is from the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from tui.commands import figures
from tui.dashboard.widgets.columns import Form

if TYPE_CHECKING:
    from engine.sweeps.results import VariantResult


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a variant: its name, its decimals, where it is found; `better` is -1 where less is better.

    0: neither is.
    """

    name: str
    digits: int
    of: Callable[[VariantResult], float | None]
    better: int = 1


def _metric(name: str, times: float = 1) -> Callable[[VariantResult], float | None]:
    def found(result: VariantResult) -> float | None:
        value = getattr(result.metrics, name, None)
        return None if value is None else value * times

    return found


FIGURES = (
    Figure("score", 4, lambda result: result.objective_score),
    Figure("return %", 2, _metric("return_pct")),
    Figure("max drawdown %", 2, _metric("max_drawdown_pct"), -1),
    Figure("Sharpe, per trade", 4, _metric("sharpe")),
    Figure("won %", 1, _metric("win_rate", 100)),
    Figure("trades", 0, _metric("trade_count"), 0),
    Figure("profit factor", 2, _metric("profit_factor")),
    Figure("ending equity", 2, _metric("ending_equity")),
    Figure("gross profit", 2, _metric("gross_profit")),
    Figure("gross loss", 2, _metric("gross_loss"), -1),
)
"""All that can be compared, the objective's score first."""


def difference(one: float | None, other: float | None) -> float | None:
    """How much `one` is above `other`; None where either does not exist."""
    return None if one is None or other is None else one - other


def said(value: float | None, digits: int) -> str:
    """A figure as it is shown; a dash for one that does not exist."""
    return figures.NONE if value is None else figures.decimals(value, digits)


def signed(digits: int) -> Form:
    """Differences, with their sign and no colour: less may be better."""
    return Form(lambda amount, decimals, _: Text(figures.signed(amount, decimals)), lambda _: digits)
