"""The crash harness: `run -w` killed with SIGKILL at seeded points, run again, and compared with one never killed.

    python -m tests.support.crash --kills 40 --seed 7            planned points around every kind of step
    python -m tests.support.crash --kills 1000 --seed 7 --random  the soak: any moment at all

After each kill: whatever was acknowledged is in the journal, no fill stands twice, replay equals the stored state, and
the account's recording has exactly the bars that it came to.
After the last: the account and its fills are those of the uninterrupted run. `--sabotage` takes the product apart on
purpose (acknowledge before the commit; commit events apart from the state), and the harness has to notice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from engine.desk import Desk, DeskConfig
from engine.events import EventRow, LiveStamps
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.recording import Recorded
from engine.policy.workspace import Workspace
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from engine.strategies.spec import ExecutionSpec, parse_spec
from storage.sqlite.unit_of_work import SqliteStore
from storage.system import wall_clock

WORKSPACE = Workspace(UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"), "account", 100_000.0, 0)
POINTS = ("begin", "append", "save", "before_commit", "inside_commit", "after_commit", "after_ack")
SABOTAGE = ("none", "ack-before-commit", "events-apart-from-state")


@dataclass(frozen=True)
class Kill:
    """Where to die: at the n-th passing of a point (planned), or so many seconds after the start (random)."""

    point: str
    at: float


@dataclass
class Report:
    """What the harness saw. `faults` is empty when every promise held."""

    seed: int
    kills: int = 0
    survived: int = 0
    rounds: int = 0
    fills: int = 0
    acknowledged: int = 0
    by_point: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def market(seed: int, sessions: int = 12, bars: int = 30) -> Dataset:
    """Three symbols of minute bars, two of them at the same times; a random walk in cents from `random.Random`."""
    source = random.Random(seed)
    columns = {}
    for index, symbol in enumerate(("AAA", "BBB", "CCC")):
        ts = [
            ((20_000 + day) * 86_400 + 52_200 + 60 * minute + (30 if index == 2 else 0)) * 1_000_000
            for day in range(sessions)
            for minute in range(bars)
        ]
        cents, close = 10_000, []
        for _ in ts:
            cents = max(500, cents + source.randint(-60, 62))
            close.append(cents / 100)
        columns[symbol] = _bars(symbol, ts, close)
    return Dataset(columns)


def _bars(symbol: str, ts: list[int], closes: list[float]) -> Bars:
    close = np.array(closes)
    opened = np.r_[close[:1], close[:-1]]
    return make_bars(
        symbol,
        np.array(ts, dtype=np.int64),
        opened,
        np.maximum(opened, close),
        np.minimum(opened, close),
        close,
        np.full(len(close), 100.0),
    )


def spec() -> ExecutionSpec:
    """A strategy that trades often: many commits to die around."""
    return parse_spec(
        {
            "strategy_id": "breakout_52w_high",
            "symbols": ["AAA", "BBB", "CCC"],
            "entry": {"lookback_days": 1},
            "exit": {"type": "eod", "max_bars": 4, "stop_loss_pct": 1.0},
            "risk": {"dollars_per_trade": 2500.0, "max_positions": 2},
        }
    )


class Grave:
    """The child's end: it says what it does through a pipe, and kills itself where it was told to."""

    def __init__(self, pipe: int, kill: Kill | None, sabotage: str) -> None:
        self.pipe, self.kill, self.sabotage = pipe, kill, sabotage
        self.passed: dict[str, int] = {}

    def at(self, point: str) -> None:
        self.passed[point] = self.passed.get(point, 0) + 1
        if self.kill is None or self.kill.point != point or self.passed[point] != int(self.kill.at):
            return
        if point == "inside_commit":
            os.write(self.pipe, b"COMMIT\n")  # the parent kills, while the commit is under way
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    def acknowledge(self, orders: list[str]) -> None:
        for order in orders:
            os.write(self.pipe, f"ACK {order}\n".encode())


