"""Near-normal numbers that are the same on every machine and with every numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def normals(seed: int, *shape: int) -> Numbers:
    """Sums of twelve uniform numbers less six (mean 0, variance 1), from the raw words of PCG64."""
    words = np.random.PCG64(seed).random_raw(12 * int(np.prod(shape)))
    drawn: Numbers = ((words >> np.uint64(11)) * 2.0**-53).reshape(*shape, 12).sum(axis=-1) - 6
    return drawn
