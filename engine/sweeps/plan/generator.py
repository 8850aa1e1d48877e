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
) -> Generated:
    """The variants of a sweep. Combinations are made lazily and counted by arithmetic, so a huge sweep answers at once.

    Raises INVALID_SPEC for an unknown path, a value of the wrong type, an empty list or a `max_variants` below 1.
    """
    if max_variants < 1:
        raise InvalidError("INVALID_SPEC", f"max_variants is {max_variants}", hint="give at least 1")
    values = {path: typed_values(spec, path, given) for path, given in sweep.items()}
    ablations = _ablations(spec, values) if include_ablations else []
    maker = Maker(spec)
    combinations = itertools.islice(_all(values, ablations), max_variants)
    kept = tuple(maker.variant(overrides, tags) for overrides, tags in combinations)
    total = 1 + (math.prod(map(len, values.values())) + len(ablations) if values else 0)
    return Generated(kept, total - len(kept), values)


def _all(values: dict[str, list[Scalar]], ablations: list[Overrides]) -> Iterator[tuple[Overrides, tuple[str, ...]]]:
    yield {}, (BASELINE,)
    if not values:
        return
    tags = (GRID,)
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True)), tags
    for overrides in ablations:
        yield overrides, (ABLATION,)


def _ablations(spec: CompiledSpec, values: dict[str, list[Scalar]]) -> list[Overrides]:
    """The first grid variant with one parameter written back to the base value.

    Where the base value is among a parameter's values, the grid has that variant already, and the first stays. No two
    of the others are the same: each differs from the grid's first in its own parameter alone.
    """
    first = {path: options[0] for path, options in values.items()}
    written_back = ((path, base_value(spec, path)) for path in values)
    return [{**first, path: value} for path, value in written_back if value not in values[path]]


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
