"""A report as Markdown: a chart is its figures as a table. Any text shows as it is, whatever signs it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tui.report.content import Block, Chart, Commands, Facts, KeyFigures, Months, Report, TableBlock, Text
from tui.report.html import MONTHS, papertape_version
from tui.shared import figures
from tui.shared.text import safe_text

MOST_ROWS = 60
"""Rows of a table that are written down."""
_SIGNS = re.compile(r"[\\`*\[\]|<>&~$@]|(?<![^\W_])_|_(?![^\W_])")
_AT_FRONT = re.compile(r"^(\s*)(?=[-+=#])|^(\s*\d+)(?=[.)])")
_FENCE = re.compile(r"`{3,}")
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp|www)(?=[:.])")


def as_markdown(report: Report) -> bytes:
    """The report as a document of GitHub's Markdown."""
    return "\n".join(_lines(report)).encode() + b"\n"


def escaped(text: str) -> str:
    """A text that Markdown shows as it stands: no markup, no link, no HTML, on one line."""
    return _LINK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", safe_text(text)))


def _at_front(text: str) -> str:
    """A text at the beginning of a line, where it could be a heading, a list or a rule."""
    return _AT_FRONT.sub(lambda found: f"{found[0]}\\", escaped(text))


def _lines(report: Report) -> Iterator[str]:
    yield f"# {_at_front(report.verdict)}"
    yield ""
    yield f"{escaped(report.kind)}: {escaped(report.title)}"
    for sentence in report.because:
        yield ""
        yield _at_front(sentence)
    verdict = [("verdict", report.label)] if report.label else []
    yield from _pairs([*verdict, *((fact.name, fact.value) for fact in report.about)])
    for block in report.lead:
        yield from _shown(block)
    for section in report.sections:
        yield ""
        yield f"## {_at_front(section.title)}"
        for block in section.blocks:
            yield from _shown(block)
    yield ""
    yield f"Made by papertape {escaped(papertape_version())}."


def _shown(block: Block) -> Iterator[str]:
    yield from _WRITERS[type(block)](block)


def _text(block: Text) -> Iterator[str]:
    yield ""
    yield _at_front(block.text)


def _pairs(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield ""
    for name, value in pairs:
        yield f"- {_at_front(name)}: {escaped(value)}"


def _facts(block: Facts) -> Iterator[str]:
    yield from _pairs(
        [(fact.name, f"{fact.value} ({fact.meaning})" if fact.meaning else fact.value) for fact in block.facts]
    )


def _key_figures(block: KeyFigures) -> Iterator[str]:
    found = [
        (figure.name, ", ".join([figure.value, *(f"{fact.name} {fact.value}" for fact in figure.beside)]))
        for figure in block.figures
    ]
    yield ""
    yield "**Key figures**"
    yield from _pairs(found)


def _table(block: TableBlock) -> Iterator[str]:
    columns = block.table.columns()
    count = len(columns[0][1])
    yield ""
    yield f"**{escaped(block.caption)}**"
    yield ""
    yield _row([escaped(title) for title, _, _ in columns])
    yield _row(["---:" if is_number else "---" for _, _, is_number in columns])
    for place in range(min(count, MOST_ROWS)):
        cells = [escaped(cells[place]) for _, cells, _ in columns]
        yield _row([f"**{cell}**" if cell and place in block.marked else cell for cell in cells])
    left = count - MOST_ROWS
    notes = [block.note, f"{figures.whole(left)} more rows are not shown here." if left > 0 else ""]
    for note in filter(None, notes):
        yield ""
        yield _at_front(note)


def _months(block: Months) -> Iterator[str]:
    yield ""
    yield f"**{escaped(block.caption)}**"
    yield ""
    yield _row(["year", *MONTHS, "year"])
    yield _row(["---", *["---:"] * (len(MONTHS) + 1)])
    for year in block.years:
        yield _row([str(year.year), *(_percent(gain) for gain in (*year.months, year.whole))])


def _percent(gain: float | None) -> str:
    return "" if gain is None else figures.signed(gain, 1)


def _commands(block: Commands) -> Iterator[str]:
    """In a fence that is longer than any in the commands."""
    lines = [safe_text(line) for text in block.lines for line in text.split("\n")]
    longest = max((len(found) for line in lines for found in _FENCE.findall(line)), default=2)
    fence = "`" * max(3, longest + 1)
    yield from ("", f"{fence}sh", *lines, fence)


def _chart(block: Chart) -> Iterator[str]:
    yield from _table(block.table)
    yield ""
    yield _at_front(block.alternative)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_WRITERS: dict[type[Any], Callable[[Any], Iterator[str]]] = {
    Text: _text,
    Facts: _facts,
    KeyFigures: _key_figures,
    TableBlock: _table,
    Months: _months,
    Commands: _commands,
    Chart: _chart,
}
