"""Rows of a file in columns, a block of them at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.market.bars import FloatArray, IntArray
from storage.market_files.csv.records import Row
from storage.market_files.table import OffsetArray


class Part(NamedTuple):
    """Rows of one block, in the order of the file."""

    rows: IntArray
    ts: IntArray
    offsets: OffsetArray
    codes: IntArray
    figures: tuple[FloatArray, ...]

    @classmethod
    def of(cls, rows: list[Row]) -> Part:
        """Records that were read one at a time."""
        figures = np.array([row.figures for row in rows]).reshape(-1, 5).T
        return cls(
            np.array([row.row for row in rows], np.int64),
            np.array([row.ts for row in rows], np.int64),
            np.array([row.offset for row in rows], np.int16),
            np.array([row.code for row in rows], np.int64),
            tuple(figures),
        )

    @classmethod
    def joined(cls, parts: list[Part]) -> Part:
        """Several parts, one behind the other."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.offsets for part in parts]),
            np.concatenate([part.codes for part in parts]),
            tuple(map(np.concatenate, zip(*(part.figures for part in parts), strict=True))),
        )

    def sorted(self) -> Part:
        """A copy of this part with its rows in file order."""
        order = np.argsort(self.rows)
        figures = tuple(column[order] for column in self.figures)
        return Part(self.rows[order], self.ts[order], self.offsets[order], self.codes[order], figures)
