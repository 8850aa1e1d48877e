"""A walk-forward: train the whole grid on one window, test the best of it on the next, fold after fold.

Each window is a closed world: a dataset's window with the bars before it as history, whose last bar closes what is
open. In training every variant begins with the plan's equity; each test begins with what the last one left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.account.metrics import Metrics
from engine.market.bars import Dataset
from engine.ports import Watch
from engine.statistics.clock import Clock
from engine.statistics.sensitivity import ascending
from engine.sweeps.objectives import best_of, objective
from engine.sweeps.out_of_sample.results import ChosenValue, FoldResult, WalkForwardResult
from engine.sweeps.out_of_sample.stitched import Tested, stitched, tested
from engine.sweeps.out_of_sample.windows import FoldDays, WalkForwardTerms
from engine.sweeps.plan.overrides import effective
from engine.sweeps.plan.run_plan import RunPlan, Variant
from engine.sweeps.results import VariantResult, recorded
from engine.sweeps.simulation.signals import WholeSignals
from engine.sweeps.simulation.simulate import Simulation

TOGETHER = 64
"""Variants that are trained in all folds before the next ones: what they share is computed once, and kept no longer."""

Told = Callable[[int], None]
"""Hears how many variants have been trained so far, those of all folds together."""


@dataclass(slots=True)
class Training:
    """One fold's training: its clock, the baseline's result, and the best one so far; None while none has a score."""

    days: FoldDays
    simulation: Simulation
    clock: Clock
    baseline: VariantResult | None = None
    best: VariantResult | None = None

    @property
    def chosen(self) -> VariantResult | None:
        """What trades the test."""
        return self.baseline if self.best is None else self.best

    def take(self, results: Sequence[VariantResult]) -> None:
        """The results of the next variants."""
        if self.baseline is None:
            self.baseline = results[0]
        known = [] if self.best is None else [self.best]
        self.best = best_of([*known, *results])


class WalkForward:
    """One plan's walk-forward on the data that its sweep sees."""

    def __init__(self, plan: RunPlan, terms: WalkForwardTerms, dataset: Dataset, clock: Clock) -> None:
        self._plan, self._dataset = plan, dataset
        self._folds = terms.folds(clock.sessions)
        self._score = objective(plan.request.objective)
        self._variants = [variant for variant in plan.variants if variant.spec is not None]

    @property
    def steps(self) -> int:
        """How many variants are trained, those of all folds together."""
        return len(self._folds) * len(self._variants)

    def run(self, workers: int, watch: Watch, told: Told) -> WalkForwardResult | None:
        """All folds; None when the watch says stop."""
        trainings = self._trained(WholeSignals(self._plan.base, self._dataset), workers, watch, told)
        if trainings is not None and not self._holds(trainings):
            trainings = self._trained(None, workers, watch, told)
        if trainings is None:
            return None
        return self._result(trainings, list(self._tested(trainings)))

    def _trained(self, signals: WholeSignals | None, workers: int, watch: Watch, told: Told) -> list[Training] | None:
        """Every variant in every fold; without `signals` each fold computes its own, from the bars up to its end."""
        trainings = [self._begun(days, signals) for days in self._folds]
        done = 0
        for start in range(0, len(self._variants), TOGETHER):
            part = self._variants[start : start + TOGETHER]
            for training in trainings:
                found = [
                    self._scored(simulated.result)
                    for simulated in training.simulation.simulate_each(part, workers=workers, watch=watch)
                ]
                if watch.stopped():
                    return None
                training.take(found)
                told(done := done + len(part))
        return trainings

    def _begun(self, days: FoldDays, signals: WholeSignals | None) -> Training:
        plan, window = self._plan, self._dataset.window(*days.train)
        simulation = Simulation(window, plan.account, plan.request.slippage_bps, signals=signals)
        return Training(days, simulation, simulation.clock(plan.base))

    def _scored(self, result: VariantResult) -> VariantResult:
        return recorded(result, None if result.metrics is None else self._score(result.metrics), None)

    def _holds(self, trainings: Sequence[Training]) -> bool:
        """Whether what was chosen comes out the same where no bar after the training is known.

        It does unless the strategy looks ahead. Those that ship are proved not to.
        """
        if self._plan.base.strategy.code_sha256:
            return True
        return all(self._comes_out_alike(training) for training in trainings)

    def _comes_out_alike(self, training: Training) -> bool:
        chosen = training.chosen
        if chosen is None:
            return True
        alone = self._begun(training.days, None).simulation.simulate(self._variant(chosen), fills=False)
        return self._scored(alone.result).metrics == chosen.metrics

    def _tested(self, trainings: Sequence[Training]) -> Iterator[Tested]:
        """Each test, with the equity at which the last one ended."""
        equity = self._plan.account.starting_equity
        for training in trainings:
            test = self._test(training, equity)
            yield test
            equity = test.ending_equity

    def _test(self, training: Training, equity: float) -> Tested:
        plan, window = self._plan, self._dataset.window(*training.days.test)
        clock = Clock(window, plan.base.symbols)
        if training.chosen is None or equity == 0:  # of nothing there is no percentage
            return tested(clock, equity, None)
        simulation = Simulation(window, replace(plan.account, starting_equity=equity), plan.request.slippage_bps)
        return tested(clock, equity, simulation.simulate(self._variant(training.chosen)))

    def _variant(self, result: VariantResult) -> Variant:
        return next(variant for variant in self._variants if variant.variant_id == result.variant_id)

    def _result(self, trainings: Sequence[Training], tests: Sequence[Tested]) -> WalkForwardResult:
        return WalkForwardResult.model_construct(
            folds=[_fold(training, test) for training, test in zip(trainings, tests, strict=True)],
            out_of_sample=stitched(self._plan.account.starting_equity, tests),
            efficiency=_efficiency(trainings, tests),
            chosen=self._chosen([training.chosen for training in trainings]),
        )

    def _chosen(self, results: Sequence[VariantResult | None]) -> dict[str, list[ChosenValue]]:
        """By path, every value that a variant of the plan has, and in how many folds the chosen one had it."""
        base, paths = self._plan.base, self._plan.request.sweep
        tried = [effective(base, variant.overrides, paths) for variant in self._variants]
        taken = [effective(base, result.overrides, paths) for result in results if result is not None]
        return {
            path: [
                ChosenValue(value=value, folds=sum(1 for values in taken if values[path] == value))
                for value in ascending(values[path] for values in tried)
            ]
            for path in paths
        }


