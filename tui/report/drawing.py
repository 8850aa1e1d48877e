"""The charts of a report in one document of Bokeh's, and the script that draws it. `plots.py` makes each chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import SystemFault
from tui.report.content import Chart


def drawn(charts: Sequence[Chart]) -> dict[str, Any]:
    """Bokeh's document with every chart, and in which element of the page each stands. EXTRA_MISSING without Bokeh.

    Models are named by their order, so that the same charts make the same bytes.
    """
    _bokeh()
    from bokeh.document import Document

    from tui.report.plots import figure_of

    document, roots = Document(), []
    shared: dict[str, Any] = {}
    for chart in charts:
        figure = figure_of(chart.plot, shared)
        document.add_root(figure)
        roots.append({"id": figure.id, "element": chart.key})
    made: dict[str, Any] = _renamed({"document": document.to_json(deferred=False), "roots": roots}, {})
    return made


def script() -> str:
    """Bokeh's own script, whole."""
    _bokeh()
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def _bokeh() -> None:
    try:
        import bokeh.plotting  # noqa: F401
    except ImportError as error:
        raise SystemFault(
            "EXTRA_MISSING",
            "an HTML report needs bokeh, which is not installed",
            hint="pip install 'papertape[report]', or name a .md file",
        ) from error


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A document of Bokeh's with its models named by the order in which they come."""
    if isinstance(value, dict):
        return {key: _name_of(item, names) if key == "id" else _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _name_of(value: Any, names: dict[str, str]) -> Any:
    return names.setdefault(value, f"p{len(names) + 1}") if isinstance(value, str) else value
