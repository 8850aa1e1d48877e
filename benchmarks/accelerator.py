"""What was measured to choose the accelerator: docs/decisions/0021-numba-when-it-pays.md.

    python -m benchmarks.accelerator

The search for exits (stop and target, one entry in 50 bars) as plain Python, as numpy alone, compiled by numba, and in
C (`find_exit.c`, by the machine's `cc` with -O2; left out where there is none). All four must find the same exits, or
it exits with 1. Then what numba costs a process: its import, a first compilation, loading what was compiled before.
"""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import directory_of_caches, repeated, run
from engine.statistics.clock import Clock
from engine.sweeps.simulation.columns import Columns, view_of
from engine.sweeps.simulation.find_exit import FIND_EXIT, find_exit
from engine.sweeps.simulation.layout import AT_CLOSE, Rows, Terms

_BARS, _EVERY, _STOP, _TARGET = 1_000_000, 50, 0.5, 1.0
_LEAVE = Terms._make([0] * len(Terms._fields))._replace(stop_pct=_STOP, target_pct=_TARGET, fill=AT_CLOSE)
_WINDOW = 64
Exits = tuple[Any, Any]

_FIRST_CALLS = """
import time, numpy as np
began = time.perf_counter(); import numba; print("import numba", time.perf_counter() - began)
from benchmarks.work import daily, dataset_of, spec_of
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec
from engine.policy.workspace import Workspace
from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.simulation import simulate
from uuid import UUID
simulate.MUCH_WORK = 0
work = daily(500)
spec = compile_spec(spec_of(work), Registry().get("breakout_52w_high"))
swept = simulate.Simulation(dataset_of(work), Workspace(UUID(int=1), "benchmark", 1e4, 0))
began = time.perf_counter(); list(swept.simulate_each([Variant("", "", (), {}, spec)]))
print("kernels", time.perf_counter() - began)
"""


def plain(entries: Any, columns: Columns) -> Exits:
    """The kernel's source as it stands, on memory views."""
    return _one_by_one(find_exit, entries, columns.views)


def compiled(entries: Any, columns: Columns) -> Exits:
    """The same source, compiled by numba, with a compiled loop around it."""
    return _compiled_loop()(entries, columns.rows - 1, columns.arrays, *_no_exits_or_steps(), _LEAVE)


def numpy_alone(entries: Any, columns: Columns) -> Exits:
    """Windows of bars, each twice the last, until one holds a hit."""
    opened, high, low, close = (getattr(columns.bars[0], name) for name in ("open", "high", "low", "close"))
    rows, prices = np.full(len(entries), -1), np.zeros(len(entries))
    for each, entry in enumerate(entries):
        stop, target = close[entry] * (1 - _STOP / 100), close[entry] * (1 + _TARGET / 100)
        at, size = entry + 1, _WINDOW
        while at < columns.rows:
            hit = (low[at : at + size] <= stop) | (high[at : at + size] >= target)
            first = int(hit.argmax())
            if hit[first]:
                row = rows[each] = at + first
                prices[each] = min(opened[row], stop) if low[row] <= stop else max(opened[row], target)
                break
            at, size = at + size, size * 2
    return rows, prices


def in_c(library: Path) -> Callable[[Any, Columns], Exits]:
    """The C function."""
    find_exits = ctypes.CDLL(str(library)).find_exits

    def search(entries: Any, columns: Columns) -> Exits:
        rows, prices = np.empty(len(entries), dtype=np.int64), np.empty(len(entries))
        read = ("open", "high", "low", "close", "block_low", "block_high")
        given = [_pointer(getattr(columns.arrays, name)) for name in read]
        count, last = ctypes.c_int64(len(entries)), ctypes.c_int64(columns.rows - 1)
        percentages = (ctypes.c_double(_STOP), ctypes.c_double(_TARGET))
        find_exits(_pointer(entries), count, last, *given, *percentages, _pointer(rows), _pointer(prices))
        return rows, prices

    return search


