"""What the dashboard offers where a person has chosen a file that papertape does not read as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NotFoundError
from storage.market_files.importing.offering import offer
from tests.storage.market_files.files import faults_of

KLINE = "1637971200000,28.53,28.54,28.51,28.54,36304,1637971259999,103,79,195,55,0\n"
READ = "ts,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n"


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (KLINE, "a Binance kline file"),
        (READ, None),
        (READ.replace("1,1,1", "1,none,1"), None),
        ("Dear reader,\n", None),
        ("", None),
    ],
)
def test_an_import_is_offered_only_where_it_helps(content: str, called: str | None, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(content, encoding="utf-8")
    found = offer(path)
    assert (None if found is None else found.called) == called


def test_it_writes_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(KLINE, encoding="utf-8")
    names = []
    for _ in range(3):
        found = offer(path)
        assert found is not None
        names.append(found.out.name)
        found.out.touch()
    assert names == ["bars.bars.csv", "bars.bars-2.csv", "bars.bars-3.csv"]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        offer(tmp_path / "gone.csv")


ROWS = {
    "days of America": (("01/13/2020,1,1,1,1,1", "01/14/2020,1,1,1,1,1"), ""),
    "days that may be either": (("01/02/2020,1,1,1,1,1", "02/02/2020,1,1,1,1,1"), " --time-format '%d/%m/%Y'"),
    "thousands": (('2020-01-02,"1,000",1000,1000,1000,1', "2020-01-03,1,1,1,1,1"), ""),
    "rows without prices": (("2020-01-02,1,1,1,1,1", "2020-01-03,,,,,", "2020-01-06,1,1,1,1,1"), " --drop null-rows"),
    "an hour that comes twice": (
        ("2020-11-01 01:00,1,1,1,1,1", "2020-11-01 01:00,1,1,1,1,1"), " --timezone ZONE --ambiguous infer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_an_import_would_read_are_refused_with_its_command(name: str, tmp_path: Path) -> None:
    rows, flags = ROWS[name]
    error = faults_of(tmp_path, "\n".join(("date,open,high,low,close,volume", *rows)) + "\n")
    command = f"`papertape data import {tmp_path}/bars.csv --to {tmp_path}/bars.bars.csv{flags}`"
    assert error.hint == f"correct the file or make one that is read: {command}"


@pytest.mark.parametrize("row", ["soon,1,1,1,1,1", "2020-01-02,2,1,1,1,1", "2020-01-02,1,1,1,none at all,1"])
def test_rows_that_an_import_would_refuse_too_are_refused_without_it(row: str, tmp_path: Path) -> None:
    content = f"date,open,high,low,close,volume\n{row}\n2020-01-03,1,1,1,1,1\n"
    assert faults_of(tmp_path, content).hint == "correct the file"
    far = "date,open,high,low,close,volume\n" + "".join(f"{946684800 + at * 60},1,1,1,1,1\n" for at in range(5000))
    assert faults_of(tmp_path, f"{far}{row}\n").hint == "correct the file"
