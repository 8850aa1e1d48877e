"""Could the best of a plan be luck, once the market's own drift is taken away?

Peter Reinhard Hansen, A Test for Superior Predictive Ability, 2005: the studentised test, by the stationary bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.market.bars import FloatArray
from engine.statistics.columns import Tiled, blocks, means, sums, varies
from engine.statistics.draws import generator, mean_block, resampled
from engine.statistics.holding import beyond
from engine.statistics.sharpe import normal_below

DRAWS = 2_000
LEAST_SESSIONS = 3
_DIGITS = 9
_ROUNDING = 1e-12
"""A deviation of returns beyond the market's below this is what rounding left: all is held, and nothing is beyond."""


class PlanLuck(NamedTuple):
    """`p_plan` is the share of draws in which luck does as well as the best; `t_best` the best's own t statistic."""

    p_plan: float
    t_best: float


def plan_luck(
    returns: FloatArray, benchmark: FloatArray, best: int, sha256: str, draws: int = DRAWS
) -> PlanLuck | None:
    """Whether luck explains the best of the columns; None with fewer than 3 sessions.

    `returns` has shape (T, variants), `benchmark` (T,) is buying and holding; `best` is a column, `sha256` that of the
    bars' columns, which decides what is drawn. What is compared is rounded to 1e-9, so that a BLAS may add it up.
    """
    if len(returns) < LEAST_SESSIONS:
        return None
    scaled: list[Tiled] = []
    t: list[float] = []
    for block in blocks(returns):
        columns, statistics = _studentised(beyond(block, benchmark))
        scaled.append(Tiled(columns))
        t.extend(statistics.tolist())
    drawn = [_greatest(counts, scaled) for counts in resampled(generator("p_luck", sha256), len(returns), draws)]
    observed = np.round(max(0.0, t[best]), _DIGITS)
    reached = int(np.count_nonzero(np.round(np.concatenate(drawn), _DIGITS) >= observed))
    return PlanLuck((reached + 1) / (draws + 1), t[best])


def luck(plan: PlanLuck, tries_outside: int) -> float:
    """`p_plan` widened by the tries on these data outside the plan, as if each were independent of the rest."""
    if not tries_outside:
        return plan.p_plan
    return 1 - (1 - plan.p_plan) * normal_below(plan.t_best) ** tries_outside


def long_run_variance(returns: FloatArray) -> FloatArray:
    """Hansen's closed formula for ω², the variance of √T times a column's mean under the stationary bootstrap.

    Autocovariances weighted by (T-i)/T·(1-q)^i + i/T·(1-q)^(T-i), q = 1 / the mean block. Those of lags i and T - i
    make up the circular one of lag i, with the weight 2·(T-i)/T·(1-q)^i; its sum is one over frequencies.
    """
    count = len(returns)
    lags = np.arange(count)
    weights = (1 - lags / count) * (1 - 1 / mean_block(count)) ** lags
    weights[1:] += weights[:0:-1]  # lag T - i is lag i too
    weight = np.fft.rfft(weights).real
    weight[1 : (count + 1) // 2] *= 2  # frequencies that have a mirror image
    power = np.abs(np.fft.rfft(returns - means(returns), axis=0)) ** 2
    variance: FloatArray = np.maximum(weight @ power, 0.0) / count**2  # rounding may leave less than nothing
    return variance


def _studentised(left: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What a count of sessions is multiplied by to give √T·(mean - g)/std of its draw, and each column's t."""
    count = len(left)
    mean = means(left)
    off = left - mean
    spread = np.where(varies(left), np.sqrt(sums(off * off) / (count - 1)), 0.0)
    moves = spread > _ROUNDING
    scale = np.sqrt(count) / np.where(moves, spread, 1.0) * moves
    poor = np.sqrt(count) * mean < -math.sqrt(2 * math.log(math.log(count))) * np.sqrt(long_run_variance(left))
    return (left - np.where(poor, 0.0, mean)) * (scale / count), mean * scale


def _greatest(counts: FloatArray, scaled: Sequence[Tiled]) -> FloatArray:
    """The greatest statistic of each draw, at least 0."""
    greatest: FloatArray = np.max([columns.after(counts).max(axis=1) for columns in scaled], axis=0, initial=0.0)
    return greatest
