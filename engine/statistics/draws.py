"""What is drawn, the same on every machine: words of Philox from a key, and resampled sessions made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.compiled import Kernel
from engine.market.bars import BoolArray, FloatArray, IntArray

Words = npt.NDArray[np.uint64]
_WORD = 1 << 64
_CELLS_AT_ONCE = 250_000


def generator(purpose: str, sha256: str) -> np.random.Philox:
    """The bit generator of a purpose (`p_luck` or `noise`) on bars whose columns have that sha256.

    Only its raw words may be taken: numpy keeps their stream stable, not that of its distributions.
    """
    digest = hashlib.sha256(f"{purpose}:{sha256}".encode()).digest()
    return np.random.Philox(key=int.from_bytes(digest[:16], "little"))


def mean_block(sessions: int) -> int:
    """The mean length of a block in sessions: the smallest whole number whose cube is at least their number."""
    block = 1
    while block**3 < sessions:
        block += 1
    return block


def resampled(words: np.random.Philox, sessions: int, draws: int) -> Iterator[FloatArray]:
    """How often each draw of the stationary bootstrap holds each session: shape (some draws, sessions), all in turn.

    Dimitris N. Politis and Joseph P. Romano, The Stationary Bootstrap, 1994. A draw is as many sessions as there are.
    Each takes one word; at the draw's first session, or where the word is below 2^64 / b, b the mean block, the next
    word modulo the number of sessions is the new place. Elsewhere the place moves on by one, round the end.
    """
    at_once = max(1, _CELLS_AT_ONCE // sessions)
    below = np.uint64(-(-_WORD // mean_block(sessions)))
    ahead: Words = np.zeros(0, dtype=np.uint64)
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        most = 2 * sessions * count
        ahead = np.concatenate([ahead, words.random_raw(max(0, most - len(ahead)))])
        if COUNT_SESSIONS.compiled is not None:
            held = np.zeros((count, sessions))
            used = COUNT_SESSIONS.compiled(ahead, below, np.uint64(sessions), held)
        else:
            begins, places, used = _blocks(ahead < below, sessions, count)
            held = _counts(begins, (ahead[places] % np.uint64(sessions)).astype(np.int64), sessions, count)
        yield held
        ahead = ahead[used:]


def count_sessions(words: Any, below: Any, sessions: Any, held: Any) -> int:
    """Add to `held`, (draws, sessions), how often each draw holds each session, word after word, for numba.

    `below` and `sessions` are unsigned, as the words are. Returns how many words were used.
    """
    used = 0
    for draw in range(len(held)):
        place: Any = 0
        for session in range(held.shape[1]):
            jumps = session == 0 or words[used] < below
            used += 1
            if jumps:
                place = np.int64(words[used] % sessions)
                used += 1
            else:
                place = place + 1 if place + 1 < held.shape[1] else 0
            held[draw, place] += 1.0
    return used


COUNT_SESSIONS = Kernel(count_sessions)


def _blocks(low: BoolArray, sessions: int, draws: int) -> tuple[IntArray, IntArray, int]:
    """Where blocks begin, counting sessions through all draws; which word is the place of each; the words used.

    `low` says which words are below the limit. Low words next to each other make a jump and are its place in turn, so
    every other one of such a run is a jump, from the first on: unless a draw begins within the run.
    """
    jumps, others = _alternating(low)
    sooner = jumps - np.arange(len(jumps))  # its session, but for what is the same for all jumps of a stretch
    begins, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = 0
    for first in range(0, sessions * draws, sessions):
        here, end = first, first + sessions
        while here < end and (here == first or others[at]):
            begins.append(np.array([here]))
            places.append(np.array([at + 1]))
            here, at = here + 1, at + 2
        start = int(jumps.searchsorted(at))
        shift = here - at + start
        stop = max(start, int(sooner.searchsorted(end - shift)))
        begins.append(sooner[start:stop] + shift)
        places.append(jumps[start:stop] + 1)
        at += end - here + stop - start
    return np.concatenate(begins), np.concatenate(places), at


def _alternating(low: BoolArray) -> tuple[IntArray, BoolArray]:
    """The 1st, 3rd, … low word of each run, as places; and for every word whether it is the 2nd, 4th, … of one."""
    places = np.flatnonzero(low)
    order = np.arange(len(places))
    begins_run = np.diff(places, prepend=-2) != 1
    odd = (order - np.maximum.accumulate(np.where(begins_run, order, 0))) % 2 == 1
    others = np.zeros(len(low) + 2, dtype=np.bool_)
    others[places[odd]] = True
    return places[~odd], others


def _counts(begins: IntArray, places: IntArray, sessions: int, draws: int) -> FloatArray:
    """How often each draw holds each session: 1 more from a block's place to its end, which may lie past the end."""
    ends = places + np.diff(begins, append=sessions * draws)
    rows = begins // sessions * (sessions + 1)
    past = ends > sessions
    up = np.concatenate([rows + places, rows[past]])
    down = np.concatenate([rows + np.minimum(ends, sessions), (rows + ends - sessions)[past]])
    steps = np.bincount(np.concatenate([up, down]), np.repeat([1.0, -1.0], len(up)), (sessions + 1) * draws)
    held: FloatArray = steps.astype(np.float64, copy=False).reshape(draws, -1)
    np.cumsum(held, axis=1, out=held)
    return held[:, :-1]