def _fold(training: Training, test: Tested) -> FoldResult:
    best, chosen, (train, outside) = training.best, training.chosen, training.days
    return FoldResult.model_construct(
        train_from=train.first,
        train_to=train.last,
        test_from=outside.first,
        test_to=outside.last,
        best_variant_id="" if chosen is None else chosen.variant_id,
        score=None if best is None else best.objective_score,
        metrics=test.metrics,
    )


def _efficiency(trainings: Sequence[Training], tests: Sequence[Tested]) -> float | None:
    """Mean growth a year in the tests over that in training; None where a window has none, or training did not grow."""
    inside = [
        _growth(training.clock, None if training.chosen is None else training.chosen.metrics) for training in trainings
    ]
    outside = [_growth(test.clock, test.metrics) for test in tests]
    grown, earned = _mean(inside), _mean(outside)
    return None if grown is None or earned is None or not grown > 0 else earned / grown


def _growth(clock: Clock, metrics: Metrics | None) -> float | None:
    """The logarithm of what an equity grew by, a year."""
    a_year = clock.sessions_a_year
    if metrics is None or a_year is None or not min(metrics.starting_equity, metrics.ending_equity) > 0:
        return None
    return math.log(metrics.ending_equity / metrics.starting_equity) / (len(clock) / a_year)


def _mean(values: Sequence[float | None]) -> float | None:
    total: float = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total / len(values)
