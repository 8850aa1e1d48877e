"""What a person says of the files: columns, times, zones, adjusting, resampling, dropping, joining."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import DataError, InvalidError, UsageError
from engine.vocabulary import Ambiguous, DropRows
from storage.market_files.importing import ImportOptions, read_columns
from tests.storage.market_files.importing.bars import START, bars, expected, imported, refusal, rows_of, some
from tests.storage.market_files.importing.writers import table

NAMED = "when;first price;top;bottom;final;qty\n2020-01-02;10;12;9;11;100\n2020-01-03;11;13;10;12;200\n"
NAMES = {"ts": "when", "open": "First Price", "high": "top", "low": "bottom", "close": "final", "volume": "qty"}
BARS = "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,10,12,9,11,5.5,100\n2020-01-03,11,13,10,12,6,200\n"
FALL = "Date,Time,Open,High,Low,Close,Volume\n" + "".join(
    f"2024-11-03,{hour}:00,100,110,99,{100 + at},10\n" for at, hour in enumerate(("00", "01", "01", "02"))
)
NEW_YORK = "America/New_York"
SEVERAL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def times_of(rows: list[list[str]]) -> list[str]:
    return [row[0].removesuffix(":00+00:00") for row in rows]


def test_columns_by_their_names(tmp_path: Path) -> None:
    result = imported(tmp_path, ("bars.csv", NAMED), columns=NAMES)
    assert rows_of(result)[1] == ["2020-01-03T00:00:00+00:00", "11", "13", "10", "12", "200"]
    assert result.files[0].columns["close"] == "final"


def test_columns_by_their_numbers_where_there_is_no_header(tmp_path: Path) -> None:
    swapped = "9,12,10,11,2020-01-02\n10,13,11,12,2020-01-03\n"
    numbers = {"low": "1", "high": "2", "open": "3", "close": "4", "ts": "5"}
    result = imported(tmp_path, ("bars.csv", swapped), columns=numbers)
    assert rows_of(result)[0] == ["2020-01-02T00:00:00+00:00", "10", "12", "9", "11", "0"]
    assert result.files[0].changed[0].what == "the file has no volume, 0 was written"


def test_one_column_may_be_named_where_the_others_are_known(tmp_path: Path) -> None:
    content = BARS.replace("Volume", "Volume,Shares").replace(",100\n", ",100,7\n").replace(",200\n", ",200,8\n")
    assert [row[-1] for row in rows_of(imported(tmp_path, ("a.csv", content)))] == ["100", "200"]
    assert [row[-1] for row in rows_of(imported(tmp_path, ("a.csv", content), columns={"volume": "Shares"}))] == [
        "7",
        "8",
    ]


@pytest.mark.parametrize("given", ["ts", "ts=", "when=Date", "ts=a"])
def test_a_column_that_cannot_be(given: str, tmp_path: Path) -> None:
    if given == "ts=a":
        assert "no row holds the columns 'a'" in refusal(tmp_path, BARS, columns=read_columns([given]))
    else:
        with pytest.raises(UsageError, match="--column"):
            read_columns([given])


AMBIGUOUS = BARS.replace("2020-01-02", "01/02/2020").replace("2020-01-03", "02/02/2020")


def test_days_and_months_that_may_be_either_are_asked_about(tmp_path: Path) -> None:
    asked = refusal(tmp_path, AMBIGUOUS)
    assert "the days may be day/month or month/day (01/02/2020" in asked
    assert "--time-format '%d/%m/%Y' or '%m/%d/%Y'" in asked
    for form, days in (("%d/%m/%Y", ["2020-02-01", "2020-02-02"]), ("%m/%d/%Y", ["2020-01-02", "2020-02-02"])):
        result = imported(tmp_path, ("a.csv", AMBIGUOUS), time_format=form)
        assert [row[0][:10] for row in rows_of(result)] == days


def test_one_day_above_twelve_shows_the_order_of_all(tmp_path: Path) -> None:
    shown = AMBIGUOUS.replace("02/02/2020", "13/02/2020")
    result = imported(tmp_path, ("a.csv", shown))
    assert [row[0][:10] for row in rows_of(result)] == ["2020-02-01", "2020-02-13"]
    assert result.files[0].times == "day.month.year"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%y %H:%M", "02.01.20 09:30"),
        ("%b %d, %Y %I:%M:%S %p", "Jan 02, 2020 09:30:00 AM"),
        ("%Y%m%d%H%M", "202001020930"),
        ("%d-%B-%Y %H:%M:%S.%f", "02-January-2020 09:30:00.000000"),
        ("%Y-%m-%dT%H:%M:%S%z", "2020-01-02T10:30:00+0100"),
        ("ns", "1577957400000000000"),
        ("s", "1577957400"),
    ],
)
def test_formats_of_times(form: str, text: str, tmp_path: Path) -> None:
    later = text.replace("30", "31", 1) if not form.endswith("s") else text.replace("7400", "7460")
    content = table([["ts", "open", "high", "low", "close", "volume"], *([each, *"21115"] for each in (text, later))])
    rows = rows_of(imported(tmp_path, ("a.csv", content.replace("2,1,1,1,5", "1,2,1,1,5")), time_format=form))
    assert rows[0][0] == "2020-01-02T09:30:00+00:00"


@pytest.mark.parametrize("form", ["%Q", "%H:%M", "hello", "%Y-%m-%d %Y"])
def test_a_format_that_cannot_be(form: str) -> None:
    with pytest.raises(UsageError, match="--time-format"):
        ImportOptions(time_format=form)


def test_a_zone_that_is_none() -> None:
    with pytest.raises(InvalidError, match="no time zone 'Moon'"):
        ImportOptions(zone="Moon")


def test_an_hour_that_comes_twice_is_told_and_then_read(tmp_path: Path) -> None:
    assert "if its times are those of a zone, say --timezone ZONE" in refusal(tmp_path, FALL)
    told = refusal(tmp_path, FALL, zone=NEW_YORK)
    assert "row 3, column 'Date': '2024-11-03T01:00' comes twice in America/New_York" in told
    assert "--ambiguous first, second or infer" in told
    result = imported(tmp_path, ("a.csv", FALL), zone=NEW_YORK, ambiguous=Ambiguous.INFER)
    assert times_of(rows_of(result)) == [f"2024-11-03T0{hour}:00" for hour in (4, 5, 6, 7)]
    assert "2 rows: hours that come twice in America/New_York" in str(result.files[0].changed[0])


def test_infer_turns_a_file_that_is_newest_first(tmp_path: Path) -> None:
    head, *rows = FALL.splitlines()
    turned = "\n".join([head, *reversed(rows)])
    result = imported(tmp_path, ("a.csv", turned), zone=NEW_YORK, ambiguous=Ambiguous.INFER)
    assert [row[4] for row in rows_of(result)] == ["100", "101", "102", "103"]
    assert result.files[0].order == "newest first, turned round"


def test_infer_decides_nothing_that_the_order_does_not_show(tmp_path: Path) -> None:
    once = "\n".join(line for at, line in enumerate(FALL.splitlines()) if at != 3)
    told = refusal(tmp_path, once, zone=NEW_YORK, ambiguous=Ambiguous.INFER)
    assert "the order of the rows does not show which it is" in told
    for said, hour in ((Ambiguous.FIRST, 5), (Ambiguous.SECOND, 6)):
        result = imported(tmp_path, ("a.csv", once), zone=NEW_YORK, ambiguous=said)
        assert times_of(rows_of(result))[1] == f"2024-11-03T0{hour}:00"


def test_an_hour_that_never_comes_is_told(tmp_path: Path) -> None:
    spring = "time,open,high,low,close\n2024-03-10 01:30,1,1,1,1\n2024-03-10 02:30,1,1,1,1\n"
    told = refusal(tmp_path, spring, zone=NEW_YORK)
    assert "row 3, column 'time': '2024-03-10 02:30' never comes in America/New_York" in told


@SEVERAL
@given(
    zone=st.sampled_from([NEW_YORK, "Europe/London", "Asia/Kolkata", "Australia/Sydney", "Asia/Tokyo"]),
    hours=st.lists(st.integers(0, 24 * 364), min_size=2, max_size=30, unique=True),
)
def test_local_times_come_back_in_utc(zone: str, hours: list[int], tmp_path: Path) -> None:
    made = [some(daily=False)[0]._replace(when=START + timedelta(hours=hour)) for hour in sorted(hours)]
    where = ZoneInfo(zone)
    rows = [[f"{bar.when.astimezone(where):%Y-%m-%d %H:%M}", *bar.ohlcv] for bar in made]
    content = table([["time", "open", "high", "low", "close", "volume"], *rows])
    gone_back = any(one.when.astimezone(where).fold or _is_shown_twice(one.when.astimezone(where)) for one in made)
    if gone_back:
        assert "comes twice" in refusal(tmp_path, content, zone=zone)
    else:
        assert rows_of(imported(tmp_path, ("a.csv", content), zone=zone)) == expected(made)


def _is_shown_twice(when: datetime) -> bool:
    return when.replace(fold=1).utcoffset() < when.replace(fold=0).utcoffset()  # type: ignore[operator]


def test_days_stay_days_in_every_zone(tmp_path: Path) -> None:
    result = imported(tmp_path, ("a.csv", BARS), zone="Asia/Tokyo")
    assert times_of(rows_of(result)) == ["2020-01-02T00:00", "2020-01-03T00:00"]
    assert "--timezone changes nothing" in result.files[0].zone


def test_adjusted_prices(tmp_path: Path) -> None:
    result = imported(tmp_path, ("a.csv", BARS), adjusted=True)
    assert [row[1:] for row in rows_of(result)] == [
        ["5.0", "6.0", "4.5", "5.5", "100"],
        ["5.5", "6.5", "5.0", "6.0", "200"],
    ]
    assert "adjusted" in result.computed[0].what
    assert "there is no adjusted close" in refusal(tmp_path, BARS.replace("Adj Close", "Other"), adjusted=True)


@SEVERAL
@given(data=st.data())
def test_adjusting_keeps_high_and_low_around_open_and_close(data: st.DataObject, tmp_path: Path) -> None:
    made = data.draw(bars(daily=True, whole=True, cents=False))
    factors = data.draw(st.lists(st.floats(0.001, 1), min_size=len(made), max_size=len(made)))
    rows = [
        [f"{bar.when:%Y-%m-%d}", *bar.prices, repr(float(bar.close) * factor), bar.volume]
        for bar, factor in zip(made, factors, strict=True)
    ]
    content = table([["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"], *rows])
    for row, raw in zip(rows_of(imported(tmp_path, ("a.csv", content), adjusted=True)), rows, strict=True):
        opening, high, low, close = map(float, row[1:5])
        assert close == float(raw[5])
        assert low <= min(opening, close) <= max(opening, close) <= high


def test_rounding_moves_no_high_below_the_adjusted_close(tmp_path: Path) -> None:
    close, adjusted = 185.61, 112.49
    assert close * adjusted / close < adjusted, "rounding would move the high"
    content = f"Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,1,{close},1,{close},{adjusted},1\n"
    content += "2020-01-03,1,1,1,1,1,1\n"
    row = rows_of(imported(tmp_path, ("a.csv", content), adjusted=True))[0]
    assert float(row[2]) == float(row[4]) == adjusted


@pytest.mark.parametrize(
    ("half", "hour"), [("12:30 AM", "00:30"), ("09:30 AM", "09:30"), ("12:30 PM", "12:30"), ("1:30 PM", "13:30")]
)
def test_halves_of_the_day(half: str, hour: str, tmp_path: Path) -> None:
    content = f"Date,Open,High,Low,Close\n01/13/2020 {half},1,1,1,1\n01/14/2020 {half},1,1,1,1\n"
    assert times_of(rows_of(imported(tmp_path, ("a.csv", content)))) == [f"2020-01-13T{hour}", f"2020-01-14T{hour}"]


def test_rows_without_prices_are_refused_until_they_may_be_dropped(tmp_path: Path) -> None:
    nulls = BARS + "2020-01-06,null,null,null,null,null,null\n2020-01-07,1,1,1,1,1,1\n"
    assert "row 4: has no prices; --drop null-rows" in refusal(tmp_path, nulls)
    result = imported(tmp_path, ("a.csv", nulls), drop=frozenset({DropRows.NULL_ROWS}))
    assert [str(each) for each in result.files[0].dropped] == ["1 row: no prices, by --drop null-rows (row 4)"]
    assert len(rows_of(result)) == 3


def test_a_price_alone_that_is_missing_is_a_fault_whatever_is_dropped(tmp_path: Path) -> None:
    torn = BARS + "2020-01-06,1,,1,1,1,1\n"
    told = refusal(tmp_path, torn, drop=frozenset({DropRows.NULL_ROWS}))
    assert told.startswith("bars.csv: row 4, column 'High': is empty")


def test_the_symbol_is_said_or_picked(tmp_path: Path) -> None:
    assert rows_of(imported(tmp_path, ("a.csv", BARS), symbol="AAPL"))[0][0] == "AAPL"
    two = "ticker,volume,open,close,high,low,window_start\n" + "".join(
        f"{ticker},5,1,1,1,1,{1_577_923_200 + at * 60}000000000\n" for at in range(2) for ticker in ("A", "AA")
    )
    assert [row[0] for row in rows_of(imported(tmp_path, ("a.csv", two)))] == ["A", "A", "AA", "AA"]
    picked = imported(tmp_path, ("a.csv", two), symbol="AA")
    assert [row[0] for row in rows_of(picked)] == ["AA", "AA"]
    assert [str(each) for each in picked.files[0].dropped] == ["2 rows: of other symbols, by --symbol"]
    with pytest.raises(DataError, match="none of the 2 symbols"):
        imported(tmp_path, ("a.csv", two), symbol="B")


def test_files_that_overlap_must_agree(tmp_path: Path) -> None:
    later = BARS.replace("2020-01-02,10,12,9,11,5.5,100", "2020-01-06,10,12,9,11,5.5,100")
    both = imported(tmp_path, ("b.csv", later), ("a.csv", BARS))
    assert times_of(rows_of(both)) == ["2020-01-02T00:00", "2020-01-03T00:00", "2020-01-06T00:00"]
    assert str(both.files[1].dropped[0]) == "1 row: in an earlier file too, and alike"
    with pytest.raises(DataError) as refused:
        imported(tmp_path, ("a.csv", BARS), ("b.csv", later.replace("2020-01-03,11,13", "2020-01-03,11,14")))
    assert refused.value.faults[0].endswith(
        f"the high of 2020-01-03T00:00:00+00:00 is 14.0, and 13.0 in row 3 of {tmp_path}/a.csv"
    )


def test_files_of_one_bar_each_are_joined(tmp_path: Path) -> None:
    head, one, other = BARS.splitlines()
    result = imported(tmp_path, ("a.csv", f"{head}\n{one}\n"), ("b.csv", f"{head}\n{other}\n"))
    assert result.bar_count == 2
    assert "has 1 bar; at least 2 are needed" in refusal(tmp_path, f"{head}\n{one}\n")


@SEVERAL
@given(data=st.data())
def test_a_file_cut_anywhere_comes_back_whole(data: st.DataObject, tmp_path: Path) -> None:
    made = data.draw(bars(daily=False, whole=False, cents=False))
    cut, overlap = data.draw(st.integers(1, len(made) - 1)), data.draw(st.integers(0, 3))
    head = ["time", "open", "high", "low", "close", "volume"]
    rows = [[f"{bar.when:%Y-%m-%d %H:%M}", *bar.ohlcv] for bar in made]
    first, second = table([head, *rows[: cut + overlap]]), table([head, *rows[cut:]])
    files = data.draw(st.permutations([("a.csv", first), ("b.csv", second)]))
    assert rows_of(imported(tmp_path, *files)) == expected(made)


def minutes(count: int, *, missing: frozenset[int] = frozenset(), begin: int = 0) -> str:
    rows = [
        [f"2020-01-02 {at // 60:02}:{at % 60:02}", str(100 + at), str(200 + at), str(50 - at / 100), str(101 + at), "2"]
        for at in range(begin, begin + count)
        if at not in missing
    ]
    return table([["time", "open", "high", "low", "close", "volume"], *rows])


def test_longer_bars_are_first_highest_lowest_last_and_sum(tmp_path: Path) -> None:
    result = imported(tmp_path, ("a.csv", minutes(150)), timeframe="1h")
    assert rows_of(result) == [
        ["2020-01-02T00:00:00+00:00", "100.0", "259.0", "49.41", "160.0", "120.0"],
        ["2020-01-02T01:00:00+00:00", "160.0", "319.0", "48.81", "220.0", "120.0"],
    ]
    assert [str(each) for each in result.computed] == [
        "150 bars: resampled to 2 of 1h",
        "1 bar: incomplete, of 1h, left out",
    ]


def test_a_bar_that_lacks_a_minute_and_one_that_begins_late_are_left_out(tmp_path: Path) -> None:
    content = minutes(350, missing=frozenset({130}), begin=10)
    result = imported(tmp_path, ("a.csv", content), timeframe="1h")
    assert times_of(rows_of(result)) == [f"2020-01-02T0{hour}:00" for hour in (1, 3, 4, 5)]


def test_thinly_traded_minutes_lack_nothing(tmp_path: Path) -> None:
    thin = frozenset(range(1, 300, 3))
    result = imported(tmp_path, ("a.csv", minutes(300, missing=thin)), timeframe="1h")
    assert len(rows_of(result)) == 5


@SEVERAL
@given(count=st.integers(30, 300), spacing=st.sampled_from([2, 5, 15]))
def test_resampling_agrees_with_a_plain_loop(count: int, spacing: int, tmp_path: Path) -> None:
    result = rows_of(imported(tmp_path, ("a.csv", minutes(count)), timeframe=f"{spacing}m"))
    assert len(result) == count // spacing
    for at, row in enumerate(result):
        group = range(at * spacing, (at + 1) * spacing)
        assert [float(cell) for cell in row[1:]] == [
            100 + group[0], 200 + group[-1], 50 - group[-1] / 100, 101 + group[-1], 2 * spacing
        ]  # fmt: skip
    assert not np.isnan([float(row[1]) for row in result]).any()


@pytest.mark.parametrize(("timeframe", "what"), [("1x", "is no spacing"), ("0m", "is no spacing")])
def test_a_timeframe_that_is_none(timeframe: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        ImportOptions(timeframe=timeframe)


def test_a_timeframe_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the bars are 1d apart, so none of 1h"):
        imported(tmp_path, ("a.csv", BARS), timeframe="1h")


def test_the_file_to_be_written_is_none_of_the_files_and_has_a_known_ending(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is one of the files"):
        imported(tmp_path, ("a.csv", BARS), to="a.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="is one of the files"):
        imported(tmp_path, ("a.csv", BARS), to="link.csv")
    with pytest.raises(UsageError, match="ends in none of"):
        imported(tmp_path, ("a.csv", BARS), to="a.txt")
