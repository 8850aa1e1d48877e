"""Recordings: the bars that an account has seen, a row for each symbol, timeframe and session.

A row's `bars` are a byte that says how the rest is packed (0: plain, 1: zlib), then the columns one after the other,
little endian: the times (int64, UTC microseconds) and open, high, low, close, volume (float64). A daily bar takes 49
bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.errors import DamageFault
from engine.market.bars import IntArray
from engine.market.recording import FIGURES, Recorded, Span, merged
from engine.market.sessions import MICROS_PER_DAY
from engine.payloads import damaged
from storage.sqlite import statements as sql
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.stored_values import Columns

_COLUMNS = Columns("recordings", ("symbol", "session", "bars"))
_PLAIN, _ZLIB = b"\0", b"\1"
_WORTH_PACKING = 512
"""Bytes; below that zlib costs time and saves nothing."""

_BAR = np.dtype([("ts", "<i8"), ("figures", "<f8", len(FIGURES))])
_ONE = 1 + _BAR.itemsize
"""Bytes of a row with a single bar, which is all that a daily session has."""

Row = tuple[str, str, int, str, bytes]
"""Workspace, timeframe, session, symbol, bars."""


def pack(recorded: Recorded) -> bytes:
    """The bytes that a row holds for these bars; see the head of this module."""
    plain = b"".join(column.tobytes() for column in (recorded.ts.astype("<i8"), *recorded.figures.astype("<f8")))
    return _PLAIN + plain if len(plain) < _WORTH_PACKING else _ZLIB + zlib.compress(plain, 1)


def unpack(packed: bytes) -> Recorded:
    """The bars that a row's bytes hold. Raises ValueError for bytes that `pack` never writes."""
    form, rest = packed[:1], packed[1:]
    if form not in {_PLAIN, _ZLIB}:
        raise ValueError("its form is unknown")
    try:
        plain = zlib.decompress(rest) if form == _ZLIB else rest
    except zlib.error as error:
        raise ValueError(str(error)) from error
    count, part = divmod(len(plain), _BAR.itemsize)
    if part or not count:
        raise ValueError("it ends within a bar")
    figures = np.frombuffer(plain, "<f8", offset=8 * count).reshape(len(FIGURES), count)
    return Recorded(np.frombuffer(plain, "<i8", count).astype(np.int64), figures.astype(np.float64))


def read_recordings(
    driver: sqlite.Connection, workspace_id: str, timeframe: str, symbols: Sequence[str]
) -> dict[str, Recorded]:
    """All bars that an account has seen of these symbols; empty columns for a symbol that it has not seen."""
    single: dict[str, list[bytes]] = {symbol: [] for symbol in symbols}
    others: dict[str, list[Recorded]] = {symbol: [] for symbol in symbols}
    for row in driver.execute(sql.READ_RECORDINGS, (workspace_id, timeframe)):
        _COLUMNS.check(row, f"a recording of workspace {workspace_id}")
        symbol, day, packed = row
        if symbol not in single:
            continue
        if len(packed) == _ONE and packed[:1] == _PLAIN:
            single[symbol].append(packed[1:])
        else:
            others[symbol].append(_unpacked(symbol, day, packed))
    return {symbol: Recorded.joined([_bars_of(single[symbol]), *others[symbol]]) for symbol in symbols}


def write_bars(driver: sqlite.Connection, workspace_id: str, timeframe: str, spans: Sequence[Span]) -> None:
    """Add bars to their sessions. Raises HISTORY_CHANGED if a session has another bar for the same time."""
    fresh: list[Row] = []
    for span in spans:
        for day, start, stop in _sessions(span.bars.session, span.start, span.stop):
            key, seen = (workspace_id, timeframe, day, span.bars.symbol), Recorded.of(span.bars, start, stop)
            if span.shares(start, stop):
                _extend(driver, key, seen)
            else:
                fresh.append((*key, pack(seen)))
    fresh.sort()  # in the order of the primary key: rows that lie on one page are written together
    before = driver.total_changes
    sql.ADD_RECORDINGS.put(driver, fresh)
    if driver.total_changes - before < len(
        fresh
    ):  # another process has recorded one of these sessions since it was read
        for workspace, frame, day, symbol, packed in fresh:
            _extend(driver, (workspace, frame, day, symbol), unpack(packed))


