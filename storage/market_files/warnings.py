"""What a person is warned of in data that were read: of the files, and of each symbol's bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.market.bars import Bars
from engine.market.quality import NOTHING_STATED, Stated, quality_warnings
from storage.market_files.reading import Reading
from storage.market_files.table import rows_by_symbol


def warnings_of(
    readings: Sequence[Reading], kept: Mapping[str, Bars], session_tz: str, now: int | None
) -> tuple[str, ...]:
    """Sentences of the readings and of the bars that are kept of them; `now` is the wall clock (UTC microseconds)."""
    stated = {symbol: found for reading in readings for symbol, found in _stated(reading, kept).items()}
    turned = [
        f"{each.log.file}: the rows are newest-first and were turned round" for each in readings if each.newest_first
    ]
    by_symbol = (
        quality_warnings(bars, session_tz, stated.get(symbol, NOTHING_STATED), now) for symbol, bars in kept.items()
    )
    return (*turned, *(warning for warnings in by_symbol for warning in warnings))


def _stated(reading: Reading, kept: Mapping[str, Bars]) -> dict[str, Stated]:
    """What the times of each symbol that is kept say of their zone; nothing of most files."""
    table = reading.table
    if table is None or table.offsets is None:
        return {}
    step, found = -1 if reading.newest_first else 1, {}
    for symbol, rows in rows_by_symbol(table):
        if symbol in kept:
            ts, bars = table.ts[rows][::step], kept[symbol]
            first = int(np.searchsorted(ts, bars.ts[0]))
            found[symbol] = Stated(table.offsets[rows][::step][first : first + len(bars)], table.zone)
    return found
