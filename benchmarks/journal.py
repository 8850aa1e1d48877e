"""What the journal costs: bulk appends, replay, single executions, pages.

    python -m benchmarks.journal                        the sizes that the README quotes
    python -m benchmarks.journal --fills 100000 --json

Everything happens in a temporary directory (`--room` says on which disk), which is removed at the end.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import UUID

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.broker.execute import PaperBroker, create
from engine.broker.paper import check, place
from engine.broker.reconcile import ReconcileReport, reconcile
from engine.events import CountedStamps, EventRow, EventType, LiveStamps
from engine.intents import TradeIntent
from engine.policy.workspace import Workspace
from engine.ports import EventFilter
from engine.vocabulary import IntentAction
from storage.sqlite.connection.driver import has_wal_fault, sqlite_version
from storage.sqlite.unit_of_work import SqliteStore

WORKSPACE = Workspace(UUID(int=1), "benchmark", 1e9, 0)
DAY = 86_400_000_000


@dataclass(frozen=True)
class Figure:
    """So many of something in so many seconds; `cpu_seconds` tells how much of them others took on a busy machine."""

    what: str
    count: int
    seconds: float
    cpu_seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.count / self.seconds


def wall_clock() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def timed(what: str, count: int, note: str, work: Callable[[], object]) -> Figure:
    """A piece of work, done without the cyclic collector, as a reconciliation is."""
    gc.disable()
    began, cpu = time.perf_counter(), time.process_time()
    try:
        work()
    finally:
        gc.enable()
    return Figure(what, count, time.perf_counter() - began, time.process_time() - cpu, note)


def batches(rows: Sequence[EventRow], size: int) -> Iterator[Sequence[EventRow]]:
    """The rows, so many at a time."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def executions(count: int, held: int) -> Iterator[tuple[IntentAction, str]]:
    """Opens and closes of 20 symbols, about `held` of them open at a time."""
    source, open_now = random.Random(7), list[str]()
    symbols = [f"SYM{i:02d}" for i in range(20)]
    for _ in range(count):
        if len(open_now) > held or (open_now and source.random() < 0.45):
            yield IntentAction.CLOSE_LONG, open_now.pop(source.randrange(len(open_now)))
        else:
            symbol = source.choice([each for each in symbols if each not in open_now])
            open_now.append(symbol)
            yield IntentAction.OPEN_LONG, symbol


def executed_events(count: int) -> list[EventRow]:
    """What the paper broker journals of `count` executions: five events each, as they are in life."""
    stamps = CountedStamps(UUID(int=2), wall_clock)
    account = Account(WORKSPACE.id, Ledger.fresh(WORKSPACE.starting_equity))
    events: list[EventRow] = []
    for nth, (action, symbol) in enumerate(executions(count, 5)):
        intent = TradeIntent(
            id=UUID(stamps.new_id()), workspace_id=WORKSPACE.id, symbol=symbol, action=action, quantity=12.5
        )
        order = check(intent, 100.0 + nth % 50)
        events += place(order, account, WORKSPACE, nth * 60_000_000, stamps).events
    return events


