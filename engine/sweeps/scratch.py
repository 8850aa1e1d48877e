"""The buffers that one thread runs the kernel in, variant after variant: nothing is allocated for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.sweeps.columns import Columns
from engine.sweeps.kernel import RULES


class Scratch:
    """Lists for the plain kernel, arrays for the compiled one; they grow with the candidates."""

    def __init__(self, columns: Columns, denied: Sequence[int], days: int, *, compiled: bool) -> None:
        self.compiled = compiled
        count = len(columns.symbols)
        known = (columns.last_row, columns.intraday, columns.text_order, denied)
        given = tuple(np.array(each) if compiled else list(each) for each in known)
        self.symbols = (*given, self._whole(count), self._whole(count))
        slots = count + 1
        self.slots = (*(self._whole(slots) for _ in range(5)), *(self._real(slots) for _ in range(4)))
        self.refused = self._whole(len(RULES))
        self._of_day = self._real(days)
        self._results: tuple[Any, ...] = ((), ())
        self._fills = self._no_fills = self._fill_columns(0)

    def out(self, candidates: int, *, fills: bool) -> tuple[Any, ...]:
        """`out` of `kernel.simulate`, with room for as many trades as there are candidates."""
        if candidates > len(self._results[0]):
            self._results = (self._real(2 * candidates), self._real(2 * candidates))
        if fills and 2 * candidates > len(self._fills[0]):
            self._fills = self._fill_columns(4 * candidates)
        return (*self._results, self.refused, self._of_day, *(self._fills if fills else self._no_fills))

    def _fill_columns(self, count: int) -> tuple[Any, ...]:
        return (*(self._whole(count) for _ in range(3)), self._real(count), self._real(count))

    def _whole(self, count: int) -> Any:
        return np.zeros(count, dtype=np.int64) if self.compiled else [0] * count

    def _real(self, count: int) -> Any:
        return np.zeros(count) if self.compiled else [0.0] * count
