"""The fast pass reads what the careful pass reads, bit for bit, and finds the faults that it finds."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.market.synthetic import synthetic_minutes
from storage.market_files import write_csv
from storage.market_files.csv.careful import read_carefully
from storage.market_files.csv.fast import read_fast
from storage.market_files.csv.lines import UnreadableBytes, line_blocks, read_header
from storage.market_files.layout import Layout
from storage.market_files.reading import check_rules
from storage.market_files.table import UNREADABLE, FaultLog, SymbolCodes, Table
from storage.market_files.values import read_time
from tests.storage.market_files.files import GOOD, HEADER, ROWS

SYMBOLS = (
    "Symbol,date,Time,open,high,low,close,volume,note\n"
    "AAA,2020-01-02,09:30:00,1.25,1.5,1.0,1.25,100,first\n"
    "B,2020-01-02,09:30:00,21.25,21.5,21.0,21.25,100,\n"
    "AAA,2020-01-02,09:31:00,1.25,1.5,1.0,1.25,0,\n"
    "B,2020-01-02,09:31:00,21.25,21.5,21.0,21.25,7.5,last\n"
)
EPOCHS = (
    HEADER
    + "\n1700000000,1,1,1,1,1\n1700000060000,1,1,1,1,1\n1700000120000000,1,1,1,1,1\n1700000180000000000,1,1,1,1,1"
)
SEEDS = (
    GOOD,
    GOOD.replace("T00:00:00+00:00", ""),
    GOOD.replace("T", " ").replace("+00:00", ".250"),
    GOOD.replace("\n", "\r\n"),
    "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in GOOD.splitlines()),
    GOOD.replace("2020-01-", "202001").replace("T00:00:00+00:00", ""),
    SYMBOLS,
    SYMBOLS.replace("-", "").replace("09:3", "093").replace(":00,", "00,"),
    EPOCHS,
    HEADER + "\n" + "\n".join(ROWS * 40),
)
PIECES = (
    b"0", b"9", b".", b",", b"-", b"+", b"e", b"E5", b"_", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b'"', b'""',
    b'","',
    b"\0", b"\xff", b"\xc3\xa9", b"\xc2\xa0", b"\xd9\xa1", b"\x0b", b"\x0c", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8",
    b"nan", b"inf", b"NA", b"T",
    b"Z", b":", b"24", b"60", b"00", b"/", b"0x", b"9" * 17, b"0" * 20, b"1" * 45, b"\x7f", b"A" * 33, b"\xef\xbb\xbf",
)  # fmt: skip


def layout_of(raw: bytes, log: FaultLog) -> tuple[Layout | None, bytes]:
    """The layout, and the lines below the header."""
    header, end, body = b"".join(line_blocks(raw, lambda _: None)).partition(b"\n")
    return (read_header(header + end, log) if header else None), body


def blocks(body: bytes, size: int) -> Iterator[bytes]:
    """The body in blocks of about `size` bytes that end at line ends."""
    return line_blocks(b"\xef\xbb\xbf" + body, lambda _: None, size)


@dataclass(frozen=True)
class Pass:
    """What one pass makes of the rows below a header, and of the rules on them."""

    table: Table
    log: FaultLog


def passes(raw: bytes, size: int) -> tuple[Pass, Pass] | None:
    """The fast one and the careful one; None where there is no header."""
    log = FaultLog("f")
    try:
        layout, body = layout_of(raw, log)
    except UnreadableBytes:
        return None
    if layout is None:
        return None
    only = None if layout.symbol is not None else "X"
    fast, careful = log.anew(), log.anew()
    found = Pass(read_fast(blocks(body, size), layout, SymbolCodes(only), fast), fast)
    wanted = Pass(read_carefully(blocks(body, size), layout, SymbolCodes(only), careful), careful)
    for each in (found, wanted):
        check_rules(each.table, layout, each.log)
    return found, wanted


def assert_alike(raw: bytes, size: int) -> Pass | None:
    """Both passes find the same rows, bit for bit, the same number of faults, and the same first twenty."""
    both = passes(raw, size)
    if both is None:
        return None
    fast, careful = both
    assert fast.log.sentences() == careful.log.sentences()
    assert (fast.log.count, fast.log.dropped) == (careful.log.count, careful.log.dropped)
    assert fast.table.symbols == careful.table.symbols
    mine, theirs = ((each.rows, each.ts, each.codes, *each.figures) for each in (fast.table, careful.table))
    for one, other in zip(mine, theirs, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    offsets = [None if each.offsets is None else each.offsets.tolist() for each in (fast.table, careful.table)]
    assert offsets[0] == offsets[1]
    return fast


@pytest.mark.parametrize("seed", range(len(SEEDS)))
@pytest.mark.parametrize("size", [16, 1 << 20])
def test_usual_files_have_no_line_that_is_read_alone(seed: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = assert_alike(SEEDS[seed].encode(), size)
    assert found is not None
    assert found.log.sentences() == [] or seed == len(SEEDS) - 1
    monkeypatch.setattr("storage.market_files.csv.fast._Reader._read_alone", None)
    monkeypatch.setattr("storage.market_files.csv.fast_columns.read_stamp", None)
    assert passes(SEEDS[seed].encode(), size) is not None


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sound file with some bytes replaced, put in, taken out, or repeated."""
    raw = bytearray(draw(st.sampled_from(SEEDS)).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 9]))
        raw[at : at + length] = draw(
            st.sampled_from(PIECES) | st.binary(max_size=3) | st.just(bytes(raw[at : at + 30]))
        )
    return bytes(raw)


