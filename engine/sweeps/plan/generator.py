"""From a base spec and lists of values to variants: the baseline, the grid, then the ablations."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidError
from engine.jsontext import canonical_json
from engine.numerals import value_text
from engine.statistics.draws import generator
from engine.statistics.orders import sample as sample_of
from engine.strategies.paths import Scalar
from engine.strategies.spec import CompiledSpec
from engine.sweeps.plan.overrides import Overrider, Overrides, base_value, typed_values
from engine.sweeps.plan.request import MAX_VARIANTS
from engine.sweeps.plan.run_plan import ABLATION, BASELINE, GRID, Variant


@dataclass(frozen=True, slots=True)
class Generated:
    """The variants that are kept, in plan order, and how many more there would have been."""

    variants: tuple[Variant, ...]
    dropped: int
    sweep: dict[str, list[Scalar]]


def generate(
    spec: CompiledSpec,
    sweep: Mapping[str, Sequence[Any]],
    *,
    include_ablations: bool = True,
    max_variants: int = MAX_VARIANTS,
    sample: int | None = None,
) -> Generated:
    """The variants of a sweep. Combinations are made lazily and counted by arithmetic, so a huge sweep answers at once.

    With `sample` so many combinations of the grid, drawn by what the plan is made of: the same sweep, the same sample,
    and a smaller one is part of a larger one. Raises INVALID_SPEC for an unknown path, a value of the wrong type, an
    empty list, a `max_variants` or a `sample` below 1, or a sample that `max_variants` has no room for.
    """
    if max_variants < 1:
        raise InvalidError("INVALID_SPEC", f"max_variants is {max_variants}", hint="give at least 1")
    values = {path: typed_values(spec, path, given) for path, given in sweep.items()}
    grid = _Grid(values)
    drawn = None if sample is None else _drawn(spec, grid, sample, max_variants)
    ablations = _ablations(spec, grid, drawn) if include_ablations and values else []
    maker = Maker(spec)
    combinations = itertools.islice(_all(grid, drawn, ablations), max_variants)
    kept = tuple(maker.variant(overrides, tags) for overrides, tags in combinations)
    return Generated(kept, 1 + grid.size + len(ablations) - len(kept), values)


class _Grid:
    """Every combination of a sweep's values by its place, the last parameter changing first; none is kept."""

    def __init__(self, values: dict[str, list[Scalar]]) -> None:
        self.values = values
        self.size = math.prod(map(len, values.values())) if values else 0

    def __iter__(self) -> Iterator[Overrides]:
        for combination in itertools.product(*self.values.values()) if self.values else ():
            yield dict(zip(self.values, combination, strict=True))

    def __getitem__(self, place: int) -> Overrides:
        picked = {}
        for path, options in reversed(self.values.items()):
            place, nth = divmod(place, len(options))
            picked[path] = options[nth]
        return {path: picked[path] for path in self.values}

    def place_of(self, overrides: Overrides) -> int | None:
        """Where a combination stands; None where one of its values is not tried."""
        place = 0
        for path, options in self.values.items():
            if overrides[path] not in options:
                return None
            place = place * len(options) + options.index(overrides[path])
        return place


def _drawn(spec: CompiledSpec, grid: _Grid, sample: int, max_variants: int) -> list[int]:
    """The places of a sample of the grid, rising."""
    if sample < 1:
        raise InvalidError("INVALID_SPEC", f"sample is {sample}", hint="give at least 1")
    if min(sample, grid.size) >= max_variants:
        raise InvalidError(
            "INVALID_SPEC",
            f"a sample of {min(sample, grid.size):,} and the baseline are more than max_variants, {max_variants:,}",
            hint=f"give a max_variants of {min(sample, grid.size) + 1:,} or more, or a smaller sample",
        )
    content = canonical_json({"base": spec.base(), "sweep": list(grid.values.items())})
    return sample_of(generator("sample", hashlib.sha256(content.encode()).hexdigest()), grid.size, sample)


def _all(
    grid: _Grid, drawn: list[int] | None, ablations: list[Overrides]
) -> Iterator[tuple[Overrides, tuple[str, ...]]]:
    yield {}, (BASELINE,)
    tags = (GRID,)
    for combination in grid if drawn is None else map(grid.__getitem__, drawn):
        yield combination, tags
    for overrides in ablations:
        yield overrides, (ABLATION,)


def _ablations(spec: CompiledSpec, grid: _Grid, drawn: list[int] | None) -> list[Overrides]:
    """The first grid variant of the plan with one parameter written back to the base value.

    Where the plan's part of the grid has that variant already, the first stays. No two of the others are the same: each
    differs from the first in its own parameter alone.
    """
    first = grid[0 if drawn is None else drawn[0]]
    written_back = [{**first, path: base_value(spec, path)} for path in grid.values]
    places = [grid.place_of(overrides) for overrides in written_back]
    return [
        overrides
        for overrides, place in zip(written_back, places, strict=True)
        if place is None or (drawn is not None and place not in drawn)
    ]


class Maker:
    """Makes a base spec's variants: their ids, labels and specs."""

    def __init__(self, base: CompiledSpec) -> None:
        self._base = base
        self._overrider = Overrider(base)
        # canonical_json({"base": …, "overrides": …}) is put together from parts: sorted keys, no spaces
        self._hash = hashlib.sha256(f'{{"base":{canonical_json(base.base())},"overrides":{{'.encode())
        self._texts: dict[tuple[str, type, Scalar], tuple[str, str]] = {}

    def variant(self, overrides: Overrides, tags: tuple[str, ...]) -> Variant:
        """The variant of these overrides, whose values have the spec's types."""
        texts = {path: self._text(path, value) for path, value in overrides.items()}
        label = ", ".join([shown for _, shown in texts.values()]) or BASELINE
        digest = self._hash.copy()
        digest.update(f"{','.join([texts[path][0] for path in sorted(texts)])}}}}}".encode())
        variant_id = digest.hexdigest()[:16]
        try:
            made = self._overrider.spec(overrides) if overrides else self._base
        except InvalidError as error:
            return Variant(variant_id, label, tags, overrides, None, error.message)
        return Variant(variant_id, label, tags, overrides, made)

    def _text(self, path: str, value: Scalar) -> tuple[str, str]:
        """An override in canonical JSON, and in a label."""
        key = (path, type(value), value)
        found = self._texts.get(key)
        if found is None:
            in_json = f"{canonical_json(path)}:{canonical_json(value)}"
            found = self._texts[key] = (in_json, f"{path.split('.', 1)[1]}={value_text(value)}")
        return found
