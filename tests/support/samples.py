"""The bundled daily series, read with nothing but gzip and csv."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from pathlib import Path

import numpy as np

from engine.market.bars import Bars, Dataset, make_bars

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "storage" / "samples"
COLUMNS = ("open", "high", "low", "close", "volume")


def sample_bars(symbol: str, session_tz: str = "UTC") -> Bars:
    """AAPL, GOOG or IBM."""
    with gzip.open(SAMPLES / f"{symbol}_daily.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    ts = [int(datetime.fromisoformat(row["ts"]).timestamp()) * 1_000_000 for row in rows]
    columns = {each: np.array([float(row[each]) for row in rows]) for each in COLUMNS}
    return make_bars(symbol, np.array(ts, dtype=np.int64), **columns, session_tz=session_tz)


def sample_dataset(*symbols: str) -> Dataset:
    """Some of them together."""
    return Dataset({symbol: sample_bars(symbol) for symbol in symbols})
