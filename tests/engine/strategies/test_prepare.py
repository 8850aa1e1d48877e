"""What a strategy prepares for sweeps is what its signals say, row for row."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiled import Kernel, expect_much_work
from engine.market.bars import Bars
from engine.market.synthetic import synthetic_minutes
from engine.strategies.base import Candidates, Signals
from engine.strategies.guard import prepared, signals_of
from engine.strategies.registry import Registry
from tests.support.worlds import make_dataset, make_entry

REGISTRY = Registry()
BUILT_IN = [registered.strategy.key for registered in REGISTRY.all()]
ONE_BY_ONE = [key for key in BUILT_IN if not REGISTRY.get(key).compares_symbols()]


def assert_prepared(key: str, bars: Bars, random: Random) -> int:
    strategy = REGISTRY.get(key)
    each = prepared(strategy, [bars])
    entries = 0
    for _ in range(4):
        params = strategy.params.model_validate(make_entry(random, key))
        (found,), whole = each(params), signals_of(strategy, bars, params)
        assert found.rows.tolist() == np.flatnonzero(whole.entry).tolist()
        assert (found.exit is None) == (whole.exit is None)
        if found.exit is not None and whole.exit is not None:
            assert np.array_equal(found.exit, whole.exit)
        assert_same_history(found, whole, random)
        entries += len(found.rows)
    return entries


def assert_same_history(found: Candidates, whole: Signals, random: Random) -> None:
    """Between any two rows, for what is needed and for anything else."""
    assert found.history is not None
    assert whole.history is not None
    assert found.needed == whole.needed
    first, stop = sorted(random.sample(range(len(whole.history) + 1), 2))
    for needed in (found.needed, 1, random.randrange(9)):
        short = int(np.count_nonzero(whole.history[first:stop] < needed))
        assert found.history.below(needed, first, stop) == short
    assert found.history.most(first, stop) == whole.history[first:stop].max()


@pytest.mark.parametrize("key", BUILT_IN)
@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_candidates_are_the_signals_entries(key: str, seed: int) -> None:
    random = Random(seed)
    for bars in make_dataset(random).bars.values():
        assert_prepared(key, bars, random)


@pytest.mark.parametrize("key", ONE_BY_ONE)
@pytest.mark.parametrize("compiled", [False, True])
def test_long_series_too(key: str, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a block, and with compiled indicators; the signals they are compared with are plain."""
    expect_much_work()
    bars, strategy = synthetic_minutes(20_000, 5), REGISTRY.get(key)
    params = strategy.params.model_validate(make_entry(Random(3), key))
    monkeypatch.setattr(Kernel, "_worthwhile", False)
    whole = signals_of(strategy, bars, params)
    monkeypatch.setattr(Kernel, "_worthwhile", compiled)
    (found,) = prepared(strategy, [bars])(params)
    assert found.rows.tolist() == np.flatnonzero(whole.entry).tolist()
    assert len(found.rows) > 20
    if found.exit is not None:
        assert np.array_equal(found.exit, whole.exit)
