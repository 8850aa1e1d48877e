"""Made-up returns, the same on every machine."""

from __future__ import annotations

import numpy as np

from benchmarks.noise import Numbers as Matrix
from benchmarks.noise import normals

__all__ = ["Matrix", "normals", "returns_of_noise"]


def returns_of_noise(seed: int, sessions: int, variants: int, drift: float = 0.0003) -> tuple[Matrix, Matrix]:
    """Returns of strategies that are in the market on days chosen blindly, and the market's own."""
    market = drift + 0.01 * normals(seed, sessions)
    held = normals(seed + 1, sessions, variants) > np.linspace(-1.0, 1.0, variants)
    return held * market[:, np.newaxis], market