class WatchedUnit:
    """A unit of work that passes the kill points; everything else is the real one's."""

    def __init__(self, inner: Any, grave: Grave) -> None:
        self._inner, self._grave = inner, grave
        self.orders: list[str] = []
        self.deferred: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: list[EventRow]) -> int:
        seq = self._inner.append(events)
        self.orders += [row.order_id for row in events if row.event_type == "ORDER_FILLED" and row.order_id]
        self._grave.at("append")
        return int(seq)

    def save(self, *arguments: Any) -> None:
        if self._grave.sabotage == "events-apart-from-state":
            self.deferred.append(arguments)
        else:
            self._inner.save(*arguments)
        self._grave.at("save")

    def commit(self) -> None:
        if self._grave.sabotage == "ack-before-commit":
            self._grave.acknowledge(self.orders)
        self._grave.at("before_commit")
        self._grave.at("inside_commit")
        self._inner.commit()
        self._grave.at("after_commit")
        if self._grave.sabotage != "ack-before-commit":
            self._grave.acknowledge(self.orders)
        self._grave.at("after_ack")


class WatchedStore:
    """A store whose write transactions are watched."""

    def __init__(self, inner: SqliteStore, grave: Grave) -> None:
        self._inner, self._grave = inner, grave

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextmanager
    def write(self) -> Iterator[WatchedUnit]:
        with self._inner.write() as inner:
            self._grave.at("begin")
            unit = WatchedUnit(inner, self._grave)
            yield unit
        if unit.deferred:
            with self._inner.write() as second:
                for arguments in unit.deferred:
                    second.save(*arguments)
                second.commit()


def open_desk_at(path: Path, grave: Grave | None = None) -> Desk:
    store: Any = SqliteStore(path)
    if grave is not None:
        store = WatchedStore(store, grave)
    return Desk(store, LiveStamps(wall_clock), DeskConfig(), Registry())


def trade(path: Path, data: Dataset, grave: Grave | None = None) -> None:
    """`run -w` over the whole data."""
    with open_desk_at(path, grave) as desk:
        desk.research.run_onward(spec(), data, WORKSPACE, timeframe="1m")


def prepare(path: Path) -> None:
    """A database with the account in it."""
    from engine.broker.execute import create

    with SqliteStore(path) as store, store.write() as unit:
        create(unit, WORKSPACE, LiveStamps(wall_clock))
        unit.commit()


@dataclass(frozen=True)
class Account:
    """What two runs are compared by: the state, and the fills in order without their ids of the moment."""

    state: dict[str, Any]
    fills: list[tuple[Any, ...]]
    order_ids: list[str]


def look(path: Path, data: Dataset) -> tuple[Account, list[str]]:
    """The account, and every promise that is broken in it; `data` are what it trades."""
    with open_desk_at(path) as desk:
        report = desk.accounts.reconcile(WORKSPACE.id, dry_run=True)
        state = desk.accounts.state(WORKSPACE.id)
        events = desk.journal.events(WORKSPACE.id, where=EventFilter(types=("ORDER_FILLED",)))
        wrongly = _wrongly_recorded(desk, data)
        with desk._store.read() as views:
            equity = views.equity_by_session(WORKSPACE.id)
    fills = [(e.intent_id, e.symbol, e.side, e.quantity, e.price, e.ts.isoformat()) for e in events]
    faults = [f"drift {report.drift}"] if report.drift else []
    faults += [f"cannot be replayed: {error}" for error in report.errors]
    faults += [f"the recording of {symbol} is not what the account came to" for symbol in wrongly]
    intents = [fill[0] for fill in fills]
    faults += [f"intent {intent} is filled twice" for intent in set(intents) if intents.count(intent) > 1]
    shown = state.model_dump(mode="json", exclude={"last_seq", "last_event_at", "reconciled_at"})
    return Account({**shown, "equity_by_session": equity}, fills, [str(e.order_id) for e in events]), faults


def _wrongly_recorded(desk: Desk, data: Dataset) -> list[str]:
    """The symbols whose recording is not their bars up to where the run has come."""
    with desk._store.read() as views:
        progresses = views.progresses(WORKSPACE.id)
        recorded = views.recorded(WORKSPACE.id, "1m", list(data.symbols))
    came_to = max((each.ts for each in progresses), default=-(2**62))
    seen = {symbol: bars.slice(0, bars.ts.searchsorted(came_to, side="right")) for symbol, bars in data.bars.items()}
    return [
        symbol
        for symbol, bars in seen.items()
        if recorded[symbol].ts.tolist() != bars.ts.tolist()
        or recorded[symbol].figures.tolist() != Recorded.of(bars).figures.tolist()
    ]


