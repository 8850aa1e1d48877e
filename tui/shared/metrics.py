"""Metrics as tables show them: one figure for each, made from the engine's table of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.account.metrics import METRICS, SHOWN, Better, Metric, Metrics, Unit
from engine.validation import StrictModel
from tui.shared import figures
from tui.shared.output import Table


class HasMetrics(Protocol):
    """Something with metrics: a run or a variant."""

    @property
    def metrics(self) -> Metrics | None:
        """The metrics; None without a result."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric as it is shown, or the objective's score, which tables treat as one; `key` is its name in JSON."""

    key: str
    metric: Metric

    def of(self, result: Any) -> float | None:
        """Its value as it is shown, a share in percent; None where the result has none."""
        return self._shown(result if self is SCORE else result.metrics)

    def text(self, result: HasMetrics) -> str:
        """Its value in words, without a unit; a dash where there is none."""
        return formatted(self.of(result), self.metric.digits)

    def in_words(self, metrics: StrictModel) -> str:
        """Its value alone: a gain with its sign, a dash where there is none."""
        value = self._shown(metrics)
        if value is None or not self.metric.is_gain:
            return formatted(value, self.metric.digits)
        return figures.signed(value, self.metric.digits)

    def field(self, metrics: StrictModel) -> tuple[str, str]:
        """A line of its own, the unit behind the value."""
        has_unit = self.metric.unit in (Unit.PERCENT, Unit.SHARE) and self._shown(metrics) is not None
        return self.metric.label.replace(" %", ""), self.in_words(metrics) + (" %" if has_unit else "")

    def put(self, table: Table, results: Sequence[HasMetrics]) -> Table:
        """Add the metric to a table as a column."""
        put = table.gains if self.metric.is_gain else table.money
        return put(self.metric.title, [self.of(result) for result in results], self.metric.digits)

    def _shown(self, holder: Any) -> float | None:
        value: float | None = getattr(holder, self.key, None)
        return value if value is None or self.metric.scale == 1 else value * self.metric.scale


SCORE = Figure(
    "objective_score", Metric("score", "score", Unit.RATIO, 4, "by the objective", better=Better.HIGHER, spared=0)
)
"""What the objective makes of a variant."""
ALL: tuple[Figure, ...] = tuple(Figure(name, METRICS[name]) for name in SHOWN)
"""Every metric, in the order of tables."""
FIGURES: tuple[Figure, ...] = tuple(figure for figure in ALL if figure.metric.compared)
"""Those that are compared."""
COMPARED: tuple[Figure, ...] = (SCORE, *FIGURES)
"""All by which two variants can be held against each other, the objective's score first."""


def formatted(value: float | None, digits: int) -> str:
    """A value with so many decimals; a dash for one that does not exist."""
    return figures.NONE if value is None else figures.decimals(value, digits)
