"""How probable it is that a Sharpe ratio is not chance: that of one try, and that of the best of many.

David H. Bailey and Marcos López de Prado, The Sharpe Ratio Efficient Frontier, 2012, and The Deflated Sharpe Ratio,
2014. Sharpe ratios are of one session, not annual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

EULER = 0.5772156649015329
_STANDARD = NormalDist()
_ROOT_TWO = math.sqrt(2)


def normal_below(z: float) -> float:
    """Φ: the probability of a value below `z` from a standard normal, to a float64's accuracy in both tails."""
    return math.erfc(-z / _ROOT_TWO) / 2


def normal_quantile_above(share: float) -> float:
    """Φ⁻¹(1 - share): the value that a share above 0 and below 1 lies above. 1 - share would round a small one away."""
    return -_STANDARD.inv_cdf(share)


def probabilistic_sharpe(
    sharpe: float, skew: float, kurtosis: float, sessions: int, threshold: float = 0.0
) -> float | None:
    """The probability that the true Sharpe ratio is above `threshold`; both are of one session, not annual.

    David H. Bailey and Marcos López de Prado, The Sharpe Ratio Efficient Frontier, 2012. `kurtosis` is raw. None where
    the ratio's own variance is none, which takes a series of two values.
    """
    variance = 1 - skew * sharpe + (kurtosis - 1) / 4 * (sharpe * sharpe)
    if not variance > 0:
        return None
    return normal_below((sharpe - threshold) * math.sqrt(sessions - 1) / math.sqrt(variance))


def expected_maximum(trials: int) -> float:
    """The expected greatest of so many draws of a standard normal, as the paper approximates it; 0 of one."""
    if trials < 2:
        return 0.0
    return (1 - EULER) * normal_quantile_above(1 / trials) + EULER * normal_quantile_above(1 / (trials * math.e))


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
