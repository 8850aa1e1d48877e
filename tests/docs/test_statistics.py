"""The page of statistics: its figures are what its formulas and the engine give, its thresholds the engine's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.account.metrics import METRICS
from engine.statistics import verdict
from engine.statistics.holding import betas, beyond
from engine.statistics.luck import DRAWS, PlanLuck, luck
from engine.statistics.overfitting import LEAST_IN_BLOCK, LEAST_SESSIONS, MOST_BLOCKS
from engine.statistics.sensitivity import Filled, breakeven_bps
from engine.statistics.sessions import figures_of_one
from engine.statistics.sharpe import EULER, deflated_sharpe
from engine.sweeps.results import HoldingMetrics, PlanStatistics
from tests.docs.pages import code_blocks, first_codes, section, table_under, text_of

PAGE = text_of("statistics.md")
TEXT = " ".join(PAGE.split())


@pytest.fixture(scope="module")
def worked() -> dict[str, Any]:
    """The names that the page's own formulas leave behind; its asserts hold its figures."""
    names: dict[str, Any] = {}
    for number, block in enumerate(code_blocks(PAGE, "python"), 1):
        exec(compile(block, f"block {number}", "exec"), names)
    return names


def test_the_engine_gives_the_figures_of_the_page(worked: dict[str, Any]) -> None:
    found = figures_of_one(worked["equity"], worked["P"])._asdict()
    shown = ("sharpe_annual", "sortino_annual", "volatility_pct", "max_drawdown_marked_pct", "skew", "kurtosis", "psr")
    assert {name: found[name] for name in shown} == pytest.approx({name: worked[name] for name in shown}, rel=1e-12)


def test_the_engine_has_the_beta_and_alpha_of_the_page(worked: dict[str, Any]) -> None:
    returns, benchmark = np.array([worked["r"]]).T, np.array(worked["b"])
    assert betas(returns, benchmark)[0] == pytest.approx(worked["beta"], rel=1e-12)
    alpha = beyond(returns, benchmark).mean() * worked["P"] * 100
    assert alpha == pytest.approx(worked["alpha_annual_pct"], rel=1e-9)


def test_the_engine_deflates_and_widens_as_the_page_does(worked: dict[str, Any]) -> None:
    dsr = deflated_sharpe(2.5 / 250**0.5, -3.0, 10.0, 1250, 100, 0.5 / 250)
    assert dsr == pytest.approx(worked["dsr"], rel=1e-9)
    assert luck(PlanLuck(worked["p_plan"], worked["t_best"]), 30) == pytest.approx(worked["p_luck"], rel=1e-9)
    assert f"{EULER:.4f}" in TEXT


def test_the_engine_breaks_even_where_the_page_does(worked: dict[str, Any]) -> None:
    trades = [Filled(quantity, entry, out, pnl) for pnl, quantity, entry, out in worked["trades"]]
    assert breakeven_bps(trades) == pytest.approx(worked["breakeven_bps"], rel=1e-12)


def test_the_thresholds_are_the_engines() -> None:
    rows = table_under(PAGE, "## The verdict")
    assert first_codes(rows) == [one.value for one in verdict.Verdict]
    little, like_luck = rows[0][1], rows[1][1]
    assert f"fewer than {verdict.LEAST_ENTERED} sessions" in little
    assert f"fewer than {verdict.LEAST_LOSING} losing trades" in little
    assert f"fewer than {verdict.LEAST_SESSIONS} sessions" in little
    assert f"above {verdict.MOST_LUCK:g}" in like_luck
    assert f"{DRAWS:,} times" in TEXT
    assert f"/ {DRAWS + 1}" in TEXT
    assert f"at most {MOST_BLOCKS}, of at least {LEAST_IN_BLOCK} sessions" in TEXT
    assert f"fewer than {LEAST_SESSIONS} sessions" in TEXT


def test_every_figure_is_explained() -> None:
    for name in METRICS:
        if METRICS[name].needs and METRICS[name].meaning and name not in {"win_rate", "profit_factor"}:
            assert f"`{name}`" in PAGE, name
    for name in (*PlanStatistics.model_fields, "benchmark"):
        assert f"`{name}`" in PAGE, name
    assert set(HoldingMetrics.model_fields) <= set(METRICS)


def test_the_risk_free_rate_and_the_blind_spots_are_told() -> None:
    assert "**The risk-free rate is 0 throughout**" in PAGE
    blind = section(PAGE, "## What no such test sees")
    for told in ("Rare losses that have not happened yet", "Stale closes and autocorrelation", "nobody would have got"):
        assert told in blind
