"""The probability of backtest overfitting: how often the best of one half of the sessions is in the lower half outside.

Combinatorially symmetric cross-validation: David H. Bailey, Jonathan M. Borwein, Marcos López de Prado and Qiji Jim
Zhu, The Probability of Backtest Overfitting, 2017. Equality decides here, so no sum is a BLAS's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from engine.market.bars import FloatArray, IntArray
from engine.statistics.columns import sums

MOST_BLOCKS, LEAST_IN_BLOCK, LEAST_SESSIONS = 16, 8, 32
_CELLS_AT_ONCE = 65_536
_ROUNDING = 1e-12
"""What is left of a sum of squares that should have cancelled out, as a share of it."""

Score = Callable[[FloatArray, FloatArray, int], FloatArray]


def sharpe_score(total: FloatArray, squares: FloatArray, sessions: int) -> FloatArray:
    """The Sharpe ratio of a half from its sums of returns and their squares; 0 without variation."""
    mean = total / sessions
    around = squares - total * mean
    varied = around > squares * _ROUNDING
    spread = np.sqrt(np.where(varied, around, 1.0) / (sessions - 1))
    score: FloatArray = np.where(varied, mean / spread, 0.0)
    return score


def mean_score(total: FloatArray, squares: FloatArray, sessions: int) -> FloatArray:
    """The mean return of a half."""
    return total / sessions


def overfitting(returns: FloatArray, blocks: int | None = None, score: Score = sharpe_score) -> float | None:
    """The share of all halves of the blocks whose best column ranks at or below the middle in the other half.

    `returns` has shape (sessions, variants that traded); columns that are equal bit for bit count once. `blocks` is
    even; left out it is what `blocks_of` says, and there is none below 32 sessions. The best is the first of those that
    tie; ranks outside rise with the score, ties averaged. None with fewer than two different columns.
    """
    blocks = blocks_of(len(returns)) if blocks is None else blocks
    if blocks is None:
        return None
    columns = _distinct(returns)
    if columns.shape[1] < 2:
        return None
    halves = _Halves(np.split(columns[len(columns) % blocks :], blocks), score)
    firsts, seconds = _pairs(blocks)
    at_once = max(1, _CELLS_AT_ONCE // columns.shape[1])
    low = 0
    for start in range(0, len(firsts), at_once):
        one = halves.scores(firsts[start : start + at_once])
        other = halves.scores(seconds[start : start + at_once])
        low += _low_ranks(one, other) + _low_ranks(other, one)
    return low / (2 * len(firsts))


def blocks_of(sessions: int) -> int | None:
    """The greatest even number of blocks up to 16 that leaves 8 sessions in each; None below 32 sessions."""
    if sessions < LEAST_SESSIONS:
        return None
    return min(MOST_BLOCKS, sessions // LEAST_IN_BLOCK // 2 * 2)


class _Halves:
    """Scores of halves, from sums of blocks: sessions in order within a block, then blocks in order."""

    def __init__(self, blocks: Sequence[FloatArray], score: Score) -> None:
        self._total = np.stack([sums(block) for block in blocks])
        self._squares = np.stack([sums(block * block) for block in blocks])
        self._length, self._score = len(blocks[0]), score

    def scores(self, halves: IntArray) -> FloatArray:
        """Of each half (a row of block numbers, rising) every column's score."""
        total, squares = self._total[halves[:, 0]], self._squares[halves[:, 0]]
        for block in halves[:, 1:].T:
            total += self._total[block]
            squares += self._squares[block]
        return self._score(total, squares, halves.shape[1] * self._length)


def _low_ranks(inside: FloatArray, outside: FloatArray) -> int:
    """In how many rows the best inside has a rank of (m + 1) / 2 or less outside."""
    chosen = outside[np.arange(len(inside)), inside.argmax(axis=1), np.newaxis]
    below, level = (np.count_nonzero(held, axis=1) for held in (outside < chosen, outside == chosen))
    # the rank is below + (level + 1) / 2
    return int(np.count_nonzero(2 * below + level <= inside.shape[1]))


def _distinct(returns: FloatArray) -> FloatArray:
    """The first of each set of columns that are equal bit for bit, in order."""
    first: dict[bytes, int] = {}
    for place, column in enumerate(returns.T):
        first.setdefault(hashlib.sha256(column.tobytes()).digest(), place)
    return returns if len(first) == returns.shape[1] else returns[:, list(first.values())]


@lru_cache(maxsize=4)
def _pairs(blocks: int) -> tuple[IntArray, IntArray]:
    """Every half that has block 0, and with each its complement: rows of block numbers, rising."""
    half = blocks // 2
    firsts = np.array([(0, *others) for others in combinations(range(1, blocks), half - 1)], dtype=np.int64)
    outside = np.ones((len(firsts), blocks), dtype=np.bool_)
    outside[np.arange(len(firsts))[:, np.newaxis], firsts] = False
    return firsts, np.nonzero(outside)[1].reshape(-1, half)
