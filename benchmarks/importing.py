"""Importing a file of Binance klines: CPU time, wall time and memory of a whole process, and what it writes.

`python -m benchmarks.importing [ROWS] [ROUNDS]` prints a table: 1,000,000 rows and the best of three rounds if nothing
is said. The process is `papertape data import`, from its start to its end.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MINUTE = 60_000
_BEGIN = 1_577_836_800_000
_CHUNK = 50_000


def write_klines(path: Path, rows: int) -> None:
    """A file as Binance publishes it, with a random walk of prices."""
    chance, price = random.Random(1), 42_000.0
    with path.open("w") as out:
        for first in range(0, rows, _CHUNK):
            lines = []
            for at in range(first, min(first + _CHUNK, rows)):
                close = max(1.0, price + chance.gauss(0, 20))
                high, low = max(price, close) + 5 * chance.random(), min(price, close) - 0.5 * chance.random()
                volume, time_ms = 20 * chance.random(), _BEGIN + at * _MINUTE
                bar = f"{price:.8f},{high:.8f},{low:.8f},{close:.8f},{volume:.8f}"
                lines.append(f"{time_ms},{bar},{time_ms + _MINUTE - 1},{volume * close:.8f},99,0.5,0.5,0\n")
                price = round(close, 8)
            out.writelines(lines)


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of CPU, seconds by the clock, and its peak of memory in MB."""

    cpu: float
    wall: float
    memory: float


def measure(arguments: Sequence[str]) -> Cost:
    """The cost of `papertape` with these arguments."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tui", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"papertape ended with {process.returncode}")
    per_mb = 1024 if sys.platform != "darwin" else 1 << 20
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begin, usage.ru_maxrss / per_mb)


def best(rows: int, rounds: int) -> tuple[Cost, int, int]:
    """The least of each cost over some rounds, and the sizes of the files read and written, in bytes."""
    with tempfile.TemporaryDirectory() as room:
        klines, out = Path(room) / "klines.csv", Path(room) / "out.csv"
        write_klines(klines, rows)
        costs = [measure(("data", "import", str(klines), "--to", str(out), "--force")) for _ in range(rounds)]
        sizes = klines.stat().st_size, out.stat().st_size
    least = Cost(min(c.cpu for c in costs), min(c.wall for c in costs), max(c.memory for c in costs))
    return least, *sizes


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a table."""
    rows, rounds = (int(value) for value in (*arguments, *("1000000", "3")[len(arguments) :]))
    cost, read, written = best(rows, rounds)
    print(f"{rows:,} Binance rows, {read / 1e6:,.0f} MB read, {written / 1e6:,.0f} MB written, best of {rounds}")
    print("| CPU | wall | memory |\n| --- | --- | --- |")
    print(f"| {cost.cpu:.2f} s | {cost.wall:.2f} s | {cost.memory:,.0f} MB |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
