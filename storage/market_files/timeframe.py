"""The timeframe that a dataset's spacing suggests."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars, Dataset, IntArray
from engine.market.sessions import MICROS_PER_SECOND


def infer_timeframe(dataset: Dataset) -> str:
    """`daily`, or the most common spacing inside sessions as `<n>h` or `<n>m` (`<n>s` below or between minutes).

    Of two spacings that are equally common, the shorter one.
    """
    return spacing_name([_spacings(bars) for bars in dataset.bars.values()])


def bars_timeframe(bars: Bars) -> str:
    """The same for one symbol."""
    return spacing_name([_spacings(bars)])


def spacing_name(spacings: list[IntArray]) -> str:
    """The name of the most common of these spacings in microseconds; `daily` when there is none."""
    values, counts = np.unique(np.concatenate([np.empty(0, np.int64), *spacings]), return_counts=True)
    if not len(values):
        return "daily"
    seconds = max(1, round(int(values[np.argmax(counts)]) / MICROS_PER_SECOND))
    if seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _spacings(bars: Bars) -> IntArray:
    spacings: IntArray = np.diff(bars.ts)[bars.session[1:] == bars.session[:-1]]
    return spacings
