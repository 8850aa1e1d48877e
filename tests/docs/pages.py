"""Pages of the docs as tests read them: tables, code blocks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_CODE = re.compile(r"`([^`]+)`")
_CELLS = re.compile(r"(?<!\\)\|")


def text_of(page: str) -> str:
    """A page by its path below docs/."""
    return (DOCS / page).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading (given with its #s), up to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    after = f"\n{text}".partition(f"\n{heading}\n")[2]
    assert after, f"no heading {heading!r}"
    return re.split(rf"(?m)^#{{1,{level}}} ", after)[0]


def tables(text: str) -> Iterator[list[list[str]]]:
    """Every table, as rows of cells, the header first."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in _CELLS.split(line)[1:-1]])
        elif rows:
            assert all(set(cell) <= set("-: ") for cell in rows[1]), rows[1]
            yield [rows[0], *rows[2:]]
            rows = []


def table_under(text: str, heading: str, which: int = 0) -> list[list[str]]:
    """The rows below the header of a table under a heading."""
    return list(tables(section(text, heading)))[which][1:]


def codes(cell: str) -> list[str]:
    """What stands in `backticks`."""
    return _CODE.findall(cell)


def first_codes(rows: list[list[str]]) -> list[str]:
    """What the first column names, row by row."""
    return [code for row in rows for code in codes(row[0])]


def code_blocks(text: str, kind: str) -> Iterator[str]:
    """Every fenced block of a kind."""
    yield from re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", text)
