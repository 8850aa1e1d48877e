"""The timeframe that a dataset's spacing suggests."""

from __future__ import annotations

from engine.market.bars import Dataset
from engine.market.spacing import timeframe_of


def infer_timeframe(dataset: Dataset) -> str:
    """The most common spacing of all symbols together.

    Inside sessions `<n>h` or `<n>m` (`<n>s` below or between minutes); where the usual session has one bar `daily`,
    `weekly`, `monthly`, `quarterly` or `yearly`. Of two spacings that are equally common, the shorter one.
    """
    return timeframe_of(dataset.bars.values())
