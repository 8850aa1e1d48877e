"""What a result hangs on: each parameter, the values beside the best one's, and costs.

How a sweep's score moves with each parameter, whether the best stands alone among its neighbours, and what further
costs would leave of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, NamedTuple

Scalar = bool | int | float | str | tuple[Any, ...] | None
Point = tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A variant: its effective value of each swept parameter, its score, and whether the grid made it."""

    values: Mapping[str, Scalar]
    score: float | None
    in_grid: bool


@dataclass(frozen=True, slots=True)
class ValueScore:
    """A value of a parameter, and the median score of the variants of the grid that have it and a score."""

    value: Scalar
    median_score: float | None
    variants: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The variants of the grid one value away from the best in one parameter."""

    count: int
    mean_score: float | None
    beat_baseline: int


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`parameters` by path, values ascending; `neighbours` is None without a best that stands on the grid."""

    parameters: dict[str, list[ValueScore]]
    neighbours: Neighbours | None


class Filled(NamedTuple):
    """A round trip: prices as filled, `pnl` after the costs that were paid."""

    quantity: float
    entry_price: float
    exit_price: float
    pnl: float


def sensitivity(variants: Sequence[Tried], best: Tried | None, baseline: Tried) -> Sensitivity:
    """Of the variants in plan order. One whose values all lie on the grid stands on it, the baseline too; the first
    at each point counts.
    """
    paths = list(variants[0].values) if variants else []
    axes = {path: ascending(one.values[path] for one in variants if one.in_grid) for path in paths}
    grid = _grid(variants, axes)
    parameters = {path: [_at(grid, nth, value) for value in axes[path]] for nth, path in enumerate(paths)}
    if best is None:
        return Sensitivity(parameters, None)
    return Sensitivity(parameters, _neighbours(grid, list(axes.values()), best, baseline.score))


def breakeven_bps(trades: Iterable[Filled]) -> float | None:
    """The further cost of each side, in basis points of its value, at which the trades earn nothing.

    None where they earn less than nothing now, or nothing was traded.
    """
    earned = traded = 0.0
    for quantity, entry_price, exit_price, pnl in trades:
        earned += pnl
        traded += quantity * (entry_price + exit_price)
    return None if earned < 0 or traded <= 0 else earned / traded * 1e4


def ascending(values: Iterable[Scalar]) -> list[Scalar]:
    """Each value once: nothing at all first, then numbers, then words."""
    return sorted(dict.fromkeys(values), key=lambda value: (value is not None, isinstance(value, str), value))


def _grid(variants: Sequence[Tried], axes: Mapping[str, list[Scalar]]) -> dict[Point, float | None]:
    """The score at each point of the grid that has a variant."""
    grid: dict[Point, float | None] = {}
    for one in variants:
        point = tuple(one.values[path] for path in axes)
        if all(value in axis for value, axis in zip(point, axes.values(), strict=True)):
            grid.setdefault(point, one.score)
    return grid


def _at(grid: Mapping[Point, float | None], nth: int, value: Scalar) -> ValueScore:
    scores = [score for point, score in grid.items() if point[nth] == value and score is not None]
    return ValueScore(value, median(scores) if scores else None, len(scores))


def _neighbours(
    grid: Mapping[Point, float | None], axes: Sequence[list[Scalar]], best: Tried, least: float | None
) -> Neighbours | None:
    point = tuple(best.values.values())
    if point not in grid:
        return None
    beside = [grid[other] for other in _one_away(point, axes) if other in grid]
    scores = [score for score in beside if score is not None]
    beating = sum(least is None or score > least for score in scores)
    return Neighbours(len(beside), fmean(scores) if scores else None, beating)


def _one_away(point: Point, axes: Sequence[list[Scalar]]) -> Iterator[Point]:
    for nth, axis in enumerate(axes):
        place = axis.index(point[nth])
        for other in axis[max(place - 1, 0) : place] + axis[place + 1 : place + 2]:
            yield (*point[:nth], other, *point[nth + 1 :])
