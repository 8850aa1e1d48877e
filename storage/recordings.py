"""Recordings: the bars that an account has seen, a row for each symbol, timeframe and session.

A row's `bars` are a byte that says how the rest is packed (0: plain, 1: zlib), then the columns one after the other,
little endian: the times (int64, UTC microseconds) and open, high, low, close, volume (float64). A daily bar is 49 bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.errors import SystemFault
from engine.market.bars import Bars, IntArray
from engine.market.recording import FIGURES, Recorded, merged
from storage import statements as sql
from storage.driver import sqlite

_PLAIN, _ZLIB = 0, 1
_WORTH_PACKING = 512
"""Bytes; below that zlib costs time and saves nothing."""


def pack(recorded: Recorded) -> bytes:
    """Bars as a row keeps them."""
    columns = [recorded.ts.astype("<i8"), *recorded.figures.astype("<f8")]
    plain = b"".join(column.tobytes() for column in columns)
    if len(plain) < _WORTH_PACKING:
        return bytes([_PLAIN]) + plain
    return bytes([_ZLIB]) + zlib.compress(plain, 1)


def unpack(packed: bytes) -> Recorded:
    """The bars of a row; ValueError for what `pack` never wrote."""
    if not packed or packed[0] not in {_PLAIN, _ZLIB}:
        raise ValueError("a recording of an unknown form")
    try:
        plain = zlib.decompress(packed[1:]) if packed[0] == _ZLIB else packed[1:]
    except zlib.error as error:
        raise ValueError(f"a recording that cannot be unpacked: {error}") from error
    count, rest = divmod(len(plain), 8 * (1 + len(FIGURES)))
    if rest or not count:
        raise ValueError("a recording with a part of a bar")
    figures = np.frombuffer(plain, "<f8", offset=8 * count).reshape(len(FIGURES), count)
    return Recorded(np.frombuffer(plain, "<i8", count).astype(np.int64), figures.astype(np.float64))


def read_recording(driver: sqlite.Connection, workspace_id: str, symbol: str, timeframe: str) -> Recorded:
    """All that an account has seen of a symbol."""
    rows = driver.execute(sql.READ_RECORDING, (workspace_id, symbol, timeframe))
    return Recorded.joined(_unpacked(symbol, day, packed) for day, packed in rows)


def write_bars(driver: sqlite.Connection, workspace_id: str, timeframe: str, bars: Bars) -> None:
    """Add bars to the sessions they are of; HISTORY_CHANGED where a session has others for the same time."""
    rows = []
    for day, start, stop in _sessions(bars.session):
        seen, key = Recorded.of(bars, start, stop), (workspace_id, bars.symbol, timeframe, day)
        known = driver.execute(sql.READ_RECORDED_SESSION, key).fetchone()
        if known is not None:
            seen = merged(bars.symbol, _unpacked(bars.symbol, day, known[0]), seen)
        rows.append((*key, pack(seen)))
    sql.WRITE_RECORDINGS.put(driver, rows)


def rewrite_recording(
    driver: sqlite.Connection, workspace_id: str, timeframe: str, symbol: str, days: IntArray, recorded: Recorded
) -> None:
    """Put bars in place of all that was recorded of a symbol."""
    driver.execute(sql.DROP_RECORDING, (workspace_id, symbol, timeframe))
    order = np.argsort(days, kind="stable")  # a changed session zone may put bars of one day apart
    ts, figures, days = recorded.ts[order], recorded.figures[:, order], days[order]
    sql.WRITE_RECORDINGS.put(
        driver,
        [
            (workspace_id, symbol, timeframe, day, pack(Recorded(ts[start:stop], figures[:, start:stop])))
            for day, start, stop in _sessions(days)
        ],
    )


def _sessions(days: IntArray) -> Iterator[tuple[int, int, int]]:
    """Each session with its first row and the row after its last."""
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]]) if len(days) else np.empty(0, np.int64)
    stops = np.r_[starts[1:], len(days)]
    yield from zip(days[starts].tolist(), starts.tolist(), stops.tolist(), strict=True)


def _unpacked(symbol: str, day: int, packed: Any) -> Recorded:
    try:
        return unpack(packed)
    except ValueError as error:
        raise SystemFault(
            "DATABASE_ERROR",
            f"the recording of {symbol}, session {np.datetime64(day, 'D')}, is damaged: {error}",
            hint="restore the database from a backup",
        ) from error
