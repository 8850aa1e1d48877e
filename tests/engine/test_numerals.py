"""What a notebook shows: tables whose texts are escaped."""

from __future__ import annotations

import pytest

from engine.errors import InvalidError
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.numerals import table
from engine.strategies.builtin.sma_cross import SmaCross
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from storage.strategies.files import make_registry
from tests.support.memory_desks import memory_desk

DATA = Dataset({"SYN": synthetic_daily(300, seed=4)})
SPEC = parse_spec({"strategy_id": "sma_cross", "symbols": ["SYN"]})


def test_text_is_escaped_and_what_does_not_exist_is_a_dash() -> None:
    made = table("<b>", [("<script>", None, 1.5)], ("a&b",))
    assert made == (
        "<table><caption>&lt;b&gt;</caption><thead><tr><th>a&amp;b</th></tr></thead>"
        "<tbody><tr><td>&lt;script&gt;</td><td>-</td><td>1.5000</td></tr></tbody></table>"
    )


def test_a_plan_shows_its_verdict_best_and_baseline() -> None:
    desk = memory_desk()
    result = desk.plans.run(SPEC, DATA, {"entry.fast_period": [5, 10]})
    shown = result._repr_html_()
    assert result.statistics is not None
    assert result.statistics.verdict in shown
    assert "<td>baseline</td>" in shown
    assert desk.plans.get(result.run_plan_id)._repr_html_() == shown


def test_a_frame_has_a_row_a_variant() -> None:
    result = memory_desk().plans.run(SPEC, DATA, {"entry.fast_period": [5, 10, 60]})
    frame = result.frame()
    assert frame["variant_id"].tolist() == [one.variant_id for one in result.results]
    assert frame["label"].tolist() == [one.label for one in result.results]
    assert frame["overrides"].tolist() == [one.overrides for one in result.results]
    first = result.results[0]
    assert first.metrics is not None
    assert frame.loc[0, "trade_count"] == first.metrics.trade_count
    assert frame.loc[3, "status"] == "skipped"
    assert frame["return_pct"].isna().tolist() == [one.metrics is None for one in result.results]


def test_a_run_and_an_account_show_as_tables() -> None:
    desk = memory_desk()
    outcome = desk.research.run(SPEC, DATA)
    assert "<td>sharpe_annual</td>" in outcome._repr_html_()
    desk.accounts.create("<books>")
    desk.trading.order(IntentAction.OPEN_LONG, "A&B", 1.0, 100.0, workspace="<books>")
    assert "<td>A&amp;B</td>" in desk.accounts.state("<books>")._repr_html_()
    shown = desk.accounts.overview("<books>")._repr_html_()
    assert "&lt;books&gt;" in shown
    assert "<books>" not in shown


def cell() -> type[SmaCross]:
    """What a notebook's cell defines each time it runs."""

    class Mine(SmaCross):
        key = "mine"

    return Mine


@pytest.mark.parametrize("make", [Registry, make_registry])
def test_a_cell_runs_twice(make: type[Registry]) -> None:
    registry, first, second = make(), cell(), cell()
    registry.add(first, "a notebook", replace=True)
    with pytest.raises(InvalidError, match="is taken"):
        registry.add(second, "a notebook")
    registry.add(second, "a notebook", replace=True)
    assert type(registry.get("mine")) is second
    assert [one.strategy.key for one in registry.all()].count("mine") == 1


def test_what_is_built_in_is_not_replaced() -> None:
    class Other(SmaCross):
        pass

    with pytest.raises(InvalidError, match="is taken"):
        Registry().add(Other, "a notebook", replace=True)


def test_equity_and_returns_of_a_plan_are_sessions_by_variants() -> None:
    desk = memory_desk()
    result = desk.plans.run(SPEC, DATA, {"entry.fast_period": [5, 10]})
    equity = desk.plans.equity_frame(result.run_plan_id, DATA)
    returns = desk.plans.returns_frame(result.run_plan_id, DATA)
    assert result.statistics is not None
    assert equity.shape == returns.shape == (result.statistics.sessions, len(result.results))
    for one in result.results:
        assert one.metrics is not None
        assert equity[one.variant_id].iloc[-1] == one.metrics.ending_equity
        grown = (1 + returns[one.variant_id]).prod() * one.metrics.starting_equity
        assert grown == pytest.approx(one.metrics.ending_equity)
    with pytest.raises(InvalidError, match="not those"):
        desk.plans.equity_frame(result.run_plan_id, Dataset({"SYN": synthetic_daily(300, seed=5)}))
