"""Bars for these tests, and what their import comes to."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from engine.errors import DataError
from storage.market_files.importing import Import, ImportOptions, import_files
from tests.storage.market_files.importing.writers import Bar

START = datetime(2020, 1, 2, 14, 30, tzinfo=UTC)
"""09:30 in New York."""


@st.composite
def bars(draw: st.DrawFn, *, daily: bool, whole: bool, cents: bool) -> list[Bar]:
    """Two bars or more, in order: minutes of one day, or days of which one is above the twelfth of its month."""
    count = draw(st.integers(2, 12))
    steps = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    unit = timedelta(days=1) if daily else timedelta(minutes=1)
    when = START.replace(day=13, hour=0, minute=0) if daily else START
    places = draw(st.integers(1, 4 if cents else 8))
    made = []
    for step in steps:
        made.append(Bar(when, *draw(figures(places, whole=whole))))
        when += step * unit
    return made


def some(*, daily: bool) -> list[Bar]:
    """Four bars in order, without chance."""
    unit = timedelta(days=1) if daily else timedelta(minutes=1)
    begin = START.replace(day=13, hour=0, minute=0) if daily else START
    shown = (("10.5", "12.25", "9.75", "11.0", "1500000"), ("11.0", "11.5", "10.25", "10.75", "2500"))
    return [Bar(begin + at * unit, *shown[at % 2]) for at in range(4)]


@st.composite
def figures(draw: st.DrawFn, places: int, *, whole: bool) -> list[str]:
    """Open, high, low, close and volume as decimals with so many places."""
    low, *others = sorted(draw(st.lists(st.integers(10**places, 10 ** (places + 4)), min_size=4, max_size=4)))
    high = others.pop()
    opening, close = draw(st.permutations(others))
    volume = str(draw(st.integers(1, 10**9))) if whole else _decimal(draw(st.integers(1, 10**12)), 4)
    return [*(_decimal(value, places) for value in (opening, high, low, close)), volume]


def _decimal(value: int, places: int) -> str:
    return format(Decimal(value).scaleb(-places), "f")


def imported(path: Path, *files: tuple[str, bytes | str], to: str = "out.csv", **options: Any) -> Import:
    """The import of files with these contents."""
    paths = []
    for name, content in files:
        file = path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(file)
    return import_files(paths, path / to, ImportOptions(**options))


def rows_of(result: Import) -> list[list[str]]:
    """The rows of a CSV that was made, without its header."""
    return list(csv.reader(io.StringIO(result.content.decode())))[1:]


def expected(made: Sequence[Bar], symbol: str = "") -> list[list[str]]:
    """The rows that these bars come to."""
    front = [symbol] if symbol else []
    return [[*front, bar.when.isoformat(), *bar.ohlcv] for bar in made]


def refusal(path: Path, content: bytes | str, name: str = "bars.csv", **options: Any) -> str:
    """The first fault of a file, without the directory, and what to do about it."""
    try:
        imported(path, (name, content), **options)
    except DataError as error:
        return f"{error.faults[0] if error.faults else error.message}; {error.hint}".replace(f"{path}/", "")
    raise AssertionError("the file was imported")
