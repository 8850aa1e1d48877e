"""Orders and samples drawn from words, all of them equally likely.

A word is a whole number below 2^64. Which of n places it draws is its remainder by n; a word of the last, incomplete
round of n is passed over, since it would favour the first places.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.market.bars import IntArray
from engine.statistics.draws import Words

_BITS = 64
_LAST_WORD = 2**_BITS - 1


class Source(Protocol):
    """What gives words, such as a bit generator of numpy."""

    def random_raw(self, size: int) -> Words:
        """The next words, shape (size,)."""
        ...


def permutation(source: Source, count: int) -> IntArray:
    """The places 0 to `count` - 1 in an order drawn from the source, shape (count,); it takes a word for each but one.

    Fisher and Yates, as Richard Durstenfeld has it (Algorithm 235, 1964): from the last place down to the second, each
    changes with one of those up to it, itself included.
    """
    bounds = np.arange(count, 1, -1, dtype=np.uint64)
    words = source.random_raw(len(bounds)) if len(bounds) else bounds
    last_whole = _LAST_WORD - (_LAST_WORD % bounds + 1) % bounds  # the last word of the last complete round
    while len(over := np.flatnonzero(words > last_whole)):
        words = np.append(np.delete(words, over[0]), source.random_raw(1))
    order = list(range(count))
    for last, other in zip(range(count - 1, 0, -1), (words % bounds).tolist(), strict=True):
        order[last], order[other] = order[other], order[last]
    return np.array(order, dtype=np.int64)


def sample(source: Source, total: int, count: int) -> list[int]:
    """`count` of the places 0 to `total` - 1 without repetition, rising; all of them where there are no more.

    The first places of an order as Fisher and Yates draw it from the front, of which only what has changed is kept: a
    total beyond any memory costs no more. From one source a smaller sample is a part of a larger one.
    """
    changed: dict[int, int] = {}
    drawn = []
    for place in range(min(total, count)):
        other = place + below(source, total - place)
        drawn.append(changed.get(other, other))
        changed[other] = changed.get(place, place)
    return sorted(drawn)


def below(source: Source, bound: int) -> int:
    """A whole number from 0 to `bound` - 1, of any size: of as many words as it takes, the first the highest."""
    count = max(1, -(-(bound - 1).bit_length() // _BITS))
    rounds = (1 << _BITS * count) // bound
    while True:
        number = 0
        for word in source.random_raw(count).tolist():
            number = number << _BITS | word
        if number < rounds * bound:
            return number % bound
