"""Sums of columns in one fixed order, so that equal columns stay equal and every machine has the same bits.

numpy's own sums add in pairs, in lanes or in a BLAS's blocks, which differ with shape, version and machine. Here each
column is added up from its first row to its last, by plain additions, all columns at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.market.bars import BoolArray, FloatArray

_CELLS_AT_ONCE = 500_000


def blocks(rows: FloatArray) -> Iterator[FloatArray]:
    """The columns in turn, some at a time, side by side in memory: what is made of them stays small."""
    width = max(1, _CELLS_AT_ONCE // max(len(rows), 1))
    for start in range(0, rows.shape[1], width):
        yield np.ascontiguousarray(rows[:, start : start + width])


def sums(rows: FloatArray) -> FloatArray:
    """The sum of each column, from the first row to the last: shape (rows, …) to (…)."""
    total = np.zeros(rows.shape[1:])
    for row in rows:
        total += row
    return total


def means(rows: FloatArray) -> FloatArray:
    """The mean of each column."""
    return sums(rows) / len(rows)


def varies(rows: FloatArray) -> BoolArray:
    """Whether a column holds two different values. A sum of squares may round away from zero where it does not."""
    different: BoolArray = rows.max(axis=0) != rows.min(axis=0)
    return different
