"""Scores alone, of variants that the kernel has traded: those of their metrics, at a fraction of the cost."""

from __future__ import annotations

import numpy as np

from engine.account.measure import figures_of
from engine.statistics.clock import Clock
from engine.statistics.sessions import annual_ratio
from engine.sweeps.objectives import objective
from engine.sweeps.simulation.layout import Found
from engine.vocabulary import Objective

_OF_SESSIONS = frozenset({Objective.SHARPE_ANNUAL, Objective.SORTINO_ANNUAL, Objective.CALMAR_ANNUAL})


def scores_of(found: Found, clock: Clock, starting_equity: float, name: str) -> list[float | None]:
    """The score of each variant under an objective, as its metrics have it; None where it has none."""
    if name in _OF_SESSIONS:
        equity = np.concatenate([np.full((1, len(found.equity)), starting_equity), found.equity.T])
        ratios = annual_ratio(name, equity, clock.sessions_a_year)
        kept = np.isfinite(ratios) & (found.trades > 0)
        return [ratio if has else None for ratio, has in zip(ratios.tolist(), kept.tolist(), strict=True)]
    score = objective(name)
    return [
        score(figures_of(starting_equity, trades, totals)) if trades > 0 else None
        for trades, totals in zip(found.trades.tolist(), found.totals.tolist(), strict=True)
    ]
