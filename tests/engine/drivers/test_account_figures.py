"""The figures of an account that trades on: those of a backtest on the same bars, from what the account keeps."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.metrics import OF_SESSIONS
from engine.market.bars import Dataset
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from tests.engine.drivers.test_onward import prepare
from tests.engine.drivers.test_past import SPEC, daily, run
from tests.engine.drivers.test_session_rows import order, rows, trade_on
from tests.oracles.statistics import a_year, alpha_annual_pct, beta, hold, returns, session_figures
from tests.support.memory_desks import memory_desk
from tests.support.worlds import World, make_world

NEAR = {"rel": 1e-9, "abs": 1e-9}


def own_bars(world: World) -> Dataset:
    return replace(world.dataset, bars={symbol: world.dataset.bars[symbol] for symbol in world.spec["symbols"]})


@given(st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_an_account_that_ends_flat_has_the_figures_of_the_backtest(source: Random) -> None:
    """With the same trades; a backtest closes what is open, and does not enter on a last bar."""
    world = make_world(source)
    with memory_desk() as desk:
        prepare(desk, world)
        trade_on(desk, world, world.dataset, complete=True)
        mine = desk.research.run_onward(parse_spec(world.spec), world.dataset, "w")
        theirs = desk.research.run(parse_spec(world.spec), world.dataset, like="w", slippage_bps=world.slippage_bps)
        if desk.accounts.state("w").positions or mine.trades != theirs.trades:
            return
        assert desk.accounts.metrics("w") == mine.metrics == theirs.metrics
        assert mine.benchmark == theirs.benchmark


@given(st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_figures_of_sessions_are_those_of_plain_loops(source: Random) -> None:
    """Over the rows; buying and holding over the recorded bars, the first of which is never bought."""
    world = make_world(source)
    with memory_desk() as desk:
        prepare(desk, world)
        trade_on(desk, world, world.dataset)
        kept, life = rows(desk), desk.accounts.life("w")
        curve = [world.starting_equity, *(row.equity for row in kept)]
        days = [row.session for row in kept]
        if len(days) < 2:
            return
        closes = {
            symbol: [(int(day), float(close), True) for day, close in zip(bars.session, bars.close, strict=True)]
            for symbol, bars in own_bars(world).bars.items()
        }
        held, per_year = hold(1.0, closes)[1], a_year(days)
        assert life.benchmark is not None
        assert life.benchmark.return_pct == pytest.approx((held[-1] / held[0] - 1) * 100, **NEAR)
        if min(curve) <= 0 or (life.metrics.volatility_pct or 0.0) < 1e-6:
            return
        expected = session_figures(curve, per_year)
        found = life.metrics.model_dump()
        r, b = returns(curve), returns(held)
        expected |= {"beta": beta(r, b), "alpha_annual_pct": alpha_annual_pct(r, b, per_year)}
        for name in set(expected) & set(OF_SESSIONS):
            if expected[name] is not None:
                assert found[name] == pytest.approx(expected[name], rel=1e-7, abs=1e-7), name
        assert found["exposure_pct"] == pytest.approx(sum(row.is_exposed for row in kept) / len(kept) * 100)


def test_an_account_without_sessions_has_none_of_their_figures() -> None:
    with memory_desk() as desk:
        desk.accounts.create("w")
        desk.trading.order(IntentAction.OPEN_LONG, "X", 1.0, 100.0, workspace="w")
        life = desk.accounts.life("w")
        assert (life.benchmark, life.metrics.avg_bars_held) == (None, None)
        assert {getattr(life.metrics, name) for name in OF_SESSIONS} == {None}


def test_a_forward_run_ends_with_what_its_account_is_worth() -> None:
    closes = [100.0 + (i * 7) % 11 for i in range(60)]
    with memory_desk() as desk:
        desk.accounts.create("w")
        outcome = run(desk, daily(*closes), spec={**SPEC, "exit": {"type": "eod"}})
        assert outcome.worth is not None
        assert "after 1 try on these data" in outcome.worth or "Too few" in outcome.worth
        assert outcome.benchmark is not None
        assert outcome.metrics.avg_bars_held == 1.0
        again = run(desk, daily(*closes), spec={**SPEC, "exit": {"type": "eod"}})
        assert (again.worth, again.metrics) == (outcome.worth, outcome.metrics)


def test_one_session_is_too_few_for_a_figure() -> None:
    with memory_desk() as desk:
        desk.accounts.create("w")
        outcome = run(desk, daily(100.0, 99.0))
        assert outcome.metrics.sharpe_annual is None
        assert outcome.worth == "No trades, so there is nothing to judge."


def test_what_was_made_before_the_first_row_belongs_to_no_session() -> None:
    """An order by hand a year before the runs: the figures begin with the first row."""
    bars = daily(*[100.0 - i for i in range(8)])
    with memory_desk() as desk:
        desk.accounts.create("w")
        early = int(bars.ts[0]) - 365 * 86_400 * 10**6
        order(desk, IntentAction.OPEN_LONG, "OTHER", 10.0, 100.0, early)
        order(desk, IntentAction.CLOSE_LONG, "OTHER", 10.0, 300.0, early + 1)
        outcome = run(desk, bars)
        assert outcome.metrics.ending_equity == 12_000.0
        assert (outcome.metrics.volatility_pct, outcome.metrics.cagr_pct) == (0.0, 0.0)
        assert (outcome.metrics.max_drawdown_marked_pct, outcome.metrics.exposure_pct) == (0.0, 0.0)
