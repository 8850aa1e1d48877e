"""What a plan's results are worth: luck, overfitting, sensitivity and costs of its best, and the verdict.

`engine.statistics` has the formulas; here they are given the plan's variants, its clock and its tries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from engine.account.ledger import BUY, Fill, Trade
from engine.account.metrics import Metrics
from engine.drivers.trial import TrialCount
from engine.intents import to_quantity
from engine.market.bars import Dataset, FloatArray
from engine.statistics.clock import Clock
from engine.statistics.holding import HoldingMetrics
from engine.statistics.luck import luck, plan_luck
from engine.statistics.overfitting import overfitting
from engine.statistics.sensitivity import Filled, Tried, breakeven_bps, sensitivity
from engine.statistics.sessions import moments, returns_of
from engine.statistics.sharpe import deflated_sharpe, variance_of_trials
from engine.strategies.spec import ExecutionPart
from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
from engine.sweeps.out_of_sample.verdict import Judged, judge_plan
from engine.sweeps.plan.overrides import effective
from engine.sweeps.plan.run_plan import BASELINE, GRID, RunPlan, Variant
from engine.sweeps.plan.trials import PlanTrial
from engine.sweeps.results import PlanStatistics, Simulated, VariantResult, trades_of
from engine.sweeps.simulation.simulate import Simulation
from engine.validation import StrictModel, trusted
from engine.vocabulary import FillModel

Model = TypeVar("Model", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class Worth:
    """What is said of a completed plan beside its results: buying and holding, its statistics, its walk-forward.

    `judged` is what the verdict was made of beside them: it is made again once a holdout is opened.
    """

    holding: HoldingMetrics | None
    statistics: PlanStatistics | None = None
    walk_forward: WalkForwardResult | None = None
    judged: Judged | None = None

    def document(self) -> dict[str, Any]:
        """The fields that RUN_COMPLETED has of it."""
        return {
            "benchmark": _dumped(self.holding),
            "statistics": _dumped(self.statistics),
            "walk_forward": _dumped(self.walk_forward),
            "judged": _dumped(self.judged),
        }

    def with_holdout(self, holdout: HoldoutResult | None, best: Metrics | None, trials: TrialCount | None) -> Worth:
        """Judged again with a holdout that is opened, by the metrics of the plan's best and the tries on its data."""
        said, judged = self.statistics, self.judged
        if holdout is None or not holdout.opened or said is None or judged is None or trials is None:
            return self
        verdict, because = judge_plan(
            sessions=said.sessions,
            trials=trials.on_these_data,
            best=best,
            holding=self.holding,
            judged=judged,
            p_luck=said.p_luck,
            walk_forward=self.walk_forward,
            holdout=holdout,
        )
        return replace(self, statistics=said.model_copy(update={"verdict": verdict.value, "because": because}))

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Worth:
        """Of the payload of a run's end; nothing of one from before there were statistics."""
        holding, statistics, judged = (said.get(name) for name in ("benchmark", "statistics", "judged"))
        return cls(
            None if holding is None else _known(HoldingMetrics, holding),
            None if statistics is None else _known(PlanStatistics, statistics),
            WalkForwardResult.read(said.get("walk_forward")),
            None if judged is None else _known(Judged, judged),
        )


def _dumped(model: StrictModel | None) -> dict[str, Any] | None:
    return None if model is None else model.model_dump(mode="json")


def _known(model: type[Model], said: Mapping[str, Any]) -> Model:
    """What this version knows of it: `engine.payloads` has looked at its shape, and newer versions say more."""
    return trusted(model, {name: said[name] for name in model.model_fields})


