"""Small files for these tests."""

from __future__ import annotations

from pathlib import Path

from engine.errors import DataError
from engine.market.bars import Bars, Dataset
from storage.market_files import load_dataset

HEADER = "ts,open,high,low,close,volume"
ROWS = (
    "2020-01-02T00:00:00+00:00,10.0,11.0,9.5,10.5,1000",
    "2020-01-03T00:00:00+00:00,10.5,12.25,10.25,12.0,2000",
    "2020-01-06T00:00:00+00:00,12.0,12.5,11.0,11.5,1500",
)
GOOD = "\n".join((HEADER, *ROWS)) + "\n"
DAY = 86_400_000_000
JAN_2 = 18_263 * DAY
"""2020-01-02 as UTC microseconds."""


def body(*rows: str, header: str = HEADER) -> str:
    """A header with these rows below it."""
    return "\n".join((header, *rows)) + "\n"


def load(
    path: Path, content: str | bytes, symbol: str | None = "X", name: str = "bars.csv", **options: object
) -> Dataset:
    """The dataset of a file with this content."""
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_dataset([(symbol, file)], **options)  # type: ignore[arg-type]


def bars_of(path: Path, content: str | bytes, **options: object) -> Bars:
    """The bars of a file of one symbol."""
    (bars,) = load(path, content, **options).bars.values()
    return bars


def faults_of(path: Path, content: str | bytes, **options: object) -> DataError:
    """The refusal of a file, its faults without the directory in front."""
    try:
        load(path, content, **options)
    except DataError as error:
        error.faults = tuple(fault.replace(f"{path}/", "") for fault in error.faults)
        return error
    raise AssertionError("the file was accepted")
