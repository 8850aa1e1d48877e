"""What the report of a run plan costs: the whole command, in a process of its own, and the size of its file.

    python -m benchmarks.plan_report                1,000 variants on 2,520 daily bars of each of two symbols
    python -m benchmarks.plan_report --quick        40 variants: does everything run?

Seconds are of the processor, the least of several runs, from the start of Python to the file: reading the journal and
the data, computing equity again, importing Bokeh, drawing. Exit 1 over 3 seconds or 3 MB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.market.synthetic import synthetic_daily

MOST_SECONDS, MOST_BYTES = 3.0, 3_000_000
SYMBOLS, BARS = ("AAA", "BBB"), 2_520
_TIMES = 3
_FAST, _SLOW = "entry.fast_period=2:41:1", "entry.slow_period=45:165:5"


def write_data(room: Path) -> list[str]:
    """A file of daily bars for each symbol; the options that name them."""
    options = []
    for seed, symbol in enumerate(SYMBOLS):
        bars = synthetic_daily(BARS, seed=seed, symbol=symbol)
        columns = (bars.ts // 1_000_000, bars.open, bars.high, bars.low, bars.close, bars.volume)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        lines = [",".join(map(repr, row)) for row in rows]
        path = room / f"{symbol}.csv"
        path.write_text("\n".join(["ts,open,high,low,close,volume", *lines, ""]), encoding="utf-8")
        options += ["--symbol", symbol, "--data", f"{symbol}={path}"]
    return options


def processor_seconds(arguments: Sequence[str], room: Path) -> float:
    """Run a command of papertape; how long processors worked for it."""
    home = {"HOME": str(room), "PAPERTAPE_DB": str(room / "desk.db")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tui", *arguments]
    subprocess.run(command, env={**os.environ, **home}, cwd=room, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether it is within the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small plan, measured once")
    quick = parser.parse_args(arguments).quick
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        variants = ["--max-variants", "40" if quick else "1000"]
        sweep = ["plan", "run", "--strategy", "sma_cross", *write_data(room), "--sweep", _FAST, "--sweep", _SLOW]
        processor_seconds([*sweep, *variants], room)
        report = ["plan", "report", "last", "--to", "report.html", "--force"]
        seconds = min(processor_seconds(report, room) for _ in range(1 if quick else _TIMES))
        size = (room / "report.html").stat().st_size
    print(f"report of a plan of {variants[1]} variants: {seconds:.2f} s, {size:,} bytes")
    return int(seconds > MOST_SECONDS or size > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
