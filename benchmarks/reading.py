"""Reading a CSV file of bars: the two passes of papertape beside `pandas.read_csv` and pyarrow, taken in turns.

`python -m benchmarks.reading [ROWS] [ROUNDS]` prints a table: the best time within a process that has imported
everything, the best time of a whole process, and how many closes differ from what Python's `float` reads.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.market.bars import Bars, make_bars
from engine.market.synthetic import synthetic_minutes
from storage.market_files.csv.careful import read_carefully
from storage.market_files.csv.fast import Tokenizer, read_fast
from storage.market_files.csv.write import write_csv
from storage.market_files.reading import read_source

Column = npt.NDArray[np.float64]
Reader = Callable[[Path], Column]
"""A reader of a whole file, which gives its closes, shape (n,)."""

FACTORS = {"prices in cents": 1.0, "prices of 17 digits": 1 / 7}
"""What the prices of a file are multiplied by."""


def _papertape(path: Path, tokenizer: Tokenizer) -> Column:
    table = read_source((None, path), path.read_bytes(), "SYN", lambda _: None, tokenizer).table
    assert table is not None, "the file is sound"
    return table.figures[3]


def fast(path: Path) -> Column:
    """The fast pass, with the rules of the market and the file's digest."""
    return _papertape(path, read_fast)


def careful(path: Path) -> Column:
    """The careful pass, with the same rules."""
    return _papertape(path, read_carefully)


def pandas_default(path: Path) -> Column:
    """`read_csv` with parsed times and its default numbers; nothing is validated."""
    import pandas as pd  # noqa: PLC0415

    return pd.read_csv(path, parse_dates=["ts"])["close"].to_numpy()


def arrow(path: Path) -> Column:
    """pyarrow's reader, in one thread."""
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    table = arrow_csv.read_csv(path, read_options=arrow_csv.ReadOptions(use_threads=False))
    return np.asarray(table["close"].to_numpy())


READERS: Mapping[str, Reader] = {
    "fast pass": fast,
    "careful pass": careful,
    "pandas.read_csv": pandas_default,
    "pyarrow.csv, one thread": arrow,
}


def nearest(path: Path) -> Column:
    """The closes as Python's `float` reads them."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return np.array([float(row["close"]) for row in rows])


def timed(path: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """The best seconds of each reader, here and in a process of its own; in turns, so that all meet the same load."""
    best = dict.fromkeys(READERS, (float("inf"), float("inf")))
    for _ in range(rounds):
        for name, read in READERS.items():
            begin = time.perf_counter()
            read(path)
            here, alone = best[name]
            best[name] = (min(here, time.perf_counter() - begin), min(alone, process(name, path)))
    return best


def process(name: str, path: Path) -> float:
    """The seconds of a process of its own, from its start to its end, that reads the file once: with every import."""
    begin = time.perf_counter()
    script = (
        "import sys, pathlib; from benchmarks.reading import READERS; READERS[sys.argv[1]](pathlib.Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", script, name, str(path)], check=True)
    return time.perf_counter() - begin


def table(path: Path, label: str, rounds: int) -> Iterator[str]:
    """The lines of one file's table."""
    exact, seconds = nearest(path), timed(path, rounds)
    yield f"{label}: {len(exact):,} rows, {path.stat().st_size / 1e6:.1f} MB, best of {rounds}"
    for name, read in READERS.items():
        wrong = int(np.count_nonzero(read(path) != exact))
        here, alone = seconds[name]
        yield f"  {name:<24} {1e3 * here:7.0f} ms, {1e3 * alone:7.0f} ms as a process, {wrong:,} closes differ"


def main(arguments: Sequence[str]) -> None:
    """Write a file of each kind, and print its table."""
    rows, rounds = int(arguments[0]) if arguments else 500_000, int(arguments[1]) if len(arguments) > 1 else 5
    with tempfile.TemporaryDirectory() as room:
        for label, factor in FACTORS.items():
            path = Path(room) / "bars.csv"
            write_csv(scaled(synthetic_minutes(rows, seed=1), factor), path)
            print(*table(path, label, rounds), sep="\n")


def scaled(bars: Bars, factor: float) -> Bars:
    """The bars with their prices multiplied."""
    opening, high, low, close = (column * factor for column in (bars.open, bars.high, bars.low, bars.close))
    return make_bars(bars.symbol, bars.ts, opening, high, low, close, bars.volume)


if __name__ == "__main__":
    main(sys.argv[1:])