def fill_events(count: int) -> Iterator[EventRow]:
    """Fills alone: what a replay reads."""
    stamps, key = CountedStamps(UUID(int=3), wall_clock), str(WORKSPACE.id)
    payload = '{"action":"OPEN_LONG","quantity":12.5,"strategy_id":"manual","position_action":"opened"}'
    for nth, (action, symbol) in enumerate(executions(count, 5)):
        side = 1 if action is IntentAction.OPEN_LONG else -1
        ts = nth * 60_000_000
        fill = ("paper", symbol, side, 1_250_000_000, 100.0 + nth % 50, 1.25, ts // DAY, payload)
        ids = (stamps.new_id() for _ in range(4))
        yield EventRow._make((next(ids), key, EventType.ORDER_FILLED.value, ts, ts, *ids, *fill))


def open_store(room: Path, name: str) -> SqliteStore:
    """A new database with the workspace in it."""
    store = SqliteStore(room / f"{name}.db")
    with store.write() as unit:
        create(unit, WORKSPACE, CountedStamps(UUID(int=4), wall_clock))
        unit.commit()
    return store


def append_all(store: SqliteStore, batches: Iterable[Sequence[EventRow]]) -> None:
    """A write transaction for each of the batches."""
    for batch in batches:
        append(store, batch)


def append(store: SqliteStore, rows: Sequence[EventRow]) -> None:
    """One write transaction."""
    with store.write() as unit:
        unit.append(rows)
        unit.commit()


def bulk_append(room: Path, count: int, size: int) -> Iterator[Figure]:
    """Events in batches; `append` and `commit` are counted, building the rows is not. Then pages of them."""
    rows = executed_events(count // 5)
    with open_store(room, "append") as store:
        yield timed(
            "events appended",
            len(rows),
            f"{size} in a transaction, five of an execution",
            partial(append_all, store, batches(rows, size)),
        )
        yield from pages(store, len(rows))


def pages(store: SqliteStore, count: int) -> Iterator[Figure]:
    """What a screen asks of a long journal."""
    here = WORKSPACE.id
    looks: dict[str, Callable[[], object]] = {
        "newest 500": lambda: views.events(EventFilter(here), limit=500, newest_first=True),
        "500 in the middle": lambda: views.events(EventFilter(here, before=count // 2), limit=500, newest_first=True),
        "count of all": lambda: views.event_count(EventFilter(here)),
        "count of a type": lambda: views.event_count(EventFilter(here, types=("INTENT_REJECTED",))),
        "run events": lambda: views.events(EventFilter(here, types=("RUN_STARTED",)), limit=500),
        "a text that is nowhere": lambda: views.events(EventFilter(here, text="nowhere to be found"), limit=500),
    }
    for what, look in looks.items():
        with store.read() as views:
            yield timed(f"page: {what}", 1, f"of {count:,} events", look)


def replay(room: Path, count: int) -> Iterator[Figure]:
    """Fills from the file into a ledger: cold (the system holds nothing of the file in memory), then warm."""
    with open_store(room, "replay") as store:
        rows = fill_events(count)
        while batch := list(islice(rows, 10_000)):
            append(store, batch)
    forget(room / "replay.db")
    with SqliteStore(room / "replay.db") as store:
        for state in ("cold", "warm"):
            note = "a reconciliation, file to stored state; about 5 positions open"
            reports: list[ReconcileReport] = []
            work = partial(reconcile, store, WORKSPACE, LiveStamps(wall_clock))
            yield timed(f"fills replayed, {state}", count, note, partial(keep, reports, work))
            assert (reports[0].events_replayed, reports[0].errors) == (count, [])
        with store.read() as views:
            yield timed("fills read, warm", count, "without the fold", partial(deque, views.fills(WORKSPACE.id), 0))


def keep(reports: list[ReconcileReport], work: Callable[[], ReconcileReport]) -> None:
    """Put what the work reports beside the others."""
    reports.append(work())


def forget(path: Path) -> None:
    """Make the system forget what it holds of a file in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def single(room: Path, count: int) -> Iterator[Figure]:
    """One intent after another through the paper broker."""
    stamps = LiveStamps(wall_clock)
    intents = [
        TradeIntent(id=UUID(stamps.new_id()), workspace_id=WORKSPACE.id, symbol=symbol, action=action, quantity=1.0)
        for action, symbol in executions(count, 5)
    ]
    times: list[float] = []
    with open_store(room, "single") as store:
        broker = PaperBroker(store, stamps)

        def execute_all() -> None:
            for intent in intents:
                began = time.perf_counter()
                assert broker.execute(intent, 100.0).success
                times.append(time.perf_counter() - began)

        figure = timed("executions", count, "", execute_all)
    p50, p99 = sorted(times)[count // 2], sorted(times)[count * 99 // 100]
    note = f"one transaction each, synchronous=FULL; p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms"
    yield replace(figure, note=note)


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite_version(),
        "sqlite_wal_fault": has_wal_fault(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500_000, help="how many events are appended in bulk")
    parser.add_argument("--batch", type=int, default=5_000, help="how many of them in a transaction")
    parser.add_argument("--fills", type=int, default=1_000_000, help="how many fills are replayed")
    parser.add_argument("--executions", type=int, default=2_000, help="how many single executions")
    parser.add_argument("--room", type=Path, help="where the temporary directory is made")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.room) as name:
        room = Path(name)
        figures = [
            *bulk_append(room, asked.events, asked.batch),
            *replay(room, asked.fills),
            *single(room, asked.executions),
        ]
    if asked.json:
        rows = [{**asdict(figure), "per_second": figure.rate} for figure in figures]
        print(json.dumps({"machine": machine(), "figures": rows}, indent=2))
        return
    print("  ".join(f"{key} {value}" for key, value in machine().items()))
    for figure in figures:
        seconds = f"{figure.seconds * 1e3:12,.1f} ms, CPU {figure.cpu_seconds * 1e3:10,.1f} ms"
        print(f"{figure.what:30} {figure.rate:12,.0f}/s {seconds}   {figure.note}")


if __name__ == "__main__":
    main()