@dataclass
class PlanEvidence:
    """A plan whose variants have come out; `equity` is that of each variant at the end of every session, by place."""

    plan: RunPlan
    dataset: Dataset
    simulation: Simulation
    done: Mapping[int, VariantResult]
    equity: Mapping[int, FloatArray]
    best: int | None
    """The place of the best variant; None when none has a score"""
    earlier: Sequence[float] = ()
    """The Sharpe ratios of a session of the tries on these data before the plan, where their results keep them"""
    walk_forward: WalkForwardResult | None = None

    def statistics(self) -> PlanStatistics:
        """All statistics of the plan."""
        p_plan, p_luck = self._luck()
        verdict, because = judge_plan(
            sessions=len(self._clock),
            trials=self._trials,
            best=None if self.best is None else self.done[self.best].metrics,
            holding=self._clock.holding,
            judged=self.judged,
            p_luck=p_luck,
            walk_forward=self.walk_forward,
        )
        return PlanStatistics(
            sessions=len(self._clock),
            sessions_a_year=self._clock.sessions_a_year,
            dsr=self._deflated(),
            pbo=overfitting(self._returns[:, self._traded]) if len(self._returns) else None,
            p_plan=p_plan,
            p_luck=p_luck,
            verdict=verdict.value,
            because=because,
            sensitivity=self._sensitivity(),
            costs=self._costs(self._trades),
        )

    @cached_property
    def judged(self) -> Judged:
        """What the verdict looks at beside the statistics."""
        return Judged(
            entered_sessions=len({fill.session for fill in self._fills if fill.side == BUY}),
            losing_trades=sum(1 for trade in self._trades if trade.pnl < 0),
        )

    @cached_property
    def _clock(self) -> Clock:
        return self.simulation.clock(self.plan.base)

    @cached_property
    def _places(self) -> list[int]:
        """The variants that succeeded, in plan order."""
        return [place for place in sorted(self.equity) if self.done[place].status == "succeeded"]

    @cached_property
    def _returns(self) -> FloatArray:
        """Session returns, (T, variants that succeeded); those of a variant that lost everything are 0."""
        if not self._places or not len(self._clock):
            return np.zeros((0, len(self._places)))
        ended = np.stack([self.equity[place] for place in self._places], axis=1)
        start = self.plan.account.starting_equity
        curves = np.concatenate([np.full((1, ended.shape[1]), start), ended])
        alive = (curves > 0).all(axis=0)
        return returns_of(np.where(alive, curves, start))

    @property
    def _traded(self) -> list[int]:
        """The columns of the variants that traded."""
        metrics = (self.done[place].metrics for place in self._places)
        return [column for column, each in enumerate(metrics) if each is not None and each.trade_count]

    @property
    def _trials(self) -> int:
        trials = self.plan.trials
        return len(self._places) if trials is None else trials.on_these_data

    def _luck(self) -> tuple[float | None, float | None]:
        if self.best is None or self.best not in self._places or len(self._returns) < 2:
            return None, None
        benchmark, column = self._clock.benchmark.returns, self._places.index(self.best)
        found = plan_luck(self._returns, benchmark, column, self.dataset.columns_sha256)
        if found is None:
            return None, None
        in_plan = self._trials if self.plan.trials is None else self.plan.trials.in_plan
        return found.p_plan, luck(found, max(0, self._trials - in_plan))

    def _deflated(self) -> float | None:
        if self.best is None or self.best not in self._places or len(self._returns) < 2:
            return None
        of_returns = moments(self._returns)
        spread = of_returns.spread
        ratios = np.divide(of_returns.mean, spread, where=spread > 0, out=np.zeros_like(spread))
        column, sessions = self._places.index(self.best), len(self._returns)
        if not spread[column] > 0:
            return None
        return deflated_sharpe(
            float(ratios[column]),
            float(of_returns.skew[column]),
            float(of_returns.kurtosis[column]),
            sessions,
            self._trials,
            variance_of_trials([*self._distinct(ratios), *self.earlier], sessions),
        )

    def _distinct(self, ratios: FloatArray) -> list[float]:
        """The ratios of distinct configurations, the first of each: a grid's value may equal the baseline's."""
        trial = PlanTrial(self.plan)
        by_try: dict[bytes, float] = {}
        for place, ratio in zip(self._places, ratios.tolist(), strict=True):
            by_try.setdefault(trial.specs([place]), ratio)
        return list(by_try.values())

    def _sensitivity(self) -> dict[str, Any]:
        variants = [self._tried(place, variant) for place, variant in enumerate(self.plan.variants)]
        baseline = next(
            one for one, variant in zip(variants, self.plan.variants, strict=True) if BASELINE in variant.tags
        )
        found = sensitivity(variants, None if self.best is None else variants[self.best], baseline)
        return {
            "parameters": {path: [asdict(each) for each in values] for path, values in found.parameters.items()},
            "neighbours": None if found.neighbours is None else asdict(found.neighbours),
        }

    def _tried(self, place: int, variant: Variant) -> Tried:
        values = effective(self.plan.base, variant.overrides, self.plan.request.sweep)
        done = self.done.get(place)
        return Tried(values, None if done is None else done.objective_score, GRID in variant.tags)

    @cached_property
    def _simulated_best(self) -> Simulated | None:
        """The best variant traded once more, for its fills."""
        return None if self.best is None else self.simulation.simulate(self.plan.variants[self.best])

    @property
    def _fills(self) -> list[Fill]:
        """The fills of the best variant."""
        return [] if self._simulated_best is None else list(self._simulated_best.fills)

    @cached_property
    def _trades(self) -> list[Trade]:
        return trades_of(self.plan.account.starting_equity, self._fills)

    def _costs(self, trades: Sequence[Trade]) -> dict[str, Any]:
        fills: dict[str, Any] = {}
        best = None if self.best is None else self.plan.variants[self.best]
        sides = {"best": best, "baseline": self.plan.variants[0]}
        for fill in FillModel:
            fills[fill.value] = {name: self._filled(variant, fill) for name, variant in sides.items()}
        return {"breakeven_bps": breakeven_bps(_filled(trades)), "fills": fills}

    def _filled(self, variant: Variant | None, fill: FillModel) -> dict[str, Any] | None:
        """The metrics of a variant under a fill model, as JSON has them."""
        if variant is None:
            return None
        metrics = self._under(variant, fill).result.metrics
        return None if metrics is None else metrics.model_dump(mode="json")

    def _under(self, variant: Variant, fill: FillModel) -> Simulated:
        spec, best = variant.compiled, self._simulated_best
        if best is not None and best.result.variant_id == variant.variant_id and spec.fill is fill:
            return best
        filled = spec.spec.model_copy(update={"execution": ExecutionPart(fill=fill)})
        return self.simulation.simulate(replace(variant, spec=replace(spec, spec=filled)), fills=False)


def _filled(trades: Sequence[Trade]) -> list[Filled]:
    return [Filled(to_quantity(trade.lots), trade.entry_price, trade.exit_price, trade.pnl) for trade in trades]
