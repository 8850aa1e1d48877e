"""The page of sweeps against the code: its tables, its conditions, and what it says of the demo."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.account.metrics import Metrics
from engine.strategies.builtin.atr_trend import AtrTrend
from engine.strategies.paths import coerce
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from engine.sweeps.objectives import OBJECTIVES
from engine.sweeps.plan import request, run_plan
from engine.sweeps.plan.generator import generate
from engine.sweeps.results import HoldingMetrics
from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode, RunStatus
from storage.desk import open_desk
from storage.settings import Settings
from tests.docs.pages import codes, first_codes, section, table_under, text_of
from tests.tui.shared.test_leaderboard import metrics
from tui.commands.plan.fail_if import figure_names, read_condition
from tui.shared.files import FORMULA
from tui.shared.inputs import read_sweep

PAGE = text_of("sweeps.md")


def test_tags_objectives_and_statuses_are_the_codes() -> None:
    assert first_codes(table_under(PAGE, "## Variants")) == [run_plan.BASELINE, run_plan.GRID, run_plan.ABLATION]
    assert first_codes(table_under(PAGE, "## Ranks")) == list(OBJECTIVES)
    assert set(first_codes(table_under(PAGE, "## Stop and resume"))) == {status.value for status in RunStatus}
    assert first_codes(table_under(PAGE, "## Accounts")) == [mode.value for mode in JournalMode]


def test_every_value_of_the_page_can_be_swept() -> None:
    kind = AtrTrend()
    for row in table_under(PAGE, "## Variants", 1):
        (text,) = codes(row[0])
        path, _, values = text.partition("=")
        strategy = Registry().get("breakout_52w_high") if path == "entry.lookback_days" else kind
        risk = {"size": "equity", "equity_pct": 50} if path == "risk.equity_pct" else {}
        spec = compile_spec(parse_spec({"strategy_id": strategy.key, "symbols": ["GOOG"], "risk": risk}), strategy)
        if "[" in values:
            swept = {path: [coerce(spec, path, value) for value in json.loads(f"[{values}]")]}
        else:
            swept = read_sweep(spec, [text])
        plan = generate(spec, swept, include_ablations=False)
        assert len(plan.variants) == 1 + len(swept[path]), text
        assert [variant.skip_reason for variant in plan.variants if variant.skip_reason] == [], text


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_formula_is_the_objective(name: str) -> None:
    """The page's formula, read by the conditions' own parser, comes to the objective's score."""
    row = next(row for row in table_under(PAGE, "## Ranks") if codes(row[0]) == [name])
    formula = codes(row[1])[0] if codes(row[1]) else "sharpe"
    named = re.sub(r"[a-z_]{3,}", lambda found: f"best.{found[0]}", formula)
    annual = {"sharpe_annual": 0.75, "sortino_annual": 1.25, "calmar_annual": 0.5}
    measured = metrics(12.5, 3.0).model_copy(update=annual)
    figures = {f"best.{field}": value for field, value in measured.model_dump().items()}
    score = OBJECTIVES[name](measured)
    assert read_condition(f"{named} == {score!r}", list(figures)).test(figures).holds is True
    assert ("the default" in row[1]) == (name == DEFAULT_OBJECTIVE)


def test_every_condition_of_the_page_can_be_read() -> None:
    text = section(PAGE, "## In CI")
    inline = codes(re.sub(r"(?ms)^```.*?^```$", "", text))
    shown = [*re.findall(r"--fail-if '([^']+)'", text), *(one for one in inline if re.search(r"best\.\w+ [<>]", one))]
    assert len(shown) == 3
    for condition in shown:
        read_condition(condition, figure_names())


def test_a_condition_may_name_every_metric() -> None:
    named = [f"{side}.{name}" for side in ("best", "baseline") for name in (*Metrics.model_fields, "objective_score")]
    others = [name for name in figure_names() if name not in named]
    assert figure_names()[: len(named)] == named
    outside = {f"{side}.{name}" for side in ("holdout", "walk_forward") for name in Metrics.model_fields}
    assert set(others) == outside | {"plan.p_luck", "plan.pbo", "plan.dsr", "plan.p_noise"} | {
        f"benchmark.{name}" for name in HoldingMetrics.model_fields
    }
    examples = ("benchmark.return_pct", "holdout.return_pct", "walk_forward.sharpe_annual")
    for name in ("plan.p_luck", "plan.pbo", "plan.dsr", "plan.p_noise", *examples):
        assert f"`{name}`" in section(PAGE, "## In CI")


def test_figures_in_the_text() -> None:
    from tui.shared.inputs import MAX_VALUES

    assert f"at most {MAX_VALUES:,} values" in " ".join(PAGE.split())
    assert f"(default {request.MAX_VARIANTS:,})" in " ".join(PAGE.split())
    for char in ("=", "+", "-", "@"):
        assert char in FORMULA
        assert f"`{char}`" in section(PAGE, "## Results in a file")


def test_what_the_demo_shows(tmp_path: Path) -> None:
    from tui.commands.demo.showcase import prepare

    with open_desk(Settings(db=tmp_path / "demo.db")) as desk:
        result = prepare(desk, tmp_path, lambda _: None).sweep.result
    text = " ".join(section(PAGE, "## What a sweep cannot tell").split())
    best = next(one for one in result.results if one.variant_id == result.best_variant_id)
    seen, held = (best.metrics, result.results[0].metrics), result.holdout
    assert held is not None
    assert f"The best of {len(result.results)} variants" in text
    for metrics_, before in zip(
        (*seen, held.best, held.baseline), ("made", "baseline made", "it made", "baseline"), strict=True
    ):
        assert metrics_ is not None
        assert f"{before} {metrics_.return_pct:+.2f} %" in text
    assert result.statistics is not None
    assert f"The verdict, `{result.statistics.verdict}`, said so" in text
