"""Buying and holding, beta and alpha: against plain loops over closes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.bars import Bars, make_bars
from engine.market.sessions import MICROS_PER_DAY
from engine.statistics.holding import Window, betas, beyond, buy_and_hold, clock, exposures, last_closes
from engine.statistics.sessions import sessions_a_year
from tests.oracles import statistics as oracle
from tests.support.noise import normals, returns_of_noise


def bars(symbol: str, closes: list[tuple[int, float]]) -> Bars:
    """A bar for each (day, close); several on a day are an hour apart."""
    days = [day for day, _ in closes]
    hours = [days[:nth].count(day) for nth, day in enumerate(days)]
    ts = np.array([day * MICROS_PER_DAY + hour * MICROS_PER_DAY // 24 for day, hour in zip(days, hours, strict=True)])
    close = np.array([price for _, price in closes], dtype=np.float64)
    return make_bars(symbol, ts.astype(np.int64), close, close, close, close, np.ones(len(close)))


def window(symbol: str, closes: list[tuple[int, float]], start: int = 0, stop: int | None = None) -> Window:
    return Window(bars(symbol, closes), start, len(closes) if stop is None else stop)


def test_the_very_first_bar_buys_nothing() -> None:
    held = window("A", [(0, 10.0), (1, 20.0), (2, 30.0), (3, 15.0)])
    found = buy_and_hold(1000.0, [held], clock([held]))
    assert found.equity.tolist() == [1000.0, 1000.0, 1000.0, 1500.0, 750.0]
    assert found.return_pct == -25.0
    assert (found.figures.max_drawdown_marked_pct, found.figures.longest_drawdown_sessions) == (50.0, 1)
    assert found.returns.tolist() == [0.0, 0.0, 0.5, -0.5]


def test_with_history_the_windows_first_bar_buys() -> None:
    held = window("A", [(0, 10.0), (1, 20.0), (2, 30.0), (3, 15.0)], start=1)
    assert buy_and_hold(1000.0, [held], clock([held])).equity.tolist() == [1000.0, 1000.0, 1500.0, 750.0]


def test_within_a_first_session_the_second_bar_buys() -> None:
    held = window("A", [(0, 10.0), (0, 20.0), (0, 25.0), (1, 40.0)])
    assert buy_and_hold(1000.0, [held], clock([held])).equity.tolist() == [1000.0, 1250.0, 2000.0]


def test_symbols_that_begin_late_end_early_or_have_one_bar() -> None:
    early = window("B", [(0, 10.0), (1, 10.0), (2, 20.0)])  # held at 20 to the end
    late = window("a", [(2, 5.0), (3, 8.0), (4, 16.0)])  # its first bar buys nothing
    single = window("C", [(3, 7.0)])  # its part stays cash
    days = clock([late, early, single])
    assert days.tolist() == [0, 1, 2, 3, 4]
    found = buy_and_hold(300.0, [late, early, single], days)
    assert found.equity.tolist() == [300.0, 300.0, 300.0, 400.0, 400.0, 500.0]
    assert last_closes(early, days).tolist() == [10.0, 10.0, 20.0, 20.0, 20.0]
    assert math.isnan(last_closes(single, days)[2])
    assert last_closes(single, days).tolist()[3:] == [7.0, 7.0]


def test_a_window_without_bars_leaves_cash() -> None:
    empty, held = window("A", [(0, 1.0)], start=1), window("B", [(0, 1.0), (1, 1.0), (2, 2.0)])
    assert buy_and_hold(100.0, [empty, held], clock([empty, held])).equity.tolist() == [100.0, 100.0, 100.0, 150.0]
    assert clock([]).tolist() == []


@given(st.data())
def test_it_is_what_plain_loops_find(data: Any) -> None:
    closes = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400).map(lambda cents: cents / 4)), max_size=12)
    symbols, rows = [], {}
    for symbol in data.draw(st.lists(st.sampled_from(["A", "b", "Z", "é", "AA"]), min_size=1, max_size=4, unique=True)):
        day, column = data.draw(st.integers(0, 6)), []
        for step, close in data.draw(closes):
            day += step
            column.append((day, close))
        start = data.draw(st.integers(0, len(column)))
        stop = data.draw(st.integers(start, len(column)))
        symbols.append(window(symbol, column, start, stop))
        rows[symbol] = [(day, close, start <= row < stop) for row, (day, close) in enumerate(column)]
    days, equity = oracle.hold(10_000.0, rows)
    assert clock(symbols).tolist() == days
    found = buy_and_hold(10_000.0, symbols, clock(symbols))
    assert found.equity.tolist() == pytest.approx(equity)
    assert found.equity.tolist() == buy_and_hold(10_000.0, symbols[::-1], clock(symbols)).equity.tolist()
    if len(days) >= 2 and oracle.deviation(oracle.returns(equity)) > 1e-6:
        expected = oracle.session_figures(equity, oracle.a_year(days))
        assert found.figures.sharpe_annual == pytest.approx(expected["sharpe_annual"], rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_beta_and_alpha_are_what_plain_loops_find(seed: int) -> None:
    returns, market = returns_of_noise(seed, 300, 6)
    returns = returns + 0.002 * normals(seed + 100, 300, 6)
    equity = np.concatenate([np.full((1, 6), 500.0), 500.0 * np.cumprod(1 + returns, axis=0)])
    for found, column in zip(exposures(equity, market, 252.0), equity.T.tolist(), strict=True):
        r = oracle.returns(column)
        assert found is not None
        assert found.beta == pytest.approx(oracle.beta(r, market.tolist()), rel=1e-10)
        assert found.alpha_annual_pct == pytest.approx(oracle.alpha_annual_pct(r, market.tolist(), 252.0), rel=1e-9)


def test_holding_itself_has_a_beta_of_one_and_nothing_beyond() -> None:
    _, market = returns_of_noise(1, 200, 1)
    assert betas(market[:, np.newaxis], market).tolist() == [1.0]
    assert not beyond(market[:, np.newaxis], market).any()


def test_a_market_that_does_not_move_explains_nothing() -> None:
    returns = normals(2, 50, 2)
    assert betas(returns, np.full(50, 0.1)).tolist() == [0.0, 0.0]
    assert (beyond(returns, np.zeros(50)) == returns).all()


def test_without_returns_there_is_neither() -> None:
    equity = np.array([[100.0, 100.0], [50.0, 110.0], [0.0, 120.0]])
    ruined, grown = exposures(equity, np.array([0.1, -0.1]), 252.0)
    assert ruined is None
    assert grown is not None
    assert exposures(equity[:2], np.array([0.1]), sessions_a_year([7])) == [None, None]
