"""Writes the pages and tables that are made from the code: `python -m docs.reference.generate [--check]`.

With `--check` nothing is written: exit 1 names the pages that are stale. `tests/docs/test_reference.py` does the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from docs.reference.command_page import commands
from docs.reference.error_page import error_codes
from docs.reference.settings_page import settings
from docs.reference.tables import TABLES

HERE = Path(__file__).resolve().parent
UP_TO_HERE = "<!-- up to here -->"


def pages() -> dict[str, str]:
    """Every page that is made, by its name."""
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "commands.md": commands,
        "errors.md": error_codes,
        "settings.md": settings,
    }
    made = {name: "\n".join(make()).rstrip() + "\n" for name, make in makers.items()}
    return made | {name: _with_tables(name, rows) for name, rows in TABLES.items()}


def _with_tables(name: str, tables: Mapping[str, Callable[[], Iterator[str]]]) -> str:
    text = (HERE / name).read_text(encoding="utf-8")
    for title, rows in tables.items():
        begin = f"<!-- {title}: made by `python -m docs.reference.generate` -->\n"
        before, begins, rest = text.partition(begin)
        _, ends, after = rest.partition(UP_TO_HERE)
        if not begins or not ends:
            raise ValueError(f"docs/reference/{name} has no place for its table of {title}")
        text = before + begin + "\n".join(rows()) + UP_TO_HERE + after
    return text


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are stale."""
    stale = [name for name, text in pages().items() if not _is_fresh(HERE / name, text)]
    if "--check" in arguments:
        sys.stderr.writelines(f"docs/reference/{name} is stale: python -m docs.reference.generate\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(pages()[name], encoding="utf-8")
    return 0


def _is_fresh(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
