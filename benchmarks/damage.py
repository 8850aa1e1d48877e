"""What notices damage: single bits of a database flipped, each time looked at by `doctor`.

    python -m benchmarks.damage --flips 2000 --seed 1

A flip is noticed when a check finds a fault; harmless when every row of every table reads as before (a free page,
unused bytes, a header field that nobody asks for); else it is silent, and counted by what now reads otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from engine.desk import Desk, DeskConfig
from engine.errors import PapertapeError
from engine.events import LiveStamps
from engine.market.bars import Bars, Dataset
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction, TradingState
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.unit_of_work import SqliteStore
from storage.strategies.files import make_registry
from tui.commands.system.doctor import FAULT, database_checks

DAY = 86_400_000_000
EPOCH = 1_700_000_000_000_000
BUY, SELL = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG

_KEYS = {"account_symbols": 2, "account_sessions": 2, "run_progress": 2, "recordings": 4, "trials": 4}
"""How many columns a key has, where it has several."""

Content = dict[str, dict[Any, tuple[Any, ...]]]
"""By table, every row by its key"""


def build(path: Path, orders: int = 12) -> None:
    """A desk's file with everything in it that a desk writes; the same bytes each time, for the same SQLite."""
    ticks = iter(range(EPOCH, EPOCH + DAY, 1000))
    stamps = LiveStamps(lambda: next(ticks), random.Random(7).getrandbits)
    with Desk(SqliteStore(path), stamps, DeskConfig(), make_registry()) as desk:
        _trade(desk, orders)
        spec = parse_spec(
            {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}, "timeframe": "daily"}
        )
        data = _bars(40)
        desk.accounts.create("onward")
        desk.research.run_onward(spec, data, "onward")
        desk.research.run(spec, data)
        desk.plans.run(spec, data, {"entry.lookback_days": [2, 3, 5]}, run_plan_id=UUID(int=9))
        desk.plans.run(spec, data, {"risk.dollars_per_trade": [500.0]}, run_plan_id=UUID(int=10), journal="summary")
    with closing(sqlite.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _trade(desk: Desk, orders: int) -> None:
    """Orders filled and refused, scaled, closed; a policy, a trading state, marks; a reset that was undone."""
    for number in range(orders):
        price = 10.0 + number / 3
        desk.trading.order(BUY, "AAPL", 5.25, price)
        desk.trading.order(BUY, "AAPL", 1.5, price + 0.1)
        desk.trading.order(SELL, "AAPL", 6.75, price * 1.01)
    desk.trading.order(BUY, "IBM", 3.0, 99.9)
    desk.accounts.set_policy({"max_order_notional": "100", "fee_bps": "2.5"})
    desk.trading.order(BUY, "IBM", 3.0, 99.9)
    desk.accounts.set_trading_state(TradingState.REDUCING)
    desk.accounts.mark("IBM", 101.5)
    desk.accounts.reset(confirmed=True)
    desk.accounts.reconcile()


def _bars(count: int) -> Dataset:
    steps = np.random.Generator(np.random.PCG64(3)).normal(0, 0.03, count)
    close = np.round(20 * np.exp(np.cumsum(steps)), 2)
    ts = EPOCH // DAY * DAY + DAY * np.arange(count, dtype=np.int64)
    session = ts // DAY
    bars = Bars("X", ts, close, close * 1.01, close * 0.99, close, np.full(count, 100.0), session)
    return Dataset({"X": bars})


def content_of(path: Path) -> Content | None:
    """Every row of every table; None of a file that SQLite cannot read whole."""
    try:
        with closing(sqlite.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
            connection.text_factory = bytes
            return {name: _rows(connection, name) for name in _tables(connection)}
    except sqlite.Error:
        return None


def _tables(connection: sqlite.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name.decode(errors="replace") for (name,) in rows]


def _rows(connection: sqlite.Connection, table: str) -> dict[Any, tuple[Any, ...]]:
    """By the columns of the key, which come first."""
    rows = connection.execute(f'SELECT * FROM "{table}"')
    names = tuple(name for name, *_ in rows.description)
    found = {row[: _KEYS.get(table, 1)]: row for row in rows}
    return {("columns",): names, **found}


def changed(before: Content, after: Content) -> list[str]:
    """What reads otherwise, as `trade_events.payload of ORDER_FILLED`."""
    found = []
    for table in before.keys() | after.keys():
        old, new = before.get(table, {}), after.get(table, {})
        names = old.get(("columns",), ())
        for key in old.keys() | new.keys():
            one, other = old.get(key), new.get(key)
            if one is None or other is None:
                found.append(f"{table}: a row")
            elif one != other:
                kind = f" of {one[3].decode()}" if table == "trade_events" and key != ("columns",) else ""
                found += [f"{table}.{name}{kind}" for name, a, b in zip(names, one, other, strict=True) if a != b]
    return sorted(found)


@dataclass
class Trial:
    """What came of the flips: by the check that noticed, harmless ones, and silent ones by what reads otherwise."""

    noticed: Counter[str] = field(default_factory=Counter)
    harmless: int = 0
    silent: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    raised: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def flips(self) -> int:
        """How many there were."""
        return sum(self.noticed.values()) + self.harmless + sum(self.silent.values())

    def look(self, path: Path, before: Content, place: tuple[int, int]) -> None:
        """Let `doctor` look at a damaged file."""
        try:
            faults = [check.name for check in database_checks(path) if check.status == FAULT]
        except Exception as error:
            if not isinstance(error, PapertapeError):
                self.raised.append((*place, f"{type(error).__name__}: {error}"))
            faults = ["raised"]
        if faults:
            self.noticed[faults[0]] += 1
            return
        after = content_of(path)
        what = ["unreadable"] if after is None else changed(before, after)
        if not what:
            self.harmless += 1
        else:
            self.silent[what[0]] += 1
            self.places.setdefault(what[0], []).append(place)


def places_in(size: int, flips: int, seed: int) -> Iterator[tuple[int, int]]:
    """Bytes and bits, anywhere in the file."""
    chosen = random.Random(seed)
    for _ in range(flips):
        yield chosen.randrange(size), chosen.randrange(8)


def try_out(flips: int, seed: int, room: Path) -> Trial:
    """Flip single bits of a desk's file, one at a time."""
    whole = room / "whole.db"
    build(whole)
    content, before, found = whole.read_bytes(), content_of(whole), Trial()
    assert before is not None
    path = room / "damaged.db"
    for place, bit in places_in(len(content), flips, seed):
        for each in room.glob("damaged.db*"):
            each.unlink()
        path.write_bytes(flipped(content, place, bit))
        found.look(path, before, (place, bit))
    return found


def flipped(content: bytes, place: int, bit: int) -> bytes:
    """The same with one bit otherwise."""
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def main() -> None:
    """Print what noticed how many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=2000, help="how many bits, one at a time")
    parser.add_argument("--seed", type=int, default=1, help="which bits")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = try_out(asked.flips, asked.seed, Path(name))
    if asked.json:
        print(json.dumps({"noticed": found.noticed, "harmless": found.harmless, "silent": found.silent}, indent=1))
        return
    print(f"{found.flips:,} flips: {sum(found.noticed.values()):,} noticed, {found.harmless:,} harmless")
    for what, count in found.noticed.most_common():
        print(f"  noticed by {what:<40}{count:>7,}")
    for what, count in found.silent.most_common():
        print(f"  silent: {what:<43}{count:>7,}  such as {found.places[what][0]}")
    for *place, said in found.raised:
        print(f"  raised at {place}: {said}")


if __name__ == "__main__":
    main()
