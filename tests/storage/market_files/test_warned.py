"""What is warned of in files and frames: what their times say of a zone, and a last session that is today's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.market.bars import Dataset
from storage.frames import dataset_from_frame
from storage.market_files import check_file, load_dataset
from tests.storage.market_files.files import DAY, GOOD, JAN_2, body, load

LONDON = (
    "2024-03-27T00:00:00+00:00", "2024-03-28T00:00:00+00:00", "2024-03-29T00:00:00+00:00", "2024-04-01T00:00:00+01:00",
    "2024-04-02T00:00:00+01:00", "2024-04-03T00:00:00+01:00", "2024-04-04T00:00:00+01:00",
)  # fmt: skip
LONDON_WARNING = (
    "X: the times are local midnight by their offsets (+00:00, +01:00: {}), and the bar of 2024-04-01 counts as "
    "2024-03-31 in UTC (it is one of 4); use --session-tz Europe/London"
)
RISING = [f"{100 + step},{102 + step},{99 + step},{101 + step},10" for step in range(7)]


def rows(times: tuple[str, ...]) -> list[str]:
    return [f"{time},{figures}" for time, figures in zip(times, RISING, strict=False)]


def frame(index: pd.Index) -> pd.DataFrame:
    price = np.arange(100.0, 100 + len(index))
    return pd.DataFrame(
        {"open": price, "high": price + 2, "low": price - 1, "close": price + 1, "volume": 10.0}, index=index
    )


def london() -> pd.DatetimeIndex:
    return pd.DatetimeIndex([time[:10] for time in LONDON], tz="Europe/London", name="ts")


@pytest.mark.parametrize("newest_first", [False, True])
def test_offsets_of_midnights_in_csv(newest_first: bool, tmp_path: Path) -> None:
    lines = rows(LONDON)
    dataset = load(tmp_path, body(*(lines[::-1] if newest_first else lines)))
    assert dataset.warnings[-1] == LONDON_WARNING.format("Europe/London, for example")
    assert len(dataset.warnings) == 1 + newest_first
    assert load(tmp_path, body(*lines), session_tz="Europe/London").warnings == ()


def test_times_that_are_read_one_by_one_say_their_offsets_too(tmp_path: Path) -> None:
    lines = [f' "{time}" ,{figures}' for time, figures in zip(LONDON, RISING, strict=True)]
    spaced = [line.replace('"', "") for line in lines]
    assert load(tmp_path, body(*spaced)).warnings == (LONDON_WARNING.format("Europe/London, for example"),)


def test_a_cut_leaves_each_bar_its_own_offset(tmp_path: Path) -> None:
    cut = load(tmp_path, body(*rows(LONDON)), cut="2024-03-29", end="2024-04-02")
    assert len(cut.bars["X"]) == 4
    assert "the bar of 2024-04-01 counts as 2024-03-31 in UTC (it is one of 3)" in cut.warnings[0]


def test_of_several_symbols_the_one_with_the_offsets_is_named(tmp_path: Path) -> None:
    lines = [f"{time},{name},{RISING[0]}" for time in LONDON for name in ("UTC", "LON")]
    mixed = [line.replace("+01:00,UTC", "+00:00,UTC") for line in lines]
    dataset = load(tmp_path, body(*mixed, header="ts,symbol,open,high,low,close,volume"), symbol=None)
    assert [warning.split(":")[0] for warning in dataset.warnings] == ["LON"]


@pytest.mark.parametrize("kind", ["an index", "a column", "parquet"])
def test_a_zone_that_is_stored_with_the_times_is_named(kind: str, tmp_path: Path) -> None:
    made = frame(london())
    dataset: Dataset
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        made.to_parquet(tmp_path / "bars.parquet")
        dataset = load_dataset([("X", tmp_path / "bars.parquet")])
    else:
        dataset = dataset_from_frame(made if kind == "an index" else made.reset_index(), symbol="X")
    assert dataset.warnings == (LONDON_WARNING.format("Europe/London"),)
    assert dataset_from_frame(made, symbol="X", session_tz="Europe/London").warnings == ()


def test_texts_and_datetimes_of_a_frame_say_their_offsets(tmp_path: Path) -> None:
    expected = (LONDON_WARNING.format("Europe/London, for example"),)
    assert dataset_from_frame(frame(pd.Index(LONDON, name="ts")), symbol="X").warnings == expected
    objects = pd.Index([pd.Timestamp(time) for time in LONDON], dtype="object", name="ts")
    assert dataset_from_frame(frame(objects), symbol="X").warnings == expected


def test_new_yorks_midnights_are_of_their_own_day(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-02", periods=200, freq="B", tz="America/New_York", name="ts")
    assert dataset_from_frame(frame(index), symbol="X").warnings == ()
    western = dataset_from_frame(frame(index), symbol="X", session_tz="America/Los_Angeles")
    assert western.warnings[0].endswith("use --session-tz America/New_York")


def test_a_last_session_of_today_is_told_by_the_clock(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(GOOD)
    for now, warned in ((JAN_2 + 4 * DAY, True), (JAN_2 + 5 * DAY, False)):
        found = load_dataset([("X", tmp_path / "x.csv")], clock=lambda now=now: now).warnings
        expected = ("X: the session of the last bar, 2020-01-06, is today's (UTC): is the bar unfinished?",)
        assert found == (expected if warned else ())
        stamps = pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06"], name="ts")
        assert dataset_from_frame(frame(stamps), symbol="X", clock=lambda now=now: now).warnings == found


def test_a_report_has_the_usual_spacing(tmp_path: Path) -> None:
    """A second bar makes a symbol intraday, as it does for every strategy, and its spacing no other."""
    times = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-09T15:59:58Z")
    (tmp_path / "live.csv").write_text(body(*rows(times)))
    report = check_file(("X", tmp_path / "live.csv"))
    assert (report.timeframe, report.symbols[0].timeframe, report.symbols[0].intraday) == ("daily", "daily", True)
    assert len(report.warnings) == 1
    assert "X: the session 2024-01-09 has 2 bars (2024-01-09 00:00 and 2024-01-09 15:59:58 UTC)" in report.warnings[0]
