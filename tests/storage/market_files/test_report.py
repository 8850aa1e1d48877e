"""`data check` and the timeframe that data suggest."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DataError
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from storage.market_files import check_file, infer_timeframe
from storage.samples import SAMPLES, sample_path
from tests.storage.market_files.files import DAY, GOOD, JAN_2, body, load


@pytest.mark.parametrize(
    ("name", "symbol"), [("AAPL_daily.csv", "AAPL"), ("brk.b.csv", "BRK"), ("goog", "GOOG"), ("^gspc_d.txt", "^GSPC")]
)
def test_a_checked_file_is_named_by_its_stem(name: str, symbol: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(GOOD)
    report = check_file((None, tmp_path / name))
    assert [one.symbol for one in report.symbols] == [symbol]


def test_a_name_that_suggests_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_daily.csv").write_text(GOOD)
    with pytest.raises(DataError) as refused:
        check_file((None, tmp_path / "_daily.csv"))
    assert "name the one symbol that the file holds" in refused.value.faults[0]


def test_a_report_says_what_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(GOOD)
    report = check_file(("X", tmp_path / "x.csv"))
    (one,) = report.symbols
    assert (report.timeframe, report.bar_count, report.session_tz, report.warnings) == ("daily", 3, "UTC", ())
    assert (one.bars, one.sessions, one.first_ts, one.last_ts) == (3, 3, JAN_2, JAN_2 + 4 * DAY)
    assert (one.timeframe, one.intraday) == ("daily", False)
    assert len(report.sha256) == 64


@pytest.mark.parametrize(
    ("times", "timeframe"),
    [
        (["2020-01-02", "2020-01-03"], "daily"),
        (["2020-01-02", "2020-02-03"], "daily"),
        (["2020-01-02T09:30", "2020-01-02T09:31", "2020-01-03T09:30"], "1m"),
        (["2020-01-02T09:30", "2020-01-02T09:35", "2020-01-02T09:40", "2020-01-02T09:41"], "5m"),
        (["2020-01-02T09:30", "2020-01-02T11:00"], "90m"),
        (["2020-01-02T09:00", "2020-01-02T10:00"], "1h"),
        (["2020-01-02T00:00", "2020-01-02T04:00", "2020-01-02T08:00", "2020-01-02T09:00"], "4h"),
        (["2020-01-02T09:30:00", "2020-01-02T09:30:30"], "30s"),
        (["2020-01-02T09:30:00", "2020-01-02T09:30:00.1"], "1s"),
        (["2020-01-02T09:30", "2020-01-02T09:31", "2020-01-02T09:36"], "1m"),
    ],
)
def test_the_timeframe_is_the_most_common_spacing_inside_sessions(
    times: list[str], timeframe: str, tmp_path: Path
) -> None:
    assert infer_timeframe(load(tmp_path, body(*(f"{time},1,1,1,1,1" for time in times)))) == timeframe


def test_the_timeframe_counts_the_bars_of_all_symbols() -> None:
    minutes, daily = synthetic_minutes(400, 1, "A"), synthetic_daily(2000, 1, "B")
    assert infer_timeframe(Dataset({"A": minutes, "B": daily})) == "1m"
    assert infer_timeframe(Dataset({"B": daily})) == "daily"


@pytest.mark.parametrize(("name", "bars"), [("AAPL", 3270), ("GOOG", 2148), ("IBM", 3270)])
def test_the_samples_are_sound(name: str, bars: int) -> None:
    assert name in SAMPLES
    report = check_file((None, sample_path(name)))
    assert [(one.symbol, one.bars) for one in report.symbols] == [(name, bars)]


def test_the_splits_of_the_bundled_aapl_are_warned_of() -> None:
    warnings = check_file((None, sample_path("AAPL"))).warnings
    for day in ("2000-06-21", "2005-02-28"):
        assert any(
            f"AAPL: {day} opens at" in one and one.endswith("looks like an unadjusted split") for one in warnings
        )
