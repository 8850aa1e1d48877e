"""A report as Markdown: names show as they are, whatever signs they hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tui.report.making import NAUGHTY, named_everywhere, report_of_plan
from tui.report.markdown import as_markdown, escaped
from tui.shared.text import safe_text

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>&~$@:=])")
_BARE = re.compile(r"(?<!\\)(?:\\\\)*[`*\[\]|<>&~$@]")


@given(st.text(max_size=80))
@example("".join(NAUGHTY))
def test_an_escaped_text_has_no_sign_of_its_own_and_reads_as_it_is(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown
    assert _BARE.search(shown) is None
    assert _ESCAPED.sub(r"\1", shown) == safe_text(text)


@given(st.text(min_size=1, max_size=40))
@example("".join(NAUGHTY))
@example("```\nevil\n````")
@example("# x")
@example("1. x")
@example("---")
@example("=====")
def test_no_name_changes_the_lines(name: str) -> None:
    """The document has as many headings, lists, rules, tables and fences as with a plain name."""
    assert kinds_of(as_markdown(named_everywhere(name)).decode(), name) == kinds_of(
        as_markdown(named_everywhere("plain")).decode(), "plain"
    )


def kinds_of(document: str, name: str) -> list[str]:
    """Of each line what makes it what it is, but for the lines of a command, which a name may break into several."""
    kinds, fence = [], ""
    for line in document.split("\n"):
        if fence:
            if line == fence:
                kinds.append("fence")
                fence = ""
            continue
        opened = re.match(r"`{3,}", line)
        fence = opened[0] if opened else ""
        begins = re.match(r"#+ |- |\*\*|\||`{3,}(?=sh)|-{3}|={3}|\d+[.)] ", line)
        kinds.append("fence" if opened else begins[0] if begins else "text" if line else "")
    return kinds


def test_a_link_is_no_link() -> None:
    assert escaped("see https://evil.example and www.evil.example") == (
        "see https\\://evil.example and www\\.evil.example"
    )
    assert escaped("ann@example.org") == "ann\\@example.org"


@pytest.mark.parametrize("name", ["sma_cross", "entry.fast_period", "+1.79 %", "fast_period=2, slow_period=50"])
def test_what_needs_no_sign_gets_none(name: str) -> None:
    assert escaped(name) == name


def test_every_chart_is_a_table() -> None:
    document = as_markdown(report_of_plan()).decode()
    for chart in report_of_plan().charts():
        assert f"**{escaped(chart.table.caption)}**" in document
    assert "```sh\npapertape plan run " in document
