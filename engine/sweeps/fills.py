"""A variant's fills as the kernel writes them, read as the ledger takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from engine.account.ledger import Fill
from engine.sweeps.columns import Columns


class FillColumns(Sequence[Fill]):
    """Fills in the order of execution, kept as columns: (row, side, lots, price, fees), each (fills,)."""

    def __init__(self, columns: Columns, count: int, filled: tuple[Any, ...]) -> None:
        self._columns = columns
        row, side, lots, price, fees = (each[:count] for each in filled)
        self._row, self._side, self._lots = (np.array(each, dtype=np.int64) for each in (row, side, lots))
        self._price, self._fees = np.array(price, dtype=np.float64), np.array(fees, dtype=np.float64)

    def __len__(self) -> int:
        return len(self._row)

    @overload
    def __getitem__(self, index: int) -> Fill: ...
    @overload
    def __getitem__(self, index: slice) -> list[Fill]: ...
    def __getitem__(self, index: int | slice) -> Fill | list[Fill]:
        if isinstance(index, slice):
            return list(self._between(index))
        return next(self._between(slice(index, index + 1 or None)))

    def __iter__(self) -> Iterator[Fill]:
        return self._between(slice(None))

    def _between(self, part: slice) -> Iterator[Fill]:
        rows = self._row[part]
        symbols = self._columns.symbols
        which = np.searchsorted(self._columns.begins, rows, side="right") - 1
        for symbol, side, lots, price, fees, ts, session in zip(
            which.tolist(),
            self._side[part].tolist(),
            self._lots[part].tolist(),
            self._price[part].tolist(),
            self._fees[part].tolist(),
            self._columns.ts[rows].tolist(),
            self._columns.session[rows].tolist(),
            strict=True,
        ):
            yield Fill(0, symbols[symbol], side, lots, price, fees, ts, session)
