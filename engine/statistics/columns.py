"""Sums of columns in one fixed order, so that equal columns stay equal and every machine has the same bits.

numpy's own sums add in pairs, in lanes or in a BLAS's blocks, which differ with shape, version and machine. Here each
column is added up from its first row to its last, by plain additions, all columns at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.compiled import Kernel
from engine.market.bars import BoolArray, FloatArray

_CELLS_AT_ONCE = 500_000


def blocks(rows: FloatArray) -> Iterator[FloatArray]:
    """The columns in turn, some at a time, side by side in memory: what is made of them stays small."""
    width = max(1, _CELLS_AT_ONCE // max(len(rows), 1))
    for start in range(0, rows.shape[1], width):
        yield np.ascontiguousarray(rows[:, start : start + width])


def sums(rows: FloatArray) -> FloatArray:
    """The sum of each column, from the first row to the last: shape (rows, …) to (…)."""
    if not len(rows):
        return np.zeros(rows.shape[1:])
    if ADD_ROWS.compiled is not None:
        added = np.array(rows[0], dtype=np.float64)
        flat = np.ascontiguousarray(rows, dtype=np.float64).reshape(len(rows), -1)
        ADD_ROWS.compiled(flat, added.reshape(-1))
        return added[()]  # a plain number of a single column
    total: FloatArray = np.add.accumulate(rows, axis=0)[-1]  # one addition after the other, where `sum` adds in pairs
    return total


def add_rows(rows: Any, total: Any) -> None:
    """Add all rows but the first, (n, columns), to `total`, (columns,), for numba: many columns in one instruction."""
    for row in range(1, len(rows)):
        for column in range(len(total)):
            total[column] += rows[row, column]


ADD_ROWS = Kernel(add_rows)


def means(rows: FloatArray) -> FloatArray:
    """The mean of each column."""
    return sums(rows) / len(rows)


def varies(rows: FloatArray) -> BoolArray:
    """Whether a column holds two different values. A sum of squares may round away from zero where it does not."""
    different: BoolArray = rows.max(axis=0) != rows.min(axis=0)
    return different
