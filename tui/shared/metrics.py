"""Metrics as tables show them: one figure for each, made from the engine's table of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.account.metrics import METRICS, SHOWN, Better, Metrics, Unit
from tui.shared import figures
from tui.shared.tables import Table


class HasMetrics(Protocol):
    """A run or a variant."""

    @property
    def metrics(self) -> Metrics | None:
        """None where it has no result."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric, or a score, as it is shown: `title` heads a column, `label` stands where there is room.

    `spared` says how early a narrow table leaves it out: the greatest first; None is never on a leaderboard.
    """

    key: str
    title: str
    label: str
    digits: int
    better: Better = Better.HIGHER
    short: str = ""
    is_gain: bool = False
    spared: int | None = None
    scale: int = 1
    compared: bool = True

    def of(self, result: Any) -> float | None:
        """Its value as it is shown, a share in percent; None where the result has none."""
        holder = result if self.key == SCORE_KEY else result.metrics
        value: float | None = getattr(holder, self.key, None)
        return value if value is None or self.scale == 1 else value * self.scale

    def text(self, result: HasMetrics) -> str:
        """Its value in words, without a unit; a dash where there is none."""
        return said(self.of(result), self.digits)

    def in_words(self, metrics: Metrics) -> str:
        """Its value alone: a gain with its sign, a dash where there is none."""
        value = getattr(metrics, self.key)
        if value is None or not self.is_gain:
            return said(value if value is None else value * self.scale, self.digits)
        return figures.signed(value, self.digits)

    def field(self, metrics: Metrics) -> tuple[str, str]:
        """A line of its own, the unit behind the value."""
        name = self.label.removesuffix(" %")
        return name, self.in_words(metrics) + self.label.removeprefix(name)

    def put(self, table: Table, results: Sequence[HasMetrics]) -> Table:
        """A column of it."""
        values = [self.of(result) for result in results]
        put = table.gains if self.is_gain else table.money
        return put(self.title, values, self.digits)


SCORE_KEY = "objective_score"
SCORE = Figure(SCORE_KEY, "score", "score", 4, short="by the objective", spared=0)
"""What the objective makes of a variant."""


def _figure(name: str) -> Figure:
    metric = METRICS[name]
    return Figure(
        name,
        metric.title,
        metric.label,
        metric.digits,
        metric.better,
        metric.short or metric.meaning,
        is_gain=metric.unit is Unit.PERCENT and metric.better is Better.HIGHER,
        spared=metric.spared,
        scale=metric.scale,
        compared=metric.compared,
    )


ALL: tuple[Figure, ...] = tuple(map(_figure, SHOWN))
"""Every metric, in the order of tables."""
FIGURES: tuple[Figure, ...] = tuple(figure for figure in ALL if figure.compared)
"""Those that are compared."""


def said(value: float | None, digits: int) -> str:
    """A value with so many decimals; a dash for one that does not exist."""
    return figures.NONE if value is None else figures.decimals(value, digits)
