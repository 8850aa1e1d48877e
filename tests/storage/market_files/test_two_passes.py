"""The fast pass never accepts what the careful pass refuses, and reads what it accepts bit for bit alike."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.market.synthetic import synthetic_minutes
from storage.market_files import write_csv
from storage.market_files.careful import read_carefully, read_header
from storage.market_files.cells import Handover
from storage.market_files.fast import read_fast
from storage.market_files.faults import FaultLog
from storage.market_files.layout import Layout
from storage.market_files.lines import UnreadableBytes, line_blocks
from storage.market_files.table import SymbolCodes, Table
from storage.market_files.times import read_time
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


def blocks(body: bytes, size: int) -> list[bytes]:
    """The body in blocks of about `size` bytes that end at line ends."""
    return list(line_blocks(b"\xef\xbb\xbf" + body, lambda _: None, size))


def both(raw: bytes, size: int) -> tuple[Table | None, Table, FaultLog] | None:
    """What each pass makes of the rows below the header, None where there is no header."""
    log = FaultLog("f")
    layout, body = layout_of(raw, log)
    if layout is None:
        return None
    only = None if layout.symbol is not None else "X"
    try:
        fast = read_fast(blocks(body, size), layout, SymbolCodes(only))
    except Handover:
        fast = None
    return fast, read_carefully(blocks(body, size), layout, SymbolCodes(only), log), log


def assert_alike(raw: bytes, size: int) -> bool:
    """Whether the fast pass accepted; if so, it read what the careful pass reads, which found no fault."""
    try:
        results = both(raw, size)
    except UnreadableBytes:
        return False
    if results is None or results[0] is None:
        return False
    fast, careful, log = results
    assert log.sentences() == []
    assert fast.symbols == careful.symbols
    columns = zip((fast.rows, fast.ts, fast.codes), (careful.rows, careful.ts, careful.codes), strict=True)
    for mine, theirs in (*columns, *zip(fast.figures, careful.figures, strict=True)):
        assert mine.dtype == theirs.dtype
        assert mine.tobytes() == theirs.tobytes()
    return True


@pytest.mark.parametrize("seed", range(len(SEEDS)))
@pytest.mark.parametrize("size", [16, 1 << 20])
def test_the_fast_pass_reads_usual_files(seed: int, size: int) -> None:
    assert assert_alike(SEEDS[seed].encode(), size)


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
@example(GOOD.replace("\n", "\n\n").encode(), 16)
@example(GOOD.replace("1000", '"",""').encode(), 16)
@example(GOOD.replace("1000", '"1""0"').encode(), 16)
@example(SYMBOLS.replace("first", '"a,b"').encode(), 16)
@example(SYMBOLS.replace("first", "x" * 140_000).encode(), 16)
def test_a_mutated_file_is_read_alike_or_handed_over(raw: bytes, size: int) -> None:
    assert_alike(raw, size)


def test_thousands_of_mutations_of_single_fields_are_read_alike() -> None:
    """A wide net without shrinking: fields of random characters that look like times and numbers."""
    random_of = random.Random(20_200_102)
    accepted = 0
    for _ in range(1500):
        rows = [line.split(",") for line in ROWS]
        column = random_of.randrange(6)
        letters = "0123456789" * 3 + ("-:TZ+. " if column == 0 else ".eE+- ")
        rows[1][column] = "".join(random_of.choice(letters) for _ in range(random_of.randint(1, 20)))
        accepted += assert_alike("\n".join([HEADER, *map(",".join, rows)]).encode(), 1 << 20)
    assert accepted > 100


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
    results = both("\n".join([HEADER, *lines]).encode(), 1 << 20)
    assert results is not None
    assert results[0] is not None
    assert np.stack(results[0].figures, axis=1).ravel().tolist() == [float(text) for text in texts]


@settings(max_examples=100)
@given(
    st.lists(st.datetimes(), min_size=1, max_size=20),
    st.sampled_from(["seconds", "minutes", "milliseconds", "microseconds"]),
)
def test_iso_times_are_read_as_datetime_writes_them(times: list[object], spec: str) -> None:
    texts = [time.isoformat(timespec=spec) for time in times]  # type: ignore[attr-defined]
    results = both("\n".join([HEADER, *(f"{text},1,1,1,1,1" for text in texts)]).encode(), 1 << 20)
    assert results is not None
    fast, careful, log = results
    if not log.count:
        assert fast is not None
        assert fast.ts.tolist() == [read_time(text) for text in texts] == careful.ts.tolist()


def test_a_written_file_takes_the_fast_way(tmp_path: Path) -> None:
    file = tmp_path / "minutes.csv"
    write_csv(synthetic_minutes(5_000, seed=3), file)
    assert assert_alike(file.read_bytes(), 1 << 14)
