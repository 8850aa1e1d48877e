"""Made-up returns, the same on every machine and with every numpy: near normal, from the raw words of PCG64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def normals(seed: int, *shape: int) -> Matrix:
    """Sums of twelve uniform numbers less six: mean 0, variance 1."""
    words = np.random.PCG64(seed).random_raw(12 * int(np.prod(shape)))
    drawn: Matrix = ((words >> np.uint64(11)) * 2.0**-53).reshape(*shape, 12).sum(axis=-1) - 6
    return drawn


def returns_of_noise(seed: int, sessions: int, variants: int, drift: float = 0.0003) -> tuple[Matrix, Matrix]:
    """Returns of strategies that are in the market on days chosen blindly, and the market's own."""
    market = drift + 0.01 * normals(seed, sessions)
    held = normals(seed + 1, sessions, variants) > np.linspace(-1.0, 1.0, variants)
    return held * market[:, np.newaxis], market