def rewrite_recording(
    driver: sqlite.Connection, workspace_id: str, timeframe: str, symbol: str, days: IntArray, recorded: Recorded
) -> None:
    """Replace everything that was recorded of a symbol."""
    driver.execute(sql.DROP_RECORDING, (workspace_id, timeframe, symbol))
    order = np.argsort(
        days, kind="stable"
    )  # after a change of the session zone, bars of one day may be in two sessions
    ts, figures, days = recorded.ts[order], recorded.figures[:, order], days[order]
    sql.ADD_RECORDINGS.put(
        driver,
        [
            (workspace_id, timeframe, day, symbol, pack(Recorded(ts[start:stop], figures[:, start:stop])))
            for day, start, stop in _sessions(days, 0, len(days))
        ],
    )


def _extend(driver: sqlite.Connection, key: tuple[str, str, int, str], seen: Recorded) -> None:
    known = driver.execute(sql.READ_RECORDED_SESSION, key).fetchone()
    if known is not None:
        seen = merged(key[3], _unpacked(key[3], key[2], known[0]), seen)
    driver.execute(sql.WRITE_RECORDING, (*key, pack(seen)))


def _sessions(days: IntArray, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Each session among the rows `start` to `stop`: its first row, and the row after its last."""
    if stop <= start:
        return
    part = days[start:stop]
    begins = [start, *(np.flatnonzero(part[1:] != part[:-1]) + start + 1).tolist()]
    yield from zip(days[begins].tolist(), begins, [*begins[1:], stop], strict=True)


def _bars_of(packed: Sequence[bytes]) -> Recorded:
    """Bars from rows of one bar each, without their packing bytes."""
    table = np.frombuffer(b"".join(packed), _BAR)
    return Recorded(table["ts"].astype(np.int64), table["figures"].T.astype(np.float64))


def _unpacked(symbol: str, day: int, packed: Any) -> Recorded:
    try:
        return unpack(packed)
    except ValueError as error:
        raise damaged(_named(symbol, day), str(error)) from error


def damaged_recordings(driver: sqlite.Connection) -> Iterator[DamageFault]:
    """A fault for each recording that cannot be read, or that holds values that no bar can have."""
    for workspace_id, *row in driver.execute(sql.EVERY_RECORDING):
        try:
            _COLUMNS.check(row, f"a recording of workspace {workspace_id}")
            symbol, day, packed = row
            if why := _fault_in(_unpacked(symbol, day, packed), day):
                raise damaged(_named(symbol, day), why)
        except DamageFault as error:
            yield error


def _fault_in(recorded: Recorded, day: int) -> str:
    """What is wrong with the bars of a session, or nothing. Their times must fall on its day in some zone."""
    opened, high, low, close, volume = recorded.figures
    if not np.isfinite(recorded.figures).all() or (low <= 0).any() or (volume < 0).any():
        return "a price or a volume is out of range"
    if (np.maximum(opened, close) > high).any() or (np.minimum(opened, close) < low).any():
        return "a high or a low does not enclose its bar"
    if (recorded.ts[1:] <= recorded.ts[:-1]).any():
        return "its times are out of order"
    if (abs(recorded.ts - (day * 2 + 1) * MICROS_PER_DAY // 2) > 2 * MICROS_PER_DAY).any():
        return "a time is not of the session"
    return ""


def _named(symbol: str, day: int) -> str:
    return f"the recording of {symbol}, session {np.datetime64(day, 'D')},"
