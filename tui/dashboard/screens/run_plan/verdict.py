"""The verdict on a run plan: what its best is worth in one sentence, the figures behind it, curves and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Static

from tui.dashboard.colours import Palette, rgb
from tui.dashboard.screens.run_plan import verdict_panels as panels
from tui.dashboard.screens.run_plan.curves import sampled
from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.chart import Chart
from tui.shared import charts
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.ports import Watch
    from engine.sweeps.results import PlanDetail, PlanStatistics
    from engine.sweeps.simulation.rerun import SessionCurves
    from tui.dashboard.screens.run_plan.view import PlanView

AROUND = 8
"""Columns that stand around the content of a panel, at most."""
DAY_S = 86_400
_AXES = charts.Axes(framed=False, margin=9, rounded=True)
_DOTS, _DOT = 120, "·"


@dataclass(frozen=True, slots=True)
class Curves:
    """Equity of the best, of the baseline where it is another, and of holding; x is seconds since 1970."""

    best: charts.Points
    baseline: charts.Points
    holding: charts.Points

    @classmethod
    def of(cls, curves: SessionCurves, best: str, baseline: str) -> Curves:
        """The curves of a reading, as a chart takes them."""
        times = [int(day) * DAY_S for day in curves.sessions]
        named = {
            name: list(zip(map(float, times), map(float, values), strict=True))
            for name, values in {**curves.equity, "": curves.holding}.items()
        }
        return cls(named.get(best, []), [] if baseline == best else named.get(baseline, []), named[""])


class Panel(Static):
    """A titled panel of text."""

    DEFAULT_CLASSES = "panel"

    def __init__(self, title: str, name: str) -> None:
        super().__init__("", id=f"verdict-{name}", markup=False)
        self.border_title = title


class VerdictPart(Part):
    """The sentence, and below it the panels; beside each other where there is room. It scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PlanView | None = None
        self._asked: tuple[UUID, str | None] | None = None
        self._curves: Curves | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        """A page that scrolls."""
        with VerticalScroll(id="verdict-page"):
            yield Static("", id="verdict-sentence", markup=False)
            with Container(id="verdict-panels"):
                with Vertical(classes="verdict-column"):
                    yield Panel("Skill or luck", "odds")
                    yield Panel("On the sessions that chose it", "made")
                    yield Panel("Out of sample", "out-of-sample")
                with Vertical(classes="verdict-column"):
                    chart = Chart(id="verdict-curves")
                    chart.add_class("panel")
                    chart.border_title = "Equity, session by session"
                    yield chart
                    yield Panel("Against noise", "noise")
                    yield Panel("Sensitivity: median score at each value", "sensitivity")
                    yield Panel("Costs", "costs")

    def focused_first(self) -> Widget | None:
        """The page has the focus, so that keys scroll it."""
        return self.query_one("#verdict-page")

    def on_resize(self) -> None:
        """Draw at the new width."""
        self._draw_noise()

    def take(self, view: PlanView) -> None:
        """Show what the plan came to; its curves are computed again, off the loop."""
        self._view = view
        detail, palette = view.detail, Palette.of(self.app)
        statistics = detail.statistics
        warning = self.app.theme_variables["warning"]
        self.query_one("#verdict-sentence", Static).update(panels.sentence(detail, palette, warning))
        self.query_one("#verdict-panels").display = statistics is not None
        if statistics is not None:
            self._put(view, statistics, palette)
            self._draw_noise()
            self._read(detail)

    def _put(self, view: PlanView, statistics: PlanStatistics, palette: Palette) -> None:
        detail = view.detail
        shown: dict[str, RenderableType] = {
            "odds": panels.odds_panel(detail, statistics, palette),
            "made": panels.made_panel(detail, palette),
            "out-of-sample": panels.out_of_sample_panel(detail, view.labels, palette),
            "sensitivity": panels.sensitivity_panel(statistics, palette),
            "costs": panels.costs_panel(detail, statistics, palette),
        }
        for name, content in shown.items():
            self.query_one(f"#verdict-{name}", Panel).update(content)

    def _draw_noise(self) -> None:
        """Draw the scores on shuffled bars, off the loop; a plan that was not run against noise has no panel."""
        noise = None if self._view is None else self._view.detail.noise
        panel = self.query_one("#verdict-noise", Panel)
        panel.display = noise is not None
        if noise is not None:
            width = self.size.width // (2 if self.screen.has_class("-wide") else 1) - AROUND
            self.loader.load(
                lambda _desk, _watch: panels.noise_drawing(noise, width), panel.update, group="noise", in_turn=True
            )

    def _read(self, detail: PlanDetail) -> None:
        """Compute the curves, unless they are those of this plan's best already."""
        wanted, best = (detail.run_plan_id, detail.best_variant_id), detail.best_variant_id
        if best is None or wanted == self._asked:
            self._draw()
            return
        self._asked, self._curves, self._problem = wanted, None, ""
        baseline = detail.results[0].variant_id
        self._draw()

        def call(desk: Desk, _: Watch) -> Curves:
            return Curves.of(desk.plans.session_curves(wanted[0], ("best", "baseline"), load_told), best, baseline)

        self.loader.load(call, self._was_read, failed=self._cannot)

    def _was_read(self, curves: Curves) -> None:
        self._curves = curves
        self._draw()

    def _cannot(self, error: PapertapeError) -> None:
        self._problem = "\n".join(lines_of(error))
        self._draw()

    def _draw(self) -> None:
        chart, palette = self.query_one("#verdict-curves", Chart), Palette.of(self.app)
        if self._curves is None:
            chart.show(Text(safe_text(self._problem) or "computing…", palette.muted), ())
            return
        chart.show(_legend(self._curves, palette), _series(self._curves, palette), _AXES)


def _legend(curves: Curves, palette: Palette) -> Text:
    parts = [("━ best", palette.series[0])]
    if curves.baseline:
        parts.append(("━ baseline", palette.series[1]))
    parts.append((f"{_DOT * 2} holding", palette.muted))
    line = Text()
    for words, colour in parts:
        line.append(words, colour).append("   ")
    return line


def _series(curves: Curves, palette: Palette) -> list[charts.Series]:
    """Holding as a row of dots, and over it the baseline and the best as lines; the best is drawn last."""
    series = [charts.Series(sampled(curves.holding, _DOTS), rgb(palette.muted), _DOT)]
    if curves.baseline:
        series.append(charts.Series(curves.baseline, rgb(palette.series[1])))
    return [*series, charts.Series(curves.best, rgb(palette.series[0]))]
