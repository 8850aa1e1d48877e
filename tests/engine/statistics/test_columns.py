"""Products of columns, in tiles, are products."""

from __future__ import annotations

import numpy as np
import pytest

from engine.statistics.columns import Tiled
from tests.support.noise import normals


@pytest.mark.parametrize("inner", [1, 159, 160, 161, 500])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (49, 31), (50, 32), (51, 33), (130, 100)])
def test_a_product_is_that_of_rows_and_columns(rows: int, inner: int, columns: int) -> None:
    """Of whole numbers, which add up exactly in any order."""
    left, right = np.round(normals(1, rows, inner) * 9), np.round(normals(2, inner, columns) * 9)
    expected = left.astype(np.int64) @ right.astype(np.int64)  # numpy's own loops
    assert (Tiled(right).after(left) == expected).all()


def test_a_matrix_is_used_again() -> None:
    tiled = Tiled(np.eye(3))
    assert tiled.after(np.ones((2, 3))).tolist() == [[1.0] * 3] * 2
    assert tiled.after(np.full((4, 3), 2.0)).tolist() == [[2.0] * 3] * 4