def run_child(path: Path, data: Dataset, kill: Kill | None, sabotage: str) -> tuple[bool, list[str]]:
    """Fork a child that trades; whether it came to its end, and the orders that it acknowledged."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            trade(path, data, Grave(writer, kill if kill and kill.point != "random" else None, sabotage))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    said = _listen(reader, pid, kill)
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("the child failed by itself; run `trade` in the foreground to see why")
    acknowledged = [line.removeprefix("ACK ") for line in said.decode().splitlines() if line.startswith("ACK ")]
    return os.WIFEXITED(status), acknowledged


def _listen(reader: int, pid: int, kill: Kill | None) -> bytes:
    """Read what the child says until it is gone, and kill it when that is the parent's part."""
    deadline = time.perf_counter() + kill.at if kill and kill.point == "random" else None
    said, killed = b"", False
    while True:
        wait = None if deadline is None or killed else max(0.0, deadline - time.perf_counter())
        ready, _, _ = select.select([reader], [], [], wait)
        if not ready:
            os.kill(pid, signal.SIGKILL)
            killed = True
            continue
        heard = os.read(reader, 65536)
        if not heard:
            return said
        said += heard
        if kill and kill.point == "inside_commit" and b"COMMIT\n" in said and not killed:
            until = time.perf_counter() + (kill.at % 1) * 0.002
            while time.perf_counter() < until:
                pass
            os.kill(pid, signal.SIGKILL)
            killed = True


def planned(source: random.Random, commits: int) -> Kill:
    point = source.choice(POINTS)
    return Kill(point, source.randint(1, max(1, commits)) + (source.random() if point == "inside_commit" else 0))


def harness(kills: int, seed: int, sabotage: str = "none", *, at_random: bool = False) -> Report:
    """Kill `kills` times; each account is run again and again until a run comes to its end."""
    report, source, data = Report(seed), random.Random(seed), market(seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as room:
        started = time.perf_counter()
        reference, commits = _uninterrupted(Path(room) / "reference.db", data)
        usual = time.perf_counter() - started
        while report.kills < kills and len(report.faults) < 20:
            report.rounds += 1
            path = Path(room) / f"{report.rounds}.db"
            prepare(path)
            acknowledged: set[str] = set()
            for attempt in range(6):  # up to five kills an account, then it is let through
                planned_kill = planned(source, commits // (attempt + 1))
                kill = Kill("random", source.random() * usual) if at_random else planned_kill
                spent = attempt == 5 or report.kills >= kills
                finished, said = run_child(path, data, None if spent else kill, sabotage)
                acknowledged |= set(said)
                _judge(report, path, data, acknowledged, kill)
                if finished:
                    report.survived += not spent
                    break
                report.kills += 1
                report.by_point[kill.point] = report.by_point.get(kill.point, 0) + 1
            _compare(report, path, data, reference)
            report.fills += len(reference.fills)
            report.acknowledged += len(acknowledged)
            for leftover in Path(room).glob(f"{report.rounds}.db*"):
                leftover.unlink()
    report.seconds = round(time.perf_counter() - began, 1)
    return report


def _uninterrupted(path: Path, data: Dataset) -> tuple[Account, int]:
    """The run that nobody kills, and how many commits it makes."""
    prepare(path)
    devnull = os.open(os.devnull, os.O_WRONLY)
    grave = Grave(devnull, None, "none")
    trade(path, data, grave)
    os.close(devnull)
    account, faults = look(path, data)
    if faults or len(account.fills) < 50:
        raise RuntimeError(f"the uninterrupted run is no reference: {len(account.fills)} fills, {faults}")
    return account, grave.passed["after_commit"]


def _judge(report: Report, path: Path, data: Dataset, acknowledged: set[str], kill: Kill) -> None:
    account, faults = look(path, data)
    lost = acknowledged - set(account.order_ids)
    faults += [f"{len(lost)} acknowledged orders are not in the journal"] if lost else []
    report.faults += [f"round {report.rounds}, {kill.point} {kill.at:.3f}: {fault}" for fault in faults]


def _compare(report: Report, path: Path, data: Dataset, reference: Account) -> None:
    account, _ = look(path, data)
    if account.fills != reference.fills:
        report.faults.append(f"round {report.rounds}: the fills are not those of the uninterrupted run")
    if account.state != reference.state:
        report.faults.append(f"round {report.rounds}: the state is not that of the uninterrupted run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--random", action="store_true", help="kill at any moment instead of at planned points")
    parser.add_argument("--sabotage", choices=SABOTAGE, default="none")
    options = parser.parse_args()
    report = harness(options.kills, options.seed, options.sabotage, at_random=options.random)
    json.dump(asdict(report), sys.stdout, indent=2)
    print()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
