"""The bars that a strategy is checked on where a person names none: real days, made-up minutes, uneven symbols."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.market.bars import Bars, Dataset, IntArray
from engine.market.synthetic import BARS_PER_SESSION, synthetic_daily, synthetic_minutes


def bundled_data() -> Dataset:
    """The bundled daily series, and four made-up sessions of minutes, the last one cut short."""
    minutes = synthetic_minutes(BARS_PER_SESSION * 4 + 100, seed=1)
    return Dataset({**_sample_bars(), minutes.symbol: minutes})


def bundled_groups() -> list[Dataset]:
    """For a strategy that compares symbols: the bundled days, and made-up days and minutes of symbols that are uneven.

    Uneven ones begin and end apart, and lack bars that others have.
    """
    return [
        Dataset(_sample_bars()),
        Dataset(_uneven([synthetic_daily(500, seed=place, symbol=f"DAYS{place}") for place in range(1, 6)])),
        Dataset(_uneven([synthetic_minutes(900, seed=place, symbol=f"MINUTES{place}") for place in range(1, 4)])),
    ]


def _sample_bars() -> Mapping[str, Bars]:
    from storage.market_files import load_dataset  # noqa: PLC0415 - only where data are read
    from storage.samples import SAMPLES, sample_path  # noqa: PLC0415

    return load_dataset([(name, sample_path(name)) for name in SAMPLES], symbols=list(SAMPLES)).bars


def _uneven(bars: list[Bars]) -> dict[str, Bars]:
    """The first whole; of each further one other rows are missing, its beginning or its end among them."""
    return {one.symbol: _at(one, _kept_rows(len(one), place)) for place, one in enumerate(bars)}


def _kept_rows(count: int, place: int) -> IntArray:
    rows = np.arange(count, dtype=np.int64)
    if place == 0:
        return rows
    begin, end = (count // 5 * place, count) if place % 2 else (0, count - count // 8 * place)
    single = rows % (5 + 2 * place) == place
    hole = (rows >= count // 2) & (rows < count // 2 + 20 * (place - 1))
    return np.flatnonzero((rows >= begin) & (rows < end) & ~single & ~hole)


def _at(bars: Bars, rows: IntArray) -> Bars:
    opening, high, low, close, volume = (
        column[rows] for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)
    )
    return Bars(bars.symbol, bars.ts[rows], opening, high, low, close, volume, bars.session[rows])
