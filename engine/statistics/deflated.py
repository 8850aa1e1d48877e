"""The deflated Sharpe ratio: the best of many tries against the best that as many tries without skill would have shown.

David H. Bailey and Marcos López de Prado, The Deflated Sharpe Ratio, 2014. Sharpe ratios are of one session.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.statistics import normal
from engine.statistics.sessions import probabilistic_sharpe

EULER = 0.5772156649015329


def expected_maximum(trials: int) -> float:
    """The expected greatest of so many draws of a standard normal, as the paper approximates it; 0 of one."""
    if trials < 2:
        return 0.0
    return (1 - EULER) * normal.quantile_above(1 / trials) + EULER * normal.quantile_above(1 / (trials * math.e))


def variance_of_trials(sharpes: Sequence[float], sessions: int) -> float:
    """The variance (ddof 1) of the trials' ratios, at least that of a ratio's own error, 1/(T - 1).

    Without the floor a plan of near copies would have next to none.
    """
    least = 1 / (sessions - 1)
    if len(sharpes) < 2:
        return least
    mean = _sum(sharpes) / len(sharpes)
    return max(least, _sum([(sharpe - mean) * (sharpe - mean) for sharpe in sharpes]) / (len(sharpes) - 1))


def deflated_sharpe(
    sharpe: float, skew: float, kurtosis: float, sessions: int, trials: int, variance: float
) -> float | None:
    """The probability that the best one's true ratio is above what luck alone would have shown in so many trials.

    `variance` is that of the trials' ratios. None where `probabilistic_sharpe` is none.
    """
    threshold = math.sqrt(variance) * expected_maximum(trials)
    return probabilistic_sharpe(sharpe, skew, kurtosis, sessions, threshold)


def _sum(values: Sequence[float]) -> float:
    """From left to right; Python's own `sum` rounds otherwise from 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total
