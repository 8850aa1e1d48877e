"""What a `--fail-if` condition is made of: numbers and conditions, either of which may be unknown.

A figure that a variant does not have (the Sharpe ratio of one trade), a division by zero and a result beyond what a
float holds are unknown, None. What is compared with it is unknown too. `and`, `or` and `not` go on as far as can be
told: false and unknown is false, true or unknown is true (S. C. Kleene, On Notation for Ordinal Numbers, 1938).
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Figures = Mapping[str, float | None]
"""`best.return_pct` to what it is; None where the variant does not have it."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMBINE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Number(ABC):
    """A part that comes to a number."""

    @abstractmethod
    def amount(self, figures: Figures) -> float | None:
        """The number on these figures; None when it is unknown."""


class Condition(ABC):
    """A part that is true or false."""

    @abstractmethod
    def holds(self, figures: Figures) -> bool | None:
        """Whether it holds on these figures; None when it cannot be told."""


Node = Number | Condition


@dataclass(frozen=True, slots=True)
class Figure(Number):
    """A figure by its name, or without one a number as it was written."""

    name: str | None
    value: float | None = None

    def amount(self, figures: Figures) -> float | None:
        """The figure's value."""
        return self.value if self.name is None else figures[self.name]


@dataclass(frozen=True, slots=True)
class Negated(Number):
    """`-a`."""

    inner: Number

    def amount(self, figures: Figures) -> float | None:
        """The number with the other sign."""
        value = self.inner.amount(figures)
        return None if value is None else -value


@dataclass(frozen=True, slots=True)
class Sum(Number):
    """`a + b - c`, from left to right: each part with its sign, the first one's a plus."""

    parts: tuple[tuple[str, Number], ...]

    def amount(self, figures: Figures) -> float | None:
        """What the parts come to."""
        return _combined(self.parts, figures)


@dataclass(frozen=True, slots=True)
class Product(Number):
    """`a * b / c`, from left to right: each part with its sign, the first one's a times."""

    parts: tuple[tuple[str, Number], ...]

    def amount(self, figures: Figures) -> float | None:
        """What the parts come to; None when one that divides is zero."""
        return _combined(self.parts, figures)


@dataclass(frozen=True, slots=True)
class Chain(Condition):
    """`a < b <= c`: every neighbouring pair."""

    links: tuple[tuple[Number, str, Number], ...]

    def holds(self, figures: Figures) -> bool | None:
        """Whether every pair compares as it says."""
        return _every([_compared(left, sign, right, figures) for left, sign, right in self.links])


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """`not a`."""

    inner: Condition

    def holds(self, figures: Figures) -> bool | None:
        """The opposite; what cannot be told stays so."""
        value = self.inner.holds(figures)
        return None if value is None else not value


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """`a and b`."""

    parts: tuple[Condition, ...]

    def holds(self, figures: Figures) -> bool | None:
        """False as soon as one part is; else unknown when one part is."""
        return _every([part.holds(figures) for part in self.parts])


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """`a or b`."""

    parts: tuple[Condition, ...]

    def holds(self, figures: Figures) -> bool | None:
        """True as soon as one part is; else unknown when one part is."""
        truths = [part.holds(figures) for part in self.parts]
        return True if True in truths else (None if None in truths else False)


def _every(truths: list[bool | None]) -> bool | None:
    return False if False in truths else (None if None in truths else True)


def _compared(left: Number, sign: str, right: Number, figures: Figures) -> bool | None:
    one, other = left.amount(figures), right.amount(figures)
    return None if one is None or other is None else _COMPARE[sign](one, other)


def _combined(parts: tuple[tuple[str, Number], ...], figures: Figures) -> float | None:
    total = parts[0][1].amount(figures)
    for sign, part in parts[1:]:
        value = part.amount(figures)
        if total is None or value is None or (sign == "/" and value == 0):
            return None
        total = _COMBINE[sign](total, value)
    return total if total is None or math.isfinite(total) else None
