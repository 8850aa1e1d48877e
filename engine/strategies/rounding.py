"""Whether signals differ by rounding alone: in a figure's last digits, or in a comparison that those decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars, BoolArray

ROUNDING = 1e-9
"""Relative: floats that are no further apart may be the same sums, added up in another order or from another start."""
LEVEL = "level "

YES_OR_NO = ("entry", "exit")
"""The columns that decide; of all others rounding moves nothing but last digits"""


class Column(NamedTuple):
    """A column of a strategy's signals: `entry`, `exit`, what entries bring with them by name, or `level <name>`.

    `symbol` is empty where there is but one.
    """

    name: str
    symbol: str = ""

    @property
    def is_figure(self) -> bool:
        """Whether it holds numbers, which rounding may change in their last digits."""
        return self.name not in YES_OR_NO


Columns = dict[Column, np.ndarray[Any, Any]]
"""A strategy's signals by column, all of one length."""
Compared = Callable[[int], list[float]]
"""The figures that a strategy's own may be compared with on a row"""


def is_rounding(one: float, other: float, scale: float = 0.0) -> bool:
    """Whether two figures are the same, or so close that only rounding tells them apart.

    They may differ by `ROUNDING` of the largest of them and `scale`, in their unit: how large the figures are that they
    were computed from, for a difference of two that is itself near zero. NaN and infinity are only like themselves.
    """
    return bool(_are_rounding(np.float64(one), np.float64(other), scale))


def numbers_of(params: BaseModel) -> list[float]:
    """The numbers among a strategy's parameters, and zero."""
    return [0.0, *(float(value) for value in params.model_dump().values() if type(value) in (int, float))]


def prices_on(bars: Bars, row: int) -> list[float]:
    """A bar's prices."""
    return [float(each[row]) for each in (bars.open, bars.high, bars.low, bars.close)]


def first_difference(
    one: Columns, other: Columns, compared: Compared, skip: int = 0
) -> tuple[Column, int, bool] | None:
    """The column and row that differ, and whether that is rounding; what is not goes first, then entries and exits.

    The first `skip` rows need not be the same.
    """
    if one.keys() != other.keys():
        return next(iter(one.keys() ^ other.keys())), skip, False
    pair = _Pair(one, other, compared, skip)
    changed = sorted(pair.changed, key=lambda column: column.is_figure)
    for column in changed:
        row = pair.beyond_rounding(column)
        if row is not None:
            return column, row, False
    return next(((column, pair.first(column), True) for column in changed), None)


class _Pair:
    """The same rows twice, and where they differ from row `skip` on."""

    def __init__(self, one: Columns, other: Columns, compared: Compared, skip: int) -> None:
        self._one, self._other, self._compared = one, other, compared
        self._figures = [name for name in one if name.is_figure]
        differs = {name: _differing(column, other[name]) for name, column in one.items()}
        self._beyond = {name: differs[name] & ~_rounded(one[name], other[name]) for name in self._figures}
        self._rows = {name: np.flatnonzero(rows[skip:]) + skip for name, rows in differs.items()}
        self.changed = [name for name, rows in self._rows.items() if len(rows)]

    def first(self, name: Column) -> int:
        """The first row in which a changed column differs."""
        return int(self._rows[name][0])

    def beyond_rounding(self, name: Column) -> int | None:
        """The first row in which a column differs by more than rounding."""
        rows = (int(row) for row in self._rows[name])
        if name in self._beyond:
            return next((row for row in rows if self._beyond[name][row]), None)
        return next((row for row in rows if not self._is_tie(row)), None)

    def _is_tie(self, row: int) -> bool:
        """Whether an entry or exit differs because a comparison falls the other way by its last digits, on its own bar
        or, as in a crossing, on the one before.
        """
        if self._is_beyond(row):
            return False
        return self._falls_otherwise(row) or (
            row > 0 and not self._is_beyond(row - 1) and self._falls_otherwise(row - 1)
        )

    def _is_beyond(self, row: int) -> bool:
        return any(self._beyond[name][row] for name in self._figures)

    def _falls_otherwise(self, row: int) -> bool:
        known = self._compared(row)
        one, other = ([float(columns[name][row]) for name in self._figures] for columns in (self._one, self._other))
        changed = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
        against = list(zip([*one, *known], [*other, *known], strict=True))
        return any(_order(a, c) != _order(b, d) for a, b in changed for c, d in against)


def _order(one: float, other: float) -> int:
    return (one > other) - (one < other)


def _differing(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> BoolArray:
    differs: BoolArray = one != other
    if one.dtype.kind == other.dtype.kind == "f":
        differs &= ~(np.isnan(one) & np.isnan(other))
    return differs


def _rounded(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> BoolArray:
    """Where two columns of floats are apart by rounding alone, by the size of the largest of their figures."""
    if not one.dtype.kind == other.dtype.kind == "f":
        return np.zeros(len(one), dtype=bool)
    sizes = np.abs(np.concatenate((one, other)))
    close: BoolArray = _are_rounding(one, other, float(np.max(sizes, where=np.isfinite(sizes), initial=0.0)))
    return close


def _are_rounding(one: Any, other: Any, scale: float) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        room = ROUNDING * np.maximum(np.maximum(np.abs(one), np.abs(other)), scale)
        close = np.isfinite(room) & (np.abs(one - other) <= room)
        return (one == other) | close | (np.isnan(one) & np.isnan(other))
