"""Sums and products of matrices, a column a variant, that do not depend on the machine or on what else it does.

numpy's own sums add in pairs, in lanes or in a BLAS's blocks, which differ with shape, version and machine. Here each
column is added up from its first row to its last, by plain additions, all columns at once: equal columns stay equal.

Products are a BLAS's, in tiles so small that it does each in one thread. OpenBLAS shares out any product of more than
262,144 multiplications, and its threads wait for one another by spinning. Beside other busy processes that takes
several times as long as one thread alone; in tiles one thread is as fast, and what comes out does not depend on the
number of cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.compiled import Kernel
from engine.market.bars import BoolArray, FloatArray

_CELLS_AT_ONCE = 500_000
_ROWS, _INNER, _COLUMNS = 50, 160, 32  # 256,000 multiplications


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


class Tiled:
    """A matrix of shape (inner, columns), laid out to be multiplied from the left more than once."""

    def __init__(self, matrix: FloatArray) -> None:
        self._shape = matrix.shape
        inner, columns = (-(-size // tile) for size, tile in zip(matrix.shape, (_INNER, _COLUMNS), strict=True))
        whole = _padded(matrix, inner * _INNER, columns * _COLUMNS)
        tiles = whole.reshape(inner, _INNER, columns, _COLUMNS).transpose(2, 0, 1, 3)
        self._tiles = np.ascontiguousarray(tiles)[:, np.newaxis]

    def after(self, left: FloatArray) -> FloatArray:
        """`left @ matrix`, shape (rows, columns)."""
        height = min(_ROWS, len(left))
        rows, inner = -(-len(left) // height), self._tiles.shape[2]
        whole = _padded(left, rows * height, inner * _INNER)
        tiles = whole.reshape(rows, height, inner, _INNER).transpose(0, 2, 1, 3)
        parts = np.matmul(tiles, self._tiles).sum(axis=2)  # of shape (columns, rows, tile's rows, tile's columns)
        product: FloatArray = parts.transpose(1, 2, 0, 3).reshape(rows * height, -1)
        return product[: len(left), : self._shape[1]]


def _padded(matrix: FloatArray, rows: int, columns: int) -> FloatArray:
    """With zeros below and to the right."""
    whole = np.zeros((rows, columns))
    whole[: matrix.shape[0], : matrix.shape[1]] = matrix
    return whole
