"""A sweep's grid cut along two parameters: which variant stands in which cell, all other parameters fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from tui.shared.metrics import COMPARED, Figure

if TYPE_CHECKING:
    from engine.sweeps.results import PlanDetail, VariantResult

Key = tuple[tuple[type, Any], ...]
GRID = "grid"
"""The tag of the variants that stand on it"""
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Cut:
    """Which two parameters, by which metric, and the places of the values at which the others are fixed.

    `axes` is a place in the list of ordered pairs, `fixed` in the product of the other parameters' values.
    """

    axes: int = 0
    metric: int = 0
    fixed: int = 0


class Grid:
    """The variants of the grid by their values; a sweep of one parameter has a single row."""

    def __init__(self, detail: PlanDetail) -> None:
        from engine.strategies.spec import as_tuples

        sweep = detail.plan["sweep"]
        self.paths: list[str] = list(sweep)
        self.values: dict[str, list[Any]] = {path: [as_tuples(value) for value in sweep[path]] for path in sweep}
        self._base = {path: base_value(detail.plan, path) for path in self.paths}
        self._at = {
            self._key(result): result
            for result in reversed(detail.results)  # the first of several stays
            if GRID in result.tags
        }
        self.pairs = list(permutations(self.paths, 2)) or [(path, "") for path in self.paths]

    def axes(self, cut: Cut) -> tuple[str, str]:
        """The parameters to the right and downwards; the second is empty when there is one alone."""
        return self.pairs[cut.axes % len(self.pairs)]

    def figure(self, cut: Cut) -> Figure:
        """The metric that is shown."""
        return COMPARED[cut.metric % len(COMPARED)]

    def fixed(self, cut: Cut) -> dict[str, Any]:
        """The other parameters, each at its value."""
        fixed_values, place = {}, cut.fixed
        for path in self.paths:
            if path not in self.axes(cut):
                place, at = divmod(place, len(self.values[path]))
                fixed_values[path] = self.values[path][at]
        return fixed_values

    def columns(self, cut: Cut) -> list[Any]:
        """The values to the right."""
        return self.values[self.axes(cut)[0]]

    def rows(self, cut: Cut) -> list[Any]:
        """The values downwards; one without a name where there is one parameter alone."""
        return self.values.get(self.axes(cut)[1], [None])

    def variant(self, cut: Cut, column: int, row: int) -> VariantResult | None:
        """The variant in a cell; None where there was none, as when `max_variants` cut it."""
        across, down = self.axes(cut)
        wanted = {**self.fixed(cut), across: self.columns(cut)[column], down: self.rows(cut)[row]}
        return self._at.get(tuple((type(wanted[path]), wanted[path]) for path in self.paths))

    def turned(self, cut: Cut, change: Callable[[Cut], Cut]) -> Cut:
        """Another cut, with its indices wrapped into their ranges."""
        made = change(cut)
        fixed = 1
        for path in self.fixed(replace(made, fixed=0)):
            fixed *= len(self.values[path])
        return Cut(made.axes % len(self.pairs), made.metric % len(COMPARED), made.fixed % fixed)

    def all(self) -> Iterable[VariantResult]:
        """Every variant on the grid."""
        return self._at.values()

    def within(self, cut: Cut) -> Iterator[VariantResult]:
        """Every variant that the cut has: far fewer than it has cells, where `max_variants` cut a huge sweep."""
        fixed = [(self.paths.index(path), value) for path, value in self.fixed(cut).items()]
        for key, result in self._at.items():
            if all(key[place] == (type(value), value) for place, value in fixed):
                yield result

    def is_base(self, result: VariantResult) -> bool:
        """Whether a variant has the base spec's values: it trades as the baseline does."""
        return all(result.overrides.get(path, base) == base for path, base in self._base.items())

    def position_of(self, cut: Cut, result: VariantResult) -> tuple[Cut, int, int] | None:
        """The cut in which a variant stands, and its column and row; None for one that is not of the grid."""
        if not self.paths or any(result.overrides.get(path, _ABSENT) not in self.values[path] for path in self.paths):
            return None
        places = {path: self.values[path].index(result.overrides[path]) for path in self.paths}
        fixed, step = 0, 1
        for path in self.fixed(cut):
            fixed += step * places[path]
            step *= len(self.values[path])
        across, down = self.axes(cut)
        return replace(cut, fixed=fixed), places[across], places.get(down, 0)

    def _key(self, result: VariantResult) -> Key:
        return tuple((type(result.overrides[path]), result.overrides[path]) for path in self.paths)


def base_value(plan: Mapping[str, Any], path: str) -> Any:
    """What the base spec of a plan has at a path; `plan` is `PlanDetail.plan`."""
    from engine.strategies.spec import as_tuples

    part, name = path.split(".", 1)
    # the base leaves out newer fields at their defaults, which the spec writes out
    written = plan["base"].get(part, {})
    return as_tuples(written[name] if name in written else plan["spec"].get(part, {}).get(name))
