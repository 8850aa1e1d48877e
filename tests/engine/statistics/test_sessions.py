"""Figures of session returns: against plain loops, and where there are none."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compiled import Kernel, expect_much_work
from engine.statistics import columns
from engine.statistics.columns import sums
from engine.statistics.sessions import drawdowns, figures, figures_of_one, moments, session_sharpes, sessions_a_year
from tests.oracles import statistics as oracle
from tests.support.noise import normals

LEVELS = st.lists(st.floats(0.5, 2.0).map(lambda factor: round(factor, 3)), min_size=2, max_size=40)
NOT_WITHOUT_RETURNS = {"max_drawdown_marked_pct", "longest_drawdown_sessions"}


def curve(factors: list[float], start: float = 10_000.0) -> list[float]:
    equity = [start]
    for factor in factors:
        equity.append(equity[-1] * factor)
    return equity


def agree(found: Any, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        assert getattr(found, name) == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name


@given(LEVELS, st.floats(20.0, 400.0))
def test_they_are_what_plain_loops_find(factors: list[float], a_year: float) -> None:
    equity = curve(factors)
    r = oracle.returns(equity)
    if len(set(r)) > 1 and oracle.deviation(r) < 1e-6:
        return  # nothing but rounding: the ratios of rounding are nobody's
    agree(figures_of_one(equity, a_year), oracle.session_figures(equity, a_year))


@pytest.mark.parametrize("seed", range(5))
def test_long_columns_are_what_plain_loops_find(seed: int) -> None:
    factors = 1 + 0.0004 + 0.012 * normals(seed, 700, 3)
    equity = np.concatenate([np.full((1, 3), 25_000.0), 25_000.0 * np.cumprod(factors, axis=0)])
    for found, column in zip(figures(equity, 251.7), equity.T.tolist(), strict=True):
        agree(found, oracle.session_figures(column, 251.7))


def test_ratios_of_one_session_are_0_without_variation() -> None:
    returns = np.concatenate([normals(9, 60, 3), np.zeros((60, 1)), np.full((60, 1), 0.1)], axis=1)
    expected = [oracle.sharpe(column) for column in returns.T.tolist()]
    assert session_sharpes(returns).tolist() == pytest.approx(expected, rel=1e-9)
    assert expected[3:] == [0.0, 0.0]


def test_figures_by_hand() -> None:
    """Returns 0.5, -0.5, 0.6; from the peak of 150 (session 1) to the end are two sessions, half of it lost."""
    found = figures_of_one([100.0, 150.0, 75.0, 120.0], 3.0)
    mean, spread = 0.2, math.sqrt((0.3**2 + 0.7**2 + 0.4**2) / 2)
    assert found.sharpe_annual == pytest.approx(mean / spread * math.sqrt(3))
    assert found.sortino_annual == pytest.approx(mean / math.sqrt(0.25 / 3) * math.sqrt(3))
    assert found.volatility_pct == pytest.approx(spread * math.sqrt(3) * 100)
    assert found.cagr_pct == pytest.approx(20.0)  # three sessions of three a year
    assert (found.max_drawdown_marked_pct, found.longest_drawdown_sessions) == (50.0, 2)
    assert found.calmar_annual == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("equity", "sessions"),
    [
        ([100.0, 101.0, 102.0], 0),  # never below a peak
        ([100.0, 100.0, 100.0], 0),  # at the peak throughout
        ([100.0, 99.0, 98.0], 2),  # not back by the end
        ([100.0, 99.0, 100.0, 100.0], 2),  # back at its level
        ([100.0, 110.0, 109.0, 108.0, 111.0, 110.0], 3),  # back above it
        ([100.0, 100.0, 100.0, 99.0], 1),  # from the last session at the peak
        ([100.0, 99.0, 100.0, 99.0, 98.0, 97.0, 100.0], 4),  # the longer of two
    ],
)
def test_the_longest_drawdown(equity: list[float], sessions: int) -> None:
    assert figures_of_one(equity, 252.0).longest_drawdown_sessions == sessions
    assert oracle.drawdown(equity)[1] == sessions


@pytest.mark.parametrize(
    ("equity", "a_year"),
    [
        ([100.0, 90.0], None),  # one session
        ([100.0, 50.0, 0.0, 80.0], 252.0),  # nothing left on the way
        ([100.0, -1.0, 90.0, 80.0], 252.0),  # less than nothing
        ([100.0, 120.0, -5.0], 252.0),
    ],
)
def test_without_returns_there_are_falls_alone(equity: list[float], a_year: float | None) -> None:
    found = figures_of_one(equity, a_year)
    assert {name for name, value in found._asdict().items() if value is not None} == NOT_WITHOUT_RETURNS
    assert found.max_drawdown_marked_pct > 0


def test_an_idle_account_has_no_ratios() -> None:
    found = figures_of_one([100.0] * 8, 252.0)
    assert (found.volatility_pct, found.cagr_pct, found.max_drawdown_marked_pct) == (0.0, 0.0, 0.0)
    assert (found.sharpe_annual, found.sortino_annual, found.calmar_annual) == (None, None, None)
    assert (found.skew, found.kurtosis, found.psr) == (None, None, None)


def test_the_same_return_in_every_session_is_no_variation() -> None:
    """In powers of two every return is 1 exactly; with 0.1 added thrice a mean would round away from it."""
    assert figures_of_one([1.0, 2.0, 4.0, 8.0], 252.0).sharpe_annual is None
    assert figures_of_one([1.0, 2.0, 4.0, 8.0], 252.0).volatility_pct == 0.0


def test_without_a_loss_there_is_neither_sortino_nor_calmar() -> None:
    found = figures_of_one([100.0, 101.0, 103.0], 252.0)
    assert (found.sortino_annual, found.calmar_annual) == (None, None)
    assert found.sharpe_annual is not None


def test_growth_beyond_a_float_is_none() -> None:
    assert figures_of_one([1e-3, 1.0, 1e9], 1e4).cagr_pct is None


@pytest.mark.parametrize("width", [1, 2, 37])
def test_a_column_has_the_same_bits_whatever_stands_beside_it(width: int) -> None:
    equity = 1000.0 + 10 * np.cumsum(normals(3, 400, 37), axis=0)
    together = figures(equity, 252.0)
    apart = [one for start in range(0, 37, width) for one in figures(equity[:, start : start + width], 252.0)]
    turned = figures(np.asfortranarray(equity), 252.0)
    assert together == apart == turned


def test_many_columns_go_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    equity = 1000.0 + 10 * np.cumsum(normals(4, 50, 20), axis=0)
    whole = figures(equity, 252.0)
    monkeypatch.setattr(columns, "_CELLS_AT_ONCE", 3 * 50)
    assert figures(equity, 252.0) == whole


@pytest.mark.parametrize("width", [1, 2, 3, 16, 129])
def test_sums_are_plain_additions_from_left_to_right(width: int) -> None:
    rows = normals(5, 1000, width) * 10.0 ** np.arange(1000)[:, np.newaxis] ** 0.3
    for found, column in zip(sums(rows).tolist(), rows.T.tolist(), strict=True):
        total = 0.0
        for value in column:
            total += value
        assert found == total


def test_a_year_has_as_many_sessions_as_its_pace() -> None:
    assert sessions_a_year([10]) is None
    assert sessions_a_year([]) is None
    assert sessions_a_year(list(range(1000))) == 365.25
    assert sessions_a_year([0, 7, 14]) == pytest.approx(365.25 / 7)


@given(LEVELS, st.integers(-8, 8))
def test_the_size_of_the_account_changes_nothing(factors: list[float], power: int) -> None:
    equity = np.array(curve(factors))
    assert figures_of_one(equity * 2.0**power, 252.0) == figures_of_one(equity, 252.0)


@given(LEVELS)
def test_falls_are_at_most_all_and_waits_at_most_the_whole(factors: list[float]) -> None:
    found = figures_of_one(curve(factors), 252.0)
    assert 0 <= found.max_drawdown_marked_pct < 100
    assert 0 <= found.longest_drawdown_sessions <= len(factors)
    assert (found.longest_drawdown_sessions == 0) == all(one <= two for one, two in pairwise(curve(factors)))


AMOUNTS = st.one_of(
    st.floats(0.5, 2.0), st.sampled_from([1.0, 1.0, 0.0, -1.0, 1e-300, 1e300, 1.7e308, math.inf, math.nan])
)
BLOCKS = st.tuples(st.integers(3, 12), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(AMOUNTS, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.array(values).reshape(shape)
    )
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(BLOCKS)
def test_compiled_they_have_the_same_bits(equity: Any) -> None:
    """Curves that fall to nothing, stand still, leave the floats or are no numbers too."""
    equity[0] = 1.0
    returns = np.where(np.isfinite(equity), equity, 0.5) - 1
    expect_much_work()
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for compiled in (False, True):
            patch.setattr(Kernel, "_worthwhile", compiled)
            made = (sums(equity), sums(equity[:, 0]), *moments(returns), *drawdowns(equity))
            found.append([np.asarray(each).view(np.int64).tolist() for each in map(without_nan, made)])
    assert found[0] == found[1]


def without_nan(column: Any) -> Any:
    """NaN has many bits, and all mean that there is no figure."""
    return np.where(np.isnan(column), -1.0, column) if column.dtype == np.float64 else column
