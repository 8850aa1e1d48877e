"""Columns of a Parquet batch as numpy arrays, with a fault in the log for each value that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import MICROS_PER_SECOND, offset_minutes
from storage.market_files.csv.cells import MARGIN, Cells
from storage.market_files.csv.fast_columns import read_numbers
from storage.market_files.csv.fast_times import read_times
from storage.market_files.csv.records import PADDING
from storage.market_files.faults import FaultLog
from storage.market_files.table import UNREADABLE, OffsetArray, SymbolCodes
from storage.market_files.values import EARLIEST, LATEST, time_reason

_MICROS_OF = {"s": (MICROS_PER_SECOND, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
_LEAST, _MOST = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)

Arrow = Any
"""A pyarrow object; the library ships no types."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: columns by their place in its header, and the number of the first row."""

    columns: Mapping[int, Arrow]
    first_row: int
    length: int
    log: FaultLog

    def fault(self, wrong: BoolArray, place: int, describe: Callable[[int], str]) -> None:
        """Log a fault for each row of the mask; `describe` words the fault of a row of the batch, counted from 0."""
        places = np.flatnonzero(wrong)
        self.log.add_rows(places + self.first_row, place, lambda i: describe(int(places[i])))


def read_figures(batch: Batch, place: int) -> FloatArray:
    """One column of figures as float64, NaN where there is a fault."""
    import pyarrow as pa  # noqa: PLC0415

    column = batch.columns[place]
    empty = _nulls(column)
    if pa.types.is_decimal(column.type):
        values = _decimals(column)
    else:
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    batch.fault(empty, place, lambda _: "is empty")
    batch.fault(np.isnan(values) & ~empty, place, lambda _: "is not a number (NaN)")
    batch.fault(np.isinf(values), place, lambda _: "is infinite")
    return np.where(np.isfinite(values) & ~empty, values, np.nan)


def read_codes(batch: Batch, place: int, symbols: SymbolCodes) -> IntArray:
    """Each row's symbol number, -1 where there is a fault."""
    import pyarrow as pa  # noqa: PLC0415

    column = batch.columns[place]
    encoded = column.cast(pa.large_string()).dictionary_encode()
    index = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = np.full(len(encoded.dictionary) + 1, -1, np.int64)
    reasons = [""] * len(encoded.dictionary) + ["is empty"]
    for which, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            codes[which] = symbols.code(text)
        except ValueError as error:
            reasons[which] = str(error)
    batch.fault(codes[index] < 0, place, lambda i: reasons[int(index[i])])
    numbered: IntArray = codes[index]
    return numbered


def read_timestamps(batch: Batch, places: tuple[int, ...]) -> tuple[IntArray, OffsetArray]:
    """Each row's time in UTC microseconds and its offset in minutes; UNREADABLE where there is a fault.

    A date column and a time column are joined.
    """
    import pyarrow as pa  # noqa: PLC0415

    columns = [batch.columns[place] for place in places]
    empty = [_nulls(column) for column in columns]
    for place, nulls in zip(places, empty, strict=True):
        batch.fault(nulls, place, lambda _: "is empty")
    missing: BoolArray = np.logical_or.reduce(empty)
    if len(columns) == 1 and pa.types.is_timestamp(columns[0].type):
        return _stored_times(batch, places[0], missing)
    cells = _cells([_texts(column).fill_null("") for column in columns])
    times = read_times(cells, tuple(range(len(columns))))
    batch.fault(times.wrong & ~missing, places[0], lambda i: time_reason(_joined(cells, i)))
    return times.ts, times.offsets


def _joined(cells: Cells, i: int) -> str:
    return "T".join(cells.text(place, i).strip(PADDING) for place in range(len(cells.start)))


def _stored_times(batch: Batch, place: int, missing: BoolArray) -> tuple[IntArray, OffsetArray]:
    import pyarrow as pa  # noqa: PLC0415

    column = batch.columns[place]
    numerator, denominator = _MICROS_OF[column.type.unit]
    stored = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    lowest, highest = -(-EARLIEST * denominator // numerator), LATEST * denominator // numerator
    outside = ~missing & ((stored < max(lowest, _LEAST)) | (stored > min(highest, _MOST)))
    finer = ~missing & ~outside & (stored % denominator != 0)
    batch.fault(outside, place, lambda _: "is outside the years 1 to 9999 (0001-01-02 to 9999-12-30 are read)")
    batch.fault(finer, place, lambda i: f"is finer than a microsecond ({stored[i]} ns)")
    unread = missing | outside | finer
    ts = np.where(unread, 0, stored) * numerator // denominator
    return np.where(unread, UNREADABLE, ts), offset_minutes(ts, column.type.tz)


def _texts(column: Arrow) -> Arrow:
    """The column as text: whole floats without a point, all other floats with every digit."""
    import pyarrow as pa  # noqa: PLC0415

    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    values = column.to_pylist()
    return pa.array([None if value is None else _positional(value) for value in values], pa.string())


def _positional(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _decimals(column: Arrow) -> FloatArray:
    """Decimals as float64, through their text, so that each becomes the nearest one."""
    import pyarrow as pa  # noqa: PLC0415

    return read_numbers(_cells([column.cast(pa.string()).fill_null("nan")]), 0)[0]


def _nulls(column: Arrow) -> BoolArray:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), np.bool_)


def _cells(texts: list[Arrow]) -> Cells:
    """Text columns as cells over Arrow's own character buffer."""
    data, starts, ends, place = [bytes(MARGIN)], [], [], MARGIN
    for text in texts:
        _, offsets_buffer, characters = text.buffers()
        offsets = np.frombuffer(offsets_buffer, np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
        first, last = int(offsets[0]), int(offsets[-1])
        data.append(b"" if characters is None else characters[first:last].to_pybytes())
        starts.append(offsets[:-1] - first + place)
        ends.append(offsets[1:] - first + place)
        place += last - first
    buffer = np.frombuffer(b"".join((*data, bytes(MARGIN))), np.uint8)
    return Cells(buffer, np.array(starts), np.array(ends))
