"""A report as one HTML file: its style, its charts and the scripts that draw them are in it.

Every text is escaped by the template, and its control and direction characters are made visible. Should a text come
through all the same, the page's content security policy keeps it from doing anything: no script runs whose sha256 the
policy does not name, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tui.report import drawing
from tui.report.content import Block, Chart, Commands, Facts, KeyFigures, Months, Report, TableBlock, Text
from tui.shared import figures
from tui.shared.output import Table
from tui.shared.text import safe_text

PAGE = Path(__file__).parent / "page"
NOTHING = "'none'"
_HARMLESS = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TINTS = 4
"""Steps of the colour of a month, on either side of zero."""
_MACROS: dict[type[Block], str] = {
    Text: "text",
    Facts: "facts",
    KeyFigures: "key_figures",
    TableBlock: "table",
    Months: "months",
    Commands: "commands",
    Chart: "chart",
}
_IN_A_SCRIPT = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def as_html(report: Report) -> bytes:
    """The report as an HTML document. EXTRA_MISSING without Bokeh."""
    charts = drawing.drawn(report.charts())
    from markupsafe import Markup

    scripts = [drawing.script(), _part("page.js")] if charts["roots"] else []
    template = _environment().get_template("page.html")
    page: str = template.render(
        report=report,
        policy=_policy(scripts),
        version=papertape_version(),
        css=Markup(_part("page.css")),  # noqa: S704 - our own
        charts=Markup(_json(charts)) if scripts else "",  # noqa: S704 - nothing in it ends a script
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own, and Bokeh's
        shown=partial(_shown, template.environment.get_template("blocks.html").module),
    )
    return page.encode()


def papertape_version() -> str:
    """The version that is installed."""
    try:
        return version("papertape")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "(not installed)"


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: safe_text_of(value, Markup),
        keep_trailing_newline=True,
    )
    environment.globals |= {"rows": _rows, "months_of_year": MONTHS, "tint": _tint, "percent": _percent}
    return environment


def safe_text_of(value: Any, markup: type[str]) -> Any:
    """What the template writes down: markup as it is, any text made safe first."""
    return value if isinstance(value, markup) or not isinstance(value, str) else safe_lines(value)


def safe_lines(text: str) -> str:
    """Safe text that may be several lines."""
    return "\n".join(map(safe_text, text.split("\n")))


def _shown(macros: Any, block: Block) -> Any:
    return getattr(macros, _MACROS[type(block)])(block)


def _rows(table: Table) -> Iterator[list[tuple[str, bool]]]:
    columns = table.columns()
    for cells in zip(*(cells for _, cells, _ in columns), strict=True):
        yield [(cell, is_number) for cell, (_, _, is_number) in zip(cells, columns, strict=True)]


def _percent(gain: float | None) -> str:
    return "" if gain is None else figures.signed(gain, 1)


def _tint(gain: float | None, block: Months) -> str:
    """The class of a month: how far it is from zero, in steps of the greatest."""
    if gain is None or gain == 0:
        return "none"
    most = max(abs(each) for year in block.years for each in year.months if each is not None)
    step = max(1, -int(-abs(gain) / most * TINTS // 1))
    return f"{'up' if gain > 0 else 'down'}{step}"


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False, ensure_ascii=True).translate(_IN_A_SCRIPT)


def _policy(scripts: list[str]) -> str:
    """What the page may do: run these scripts, take its own style, and load nothing."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return f"default-src 'none'; script-src {hashes or NOTHING}; {_HARMLESS}"


def _part(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")
