"""`data import`: what it says, what it writes, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console import Console

KLINE = "{},28.53,28.54,28.51,28.54,36304,{},103,79,195,55,0\n"
KLINES = "".join(KLINE.format(1637971200000 + at * 60_000, 1637971259999 + at * 60_000) for at in range(3))
BARS = "ts,open,high,low,close,volume\n" + "".join(
    f"2021-11-27T00:0{at}:00+00:00,28.53,28.54,28.51,28.54,36304\n" for at in range(3)
)
SAID = """\
read as    a Binance kline file
separator  comma
header     none: the columns are known by their order
columns    ts from 'column 1', open from 'column 2', high from 'column 3', low from 'column 4', close from 'column 5', \
volume from 'column 6'; \
left out: 'close_time', 'quote_volume', 'count', 'taker_buy_volume', 'taker_buy_quote_volume', 'ignore'
times      an epoch in milliseconds
zone       UTC, as epochs are
dropped    nothing
changed    nothing
order      oldest first
"""


@pytest.fixture
def klines(console: Console) -> Path:
    path = console.home / "klines.csv"
    path.write_text(KLINES)
    return path


def test_every_line_says_what_was_done(console: Console, klines: Path) -> None:
    out = console.home / "out.csv"
    ran = console.ok("data", "import", klines, "--to", out)
    first, *lines, last = ran.out.splitlines()
    assert first == f"{klines}: 3 bars"
    assert "\n".join(lines) + "\n" == SAID
    assert last == f"{out}: 3 bars, 1m, 2021-11-27 00:00 to 2021-11-27 00:02 UTC"
    assert out.read_text() == BARS


def test_a_dry_run_writes_nothing(console: Console, klines: Path) -> None:
    out = console.home / "out.csv"
    ran = console.ok("data", "import", klines, "--to", out, "--dry-run")
    assert ran.out.splitlines()[-1].endswith("; nothing was written, as --dry-run says")
    assert sorted(path.name for path in console.home.glob("*.csv*")) == ["klines.csv"]


def test_the_refusal_of_section_8_gives_a_command_that_works(console: Console, klines: Path) -> None:
    refused = console.run("data", "check", klines)
    assert refused.code == 5
    assert "row 1 is data: there is no header; it looks like a Binance kline file" in refused.err
    command = refused.err.partition("`papertape ")[2].partition("`")[0].split()
    console.ok(*command)
    assert console.json("data", "check", klines.with_name("klines.bars.csv"))["bar_count"] == 3


def test_a_file_that_exists_is_replaced_only_by_force(console: Console, klines: Path) -> None:
    out = console.home / "out.csv"
    out.write_text("mine")
    refused = console.run("data", "import", klines, "--to", out)
    assert (refused.code, out.read_text()) == (4, "mine")
    assert "FILE_EXISTS" in refused.err
    console.ok("data", "import", klines, "--to", out, "--force")
    assert out.read_text() == BARS


def test_the_input_is_never_replaced(console: Console, klines: Path) -> None:
    refused = console.run("data", "import", klines, "--to", klines, "--force")
    assert (refused.code, klines.read_text()) == (2, KLINES)


def test_a_refused_file_leaves_nothing_behind(console: Console, klines: Path) -> None:
    klines.write_text(KLINES + KLINES.splitlines()[0].replace("28.54", "dear").replace("1637971", "1637972") + "\n")
    refused = console.run("data", "import", klines, "--to", console.home / "out.csv")
    assert refused.code == 5
    assert "row 4, column 'high': 'dear' cannot be read as a number" in refused.err
    assert [path.name for path in console.home.glob("*out.csv*")] == []


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--column", "when=1"), 2, "FIELD is one of ts, date, time"),
        (("--time-format", "%Q"), 2, "%Q is not known"),
        (("--timezone", "Moon"), 5, "no time zone 'Moon'"),
        (("--ambiguous", "third"), 2, "'third' is not one of"),
        (("--drop", "all"), 2, "'all' is not"),
        (("--timeframe", "1y"), 2, "is no spacing"),
        (("--symbol", " X"), 2, "must not have white space around it"),
        (("--adjusted",), 5, "there is no adjusted close"),
    ],
)
def test_flags_that_cannot_be(flags: tuple[str, ...], code: int, said: str, console: Console, klines: Path) -> None:
    refused = console.run("data", "import", klines, "--to", console.home / "out.csv", *flags)
    assert (refused.code, said in refused.err) == (code, True), refused.err


def test_all_flags_together(console: Console, klines: Path) -> None:
    klines.write_text(
        "when;o;h;l;c;adj\n2024-11-03 01:00;1,5;2;1;1,5;3\n2024-11-03 01:30;;;;;\n2024-11-03 02:00;1;2;1;2;2\n"
    )
    flags = (
        "--column",
        "ts=when",
        "--column",
        "adj_close=adj",
        "--timezone",
        "America/New_York",
        "--ambiguous",
        "first",
    )
    more = ("--adjusted", "--drop", "null-rows", "--symbol", "ES=F", "--time-format", "%Y-%m-%d %H:%M")
    out = console.home / "out.csv.gz"
    document = console.json("data", "import", klines, "--to", out, *flags, *more)
    assert document["symbols"] == [
        {
            "symbol": "ES=F",
            "bars": 2,
            "first_ts": "2024-11-03T05:00:00+00:00",
            "last_ts": "2024-11-03T07:00:00+00:00",
        }
    ]
    (file,) = document["files"]
    assert (file["decimal_comma"], file["zone"]) == (True, "America/New_York, by --timezone")
    assert {each["what"] for each in file["dropped"]} == {"no prices, by --drop null-rows"}
    assert console.json("data", "check", out)["symbols"][0]["symbol"] == "ES=F"


def test_a_missing_file_is_told(console: Console) -> None:
    refused = console.run("data", "import", "none.csv", "--to", console.home / "out.csv")
    assert (refused.code, "FILE_NOT_FOUND" in refused.err) == (6, True)
