"""Holdout, walk-forward and noise in a report: every figure of theirs, in both formats."""

from __future__ import annotations

import json
from typing import Any

from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
from tests.tui.report.making import swept
from tui.report.content import BarChart, Chart, Facts, Histogram, Report, Section, TableBlock, Text
from tui.report.html import as_html
from tui.report.markdown import as_markdown
from tui.report.out_of_sample import holdout_section, noise_section, walk_forward_section
from tui.shared.out_of_sample import facts_of

PLAN = swept()[1]
METRICS = PLAN.results[0].metrics.model_dump(mode="json")  # type: ignore[union-attr]
HOLDOUT: dict[str, Any] = {
    "from": "2017-01-02",
    "to": "2017-09-08",
    "opened": True,
    "opened_before": 3,
    "seen_by_trials": 12,
    "best": {**METRICS, "return_pct": 1.25},
    "baseline": {**METRICS, "return_pct": -2.5},
}
WALK: dict[str, Any] = {
    "folds": [
        {
            "train_from": "2015-01-05",
            "train_to": "2015-12-31",
            "test_from": f"2016-0{nth}-01",
            "test_to": f"2016-0{nth}-28",
            "best_variant_id": PLAN.results[nth].variant_id,
            "score": score,
            "metrics": None if sharpe is None else {**METRICS, "sharpe_annual": sharpe},
        }
        for nth, score, sharpe in ((1, 0.5, 1.5), (2, None, -0.75), (3, 0.25, None))
    ],
    "out_of_sample": {**METRICS, "return_pct": 7.5},
    "efficiency": 0.375,
    "chosen": {"entry.fast_period": [{"value": 3, "folds": 2}, {"value": 5, "folds": 1}]},
}
NOISE: dict[str, Any] = {
    "draws": 5,
    "best_variant_id": PLAN.best_variant_id,
    "best_score": 0.5,
    "scores": [0.1, 0.5, None, 0.9, 0.3],
    "p_noise": 0.5,
}
OPENED = HoldoutResult.model_validate_json(json.dumps(HOLDOUT))
SEALED = HoldoutResult.model_validate_json(json.dumps({**HOLDOUT, "opened": False, "best": None, "baseline": None}))
WALKED = WalkForwardResult.model_validate_json(json.dumps(WALK))
LABELS = {result.variant_id: result.label for result in PLAN.results}


def cells(block: Any, title: str) -> list[str]:
    table = block.table.table if isinstance(block, Chart) else block.table
    return next(found for name, found, _ in table.columns() if name == title)


def facts(section: Section) -> dict[str, str]:
    return {fact.name: fact.value for block in section.blocks if isinstance(block, Facts) for fact in block.facts}


def test_a_plan_without_them_has_no_such_section() -> None:
    assert holdout_section(None) is walk_forward_section(None, {}) is noise_section(None, "sharpe_annual") is None


def test_an_opened_holdout_shows_both_and_how_often_it_was_seen() -> None:
    section = holdout_section(OPENED)
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, TableBlock)
    assert cells(table, "variant") == ["best", "baseline"]
    assert cells(table, "return %") == ["+1.25", "-2.50"]
    assert facts(section) == dict(facts_of(OPENED))
    assert "3 times" in facts(section)["spent"]


def test_a_sealed_holdout_says_so() -> None:
    section = holdout_section(SEALED)
    assert section is not None
    assert not any(isinstance(block, TableBlock) for block in section.blocks)
    assert any(isinstance(block, Text) and block.text.startswith("It is sealed") for block in section.blocks)


def test_a_walk_forward_has_every_fold_and_how_often_each_value_was_chosen() -> None:
    section = walk_forward_section(WALKED, LABELS)
    assert section is not None
    joined, _, folds, chosen = section.blocks
    assert cells(joined, "return %") == ["+7.50"]
    assert facts(section)["efficiency"].startswith("0.38 ")
    assert isinstance(folds, Chart)
    assert isinstance(folds.plot, BarChart)
    assert list(folds.plot.values) == [1.5, -0.75, None]
    assert cells(folds, "chosen") == [
        PLAN.results[1].label,
        f"{PLAN.results[2].label} (none had a score)",
        PLAN.results[3].label,
    ]
    assert cells(folds, "score inside") == ["0.5000", "-", "0.2500"]
    assert cells(folds, "Sharpe") == ["1.50", "-0.75", "-"]
    assert (cells(chosen, "value"), cells(chosen, "folds")) == (["3", "5"], ["2", "1"])


def test_noise_is_a_histogram_with_the_plan_in_it() -> None:
    section = noise_section(NOISE, PLAN.objective)
    assert section is not None
    chart = section.blocks[-1]
    assert isinstance(chart, Chart)
    assert isinstance(chart.plot, Histogram)
    assert sum(chart.plot.counts) == 4
    assert chart.plot.mark == 0.5
    assert chart.plot.edges[0] == 0.1
    assert facts(section) == {"p_noise": "0.500"}
    stopped = noise_section({**NOISE, "scores": [0.1], "p_noise": None}, PLAN.objective)
    assert stopped is not None
    assert facts(stopped) == {"p_noise": "-"}
    assert noise_section({**NOISE, "scores": [None]}, PLAN.objective) is not None


def test_all_of_it_is_written_in_both_formats() -> None:
    found = [holdout_section(OPENED), walk_forward_section(WALKED, LABELS), noise_section(NOISE, PLAN.objective)]
    report = Report("Report of a test", "a test", "Nothing.", sections=[one for one in found if one is not None])
    html, markdown = as_html(report).decode(), as_markdown(report).decode()
    for said in ("Walk-forward", "Holdout", "Against noise", "2016-03-01 to 2016-03-28"):
        assert said in html
        assert said in markdown
    assert [chart.key for chart in report.charts()] == ["folds-chart", "noise-chart"]
