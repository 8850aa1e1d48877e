"""What a plan's report says is what the plan's result says."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from engine.account.metrics import METRICS
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from tests.tui.report.making import DATA, GRID, report_of_plan, swept
from tui.report.content import (
    BarChart,
    Chart,
    Commands,
    Facts,
    KeyFigures,
    MapChart,
    Months,
    Report,
    Section,
    TimeChart,
)
from tui.report.markdown import as_markdown
from tui.report.plan import plan_report
from tui.shared import figures
from tui.shared.output import Table
from tui.shared.words import MEANINGS

PLAIN_SECTIONS = ["odds", "equity", "figures", "leaderboard", "map", "sensitivity", "costs", "trades", "reproduce"]


def section(report: Report, key: str) -> Section:
    return next(one for one in report.sections if one.key == key)


def chart(report: Report, key: str) -> Chart:
    return next(one for one in report.charts() if one.key == key)


def column(table: Table, title: str) -> list[str]:
    return next(cells for name, cells, _ in table.columns() if name == title)


def test_the_verdict_comes_first_in_words_and_all_sections_follow() -> None:
    report, (_, detail) = report_of_plan(), swept()
    assert detail.statistics is not None
    assert report.verdict.lower() == f"{MEANINGS[detail.statistics.verdict]}."
    assert list(report.because) == [detail.statistics.because]
    assert report.label == detail.statistics.verdict
    assert [one.key for one in report.sections] == PLAIN_SECTIONS
    assert as_markdown(report).decode().startswith(f"# {report.verdict}\n")


def test_the_key_figures_are_those_of_the_best_beside_baseline_and_holding() -> None:
    report, (_, detail) = report_of_plan(), swept()
    best = next(one for one in detail.results if one.variant_id == detail.best_variant_id)
    (shown,) = report.lead
    assert isinstance(shown, KeyFigures)
    assert best.metrics is not None
    assert detail.benchmark is not None
    by_name = {figure.name: figure for figure in shown.figures}
    assert by_name["return"].value == f"{best.metrics.return_pct:+,.2f} %"
    beside = {fact.name: fact.value for fact in by_name["return"].beside}
    assert beside["holding"] == f"{detail.benchmark.return_pct:+,.2f} %"
    assert detail.results[0].metrics is not None
    assert beside["baseline"] == f"{detail.results[0].metrics.return_pct:+,.2f} %"


def test_every_metric_stands_with_its_unit() -> None:
    report, (_, detail) = report_of_plan(), swept()
    best = next(one for one in detail.results if one.variant_id == detail.best_variant_id)
    (block,) = section(report, "figures").blocks
    names, values = column(block.table, "figure"), column(block.table, "best")
    shown = dict(zip(names, values, strict=True))
    assert len(shown) == sum(1 for name in METRICS if getattr(best.metrics, name) is not None)
    assert best.metrics is not None
    assert best.metrics.win_rate is not None
    assert shown["won"] == f"{best.metrics.win_rate * 100:.1f} %"
    assert shown["ending equity"] == f"{best.metrics.ending_equity:,.2f}"


def test_the_curves_are_those_of_the_frame_of_equity() -> None:
    desk, detail = swept()
    frame = desk.plans.equity_frame(detail.run_plan_id, DATA)
    plot = chart(report_of_plan(), "equity-chart").plot
    assert isinstance(plot, TimeChart)
    best, baseline, holding = plot.series
    assert best.values.tolist() == frame[detail.best_variant_id].tolist()
    assert baseline.values.tolist() == frame[detail.results[0].variant_id].tolist()
    assert detail.benchmark is not None
    assert holding.values[-1] == pytest.approx(10_000 * (1 + detail.benchmark.return_pct / 100))
    assert plot.times.tolist() == (frame.index.to_numpy().astype("datetime64[ms]").astype(float)).tolist()


def test_the_greatest_drawdown_drawn_is_the_metric() -> None:
    _, detail = swept()
    best = next(one for one in detail.results if one.variant_id == detail.best_variant_id)
    plot = chart(report_of_plan(), "drawdown-chart").plot
    assert isinstance(plot, TimeChart)
    assert best.metrics is not None
    assert -plot.series[0].values.min() == pytest.approx(best.metrics.max_drawdown_marked_pct)
    assert plot.series[0].values.max() <= 0


def test_months_and_years_compound_to_the_return() -> None:
    _, detail = swept()
    best = next(one for one in detail.results if one.variant_id == detail.best_variant_id)
    months = next(block for block in section(report_of_plan(), "equity").blocks if isinstance(block, Months))
    assert best.metrics is not None
    grown = np.prod([1 + gain / 100 for year in months.years for gain in year.months if gain is not None])
    assert (grown - 1) * 100 == pytest.approx(best.metrics.return_pct)
    assert (np.prod([1 + (year.whole or 0) / 100 for year in months.years]) - 1) * 100 == pytest.approx(
        best.metrics.return_pct
    )


def test_the_map_has_the_score_of_every_cell_and_marks_the_best() -> None:
    _, detail = swept()
    best = next(one for one in detail.results if one.variant_id == detail.best_variant_id)
    plot = chart(report_of_plan(), "map-chart").plot
    assert isinstance(plot, MapChart)
    assert (plot.x_title, plot.y_title) == ("entry.fast_period", "entry.slow_period")
    assert plot.best is not None
    by_values = {
        tuple(one.overrides.get(path) for path in GRID): one.objective_score
        for one in detail.results
        if "grid" in one.tags
    }
    fixed = best.overrides["risk.dollars_per_trade"]
    for cell in plot.cells:
        values = (GRID["entry.fast_period"][cell.column], GRID["entry.slow_period"][cell.row], fixed)
        assert cell.value == by_values[values]
    assert max(cell.value or -9 for cell in plot.cells) == best.objective_score
    marked = next(cell for cell in plot.cells if (cell.column, cell.row) == plot.best)
    assert marked.value == best.objective_score


def test_sensitivity_draws_the_medians_and_the_trades_are_all_listed() -> None:
    desk, detail = swept()
    report = report_of_plan()
    assert detail.statistics is not None
    for nth, values in enumerate(detail.statistics.sensitivity["parameters"].values(), 1):
        plot = chart(report, f"sensitivity-{nth}").plot
        assert isinstance(plot, BarChart)
        assert list(plot.values) == [each["median_score"] for each in values]
    trades = desk.plans.trades(detail.run_plan_id, "best", lambda _: DATA)
    listed = section(report, "trades").blocks[-1]
    assert column(listed.table, "P&L") == [figures.signed(trade.pnl) for trade in trades]


def test_data_that_are_others_leave_the_curves_out_and_say_so() -> None:
    desk, detail = swept()
    other = Dataset({"AAA": synthetic_daily(300, seed=5, symbol="AAA")})
    report, missing = plan_report(desk, detail, lambda _: other)
    assert len(missing) == 1
    assert "not those" in missing[0]
    assert not any(isinstance(one.plot, TimeChart) for one in report.charts())
    assert missing[0] in texts_of(report)


def test_a_plan_without_a_result_has_a_report_too() -> None:
    desk, _ = swept()
    spec = {"strategy_id": "sma_cross", "symbols": ["AAA"], "entry": {"fast_period": 3, "slow_period": 650}}
    from engine.strategies.spec import parse_spec

    result = desk.plans.run(parse_spec(spec), DATA, {}, statistics=False)
    report, missing = plan_report(desk, desk.plans.get(result.run_plan_id), lambda _: DATA)
    assert missing == []
    assert report.verdict == "No variant has a score."
    assert b"No variant has a score" in as_markdown(report)


def test_the_fingerprint_and_the_command_stand_at_the_end() -> None:
    _, detail = swept()
    last = report_of_plan().sections[-1]
    commands = next(block for block in last.blocks if isinstance(block, Commands))
    assert commands.lines[-1].startswith("papertape plan run --strategy sma_cross --symbol AAA --symbol BBB")
    facts = next(block for block in last.blocks if isinstance(block, Facts))
    assert facts.facts[0].value == detail.fingerprint


def texts_of(value: Any) -> list[str]:
    """Every text that a report holds."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Table):
        return [text for title, cells, _ in value.columns() for text in (title, *cells)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts_of(getattr(value, field.name))]
    return [text for item in value for text in texts_of(item)] if isinstance(value, (list, tuple)) else []