@settings(max_examples=400)
@given(mutated(), st.sampled_from([16, 64, 1 << 20]))
@example(GOOD.replace("1500\n", "1500 \r \n").encode(), 16)
@example(GOOD.replace("1500\n", "1500\r\r\n").encode(), 16)
@example((GOOD + "\n \r\n").encode(), 16)
@example((GOOD + "\r\r\n").encode(), 16)
@example(GOOD.replace("\n", "\n\n").encode(), 16)
@example((GOOD + '""\n' + ROWS[0]).encode(), 16)
@example((GOOD + '"\n' * 5).encode(), 16)
@example(GOOD.replace("1000", '"",""').encode(), 16)
@example(GOOD.replace("1000", '"1""0"').encode(), 16)
@example(GOOD.replace("1000", '"1,000"').encode(), 16)
@example(GOOD.replace("1000", '1"0,0"0').encode(), 16)
@example(SYMBOLS.replace("first", '"a,b"').encode(), 16)
@example(SYMBOLS.replace("first", '"a\n\xffb"').encode("latin-1"), 16)
@example(SYMBOLS.replace("first", "x" * 140_000).encode(), 16)
@example(SYMBOLS.replace("AAA", '"A""A"').replace("B,", '"B"x,').encode(), 16)
@example(SYMBOLS.replace("09:30:00", "").encode(), 16)
def test_a_mutated_file_is_read_alike(raw: bytes, size: int) -> None:
    assert_alike(raw, size)


TIMES = (
    "2020-01-02", "20200103", "2020-01-03T10:00", "2020-01-04 10:00:00.5+02:00", "1577923200", "1577923200000001",
    " 2020-01-05 ", "2020-01-05T10:00:00,25Z", "2020-01-05T10:00:00.0000000", "", " ", "x", "2020-13-01", "2020-02-30",
    "2020-01-01T24:00", "01/02/2020", "0000-01-01", "9" * 19, "1577923200000000001", "9999-12-31", "20200103.5",
    "2020-01-02T10:00+25:00", "\u0662\u0660\u0662\u0660-01-01", "1" * 45,
)  # fmt: skip
NUMBERS = (
    "1", "1.5", "10.25", "+2", "1e3", " 3 ", "5.", ".5", "1" * 17, "0.1" * 9, "", "\t", "0", "-1", "NaN", "inf", "1,5",
    "1_0", "0x1", "1.2.3", "--1", "é", "1e999", ".", "9" * 50, "x" * 60,
)  # fmt: skip
NAMES = ("AAA", "B", "été", "A" * 32, "A" * 33, "A" * 200, "", " B", "B\t", "A\x1b", 'A"B', "A,B", "A\u200b", "NA")
JUNK = (
    b"", b" ", b"\t\r", b'""', b'"', b"a\rb", b"\xff,1", b"1,\0", b"1,2,3", b'"open', b'x"y",1', b"," * 20, b'"a""b"',
)  # fmt: skip


def written(fields: Sequence[str], quoting: str) -> bytes:
    """A row, its fields in quotes always, where they need it, or never."""
    quoted = [quoting == "always" or (quoting == "needed" and bool({",", '"'} & set(field))) for field in fields]
    doubled = (field.replace('"', '""') for field in fields)
    return ",".join(f'"{two}"' if q else one for one, two, q in zip(fields, doubled, quoted, strict=True)).encode()


