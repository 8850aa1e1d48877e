"""Each kind of chart as a figure of Bokeh's.

Colours are not fixed here: a model names in its `tags` the colour of each of its properties (`line_color=accent`), and
the page's script sets them for a light or a dark screen. Bokeh takes some labels for formulas, and loads a library to
set them: names from files stand in the data alone, which it takes for text, or lose the signs of a formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tui.report.content import BarChart, Histogram, MapChart, Measure, Plot, PointChart, Role, TimeChart
from tui.shared.text import safe_text

HEIGHT = 320
LOW = 220
COLOURS = {Role.BEST: "accent", Role.BASELINE: "muted", Role.HOLDING: "second"}
DASHES = {Role.BEST: "solid", Role.BASELINE: "dashed", Role.HOLDING: "solid"}
FORMATS = {Measure.MONEY: "0,0.00", Measure.PERCENT: "0,0.00", Measure.NUMBER: "0,0.0000"}
_AXIS_FORMATS = {Measure.MONEY: "0,0", Measure.PERCENT: "0,0.[00]", Measure.NUMBER: "0,0.[00]"}
_UNITS = {Measure.MONEY: "", Measure.PERCENT: " %", Measure.NUMBER: ""}
_DAY = "%Y-%m-%d"
_ROWS_A_MAP = 26
_LONGEST_NAME = 18
# cividis: even in lightness, and alike to every eye (Nuñez, Anderton, Renslow, 2018)
MAP_COLOURS = (
    *("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678"),
    *("#a59c74", "#c3b369", "#e1cc55", "#fee838"),
)


def figure_of(plot: Plot, shared: dict[str, Any]) -> Any:
    """The figure of a chart; `shared` keeps the ranges of charts that are zoomed together, by their group."""
    return _DRAWN[type(plot)](plot, shared)


def _models() -> Any:
    """Bokeh's models, of which many have no types."""
    import bokeh.models

    return bokeh.models


_ALONG_TIME = "xbox_zoom,xpan,xwheel_zoom,reset,save"
_BOTH_WAYS = "box_zoom,pan,wheel_zoom,reset,save"


def _figure(height: int, tools: str, **settings: Any) -> Any:
    from bokeh.plotting import figure

    made = figure(
        height=height,
        sizing_mode="stretch_width",
        tools=tools,
        active_drag=tools.partition(",")[0],
        active_scroll=None,
        toolbar_location="above",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border_left=72,
        min_border_right=12,
        **settings,
    )
    made.toolbar.logo = None
    made.toolbar.autohide = True
    return made


def _dressed(made: Any, measure: Measure) -> Any:
    """The figure with quiet axes, whose colours the page sets."""
    models = _models()
    for axis in made.axis:
        axis.axis_line_color = None
        axis.minor_tick_line_color = None
        axis.major_tick_line_color = None
        axis.major_label_text_font = axis.axis_label_text_font = "system-ui, sans-serif"
        axis.major_label_text_font_size = axis.axis_label_text_font_size = "12px"
        axis.axis_label_text_font_style = "normal"
        axis.tags = ["major_label_text_color=faint", "axis_label_text_color=faint"]
    for grid in made.grid:
        grid.tags = ["grid_line_color=line"]
    made.xgrid.visible = False
    made.yaxis.formatter = models.NumeralTickFormatter(format=_AXIS_FORMATS[measure])
    return made


def _time_figure(plot: TimeChart, shared: dict[str, Any]) -> Any:
    models = _models()
    reach = shared.setdefault(plot.group, models.Range1d(float(plot.times[0]), float(plot.times[-1])))
    made = _figure(
        LOW if plot.filled else HEIGHT,
        _ALONG_TIME,
        x_axis_type="datetime",
        x_range=reach,
        y_range=models.DataRange1d(only_visible=True),
    )
    columns = {f"y{place}": one.values for place, one in enumerate(plot.series)}
    source = models.ColumnDataSource({"x": plot.times, **columns})
    first = None
    for place, one in reversed(list(enumerate(plot.series))):  # the first is drawn last, above the others
        line = _line(made, plot, source, place)
        first = line if place == 0 else first
        if plot.filled and place == 0 and not plot.stepped:
            area = made.varea("x", y1=f"y{place}", y2=0, source=source, fill_alpha=0.15)
            area.glyph.tags = [f"fill_color={COLOURS[one.role]}"]
    tips = [("", f"@x{{{_DAY}}}")]
    tips += [
        (one.name, f"@y{place}{{{FORMATS[plot.measure]}}}{_UNITS[plot.measure]}")
        for place, one in enumerate(plot.series)
    ]
    made.add_tools(models.HoverTool(renderers=[first], tooltips=tips, formatters={"@x": "datetime"}, mode="vline"))
    if len(plot.series) > 1:
        _legend(made)
    return _dressed(made, plot.measure)


