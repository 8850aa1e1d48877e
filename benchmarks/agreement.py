"""Whether tools came to the same: trade counts exactly, ending equity within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EQUITY_TOLERANCE = 1e-5
"""Dollars of 10,000. vectorbt buys unrounded fractions and papertape whole lots of 1e-8 units, so each trade may differ
by 1e-8 units times the price's move; backtesting.py has the same lots and differs in the order of additions."""

Result = Sequence[float]
"""Lookback, dollars, trades, ending equity."""


@dataclass(frozen=True)
class Agreement:
    """How a tool's results stand to papertape's."""

    compared: int
    trades: int
    counts_differ: int
    worst_equity: float
    missing: int = 0

    @property
    def holds(self) -> bool:
        """Whether they are the same, and there was something to compare."""
        same = not self.counts_differ and not self.missing and self.worst_equity <= EQUITY_TOLERANCE
        return same and self.compared > 0 and self.trades > 0


def compare(ours: Sequence[Result], theirs: Sequence[Result]) -> Agreement:
    """Their variants, which may be some of ours, against ours."""
    known = {(each[0], each[1]): each for each in ours}
    pairs = [(known[each[0], each[1]], each) for each in theirs if (each[0], each[1]) in known]
    return Agreement(
        compared=len(pairs),
        trades=int(sum(mine[2] for mine, _ in pairs)),
        counts_differ=sum(mine[2] != other[2] for mine, other in pairs),
        # a figure that is none (not a number) is as far away as can be
        worst_equity=max((_distance(mine[3], other[3]) for mine, other in pairs), default=0.0),
        missing=len(theirs) - len(pairs),
    )


def _distance(one: float, other: float) -> float:
    apart = abs(one - other)
    return math.inf if math.isnan(apart) else apart
