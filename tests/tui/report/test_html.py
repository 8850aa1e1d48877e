"""A report as HTML: escaped whatever the names are, the same bytes for the same inputs, small enough to be sent."""

from __future__ import annotations

import builtins
import json
import re
import string
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import SystemFault
from tests.tui.report.making import NAUGHTY, crowded, named_everywhere, report_of_plan
from tui.report.content import Report
from tui.report.html import as_html
from tui.report.markdown import as_markdown
from tui.shared.text import safe_text

MOST_BYTES = 3_000_000


class Page(HTMLParser):
    """Every tag with its attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, tuple(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags with the names of their attributes."""
        return [(tag, tuple(name for name, _ in attrs)) for tag, attrs in self.tags]


def page_of(report: Report) -> Page:
    return Page(as_html(report).decode())


HARMLESS = page_of(named_everywhere("plain"))


NAMES = st.text(min_size=1, max_size=40) | st.builds(str.__add__, st.sampled_from(NAUGHTY), st.text(max_size=5))


@settings(max_examples=12, deadline=None)
@given(NAMES)
@example("".join(NAUGHTY))
def test_no_name_changes_the_page(name: str) -> None:
    """Whatever it is, and wherever it stands, the page has the same tags, and the name as text."""
    page = page_of(named_everywhere(name))
    assert page.skeleton == HARMLESS.skeleton
    assert len(page.scripts) == len(HARMLESS.scripts)
    assert page.scripts[1:] == HARMLESS.scripts[1:]
    shown = "\n".join(map(safe_text, name.split("\n")))
    assert any(shown in text for text in page.texts) or not shown.strip()


def test_what_the_charts_are_made_of_ends_no_script() -> None:
    html = as_html(crowded(NAUGHTY)).decode()
    data = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    assert not {"<", ">", "&", "\u2028"} & set(data[1])
    assert data[1].isascii()
    document = json.loads(data[1])
    assert NAUGHTY[0] in json.dumps(document, ensure_ascii=False)


def test_no_label_is_taken_for_a_formula() -> None:
    html = as_html(crowded(["$$x$$", "\\[x\\]", "\\(x\\)"])).decode()
    data = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    found = labels_in(data)
    assert found
    assert not [label for label in found if re.search(r"\$\$.*\$\$|\\\[.*\\\]|\\\(.*\\\)", label)]


def labels_in(value: Any) -> list[str]:
    """Every text that Bokeh may take for a formula: titles of axes, and names of their ticks."""
    if isinstance(value, list):
        return [label for item in value for label in labels_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["axis_label"]] if isinstance(value.get("axis_label"), str) else []
    named = value.get("major_label_overrides")
    own += [text for _, text in named["entries"]] if isinstance(named, dict) and "entries" in named else []
    return own + [label for item in value.values() for label in labels_in(item)]


def test_the_same_inputs_are_the_same_bytes() -> None:
    assert as_html(report_of_plan()) == as_html(report_of_plan())
    assert as_markdown(report_of_plan()) == as_markdown(report_of_plan())


def test_a_crowded_report_is_small_enough_to_be_sent_and_says_what_it_leaves_out() -> None:
    html = as_html(crowded([f"variant {nth}" for nth in range(40)], points=60_000, trades=20_000)).decode()
    assert len(html) < MOST_BYTES
    for said in ("At most 5,000 points of 60,000 sessions are drawn", "19,500 earlier trades are not listed"):
        assert said in html
    assert "The newest 3,000 trades are drawn." in html


def test_it_needs_nothing_else_and_its_scripts_are_those_that_the_policy_names() -> None:
    page = page_of(report_of_plan())
    fetching = {"src", "href", "action", "data", "poster", "srcset"}
    for _, attrs in page.tags:
        assert all(value.startswith("#") for name, value in attrs if name in fetching and value is not None)
    policy = next(dict(attrs)["content"] for tag, attrs in page.tags if "http-equiv" in dict(attrs))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("'sha256-") == len(page.scripts) - 1  # the charts' data are none
    assert "unsafe-eval" not in policy


def test_every_chart_has_words_and_a_table() -> None:
    page = page_of(report_of_plan())
    charts = [dict(attrs) for _, attrs in page.tags if dict(attrs).get("role") == "img"]
    assert len(charts) == len(report_of_plan().charts())
    assert all(chart["aria-label"] for chart in charts)
    assert sum(1 for tag, _ in page.tags if tag == "details") == len(charts)
    ids = [value for _, attrs in page.tags for name, value in attrs if name == "id"]
    assert len(set(ids)) == len(ids)


def test_without_the_extra_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_bokeh(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "bokeh":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_bokeh)
    with pytest.raises(SystemFault, match="an HTML report needs bokeh") as error:
        as_html(report_of_plan())
    assert error.value.code == "EXTRA_MISSING"
    assert error.value.hint == "pip install 'papertape[report]', or name a .md file"
    assert as_markdown(report_of_plan()).startswith(b"# ")


def test_a_name_of_ordinary_letters_is_shown_as_it_is() -> None:
    name = string.ascii_letters + string.digits
    assert any(name in text for text in page_of(named_everywhere(name)).texts)
