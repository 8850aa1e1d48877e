"""What a person prints in a notebook is one line."""

from __future__ import annotations

from pathlib import Path

import papertape
from storage.samples import sample_path


def test_a_dataset_and_its_bars_are_one_line() -> None:
    data = papertape.load_dataset([("GOOG", sample_path("GOOG"))])
    assert str(data).startswith(f"<Dataset: {data.bar_count:,} bars of 1 symbol ('GOOG'), 0 of history")
    assert str(data.bars["GOOG"]).startswith(f"<Bars of 'GOOG': {len(data.bars['GOOG']):,}, ")
    assert str(data.bars["GOOG"].slice(0, 0)) == "<Bars of 'GOOG': 0>"
    many = papertape.Dataset({f"S{number}": data.bars["GOOG"] for number in range(500)})
    for each in (data, data.bars["GOOG"], many):
        assert "\n" not in repr(each)
        assert len(repr(each)) < 200


def test_a_desk_is_one_line_that_says_where_it_is(tmp_path: Path) -> None:
    with papertape.open_desk(papertape.Settings(db=tmp_path / "paper.db", workspace="paper")) as desk:
        assert str(desk) == f"<Desk on {tmp_path / 'paper.db'}, workspace 'paper'>"
