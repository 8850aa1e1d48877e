"""The standard normal distribution, to the accuracy of a float64 in both tails."""

from __future__ import annotations

import math
from statistics import NormalDist

_STANDARD = NormalDist()
_ROOT_TWO = math.sqrt(2)


def below(z: float) -> float:
    """Φ: the probability of a value below `z`."""
    return math.erfc(-z / _ROOT_TWO) / 2


def quantile_above(share: float) -> float:
    """Φ⁻¹(1 - share): the value that a share above 0 and below 1 lies above. 1 - share would round a small one away."""
    return -_STANDARD.inv_cdf(share)
