"""Datasets of one and of several files: which symbols, which bars, which hash, and who may stop it."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import DataError, InvalidError, NotFoundError, SystemFault, UsageError
from engine.market.bars import Bars
from storage.market_files import load_dataset, parse_source
from tests.storage.market_files.files import DAY, GOOD, HEADER, JAN_2, ROWS, body, faults_of, load

MULTI = "ts,symbol,open,high,low,close,volume\n" + "".join(
    f"2020-01-0{day},{name},{day},{day},{day},{day},1\n" for day in (2, 3, 6) for name in ("AAPL", "IBM", "GOOG")
)


def put(path: Path, name: str, content: str | bytes = GOOD) -> Path:
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


# which symbol


def test_a_source_names_the_symbol_of_its_file(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, symbol="AAPL", symbols=["AAPL"]).symbols == ("AAPL",)


def test_the_only_symbol_of_the_spec_names_a_file(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, symbol=None, symbols=["IBM"]).symbols == ("IBM",)


@pytest.mark.parametrize("symbols", [None, [], ["AAPL", "IBM"]])
def test_a_file_without_a_name_is_refused_saying_how_to_name_it(symbols: list[str] | None, tmp_path: Path) -> None:
    error = faults_of(tmp_path, GOOD, symbol=None, symbols=symbols)
    assert error.faults == (
        "bars.csv: row 1: has no symbol column; add it, or name the one symbol that the file holds",
    )


def test_the_symbols_of_the_spec_are_kept_and_the_whole_file_is_validated(tmp_path: Path) -> None:
    dataset = load(tmp_path, MULTI, symbol=None, symbols=["IBM", "AAPL"])
    assert dataset.symbols == ("AAPL", "IBM")
    assert dataset.bar_count == 6
    error = faults_of(tmp_path, MULTI.replace("06,GOOG,6", "06,GOOG,x"), symbol=None, symbols=["IBM", "AAPL"])
    assert error.faults[0].startswith("bars.csv: row 10, column 'open'")


def test_symbols_of_the_spec_that_are_not_there_are_refused(tmp_path: Path) -> None:
    error = faults_of(tmp_path, MULTI, symbol=None, symbols=["MSFT", "AAPL", "aapl"])
    assert error.fault_count == 2
    assert error.faults[0] == "bars.csv: the spec's symbol 'MSFT' is not in the data"


def test_a_named_source_with_a_symbol_column_must_hold_that_symbol_alone(tmp_path: Path) -> None:
    error = faults_of(tmp_path, MULTI, symbol="AAPL")
    assert error.fault_count == 1
    assert error.faults[0].startswith("bars.csv: row 3, column 'symbol': 'IBM' is not the 'AAPL' that was named;")
    alone = "\n".join(line for line in MULTI.splitlines() if "IBM" not in line and "GOOG" not in line)
    assert load(tmp_path, alone, symbol="AAPL").symbols == ("AAPL",)


# several files


def test_several_files_are_one_dataset(tmp_path: Path) -> None:
    files = [put(tmp_path, "b.csv"), put(tmp_path, "a.csv.gz", gzip.compress(GOOD.encode()))]
    dataset = load_dataset([("B", files[0]), ("A", files[1])])
    assert dataset.symbols == ("B", "A")
    assert dataset.sources == tuple(map(str, files))
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert dataset.sha256 == hashlib.sha256("".join(digests).encode()).hexdigest()


def test_the_hash_of_one_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD.encode())
    assert load(tmp_path, packed).sha256 == hashlib.sha256(packed).hexdigest()
    assert load(tmp_path, GOOD).sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_a_symbol_in_two_files_is_a_fault_of_the_second(tmp_path: Path) -> None:
    files = [put(tmp_path, "a.csv"), put(tmp_path, "b.csv", MULTI)]
    with pytest.raises(DataError) as refused:
        load_dataset([("IBM", files[0]), (None, files[1])])
    assert refused.value.faults == (f"{files[1]}: row 3: 'IBM' is already in {files[0]}; a symbol comes from one file",)


def test_faults_of_several_files_come_in_their_order(tmp_path: Path) -> None:
    bad = body(*(f"2020-01-{day:02},x,1,1,1,1" for day in range(1, 16)))
    files = [put(tmp_path, "b.csv", bad), put(tmp_path, "good.csv"), put(tmp_path, "a.csv", bad)]
    with pytest.raises(DataError) as refused:
        load_dataset([("B", files[0]), ("G", files[1]), ("A", files[2])])
    assert refused.value.fault_count == 30
    assert [fault.split(":")[0] for fault in refused.value.faults] == [str(files[0])] * 15 + [str(files[2])] * 5
    assert "good.csv" not in refused.value.message
    assert "30 faults" in refused.value.message


# which bars


def days_of(bars: Bars) -> list[int]:
    """Days of January."""
    return [(ts - JAN_2) // DAY + 2 for ts in bars.ts.tolist()]


@pytest.mark.parametrize(
    ("first", "end", "days"),
    [
        (None, None, [2, 3, 6]),
        ("2020-01-03", None, [3, 6]),
        (None, "2020-01-03", [2, 3]),
        (None, "20200105", [2, 3]),
        ("2020-01-01", "2020-12-31", [2, 3, 6]),
        ("2020-01-03T00:00:00", None, [3, 6]),
        (None, "2020-01-03T00:00:00+00:00", [2, 3]),
        ("1578009600", None, [3, 6]),
    ],
)
def test_from_cut_and_to_are_inclusive(first: str | None, end: str | None, days: list[int], tmp_path: Path) -> None:
    cut = load(tmp_path, GOOD, cut=first, end=end)
    assert days_of(cut.bars["X"]) == days_of(cut.traded("X")) == days
    window = load(tmp_path, GOOD, start=first, end=end)
    assert days_of(window.traded("X")) == days
    assert days_of(window.bars["X"]) == [day for day in (2, 3, 6) if day <= days[-1]]
    assert window.history_bars == len(window.bars["X"]) - len(days)


def test_a_window_may_have_a_single_bar_and_its_history_can_be_cut(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD, start="2020-01-06")
    assert (days_of(one.history("X")), days_of(one.traded("X"))) == ([2, 3], [6])
    cut = load(tmp_path, GOOD, cut="2020-01-03", start="2020-01-06")
    assert (days_of(cut.history("X")), days_of(cut.traded("X"))) == ([3], [6])


def test_a_start_before_the_bars_makes_no_window(tmp_path: Path) -> None:
    for start in ("2020-01-02", "2019-01-01"):
        assert load(tmp_path, GOOD, start=start).first_rows == {}


HOURS = ("2020-07-01T14:00", "2020-07-01T20:00", "2020-07-02T03:59", "2020-07-02T04:00")


@pytest.mark.parametrize(("end", "count"), [("2020-07-01", 3), ("2020-07-01T20:00:00", 2), ("2020-07-02", 4)])
def test_a_date_is_a_session_in_its_zone(end: str, count: int, tmp_path: Path) -> None:
    rows = [f"{hour},1,1,1,1,1" for hour in HOURS]
    assert load(tmp_path, body(*rows), session_tz="America/New_York", end=end).bar_count == count


@pytest.mark.parametrize(("start", "history"), [("2020-07-01", 0), ("2020-07-02", 3), ("2020-07-02T03:59:00", 2)])
def test_a_window_begins_with_a_session_in_its_zone(start: str, history: int, tmp_path: Path) -> None:
    rows = [f"{hour},1,1,1,1,1" for hour in HOURS]
    window = load(tmp_path, body(*rows), session_tz="America/New_York", start=start)
    assert (window.history_bars, window.bar_count) == (history, 4 - history)


def test_warnings_are_of_the_history_too(tmp_path: Path) -> None:
    rows = ["2020-01-02,10,10,10,10,1", "2020-01-03,20,20,20,20,1", "2020-01-06,20,20,20,20,1"]
    split = "X: 2020-01-03 opens at 20.0, +100.0 % from 10.0, the last close of 2020-01-02: "
    (warning,) = load(tmp_path, body(*rows), start="2020-01-06").warnings
    assert warning.startswith(split)
    assert load(tmp_path, body(*rows), cut="2020-01-03", start="2020-01-06").warnings == ()


def test_the_cut_comes_after_the_validation(tmp_path: Path) -> None:
    error = faults_of(tmp_path, body(ROWS[0].replace("10.0", "x"), *ROWS), cut="2020-01-03")
    assert "row 2, column 'open'" in error.faults[0]


def test_a_cut_that_leaves_fewer_than_two_bars_is_refused(tmp_path: Path) -> None:
    error = faults_of(tmp_path, GOOD, cut="2020-01-06", end="2020-02-01")
    assert error.faults == (
        "'X' has 1 of its 3 bars within --cut 2020-01-06 --to 2020-02-01; at least 2 are needed",
    )  # fmt: skip
    assert "0 of its 3 bars" in faults_of(tmp_path, GOOD, cut="2021-01-06").faults[0]
    error = faults_of(tmp_path, GOOD, start="2020-01-02", end="2020-01-02")
    assert error.faults == ("'X' has 1 of its 3 bars within --to 2020-01-02; at least 2 are needed",)


def test_a_window_without_bars_of_a_symbol_is_refused(tmp_path: Path) -> None:
    early = MULTI.replace("2020-01-06,IBM,6,6,6,6,1\n", "")
    error = faults_of(tmp_path, early, symbol=None, symbols=["AAPL", "IBM"], start="2020-01-05", end="2020-02-01")
    assert error.message == "there is nothing to trade within --from 2020-01-05 --to 2020-02-01"
    assert error.faults == ("'IBM' has no bar in the window: its 2 bars end at 2020-01-03T00:00:00+00:00",)
    assert error.hint == "begin earlier, or give data that go on"
    assert load(tmp_path, early, symbol=None, symbols=["AAPL", "GOOG"], start="2020-01-05").bar_count == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"start": "soon"},
            "--from: 'soon' cannot be read as a time; write 2020-01-31 or 2020-01-31T09:30:00+00:00",
        ),
        ({"end": "2020-02-30"}, "--to: '2020-02-30' is not a day of the calendar"),
        ({"cut": "2020-02-30"}, "--cut: '2020-02-30' is not a day of the calendar"),
        ({"start": ""}, "--from: is empty"),
        ({"start": "2020-01-04", "end": "2020-01-03"}, "--from 2020-01-04 lies after --to 2020-01-03"),
        ({"cut": "2020-01-04", "end": "2020-01-03"}, "--cut 2020-01-04 lies after --to 2020-01-03"),
        ({"cut": "2020-01-04", "start": "2020-01-03"}, "--cut 2020-01-04 lies after --from 2020-01-03"),
        (
            {"cut": "2020-01-03T00:00:01", "start": "2020-01-03T00:00:00"},
            "--cut 2020-01-03T00:00:01 lies after --from 2020-01-03T00:00:00",
        ),
    ],
)
def test_bounds_that_cannot_be_taken(options: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as refused:
        load(tmp_path, GOOD, **options)
    assert (refused.value.code, refused.value.message) == ("INVALID_TIME", said)


def test_bounds_of_one_day_are_in_order(tmp_path: Path) -> None:
    window = load(tmp_path, GOOD, cut="2020-01-02T00:00:00", start="2020-01-02", end="2020-01-03T00:00:00")
    assert (window.history_bars, window.bar_count) == (0, 2)


def test_one_day_from_and_to_is_that_session(tmp_path: Path) -> None:
    rows = [f"2020-01-03T{hour:02}:00,1,1,1,1,1" for hour in range(24)]
    assert load(tmp_path, body(*rows), start="2020-01-03", end="2020-01-03").bar_count == 24
    half = load(tmp_path, body(*rows), start="2020-01-03T12:00", end="2020-01-03")
    assert (half.history_bars, half.bar_count) == (12, 12)


def test_a_zone_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="no time zone"):
        load(tmp_path, GOOD, session_tz="America/Nowhere")


# the file itself, and stopping


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.csv")
    secret.chmod(0)
    wanted = [tmp_path / "none.csv", tmp_path, tmp_path / "a\0b.csv", secret]
    for path in wanted if os.geteuid() else wanted[:3]:
        with pytest.raises(NotFoundError) as refused:
            load_dataset([("X", path)])
        assert refused.value.code == "FILE_NOT_FOUND"


def test_no_source_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        load_dataset([])


class Watcher:
    """Notes how far it is told to be, and stops after `calls` questions."""

    def __init__(self, calls: int = 10**9) -> None:
        self.seen: list[tuple[int, int]] = []
        self.calls = calls

    def advance(self, done: int, total: int) -> None:
        self.seen.append((done, total))

    def stopped(self) -> bool:
        self.calls -= 1
        return self.calls < 0


def test_a_watch_is_told_the_bytes_behind(tmp_path: Path) -> None:
    files = [put(tmp_path, "a.csv", body(*ROWS)), put(tmp_path, "b.csv", body(*ROWS))]
    watcher = Watcher()
    load_dataset([("A", files[0]), ("B", files[1])], watch=watcher)
    total = 2 * len(GOOD)
    assert watcher.seen == [(len(GOOD), total), (total, total)]


def test_a_watch_can_stop_the_loading(tmp_path: Path) -> None:
    with pytest.raises(SystemFault) as stopped:
        load(tmp_path, GOOD, watch=Watcher(0))
    assert stopped.value.code == "CANCELLED"


# sources


def test_parse_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "a=b.csv")
    assert parse_source("AAPL=file.csv") == ("AAPL", Path("file.csv"))
    assert parse_source("file.csv") == (None, Path("file.csv"))
    assert parse_source("a=b.csv") == (None, Path("a=b.csv"))
    assert parse_source("X=a=b.csv") == ("X", Path("a=b.csv"))
    assert parse_source("BRK.B=dir/x.csv") == ("BRK.B", Path("dir/x.csv"))


def test_symbols_and_file_names_may_hold_an_equals_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("es.csv", "F=nq.csv", "a=b.csv"):
        put(tmp_path, name)
    assert parse_source("ES=F=es.csv") == ("ES=F", Path("es.csv"))
    assert parse_source("ES=F=es.csv", ["ES=F"]) == ("ES=F", Path("es.csv"))
    assert parse_source("ES=F=gone.csv", ["ES", "ES=F"]) == ("ES=F", Path("gone.csv"))
    assert parse_source("NQ=F=nq.csv", ["NQ"]) == ("NQ", Path("F=nq.csv"))
    assert parse_source("NQ=F=nq.csv") == ("NQ", Path("F=nq.csv"))
    assert parse_source("EURUSD=X=a=b.csv") == ("EURUSD=X", Path("a=b.csv"))
    assert parse_source("a=b.csv", ["a"]) == (None, Path("a=b.csv"))
    assert parse_source("ES=F=gone.csv") == ("ES", Path("F=gone.csv"))


def test_the_symbol_of_a_source_is_a_symbol(tmp_path: Path) -> None:
    file = put(tmp_path, "x.csv")
    for arguments in ({"sources": [("X ", file)]}, {"sources": [(None, file)], "symbols": ["X "]}):
        with pytest.raises(InvalidError) as refused:
            load_dataset(**arguments)
        assert refused.value.code == "INVALID_DATA"
        assert "'X ' must not have white space around it" in refused.value.message


def test_a_run_plan_of_an_older_papertape_finds_its_symbols_again(tmp_path: Path) -> None:
    rows = [line.replace(",", ", X ,", 1) for line in ROWS]
    file = put(tmp_path, "x.csv", body(*rows, header=HEADER.replace(",", ",symbol,", 1)))
    with pytest.raises(DataError):
        load_dataset([(None, file)])
    assert load_dataset([(None, file)], symbols=["X"], stored=True).symbols == ("X",)


@pytest.mark.parametrize(
    "text", ["", " ", "=file.csv", "AAPL=", " =x.csv", "A =x.csv", "A" * 33 + "=x.csv", "A\x07=x.csv"]
)
def test_sources_that_name_nothing(text: str) -> None:
    with pytest.raises(UsageError):
        parse_source(text)


def test_reading_csv_imports_neither_pandas_nor_pyarrow(tmp_path: Path) -> None:
    file = put(tmp_path, "x.csv")
    code = (
        "import sys, pathlib; from storage.market_files import load_dataset; "
        f"load_dataset([('X', pathlib.Path({str(file)!r}))]); print(sorted({{'pandas', 'pyarrow'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
