"""Objectives: one score of a variant's metrics, and the ranking by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from engine.account.metrics import Metrics
from engine.errors import InvalidError
from engine.vocabulary import Objective


def _sharpe_dd(m: Metrics) -> float | None:
    return None if m.sharpe is None else m.sharpe - 0.5 * m.max_drawdown_pct / 100


def _calmar(m: Metrics) -> float | None:
    return None if m.max_drawdown_pct == 0 else m.return_pct / m.max_drawdown_pct


OBJECTIVES: Mapping[Objective, Callable[[Metrics], float | None]] = {
    Objective.SHARPE_ANNUAL: lambda m: m.sharpe_annual,
    Objective.SORTINO_ANNUAL: lambda m: m.sortino_annual,
    Objective.CALMAR_ANNUAL: lambda m: m.calmar_annual,
    Objective.SHARPE: lambda m: m.sharpe,
    Objective.SHARPE_DD_PENALTY: _sharpe_dd,
    Objective.RETURN: lambda m: m.return_pct,
    Objective.RETURN_DD_PENALTY: lambda m: m.return_pct - 0.5 * m.max_drawdown_pct,
    Objective.CALMAR: _calmar,
}
"""Name to score; None where a variant has none, and then it ranks last."""


def objective(name: str) -> Callable[[Metrics], float | None]:
    """The objective of that name; INVALID_SPEC lists them."""
    if name not in OBJECTIVES:
        raise InvalidError("INVALID_SPEC", f"there is no objective {name!r}", hint=f"one of {', '.join(OBJECTIVES)}")
    of_metrics = OBJECTIVES[Objective(name)]

    def score(metrics: Metrics) -> float | None:
        """None of a variant without trades: doing nothing is no result to rank."""
        return of_metrics(metrics) if metrics.trade_count else None

    return score


class Scored(Protocol):
    """What a variant's rank depends on: `results.VariantResult` has it, and stands above this module."""

    @property
    def variant_id(self) -> str:
        """Which variant."""

    @property
    def objective_score(self) -> float | None:
        """The score; None where it has none."""

    @property
    def metrics(self) -> Metrics | None:
        """The metrics; None unless it succeeded."""


Result = TypeVar("Result", bound=Scored)


def ranked(results: Iterable[Result]) -> list[Result]:
    """Those that succeeded, best first: higher score, then higher return, lower drawdown, smaller id; no score last."""
    return sorted((result for result in results if result.metrics is not None), key=_rank)


def best_of(results: Iterable[Result]) -> Result | None:
    """The variant that ranks first; None when none has a score."""
    scored = (one for one in results if one.objective_score is not None and one.metrics is not None)
    return min(scored, key=_rank, default=None)


def _rank(result: Scored) -> tuple[bool, float, float, float, str]:
    score, metrics = result.objective_score, result.metrics
    assert metrics is not None  # noqa: S101 - for the type checker: only one that succeeded is ranked
    # the id comes last: no tie is left to the order in which workers finished
    better = 0.0 if score is None else -score
    return (score is None, better, -metrics.return_pct, metrics.max_drawdown_pct, result.variant_id)
