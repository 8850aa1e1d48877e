"""The buffers that one thread runs the kernel in, variant after variant: nothing is allocated for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.sweeps.columns import Columns
from engine.sweeps.kernel import HELD_BACK, RULES

_COUNTED = len(RULES) + len(HELD_BACK)
_TERMS = (np.int64, np.int64, np.int64, np.int64, np.float64, np.float64, np.int64, np.float64, np.int64)


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
        self._refused = self._whole(_COUNTED)
        self._of_day = self._real(days)
        self._results: tuple[Any, ...] = ((), ())
        self._fills = self._no_fills = self._fill_columns(0)

    def out(self, candidates: int, *, fills: bool) -> tuple[Any, ...]:
        """`out` of `kernel.simulate`, with room for as many trades as there are candidates."""
        if candidates > len(self._results[0]):
            self._results = (self._real(2 * candidates), self._real(2 * candidates))
        if fills and 2 * candidates > len(self._fills[0]):
            self._fills = self._fill_columns(4 * candidates)
        return (*self._results, self._refused, self._of_day, *(self._fills if fills else self._no_fills))

    def variants(self, terms: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        """`variants` of `kernel.simulate_each`, from each one's terms."""
        columns = zip(*terms, strict=True)
        if not self.compiled:
            return tuple(columns)
        return tuple(np.array(one, dtype=kind) for one, kind in zip(columns, _TERMS, strict=True))

    def found(self, variants: int) -> tuple[Any, ...]:
        """`found` of `kernel.simulate_each`; `read` takes it."""
        shape = (variants, _COUNTED)
        refused = np.zeros(shape, dtype=np.int64) if self.compiled else [[0] * _COUNTED for _ in range(variants)]
        counts, measured = (self._whole(variants) for _ in range(2)), [self._real(variants) for _ in range(6)]
        measured[3] = self._whole(variants)
        return (*counts, refused, *measured)

    def read(self, found: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """What was found, variant by variant, as plain numbers."""
        return zip(*(column.tolist() for column in found) if self.compiled else found, strict=True)

    def _fill_columns(self, count: int) -> tuple[Any, ...]:
        return (*(self._whole(count) for _ in range(3)), self._real(count), self._real(count))

    def _whole(self, count: int) -> Any:
        return np.zeros(count, dtype=np.int64) if self.compiled else [0] * count

    def _real(self, count: int) -> Any:
        return np.zeros(count) if self.compiled else [0.0] * count
