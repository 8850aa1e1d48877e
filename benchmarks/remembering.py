"""What an execution gains from the memory of a connection (decision 22): with it and without it, in turns.

`python -m benchmarks.remembering [EXECUTIONS] [ROUNDS] [DIRECTORY]` prints the best median of the rounds, in
microseconds of wall and of CPU time, for accounts of several sizes. `DIRECTORY` says on which disk.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from engine.desk import Desk
from storage.desk import open_desk
from storage.settings import Settings
from storage.sqlite.connection.database import Link
from storage.sqlite.unit_of_work import SqliteStore

SIZES = ((1, 1), (20, 250), (200, 2500))
"""Open positions and trading days of an account."""


class Median(NamedTuple):
    """Microseconds of one execution."""

    wall: float
    cpu: float


def account(room: Path, positions: int, days: int) -> Desk:
    """A desk whose account holds so many positions and has traded on so many days."""
    settings = Settings(db=room / "desk.db", _env_file=None)
    desk = open_desk(settings)
    desk.accounts.ensure_default()
    for number in range(positions):
        desk.trading.order("OPEN_LONG", f"S{number}", 1, 1.0)
    with SqliteStore(settings.db) as store, store.write() as unit:
        workspace = unit.workspace("default")
        assert workspace is not None
        state = unit.account(workspace)
        state.ledger.realized_by_session.update((10_000 + day, 0.5) for day in range(days))
        unit.replace(state)
        unit.commit()
    return desk


def executions(desk: Desk, count: int, *, remembers: bool) -> Median:
    """The median of executions that open and close a position in turn."""
    walls, cpus = [], []
    with ExitStack() as stack:
        if not remembers:
            stack.enter_context(mock.patch.object(Link, "recall", _nothing))
        for number in range(count):
            wall, cpu = time.perf_counter(), time.process_time()
            desk.trading.order("CLOSE_LONG" if number % 2 else "OPEN_LONG", "X", 1, 10.0)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
    return Median(1e6 * statistics.median(walls), 1e6 * statistics.median(cpus))


def _nothing(_: Link) -> None:
    """In place of `Link.recall`, without the cost of a mock."""


def compared(room: Path, size: tuple[int, int], count: int, rounds: int) -> Iterator[str]:
    """A line for an account of a size: the best rounds of each."""
    with account(room, *size) as desk:
        taken = [
            (executions(desk, count, remembers=True), executions(desk, count, remembers=False)) for _ in range(rounds)
        ]
    kept, read = ([pair[which] for pair in taken] for which in (0, 1))
    yield f"{size[0]} positions, {size[1]} days:"
    for label, medians in (("remembers", kept), ("reads", read)):
        wall, cpu = min(each.wall for each in medians), min(each.cpu for each in medians)
        yield f"  {label:<10} {wall:6.0f} us, of the CPU {cpu:6.0f} us"


def main(arguments: Sequence[str]) -> None:
    """Print a table for every size of account."""
    count, rounds = int(arguments[0]) if arguments else 200, int(arguments[1]) if len(arguments) > 1 else 5
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=arguments[2] if len(arguments) > 2 else None) as room:
            print(*compared(Path(room), size, count, rounds), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
