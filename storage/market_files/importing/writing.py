"""Bars in the form that papertape reads: CSV with the decimals as they were, or Parquet with their float64."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import SystemFault, UsageError
from engine.market.bars import IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND
from storage.market_files.importing.columns import TextArray, bytes_of
from storage.market_files.importing.joining import Joined

_COLUMNS = "ts,open,high,low,close,volume"
_ROWS = 1 << 14
_ZERO = ord("0")
ENDINGS = (".csv", ".csv.gz", ".parquet")

ByteArray = npt.NDArray[np.uint8]


def check_ending(path: Path) -> None:
    """Raise UsageError for a name that says no form of ours."""
    if not path.name.lower().endswith(ENDINGS):
        raise UsageError("USAGE", f"--to {path} ends in none of {', '.join(ENDINGS)}", hint="name such a file")


def encode(bars: Sequence[Joined], path: Path) -> bytes:
    """The bars as the content of a file of this name; the same bars are the same bytes."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(bars)
    content = b"".join(_csv(bars))
    return gzip.compress(content, 6, mtime=0) if name.endswith(".gz") else content


def _csv(bars: Sequence[Joined]) -> Iterator[bytes]:
    named = any(one.symbol is not None for one in bars)
    yield (f"symbol,{_COLUMNS}\n" if named else f"{_COLUMNS}\n").encode()
    for one in bars:
        prefix = f"{_quoted(one.symbol or '')},".encode() if named else b""
        fraction = bool(np.any(one.ts % MICROS_PER_SECOND))
        for first in range(0, len(one.ts), _ROWS):
            rows = slice(first, first + _ROWS)
            yield _lines(prefix, _iso(one.ts[rows], fraction=fraction), [texts[rows] for texts in one.texts])


def _lines(prefix: bytes, times: ByteArray, figures: Sequence[TextArray]) -> bytes:
    """Rows of characters, shape (n, width), without the NUL that fills their cells up."""
    count = len(times)
    comma, end = np.full((count, 1), ord(","), np.uint8), np.full((count, 1), ord("\n"), np.uint8)
    parts: list[ByteArray] = [np.tile(np.frombuffer(prefix, np.uint8), (count, 1))] if prefix else []
    parts.append(times)
    for texts in figures:
        parts += [comma, bytes_of(texts)]
    characters = np.concatenate([*parts, end], axis=1)
    content: bytes = characters[characters != 0].tobytes()
    return content


def _iso(ts: IntArray, *, fraction: bool) -> ByteArray:
    """Times as 2020-01-02T00:00:00+00:00, as characters of shape (n, width)."""
    days, micros = ts // MICROS_PER_DAY, ts % MICROS_PER_DAY
    distinct, inverse = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(distinct.astype("datetime64[D]")).astype("S10")
    seconds, rest = micros // MICROS_PER_SECOND, micros % MICROS_PER_SECOND
    parts = [bytes_of(dates)[inverse], _sign("T", ts), _digits(seconds // 3600, 2), _sign(":", ts)]
    parts += [_digits(seconds // 60 % 60, 2), _sign(":", ts), _digits(seconds % 60, 2)]
    if fraction:
        parts += [_sign(".", ts), _digits(rest, 6)]
    return np.concatenate([*parts, np.tile(np.frombuffer(b"+00:00", np.uint8), (len(ts), 1))], axis=1)


def _digits(values: IntArray, width: int) -> ByteArray:
    places = [(values // 10**place % 10 + _ZERO).astype(np.uint8) for place in range(width - 1, -1, -1)]
    return np.stack(places, axis=1)


def _sign(sign: str, ts: IntArray) -> ByteArray:
    return np.full((len(ts), 1), ord(sign), np.uint8)


def _quoted(symbol: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([symbol])
    return line.getvalue()


def _parquet(bars: Sequence[Joined]) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise SystemFault(
            "EXTRA_MISSING",
            "a Parquet file needs pyarrow, which is not installed",
            hint="pip install 'papertape[parquet]', or write a .csv",
        ) from error
    columns: dict[str, Any] = {}
    if any(one.symbol is not None for one in bars):
        columns["symbol"] = pa.array([one.symbol for one in bars for _ in range(len(one.ts))], pa.string())
    ts = np.concatenate([one.ts for one in bars])
    columns["ts"] = pa.array(ts, pa.int64()).cast(pa.timestamp("us", "UTC"))
    for at, name in enumerate(_COLUMNS.split(",")[1:]):
        columns[name] = pa.array(np.concatenate([one.values[at] for one in bars]), pa.float64())
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()
