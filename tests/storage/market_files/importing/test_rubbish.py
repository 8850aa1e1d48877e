"""Files of any content are imported or refused: nothing else is raised, and what is imported is what papertape reads.

PAPERTAPE_RUBBISH=10000 pytest -q tests/storage/market_files/importing/test_rubbish.py makes so many files.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from engine.errors import PapertapeError
from storage.market_files import load_dataset
from storage.market_files.importing import Import, ImportOptions, import_files
from tests.storage.market_files.importing.bars import some
from tests.storage.market_files.importing.writers import VENDORS

COUNT = int(os.environ.get("PAPERTAPE_RUBBISH", "400"))
_TOKENS = tuple(
    text.encode("latin-1")
    for text in (
        *(",", ";", "\t", "|", "\n", "\r\n", '"', " ", "date", "open", "High", "<LOW>", "close", "Volume", "sep=;\n"),
        *(
            "2020-01-02",
            "01/02/2020",
            "1577836800",
            "99999999999999999999",
            "1e400",
            "1e-9999",
            "1.5M",
            "1,5",
            "1.234.5",
        ),
        *("nan", "null", "-", "\0", "\xff\xfe", "\x1f\x8b", "PK\x03\x04", "PAR1", "ARROW1", "BZh9", "\xfd7zXZ\0"),
        *("Jan 02, 2020", "09:30", "24:61", "AM", "US/Eastern", "+25:00", "12", "10", "9", "11", "\xc3\xa9", "\xe9"),
    )
)


def of_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(200))


def of_tokens(chance: random.Random) -> bytes:
    return b"".join(chance.choices(_TOKENS, k=chance.randrange(120)))


def of_cells(chance: random.Random) -> bytes:
    """A table of as many cells in each row, of which any may be anything."""
    width, separator = chance.randrange(4, 9), chance.choice([b",", b";", b"\t"])
    rows = [[chance.choice(_TOKENS) for _ in range(width)] for _ in range(chance.randrange(1, 8))]
    return b"date,open,high,low,close,volume\n" + b"\n".join(separator.join(row) for row in rows)


def of_vendors(chance: random.Random) -> bytes:
    """A vendor's file with bytes changed, left out and put in."""
    vendor = VENDORS[chance.choice(list(VENDORS))]
    content = bytearray(vendor.write(some(daily=vendor.daily))[1])
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(content) + 1)
        content[at : at + chance.randrange(3)] = chance.choice(_TOKENS)
    return bytes(content)


MAKERS: tuple[Callable[[random.Random], bytes], ...] = (of_bytes, of_tokens, of_cells, of_vendors, of_vendors)


def import_or_refuse(source: Path, out: Path, content: bytes, zone: str) -> Import | None:
    """The import of a file; None if it is refused in words."""
    try:
        return import_files([source], out, ImportOptions(zone=zone))
    except PapertapeError as refused:
        if not refused.message or "Traceback" in refused.sentence:
            raise AssertionError(content) from refused
        return None
    except Exception as error:
        raise AssertionError(content) from error


def test_rubbish_is_imported_or_refused(tmp_path: Path) -> None:
    chance, taken = random.Random(17), 0
    source, out = tmp_path / "20200102_rubbish.csv", tmp_path / "out.csv"
    for at in range(COUNT):
        content = MAKERS[at % len(MAKERS)](chance)
        source.write_bytes(content)
        result = import_or_refuse(source, out, content, chance.choice(["", "America/New_York"]))
        if result is None:
            continue
        out.write_bytes(result.content)
        assert load_dataset([out_source(result.content, out)]).bar_count == result.bar_count, content
        taken += 1
    assert taken > COUNT // 50, "some of them are sound"


def out_source(content: bytes, out: Path) -> tuple[str | None, Path]:
    return (None if content.startswith(b"symbol,") else "X"), out