def _line(made: Any, plot: TimeChart, source: Any, place: int) -> Any:
    one = plot.series[place]
    style = {"line_dash": DASHES[one.role], "line_width": 2.25 if place == 0 else 1.25}
    style |= {"legend_label": one.name} if len(plot.series) > 1 else {}
    draw = made.step if plot.stepped else made.line
    line = draw("x", f"y{place}", source=source, **style, **({"mode": "after"} if plot.stepped else {}))
    line.glyph.tags = [f"line_color={COLOURS[one.role]}"]
    line.nonselection_glyph = line.muted_glyph = None
    return line


def _legend(made: Any) -> None:
    legend = made.legend[0]
    made.add_layout(legend, "above")
    legend.items = list(reversed(legend.items))
    legend.orientation, legend.click_policy, legend.margin, legend.padding = "horizontal", "hide", 0, 4
    legend.location = "top_left"
    legend.spacing, legend.glyph_width = 18, 24
    legend.border_line_color, legend.background_fill_alpha = None, 0
    legend.label_text_font, legend.label_text_font_size = "system-ui, sans-serif", "12px"
    legend.tags = ["label_text_color=ink", "inactive_fill_color=paper"]


def _point_figure(plot: PointChart, _: dict[str, Any]) -> Any:
    models = _models()
    made = _figure(HEIGHT, _BOTH_WAYS, **({"x_axis_type": "datetime"} if plot.timed else {}))
    made.xaxis.axis_label, made.yaxis.axis_label = plot.x_title, plot.y_title
    if plot.zero:
        level = models.Span(location=0, dimension="width", line_width=1)
        level.tags = ["line_color=faint"]
        made.add_layout(level)
    for role in (None, Role.BASELINE, Role.BEST):
        marks = [mark for mark in plot.marks if mark.role is role]
        if not marks:
            continue
        columns = {
            "x": np.array([mark.x for mark in marks], dtype=np.float64),
            "y": np.array([mark.y for mark in marks], dtype=np.float64),
            "name": [safe_text(mark.name) for mark in marks],
        }
        shown = made.scatter(
            "x",
            "y",
            source=models.ColumnDataSource(columns),
            size=5 if role is None else 11,
            marker="circle" if role is not Role.BASELINE else "square",
            fill_alpha=0.55 if role is None else 1,
            line_color=None,
            **({} if role is None else {"legend_label": role.value}),
        )
        colour = "accent" if role in {None, Role.BEST} else "second"
        shown.glyph.tags = [f"fill_color={colour}"]
        shown.nonselection_glyph = shown.muted_glyph = None
    tips = [(plot.y_title, f"@y{{{FORMATS[plot.measure]}}}"), ("", "@name")]
    if not plot.timed:
        made.xaxis.formatter = models.NumeralTickFormatter(format="0,0")
        tips.insert(0, (plot.x_title, "@x{0,0}"))
    made.add_tools(models.HoverTool(tooltips=tips))
    if made.legend:
        _legend(made)
    return _dressed(made, plot.measure)


def _bar_figure(plot: BarChart, _: dict[str, Any]) -> Any:
    models = _models()
    made = _figure(LOW, _BOTH_WAYS, x_range=(-0.6, len(plot.names) - 0.4))
    made.yaxis.axis_label = plot.y_title
    found = [(place, value) for place, value in enumerate(plot.values) if value is not None]
    columns = {
        "x": np.array([place for place, _ in found], dtype=np.float64),
        "top": np.array([value for _, value in found], dtype=np.float64),
        "name": [safe_text(plot.names[place]) for place, _ in found],
    }
    bars = made.vbar(
        "x", top="top", width=0.8, source=models.ColumnDataSource(columns), line_color=None, fill_alpha=0.85
    )
    bars.glyph.tags = ["fill_color=accent"]
    bars.nonselection_glyph = bars.muted_glyph = None
    made.add_tools(models.HoverTool(tooltips=[("", "@name"), (plot.y_title, f"@top{{{FORMATS[plot.measure]}}}")]))
    made.xaxis.ticker, made.xaxis.major_label_overrides = _named_ticks(plot.names, 12)
    return _dressed(made, plot.measure)


