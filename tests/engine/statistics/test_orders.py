"""Orders and samples from words: one word at a time, all equally often, at any size."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.statistics.draws import Words
from engine.statistics.orders import below, permutation, sample
from tests.oracles import shuffle as oracle

HIGH_OR_LOW = st.one_of(st.integers(2**64 - 8, 2**64 - 1), st.integers(0, 9))


class Chosen:
    """Words that a test has chosen."""

    def __init__(self, *words: int) -> None:
        self._words = list(words)

    def random_raw(self, size: int) -> Words:
        taken, self._words = self._words[:size], self._words[size:]
        assert len(taken) == size
        return np.array(taken, dtype=np.uint64)


def test_a_permutation_changes_places_from_the_last_to_the_second() -> None:
    """Words modulo 4, 3 and 2: the last changes with place 1, the third with 0, the second with itself."""
    assert permutation(Chosen(5, 3, 1), 4).tolist() == [2, 3, 0, 1]


def test_a_word_of_the_last_incomplete_round_is_passed_over() -> None:
    """2^64 - 1 is a multiple of 3: of the rounds of 3 the last one holds that word alone. 2 and 4 divide 2^64."""
    last = 2**64 - 1
    assert permutation(Chosen(last, last, 1, 0), 4).tolist() == permutation(Chosen(last, 1, 0), 4).tolist()
    assert permutation(Chosen(last, last - 1, last), 4).tolist() == oracle_order([last, last - 1, last], 4)
    assert permutation(Chosen(0, last, last, last, 2, 0), 4).tolist() == permutation(Chosen(0, 2, 0), 4).tolist()


@given(
    st.lists(st.one_of(st.integers(2**64 - 8, 2**64 - 1), st.integers(0, 9)), min_size=40, max_size=40),
    st.integers(0, 9),
)
def test_a_permutation_is_that_of_single_words(words: list[int], count: int) -> None:
    assume(sum(1 for word in words if word < 10) >= 9)
    assert permutation(Chosen(*words), count).tolist() == oracle_order(words, count)


def test_all_orders_come_equally_often() -> None:
    """24 orders, 24,000 draws: a chi-squared of 23 degrees beyond 50 has a probability below 0.001."""
    source = np.random.Philox(key=7)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(24_000):
        order = tuple(permutation(source, 4).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 50


@given(st.integers(1, 40), st.integers(0, 45), st.integers(0, 2**128 - 1))
def test_a_sample_has_no_place_twice(total: int, count: int, key: int) -> None:
    drawn = sample(np.random.Philox(key=key), total, count)
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(total, count)
    assert set(drawn) <= set(range(total))


@given(st.integers(2, 40), st.integers(0, 2**128 - 1))
def test_a_smaller_sample_is_part_of_a_larger_one(total: int, key: int) -> None:
    drawn = [set(sample(np.random.Philox(key=key), total, count)) for count in range(total + 1)]
    assert all(fewer < more for fewer, more in pairwise(drawn))


def test_all_samples_come_equally_often() -> None:
    """The 20 threes of 6, 20,000 draws: a chi-squared of 19 degrees beyond 44 has a probability below 0.001."""
    source = np.random.Philox(key=3)
    counts = Counter(tuple(sample(source, 6, 3)) for _ in range(20_000))
    assert set(counts) == set(combinations(range(6), 3))
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 44


def test_a_sample_of_more_than_any_memory_holds() -> None:
    total = 10**40
    drawn = sample(np.random.Philox(key=1), total, 1_000)
    assert len(drawn) == 1_000
    quarters = Counter(place * 4 // total for place in drawn)
    assert all(200 < quarters[quarter] < 300 for quarter in range(4))


@pytest.mark.parametrize(
    ("bound", "words", "number"),
    [
        (1, [7], 0),
        (3, [2**64 - 1, 5], 2),  # 2^64 - 1 is a multiple of 3: the last word begins a round that is cut off
        (2**64, [2**64 - 1], 2**64 - 1),
        (2**64 + 1, [0, 9], 9),
        (2**64 + 1, [1, 0], 2**64),
        (2**65, [5, 3], (5 * 2**64 + 3) % 2**65),
    ],
)
def test_numbers_below_a_bound(bound: int, words: list[int], number: int) -> None:
    assert below(Chosen(*words), bound) == number


@given(st.integers(2, 2**70), st.lists(st.integers(0, 2**64 - 1), min_size=60, max_size=60))
def test_a_word_is_passed_over_where_its_round_is_cut_off(bound: int, words: list[int]) -> None:
    wide = 1 if bound <= 2**64 else 2
    numbers = [int.from_bytes(b"".join(w.to_bytes(8) for w in words[at : at + wide])) for at in range(0, 60, wide)]
    whole = [number for number in numbers if number < 2 ** (64 * wide) // bound * bound]
    assume(whole)
    assert below(Chosen(*words), bound) == whole[0] % bound


def oracle_order(words: list[int], count: int) -> list[int]:
    return oracle.permuted(range(count), iter(words))
