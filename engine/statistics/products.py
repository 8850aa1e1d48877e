"""Matrix products in tiles so small that a BLAS does each in one thread.

OpenBLAS shares out any product of more than 262,144 multiplications, and its threads wait for one another by spinning.
Beside other busy processes that takes several times as long as one thread alone; in tiles one thread is as fast, and
what comes out does not depend on the number of cores.
"""

from __future__ import annotations

import numpy as np

from engine.market.bars import FloatArray

_ROWS, _INNER, _COLUMNS = 50, 160, 32  # 256,000 multiplications


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