def _histogram_figure(plot: Histogram, _: dict[str, Any]) -> Any:
    models = _models()
    made = _figure(LOW, _BOTH_WAYS)
    made.xaxis.axis_label, made.yaxis.axis_label = plot.x_title, "draws"
    edges = np.array(plot.edges, dtype=np.float64)
    columns = {"left": edges[:-1], "right": edges[1:], "top": np.array(plot.counts, dtype=np.float64)}
    source = models.ColumnDataSource(columns)
    bars = made.quad("left", "right", bottom=0, top="top", source=source, line_color=None, fill_alpha=0.6)
    bars.glyph.tags = ["fill_color=muted"]
    mark = made.segment([plot.mark], [0], [plot.mark], [max(plot.counts)], line_width=3, legend_label=plot.mark_name)
    mark.glyph.tags = ["line_color=accent"]
    form = FORMATS[Measure.NUMBER]
    tips = [(plot.x_title, f"@left{{{form}}} to @right{{{form}}}"), ("draws", "@top{0,0}")]
    made.add_tools(models.HoverTool(renderers=[bars], tooltips=tips))
    _legend(made)
    dressed = _dressed(made, Measure.NUMBER)
    dressed.yaxis.formatter = models.NumeralTickFormatter(format="0,0")
    return dressed


def _map_figure(plot: MapChart, _: dict[str, Any]) -> Any:
    models = _models()
    height = min(640, 110 + _ROWS_A_MAP * len(plot.rows))
    made = _figure(height, _BOTH_WAYS, x_range=(-0.5, len(plot.columns) - 0.5), y_range=(-0.5, len(plot.rows) - 0.5))
    made.xaxis.axis_label, made.yaxis.axis_label = _plain(plot.x_title), _plain(plot.y_title)
    cells = [cell for cell in plot.cells if cell.value is not None]
    values = np.array([cell.value for cell in cells], dtype=np.float64)
    columns = {
        "x": np.array([cell.column for cell in cells], dtype=np.float64),
        "y": np.array([cell.row for cell in cells], dtype=np.float64),
        "value": values,
        "name": [safe_text(cell.name) for cell in cells],
    }
    low, high = float(values.min()), float(values.max())
    mapper = models.LinearColorMapper(MAP_COLOURS, low=low, high=high if high > low else low + 1)
    made.rect(
        *("x", "y", 1, 1),
        source=models.ColumnDataSource(columns),
        fill_color={"field": "value", "transform": mapper},
        line_color=None,
        dilate=True,
    )
    if plot.best is not None:
        best = made.rect([plot.best[0]], [plot.best[1]], 1, 1, fill_alpha=0, line_width=3)
        best.glyph.tags = ["line_color=ink"]
    made.add_tools(models.HoverTool(tooltips=[("", "@name")]))
    bar = models.ColorBar(
        color_mapper=mapper, width=8, padding=4, formatter=models.NumeralTickFormatter(format="0,0.00")
    )
    bar.background_fill_alpha, bar.major_label_text_font_size = 0, "12px"
    bar.tags = ["major_label_text_color=faint"]
    made.add_layout(bar, "right")
    made.xaxis.ticker, across = _named_ticks(plot.columns, 12)
    made.yaxis.ticker, down = _named_ticks(plot.rows, len(plot.rows) if len(plot.rows) <= 12 else 12)
    dressed = _dressed(made, Measure.NUMBER)
    dressed.xaxis.major_label_overrides, dressed.yaxis.major_label_overrides = across, down
    dressed.ygrid.visible = False
    return dressed


def _named_ticks(names: Sequence[str], most: int) -> tuple[list[float], dict[float, str]]:
    """Places of at most so many names, evenly spread, and what stands there."""
    step = max(1, math.ceil(len(names) / most))
    places = list(range(0, len(names), step))
    return [float(place) for place in places], {float(place): _plain(names[place]) for place in places}


def _plain(name: str) -> str:
    """A name that Bokeh takes for text: without the signs by which it knows a formula, and not too long."""
    text = safe_text(name).replace("$$", "$ $").replace("\\[", "[").replace("\\(", "(")
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


_DRAWN: dict[type[Plot], Callable[[Any, dict[str, Any]], Any]] = {
    TimeChart: _time_figure,
    PointChart: _point_figure,
    BarChart: _bar_figure,
    MapChart: _map_figure,
    Histogram: _histogram_figure,
}
