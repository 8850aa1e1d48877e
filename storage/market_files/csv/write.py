"""Writing bars to CSV so that reading the file gives the same bars, bit for bit."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from engine.market.bars import Bars, Dataset
from engine.market.sessions import MICROS_PER_SECOND

_COLUMNS = "ts,open,high,low,close,volume"
_ROWS = 1 << 16
_MICROS = np.dtype("datetime64[us]")


def write_csv(data: Bars | Dataset, path: Path) -> None:
    """Write bars as `ts,open,high,low,close,volume`; those of a dataset with `symbol` first, symbol by symbol.

    A path ending in `.gz` is compressed, without a time in it: the same bars are the same bytes. Times are ISO 8601
    with +00:00, figures the shortest decimals that read back as the same float64. Raises OSError if the path cannot be
    written.
    """
    with _opened(path) as out:
        if isinstance(data, Bars):
            out.write(f"{_COLUMNS}\n")
            _write_bars(out, data, "")
            return
        out.write(f"symbol,{_COLUMNS}\n")
        for bars in data.bars.values():
            _write_bars(out, bars, f"{_quoted(bars.symbol)},")


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOBase]:
    with path.open("wb") as raw:
        compressed = path.suffix.lower() == ".gz"
        binary = gzip.GzipFile("", "wb", 6, raw, mtime=0) if compressed else io.BufferedWriter(raw)
        with binary, io.TextIOWrapper(binary, "utf-8", newline="\n") as out:
            yield out


def _write_bars(out: io.TextIOBase, bars: Bars, prefix: str) -> None:
    unit: Literal["us", "s"] = "us" if np.any(bars.ts % MICROS_PER_SECOND) else "s"
    for first in range(0, len(bars), _ROWS):
        part = bars.slice(first, first + _ROWS)
        times = np.datetime_as_string(part.ts.astype(_MICROS), unit=unit).tolist()
        figures = (column.tolist() for column in (part.open, part.high, part.low, part.close, part.volume))
        out.writelines(
            f"{prefix}{time}+00:00,{opening!r},{high!r},{low!r},{close!r},{volume!r}\n"
            for time, opening, high, low, close, volume in zip(times, *figures, strict=True)
        )


def _quoted(symbol: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([symbol])
    return line.getvalue()
