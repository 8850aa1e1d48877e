"""Parquet files, read with pyarrow (the extra `parquet`), under the same rules as CSV.

Row numbers count the bars from 1. Times stored as such are taken as they are; numbers and text are read as in CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.errors import SystemFault
from engine.symbols import quoted
from storage.market_files.arrow_columns import Arrow, Batch, read_codes, read_figures, read_timestamps
from storage.market_files.csv.lines import Tick
from storage.market_files.csv.records import Part
from storage.market_files.faults import FaultLog
from storage.market_files.layout import FIGURES, INDEX, Layout, is_known, is_time, read_layout
from storage.market_files.table import SymbolCodes, Table

MAGIC = b"PAR1"
_BATCH = 1 << 17
_PAIR = re.compile(r"\('.*', '.*'\)", re.ASCII)

Naming = Callable[[Layout], SymbolCodes | None]
"""The symbols to number a file's rows with; None, with a fault in the log, when its one symbol has no name."""


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
        log.add(0, f"the columns are a MultiIndex of pandas ({pairs[0]}, …); write a frame with one level of names")
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