def built(room: Path) -> Path | None:
    """The C source as a library; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library, source = room / "find_exit.so", Path(__file__).with_name("find_exit.c")
    # no fused multiply-add: it would round once where Python rounds twice
    flags = ["-O2", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
    return library


def costs() -> dict[str, dict[str, float]]:
    """What a fresh process pays, with nothing compiled before and with compiled code kept."""
    with directory_of_caches() as place:
        return {
            state: _said(run([sys.executable, "-c", _FIRST_CALLS], {"NUMBA_CACHE_DIR": place}).printed)
            for state in ("nothing compiled before", "compiled code kept")
        }


def main() -> int:
    """The command line."""
    from benchmarks.work import dataset_of, minutes  # noqa: PLC0415
    from engine.compiled import expect_much_work  # noqa: PLC0415

    data = dataset_of(minutes(_BARS))
    columns = Columns(data, ["SYN"], Clock(data, ["SYN"]))
    entries = np.arange(1, _BARS - 1, _EVERY)
    if not expect_much_work():
        print("numba is not installed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as room:
        library = built(Path(room))
        ways: dict[str, Callable[[Any, Columns], Exits]] = {
            "plain Python": plain,
            "numpy alone": numpy_alone,
            "numba": compiled,
        }
        if library is not None:
            ways["C"] = in_c(library)
        found = {name: way(entries, columns) for name, way in ways.items()}
        for name, way in ways.items():
            seconds = min(repeated(partial(way, entries, columns)))
            print(f"{name:14} {seconds * 1e3:10.2f} ms   {seconds / len(entries) * 1e9:10.0f} ns an entry")
    for state, figures in costs().items():
        print(f"{state}: " + ", ".join(f"{what} {seconds:.2f} s" for what, seconds in figures.items()))
    rows, prices = found["plain Python"]
    differing = [name for name, (row, price) in found.items() if (row != rows).any() or (price != prices).any()]
    print(f"differing: {', '.join(differing) or 'none'}, of {len(entries):,} exits searched")
    return int(bool(differing))


def _no_exits_or_steps() -> tuple[Any, ...]:
    """Exits of a strategy's own by row and by block, and the pairs of `take_profit_by_bars`: there are none."""
    own = (np.zeros(1, dtype=np.uint8), np.zeros(1, dtype=np.uint64))
    return (*own, np.zeros(1, dtype=np.int64), np.zeros(1))


def _one_by_one(search: Callable[..., tuple[int, float, int]], entries: Any, columns: Rows) -> Exits:
    rows, prices = np.empty(len(entries), dtype=np.int64), np.empty(len(entries))
    _, opened, high, low, close, session_end, _, _, *blocks = columns
    last, bars = len(close) - 1, (opened, high, low, close, session_end, *blocks)
    given = (*bars, *map(view_of, _no_exits_or_steps()), _LEAVE)
    for each, entry in enumerate(entries.tolist()):
        rows[each], prices[each], _ = search(entry, close[entry], math.nan, math.nan, last, True, *given)
    return rows, prices


@lru_cache(1)
def _compiled_loop() -> Callable[..., Exits]:
    """A loop around the compiled kernel, to be compiled by its first call. It is told everything as it is called, as
    the kernel is: what numba takes for a constant it may also spoil."""
    import numba  # noqa: PLC0415

    search = FIND_EXIT.compiled
    assert search is not None, "numba is not installed"

    def loop(
        entries: Any, last: int, columns: Any, own: Any, own_blocks: Any, step_bars: Any, step_pcts: Any, leave: Any
    ) -> Exits:
        rows, prices = np.empty(len(entries), dtype=np.int64), np.empty(len(entries))
        _, opened, high, low, close, session_end, _, _, block_low, block_high = columns
        for each in range(len(entries)):
            rows[each], prices[each], _ = search(
                entries[each],
                close[entries[each]],
                math.nan,
                math.nan,
                last,
                True,
                opened,
                high,
                low,
                close,
                session_end,
                block_low,
                block_high,
                own,
                own_blocks,
                step_bars,
                step_pcts,
                leave,
            )
        return rows, prices

    return numba.njit(loop)  # type: ignore[no-any-return]


def _pointer(column: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(np.ascontiguousarray(column).ctypes.data)


def _said(printed: str) -> dict[str, float]:
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in printed.splitlines()}


if __name__ == "__main__":
    sys.exit(main())
