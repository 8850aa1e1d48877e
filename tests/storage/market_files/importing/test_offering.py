"""What the dashboard offers where a person has chosen a file that papertape does not read as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NotFoundError
from storage.market_files.importing.offering import offer

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
