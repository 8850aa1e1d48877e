"""The neighbourhood of a plan's best: values between its own and the nearest ones that were tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from engine.errors import InvalidError
from engine.strategies.paths import Scalar
from engine.strategies.spec import CompiledSpec
from engine.sweeps.plan.overrides import Overrides, base_value

BETWEEN = 3
"""Values between the best's and each neighbour's, unless a caller says otherwise."""


def neighbourhood(
    base: CompiledSpec, sweep: Mapping[str, Sequence[Scalar]], best: Overrides, between: int = BETWEEN
) -> dict[str, list[Scalar]]:
    """What to try around the best of a sweep: for each parameter the best's value, with others on both its sides.

    On each side up to the next value that was tried there are `between` others, evenly spaced; of whole numbers those
    there are. The neighbours' own values are left out, since they were tried. A parameter that is no number, or has no
    value on a side, keeps the best's there. INVALID_SPEC when nothing new comes of it.
    """
    if between < 1:
        raise InvalidError("INVALID_SPEC", f"{between} values between neighbours", hint="give at least 1")
    found = {path: _around(tried, _value(base, best, path), between) for path, tried in sweep.items()}
    if all(len(values) == 1 for values in found.values()):
        raise InvalidError(
            "INVALID_SPEC",
            "there is nothing to try between the best and its neighbours",
            hint="sweep over numbers that lie further apart",
        )
    return found


def _value(base: CompiledSpec, best: Overrides, path: str) -> Scalar:
    return best[path] if path in best else base_value(base, path)


def _around(tried: Sequence[Scalar], best: Scalar, between: int) -> list[Scalar]:
    if not _is_number(best):
        return [best]
    assert isinstance(best, int | float)  # noqa: S101 - for the type checker
    numbers = [value for value in tried if isinstance(value, int | float) and _is_number(value)]
    below, above = [value for value in numbers if value < best], [value for value in numbers if value > best]
    lower = _evenly(max(below), best, between) if below else []
    upper = _evenly(best, min(above), between) if above else []
    return [*lower, best, *upper]


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _evenly(low: float, high: float, count: int) -> list[Scalar]:
    """Values strictly between two, rising, as a person would write them: between 0.1 and 0.2 lies 0.15."""
    start, end = Fraction(repr(low)), Fraction(repr(high))
    exact = [start + (end - start) * nth / (count + 1) for nth in range(1, count + 1)]
    if isinstance(low, int) and isinstance(high, int):
        return [value for value in sorted(set(map(round, exact))) if low < value < high]
    return [value for value in sorted(set(map(float, exact))) if low < value < high]