@st.composite
def faulty(draw: st.DrawFn) -> bytes:
    """A file whose fields are sound, or one of many kinds of faulty, with lines of other kinds between its rows."""
    several = draw(st.booleans())
    header = "symbol,ts,open,high,low,close,volume" if several else HEADER
    kinds = [*([NAMES] if several else []), TIMES, *[NUMBERS] * 5]
    # most draws take from the first few of each kind, so that whole rows are sound
    fields = st.tuples(
        *(st.sampled_from(kind[:3]) | st.sampled_from(kind[:3]) | st.sampled_from(kind) for kind in kinds)
    )
    lines = [header.encode()]
    for row in draw(st.lists(fields | st.sampled_from(JUNK), min_size=1, max_size=60)):
        quoting = draw(st.sampled_from(["never", "never", "needed", "always"]))
        lines.append(row if isinstance(row, bytes) else written(row, quoting))
    end, last = draw(st.sampled_from([b"\n", b"\n", b"\r\n"])), draw(st.sampled_from([b"", b"\n", b"\n\n \n"]))
    return end.join(lines) + last


@settings(max_examples=300, deadline=None)
@given(faulty(), st.sampled_from([16, 200, 1 << 20]))
def test_the_first_twenty_faults_and_their_number_are_those_of_the_careful_pass(raw: bytes, size: int) -> None:
    assert_alike(raw, size)


@settings(max_examples=30, deadline=None)
@given(faulty(), st.integers(30, 60))
def test_so_are_those_of_long_files(raw: bytes, times: int) -> None:
    header, _, body = raw.partition(b"\n")
    assert_alike(header + b"\n" + (body.removesuffix(b"\n") + b"\n") * times, 1 << 12)


def test_a_gzip_that_breaks_off_is_read_alike() -> None:
    for cut in (0, 1, 40, 200, -9, -1):
        raw = gzip.compress((HEADER + "\n" + "\n".join(ROWS * 50)).encode())[: cut or None]
        assert_alike(raw, 64)


def test_thousands_of_mutations_of_single_fields_are_read_alike() -> None:
    """A wide net without shrinking: fields of random characters that look like times and numbers."""
    random_of = random.Random(20_200_102)
    sound = 0
    for _ in range(1500):
        rows = [line.split(",") for line in ROWS]
        column = random_of.randrange(6)
        letters = "0123456789" * 3 + ("-:TZ+. " if column == 0 else ".eE+- ")
        rows[1][column] = "".join(random_of.choice(letters) for _ in range(random_of.randint(1, 20)))
        found = assert_alike("\n".join([HEADER, *map(",".join, rows)]).encode(), 1 << 20)
        sound += found is not None and not np.isnan(found.table.figures).any() and UNREADABLE not in found.table.ts
    assert sound > 100


@st.composite
def decimals(draw: st.DrawFn) -> str:
    """A numeral of up to 30 digits with a point anywhere."""
    digits = draw(st.text("0123456789", min_size=1, max_size=30))
    point = draw(st.integers(0, len(digits)))
    return digits[:point] + draw(st.sampled_from([".", ""])) + digits[point:]


@settings(max_examples=100)
@given(st.lists(decimals() | st.floats(0, allow_infinity=False).map(repr), min_size=5, max_size=60))
def test_numerals_are_read_as_float_reads_them(texts: list[str]) -> None:
    texts = texts[: len(texts) // 5 * 5]
    lines = [",".join(["2020-01-02", *texts[at : at + 5]]) for at in range(0, len(texts), 5)]
    found = assert_alike("\n".join([HEADER, *lines]).encode(), 1 << 20)
    assert found is not None
    assert np.stack(found.table.figures, axis=1).ravel().tolist() == [float(text) for text in texts]


@settings(max_examples=100)
@given(
    st.lists(st.datetimes(), min_size=1, max_size=20),
    st.sampled_from(["seconds", "minutes", "milliseconds", "microseconds"]),
)
def test_iso_times_are_read_as_datetime_writes_them(times: list[object], spec: str) -> None:
    texts = [time.isoformat(timespec=spec) for time in times]  # type: ignore[attr-defined]
    found = assert_alike("\n".join([HEADER, *(f"{text},1,1,1,1,1" for text in texts)]).encode(), 1 << 20)
    assert found is not None
    if UNREADABLE not in found.table.ts:
        assert found.table.ts.tolist() == [read_time(text) for text in texts]


def test_a_written_file_takes_the_fast_way(tmp_path: Path) -> None:
    file = tmp_path / "minutes.csv"
    write_csv(synthetic_minutes(5_000, seed=3), file)
    assert assert_alike(file.read_bytes(), 1 << 14) is not None
