"""HTML for notebooks: small tables of escaped text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(caption: str, rows: Iterable[Sequence[object]], heading: Sequence[str] = ()) -> str:
    """A table; every text of it is escaped, and None is a dash."""
    head = f"<thead>{_row(heading, 'th')}</thead>" if heading else ""
    body = "".join(_row(row, "td") for row in rows)
    return f"<table><caption>{escape(caption)}</caption>{head}<tbody>{body}</tbody></table>"


def _row(cells: Sequence[object], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(_text(cell))}</{tag}>' for cell in cells)}</tr>"


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.4f}" if isinstance(cell, float) else str(cell)
