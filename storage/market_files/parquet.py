"""Parquet files, read with pyarrow (the extra `parquet`), under the same rules as CSV.

Row numbers count the bars from 1. Times stored as such are taken as they are; numbers and text are read as in CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from engine.errors import SystemFault
from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import MICROS_PER_SECOND, offset_minutes
from engine.symbols import quoted
from storage.market_files.csv.fast_columns import read_numbers, read_times
from storage.market_files.csv.lines import MARGIN, Cells, Tick
from storage.market_files.csv.records import PADDING, Part
from storage.market_files.layout import FIGURES, INDEX, Layout, is_known, is_time, read_layout
from storage.market_files.looks import import_command
from storage.market_files.table import UNREADABLE, FaultLog, OffsetArray, SymbolCodes, Table
from storage.market_files.values import EARLIEST, LATEST, time_reason

MAGIC = b"PAR1"
_BATCH = 1 << 17
_PAIR = re.compile(r"\('.*', '.*'\)", re.ASCII)

Naming = Callable[[Layout], SymbolCodes | None]
"""The symbols to number a file's rows with; None, with a fault in the log, when its one symbol has no name."""
_MICROS_OF = {"s": (MICROS_PER_SECOND, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
_LEAST, _MOST = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)

Arrow = Any
"""A pyarrow object; the library ships no types."""


def read_parquet(raw: bytes, naming: Naming, log: FaultLog, tick: Tick) -> tuple[Layout, Table] | None:
    """The file's layout and rows; None if its columns cannot be told. Raises EXTRA_MISSING without pyarrow."""
    pa, parquet = _pyarrow()
    log.header_row = 0
    try:
        file = parquet.ParquetFile(pa.BufferReader(raw))
        layout = None if _is_multi_index(file.schema_arrow.names, log) else _layout(file, pa, log)
        symbols = None if layout is None else naming(layout)
        if layout is None or symbols is None or not _types_fit(pa, file.schema_arrow, layout, log):
            return None
        return layout, _read_batches(file, layout, symbols, log, lambda share: tick(int(len(raw) * share)))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        log.add(0, f"cannot be read as Parquet: {quoted(str(error))}")
        return None


def _layout(file: Arrow, pa: Any, log: FaultLog) -> Layout | None:
    schema = file.schema_arrow

    def holds_times(place: int) -> bool:
        kind, name = schema.field(place).type, schema.field(place).name
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return True
        values = next(iter(file.iter_batches(1, columns=[name])), None)
        return values is not None and is_time(str(values.column(name)[0]))

    return read_layout(_names(schema), log, holds_times)


def _names(schema: Arrow) -> list[str]:
    """The columns' names. pandas notes which one is a frame's index: it counts only if it has the name of a time."""
    try:
        (index,) = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (
        KeyError,
        ValueError,
        TypeError,
    ):  # not written by pandas, without an index, or with an index of several levels
        return list(schema.names)
    return [INDEX if name == index and not is_known(name) else name for name in schema.names]


def _is_multi_index(names: list[str], log: FaultLog) -> bool:
    """Whether pandas wrote columns of several levels, whose names are pairs; logged as a fault."""
    pairs = [name for name in names if _PAIR.match(name)]
    if pairs:
        remedy = f"{import_command(log.file)} makes a file that is read"
        log.add(0, f"the columns are a MultiIndex of pandas ({pairs[0]}, …); {remedy}")
    return bool(pairs)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise SystemFault(
            "EXTRA_MISSING",
            "Parquet files need pyarrow, which is not installed",
            hint="pip install 'papertape[parquet]'",
        ) from error
    return pa, parquet


def _types_fit(pa: Any, schema: Arrow, layout: Layout, log: FaultLog) -> bool:
    """Whether each column has a type that its values can be read from; a fault is logged for each that has not."""
    types, before = pa.types, log.count

    def expect(place: int, fits: bool, what: str) -> None:
        if not fits:
            log.add(0, f"is of type {schema.field(place).type}; {what}", place)

    def is_text(kind: Arrow) -> bool:
        plain = kind.value_type if types.is_dictionary(kind) else kind
        return bool(types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain))

    for place in layout.times:
        kind = schema.field(place).type
        number = types.is_integer(kind) or types.is_floating(kind)
        expect(place, types.is_temporal(kind) or number or is_text(kind), "a time is a timestamp, a number or text")
    for place, name in zip(layout.figures, FIGURES, strict=True):
        kind = schema.field(place).type
        number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
        expect(place, number, f"the {name} is an integer, a float or a decimal")
    if layout.symbol is not None:
        expect(layout.symbol, is_text(schema.field(layout.symbol).type), "a symbol is text")
    return log.count == before


def _read_batches(
    file: Arrow, layout: Layout, symbols: SymbolCodes, log: FaultLog, progress: Callable[[float], None]
) -> Table:
    schema = file.schema_arrow
    places = [*layout.times, *layout.figures, *([] if layout.symbol is None else [layout.symbol])]
    parts, row = [], 1
    for batch in file.iter_batches(_BATCH, columns=[schema.field(place).name for place in places]):
        columns = {place: batch.column(schema.field(place).name) for place in places}
        parts.append(_read_batch(Batch(columns, row, batch.num_rows, log), layout, symbols))
        row += batch.num_rows
        progress((row - 1) / file.metadata.num_rows)
    whole = Part.joined(parts) if parts else Part.of([])
    opening, high, low, close, volume = whole.figures
    offsets = whole.offsets if whole.offsets.any() else None
    zone = _zone_name(schema, layout)
    return Table(whole.rows, whole.ts, whole.codes, (opening, high, low, close, volume), symbols.names, offsets, zone)


def _zone_name(schema: Arrow, layout: Layout) -> str:
    """The zone that the times are stored with; empty if there is none."""
    return str(getattr(schema.field(layout.times[0]).type, "tz", None) or "") if len(layout.times) == 1 else ""


def _read_batch(batch: Batch, layout: Layout, symbols: SymbolCodes) -> Part:
    figures = tuple(read_figures(batch, place) for place in layout.figures)
    codes = np.zeros(batch.length, np.int64) if layout.symbol is None else read_codes(batch, layout.symbol, symbols)
    ts, offsets = read_timestamps(batch, layout.times)
    rows = np.arange(batch.first_row, batch.first_row + batch.length, dtype=np.int64)
    return Part(rows, ts, offsets, codes, figures)


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
