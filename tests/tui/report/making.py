"""Reports for tests: plans on made-up bars, and names that would do harm where they are not escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from engine.desk import Desk
from engine.desk.accounts import TradeView
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.spec import ExecutionSpec, RiskSpec
from engine.sweeps.results import PlanDetail
from tests.support.memory_desks import memory_desk
from tui.report.content import (
    BarChart,
    Cell,
    Chart,
    Commands,
    Fact,
    Facts,
    KeyFigure,
    KeyFigures,
    MapChart,
    Mark,
    Measure,
    Months,
    Plot,
    PointChart,
    Report,
    Role,
    Section,
    Series,
    TableBlock,
    Text,
    TimeChart,
    Year,
)
from tui.report.curves import MS_A_DAY
from tui.report.over_time import Curves, equity_section, trades_section
from tui.report.plan import plan_report
from tui.shared.output import Table

DATA = Dataset({symbol: synthetic_daily(700, seed=seed, symbol=symbol) for seed, symbol in enumerate(("AAA", "BBB"))})
SPEC = ExecutionSpec(strategy_id="sma_cross", symbols=["AAA", "BBB"], risk=RiskSpec(dollars_per_trade=4_000.0))
GRID: dict[str, list[Any]] = {
    "entry.fast_period": [3, 5, 8, 13],
    "entry.slow_period": [20, 30, 50],
    "risk.dollars_per_trade": [2_000.0, 4_000.0],
}
NAUGHTY = (
    "<script>window.harmed = 1</script>",
    "</script><script>window.harmed = 1</script>",
    '"><img src=x onerror="window.harmed = 1">',
    "'onmouseover='window.harmed=1",
    "{{ 7 * 7 }}{% raw %}",
    "$$\\frac{1}{2}$$ \\[x\\] \\(y\\)",
    "javascript:window.harmed=1",
    "<!-- --><![CDATA[",
    "@y{safe}<b>@name</b>",
    "&lt;script&gt;&amp;",
    "https://evil.example/x.png",
    "![x](https://evil.example/x.png)",
    "a|b`c`*d*_e_~f~",
    "\u202eevil\u2066\x00\x1b[31m",
    "  leading and\ntwo lines",
)


@cache
def swept() -> tuple[Desk, PlanDetail]:
    """A desk with a completed plan of the grid."""
    desk = memory_desk()
    result = desk.plans.run(SPEC, DATA, GRID, slippage_bps=2.0)
    return desk, desk.plans.get(result.run_plan_id)


@cache
def report_of_plan() -> Report:
    """The report of that plan, with its curves and its trades."""
    desk, detail = swept()
    report, missing = plan_report(desk, detail, lambda _: DATA)
    assert missing == []
    return report


def named_everywhere(name: str) -> Report:
    """A report with a block of every kind, in which every text of a file or a journal is this name."""
    table = Table().text(name, [name, "b"]).counts(name, [1, None])
    shown = TableBlock(table, name, name, frozenset({0}))
    charts = [
        Chart(f"chart-{nth}", name, plot, name, shown, name) for nth, plot in enumerate(plots_of([name, "b"], 4), 1)
    ]
    blocks = [
        Text(name),
        Facts([Fact(name, name, name)]),
        KeyFigures([KeyFigure(name, name, [Fact(name, name)])]),
        shown,
        Months([Year(2020, [1.0, -2.0, None, *[0.0] * 9], -1.0)], name),
        Commands([f"papertape {name}"]),
        *charts,
    ]
    return Report(
        kind="Report of a test",
        title=name,
        verdict=name,
        because=[name],
        label=name,
        about=[Fact(name, name)],
        lead=blocks[:3],
        sections=[Section("all", name, blocks)],
    )


def crowded(names: Sequence[str], points: int = 50, trades: int = 10) -> Report:
    """A report with all these names in its charts and tables, and with so many sessions and trades."""
    times = np.arange(points, dtype=np.float64) * MS_A_DAY
    equity = 10_000 + np.cumsum(np.sin(times))
    series = [Series(role.value, role, equity * (1 + nth)) for nth, role in enumerate(Role)]
    blocks = [
        Chart(f"named-{nth}", names[0], plot, names[0], TableBlock(Table().text("name", names), names[0]))
        for nth, plot in enumerate(plots_of(names, len(names)), 1)
    ]
    day = datetime(2000, 1, 1, tzinfo=UTC)
    made = [
        TradeView(
            symbol="AAA",
            entry_ts=day + timedelta(hours=nth),
            exit_ts=day + timedelta(hours=nth + 1),
            quantity=1.5,
            entry_price=100.0,
            exit_price=101.5,
            fees=0.0,
            pnl=1.5 * (-1) ** nth,
        )
        for nth in range(trades)
    ]
    sections = [
        equity_section(Curves(times, series, 10_000.0, "sessions")),
        Section("named", "Named", blocks),
        trades_section(made, "The best"),
    ]
    return Report(kind="Report of a test", title=names[0], verdict=names[0], sections=sections)


def plots_of(names: Sequence[str], count: int) -> list[Plot]:
    """A plot of each kind, in which these names stand."""
    values = [float(nth) for nth in range(count)]
    times = np.array(values) * MS_A_DAY
    cells = [Cell(nth, 0, value, names[nth % len(names)]) for nth, value in enumerate(values)]
    marks = [Mark(names[nth % len(names)], value, value, None) for nth, value in enumerate(values)]
    return [
        TimeChart(times, [Series("best", Role.BEST, np.array(values))], Measure.MONEY),
        PointChart(marks, "rank", "score", Measure.NUMBER),
        BarChart(list(names), [float(nth) for nth, _ in enumerate(names)], "score", Measure.NUMBER),
        MapChart([names[nth % len(names)] for nth in range(count)], names[:1], names[0], names[-1], cells, "x", (0, 0)),
    ]
