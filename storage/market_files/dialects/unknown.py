"""Words for a text whose dialect is not known: what it is, and what a person can say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.symbols import quoted
from storage.market_files.dialects.base import FIELDS, Head, is_number, key_of
from storage.market_files.dialects.heads import first_lines, head_of
from storage.market_files.dialects.names import USUAL, Places, places_of
from storage.market_files.dialects.table import SEPARATORS
from storage.market_files.looks import Sheet, no_table

_NEEDED = ("ts", "open", "high", "low", "close")
_SHOWN = 12


def describe(content: bytes, name: str, named: Mapping[str, str]) -> tuple[str, str]:
    """What is wrong with a text that is of no known dialect, and what to do."""
    if (no := no_table(Sheet.of(content[: 1 << 16], name))) is not None:
        return no.text, "export it as CSV"
    lines = first_lines(content)
    heads = [head_of(lines, separator, name) for separator in SEPARATORS]
    head = max(heads, key=_width)
    if named and (missing := _missing_names(head, named)):
        return (
            f"no row holds the columns {', '.join(map(quoted, missing))}",
            f"name columns of the file: {_listed(max(head.rows, key=len))}",
        )
    at, places = _likeliest(head)
    if at < 0 or not places:
        data = next((row for row in head.rows if sum(map(is_number, row)) >= 4), None)
        names = next((row for row in head.rows if data is not None and len(row) == len(data) and row is not data), None)
        if names is not None and sum(map(is_number, names)) <= 1:
            return f"the columns are not known by their names: {_listed(names)}", _say(_NEEDED)
        if data is not None:
            shown = ", ".join(f"{place} is {quoted(cell)}" for place, cell in enumerate(data[:_SHOWN], 1))
            hint = "say which column is which by its number: --column ts=1 --column open=2 …"
            return f"there is no header, and the order of the columns is not known ({shown})", hint
        return "no table of bars was found in it", "papertape imports CSV and the like, Parquet and Feather"
    lacking = [field for field in _NEEDED if field not in places and not (field == "ts" and "date" in places)]
    doubled = [field for field in lacking if _is_doubled(head.row(at), field)]
    what = "are there twice" if doubled else "are not told by any name"
    lacks = ", ".join(doubled or lacking)
    return f"the columns for {lacks} {what} in row {at + 1}: {_listed(head.row(at))}", _say(doubled or lacking)


def _say(fields: Sequence[str]) -> str:
    return "say which is which with " + " ".join(f"--column {field}=NAME" for field in fields)


def _width(head: Head) -> int:
    widths = [len(row) for row in head.rows if row]
    return sorted(widths)[len(widths) // 2] if widths else 0


def _likeliest(head: Head) -> tuple[int, Places]:
    """The row that holds the most names of columns, and what they are."""
    best: tuple[int, Places] = (-1, {})
    for at, row in enumerate(head.rows):
        places = places_of(row, head.row(at + 1))
        if len(row) > 1 and len(places) > len(best[1]):
            best = at, places
    return best if len(best[1]) > 1 else (-1, {})


def _is_doubled(names: Sequence[str], field: str) -> bool:
    keys = [key_of(name) for name in names]
    return any(keys.count(name) > 1 for name in USUAL.get(field, ()))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def _missing_names(head: Head, named: Mapping[str, str]) -> list[str]:
    cells = {cell.lower() for row in head.rows for cell in row}
    numbers = [name for name in named.values() if name.isdecimal()]
    if numbers and len(numbers) == len(named):
        return []
    return [name for field, name in named.items() if field in FIELDS and name.lower() not in cells]
