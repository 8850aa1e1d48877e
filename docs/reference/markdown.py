"""Markdown that the generated pages share: a table, and the line that says they are generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MADE = "Made by `python -m docs.reference.generate` from the code. Do not edit."
BAR = "\\|"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table and the empty line below it."""
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        cells = (cell.replace("|", BAR) for cell in row)
        yield f"| {' | '.join(cells)} |".replace("  ", " ")
    yield ""
