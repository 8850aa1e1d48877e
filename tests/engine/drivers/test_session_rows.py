"""Equity by session of an account that trades on: each row from its fills and closes, written with the run's acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.session_equity import SessionEquity
from engine.desk import Desk
from engine.drivers.beginning import OnwardTerms
from engine.errors import SystemFault
from engine.intents import TradeIntent
from engine.market.bars import Dataset
from engine.market.sessions import date_to_day
from engine.ports import EventFilter
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from tests.engine.drivers.test_onward import kind_of_cut, prepare, upto
from tests.engine.drivers.test_past import ACCEPT, SPEC, daily, data, run
from tests.oracles.equity import Event, equity_by_session
from tests.support.desks import open_test_desk
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore, MemoryUnit
from tests.support.worlds import World, make_world

NewDesk = Callable[[], AbstractContextManager[Desk]]
BY_HAND = "by hand"


@pytest.fixture(params=["memory", "database"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    made = memory_desk() if request.param == "memory" else open_test_desk(tmp_path / "papertape.db")
    with made as opened:
        opened.accounts.create("w")
        yield opened


def rows(desk: Desk) -> list[SessionEquity]:
    """The stored rows, which a dry run of a reconciliation agrees with."""
    assert desk.accounts.reconcile("w", dry_run=True).drift == {}
    return stored(desk)


def stored(desk: Desk) -> list[SessionEquity]:
    with desk._store.read() as views:
        return views.equity_by_session(desk.accounts.require("w").id)


def equity(desk: Desk) -> list[float]:
    return [row.equity for row in rows(desk)]


def trade_on(desk: Desk, world: World, part: Dataset, *, complete: bool = False) -> None:
    terms = OnwardTerms(world.slippage_bps, session_complete=complete)
    desk.research.run_onward(parse_spec(world.spec), part, desk.accounts.require("w"), terms=terms)


def order(desk: Desk, action: IntentAction, symbol: str, quantity: float, price: float, ts: int) -> None:
    """By hand, at a time of the data."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)
    intent = TradeIntent(
        id=UUID(int=desk.journal.head()),
        workspace_id=desk.accounts.require("w").id,
        symbol=symbol,
        action=action,
        quantity=quantity,
        created_at=when,
    )
    desk.trading.execute(intent, price)


def told(desk: Desk) -> list[Event]:
    """What the journal says up to its newest RUN_ADVANCED: fills, and what symbols without a close counted at."""
    events: list[Event] = []
    upto_here: list[Event] = []
    for each in desk.journal.events("w", where=EventFilter(types=("ORDER_FILLED", "RUN_ADVANCED"))):
        ts = round((each.ts - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        if each.event_type == "RUN_ADVANCED":
            events += [Event(ts, symbol, "MARK", 0.0, mark, 0.0) for symbol, mark in each.payload["marks"].items()]
            upto_here = list(events)
        else:
            events.append(Event(ts, each.symbol, each.side, each.quantity, each.price, each.fees))
    return upto_here


def as_the_oracle_has_it(found: list[SessionEquity]) -> list[tuple[int, float, bool]]:
    return [(row.session, row.equity, row.is_exposed) for row in found]


def expected(desk: Desk, world: World, *specs: dict[str, Any]) -> list[tuple[int, float, bool]]:
    """Of an account whose runs have each taken the whole of the world's data."""
    bars = {
        symbol: list(zip(one.ts.tolist(), one.close.tolist(), strict=True))
        for symbol, one in world.dataset.bars.items()
    }
    symbols = {symbol for spec in specs for symbol in spec["symbols"]}
    seen = {symbol: those for symbol, those in bars.items() if symbol in symbols}
    processed = [ts for those in seen.values() for ts, _ in those]
    found = equity_by_session(world.starting_equity, told(desk), seen, processed, world.zone)
    return [(date_to_day(day), worth, exposed) for day, worth, exposed in found]


def check_growth(world: World, source: Random, new_desk: NewDesk) -> None:
    symbols, complete = world.spec["symbols"], source.random() < 0.5
    with new_desk() as desk:
        prepare(desk, world)
        trade_on(desk, world, world.dataset, complete=complete)
        at_once = rows(desk)
        assert as_the_oracle_has_it(at_once) == expected(desk, world, world.spec)
        assert at_once[-1].equity == desk.accounts.state("w").equity
    times = sorted({int(ts) for symbol in symbols for ts in world.dataset.bars[symbol].ts})
    with new_desk() as desk:
        prepare(desk, world)
        for last in sorted(source.sample(times, min(5, len(times)))):
            part = upto(world.dataset, last)
            cut = kind_of_cut(world.dataset, part, symbols)
            if cut is not None:
                trade_on(desk, world, part, complete=cut == "complete")
                before = rows(desk)
                trade_on(desk, world, part, complete=cut == "complete")
                assert rows(desk) == before, "a run over the same data changed a row"
        trade_on(desk, world, world.dataset, complete=complete)
        assert rows(desk) == at_once


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_growing_prefixes_come_to_the_rows_of_the_whole_at_once(source: Random) -> None:
    check_growth(make_world(source), source, memory_desk)


@given(st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_several_specs_and_orders_by_hand_are_valued_by_session(source: Random) -> None:
    """The second spec may begin years behind the first; an order by hand may be of any time, also of one behind."""
    world = make_world(source)
    names, limit = list(world.dataset.symbols), {"fee_fixed": 1.0}
    world = replace(world, limits=limit)
    half = max(1, len(names) // 2)
    specs = [{**world.spec, "symbols": part} for part in (names[:half], names[half:]) if part]
    times = sorted({int(ts) for bars in world.dataset.bars.values() for ts in bars.ts})
    with memory_desk() as desk:
        prepare(desk, world)
        cuts = sorted(source.sample(times, min(3, len(times))))
        for last in [*cuts, times[-1]]:
            for spec in source.sample(specs, len(specs)):
                part = upto(world.dataset, last)
                if kind_of_cut(world.dataset, part, spec["symbols"]) is not None:
                    by_hand(desk, source, times)
                    trade_on(desk, replace(world, spec=spec), part)
                    rows(desk)
        by_hand(desk, source, times)
        for spec in specs:
            trade_on(desk, replace(world, spec=spec), world.dataset)
        assert as_the_oracle_has_it(rows(desk)) == expected(desk, world, *specs)


def by_hand(desk: Desk, source: Random, times: list[int]) -> None:
    """Buy or sell a symbol that no spec trades, or set its mark."""
    state, price = desk.accounts.state("w"), source.choice([4.0, 5.5, 7.25])
    if BY_HAND in state.positions and source.random() < 0.5:
        desk.accounts.mark(BY_HAND, price, "w")
    elif BY_HAND in state.positions:
        order(desk, IntentAction.CLOSE_LONG, BY_HAND, state.positions[BY_HAND].quantity, price, source.choice(times))
    elif state.cash > 1000:
        order(desk, IntentAction.OPEN_LONG, BY_HAND, 3.0, price, source.choice(times))


class Killed(MemoryStore):
    """A store that takes so many transactions more, and then no other, as if the process were gone."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**9

    def write(self) -> AbstractContextManager[MemoryUnit]:
        self.left -= 1
        if self.left < 0:
            raise SystemFault("DATABASE_ERROR", "killed")
        return super().write()


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_a_run_killed_before_any_of_its_commits_comes_to_the_same_rows(seed: int) -> None:
    source, world = Random(seed), make_world(Random(seed))
    with memory_desk() as desk:
        prepare(desk, world)
        trade_on(desk, world, world.dataset)
        at_once = rows(desk)
    store, kills = Killed(), 0
    with memory_desk(store) as desk:
        prepare(desk, world)
        for most in range(2, 60):
            store.left = source.randint(1, most)
            try:
                trade_on(desk, world, world.dataset)
                break
            except SystemFault:
                kills += 1
            finally:
                store.left = 10**9
            rows(desk)
        assert kills > 1
        assert rows(desk) == at_once


def test_rows_are_written_with_the_acts_of_their_timestamp(desk: Desk) -> None:
    """One share's worth bought at 101, marked day by day; the second run adds the days after the first."""
    run(desk, daily(100.0, 101.0, 103.0, 102.0))
    shares = int(1000.0 / 101.0 * 1e8) / 1e8
    cash = 10_000.0 - shares * 101.0
    marked = [10_000.0, *(cash + shares * close for close in (101.0, 103.0, 102.0))]
    assert equity(desk) == marked
    assert [row.is_exposed for row in rows(desk)] == [False, True, True, True]
    run(desk, daily(100.0, 101.0, 103.0, 102.0, 104.0, 90.0))
    sold = cash + shares * 90.0  # the stop, filled at the open below it
    assert equity(desk) == [*marked, cash + shares * 104.0, sold]
    assert [row.session for row in rows(desk)] == list(range(19_724, 19_730))


def test_the_rows_begin_with_the_window_and_with_what_is_new_to_the_account(desk: Desk) -> None:
    bars = daily(100.0, 101.0, 103.0, 102.0, 104.0)
    later = data(bars).window(datetime(2024, 1, 4, tzinfo=UTC))
    desk.research.run_onward(parse_spec(SPEC), later, desk.accounts.require("w"), terms=OnwardTerms(from_window=True))
    assert [row.session for row in rows(desk)] == [19_726, 19_727, 19_728]
    assert len({row.equity for row in rows(desk)}) > 1


def test_an_account_without_a_forward_run_has_no_rows(desk: Desk) -> None:
    desk.trading.order(IntentAction.OPEN_LONG, "X", 1.0, 100.0, workspace="w")
    desk.accounts.reconcile("w")
    assert rows(desk) == []


def test_a_fill_after_the_newest_run_is_in_no_row_before_the_next(desk: Desk) -> None:
    bars = daily(100.0, 99.0, 98.0, 97.0)
    run(desk, bars.slice(0, 3))
    order(desk, IntentAction.OPEN_LONG, "X", 2.0, 50.0, int(bars.ts[3]))
    assert equity(desk) == [10_000.0] * 3
    run(desk, bars)
    assert equity(desk)[:3] == [10_000.0] * 3
    assert equity(desk)[3] == 10_000.0 - 100.0 + 2.0 * 97.0


def test_a_symbol_without_a_close_counts_at_its_mark_of_the_day(desk: Desk) -> None:
    bars = daily(100.0, 99.0, 98.0, 97.0)
    order(desk, IntentAction.OPEN_LONG, "OTHER", 2.0, 50.0, int(bars.ts[0]))
    run(desk, bars.slice(0, 3))
    desk.accounts.mark("OTHER", 60.0, "w")
    run(desk, bars)
    desk.accounts.mark("OTHER", 70.0, "w")
    assert equity(desk) == [10_000.0, 10_000.0, 10_000.0, 10_020.0]


def test_a_past_that_was_accepted_is_what_the_rows_are_valued_at(desk: Desk) -> None:
    run(desk, daily(100.0, 101.0, 103.0, 102.0))
    before = equity(desk)
    run(desk, daily(100.0, 101.0, 105.0, 102.0), terms=ACCEPT)
    after = equity(desk)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False, True]
    run(desk, daily(100.0, 101.0, 105.0, 102.0, 103.0))
    assert equity(desk)[:4] == after


def test_another_session_zone_is_that_of_the_rows_from_the_next_run_on(desk: Desk) -> None:
    bars = daily(100.0, 101.0, 103.0, 102.0, 104.0)
    run(desk, bars.slice(0, 4))
    before = rows(desk)
    desk.accounts.set_policy({"session_tz": "America/New_York"}, "w")
    assert rows(desk) == before
    run(desk, bars)
    assert [row.session for row in rows(desk)] == list(range(19_723, 19_728))


def test_a_row_that_was_changed_is_found_and_made_anew(desk: Desk) -> None:
    run(desk, daily(100.0, 101.0, 103.0, 102.0))
    before = rows(desk)
    flipped = before[2]._replace(equity=before[2].equity + 1.0)
    with desk._store.write() as unit:
        account = desk.accounts.require("w").id
        unit.replace_equity(
            account, [before[0]._replace(is_exposed=True), before[1], flipped, SessionEquity(3, 1.0, False)]
        )
        unit.commit()
    drift = desk.accounts.reconcile("w").drift
    days = ["2024-01-04", "2024-01-05", "1970-01-04"]
    assert set(drift) == {"equity_by_session", "exposed_by_session"}
    found, made = drift["equity_by_session"]
    assert set(found) | set(made) == set(days)
    assert (found["2024-01-04"], made["2024-01-04"]) == (flipped.equity, before[2].equity)
    assert ("2024-01-05" in found, "1970-01-04" in made) == (False, False)
    assert drift["exposed_by_session"][0]["2024-01-02"] is True
    assert rows(desk) == before
    journaled = desk.journal.events("w", where=EventFilter(types=("STATE_RECONCILED",)))[-1]
    assert json.loads(json.dumps(journaled.payload["drift"])) == drift


def test_what_a_reset_leaves_is_rebuilt_alike(desk: Desk) -> None:
    """The rows come from the journal and the recording, which a reset does not change."""
    run(desk, daily(100.0, 101.0, 103.0, 102.0))
    before = stored(desk)
    desk.accounts.reset("w", confirmed=True)
    assert "equity_by_session" not in desk.accounts.reconcile("w").drift
    assert rows(desk) == before


def test_an_account_of_an_earlier_version_begins_its_rows_with_its_next_run(desk: Desk) -> None:
    """With what was recorded, or, where nothing was, with the first bar that is new."""
    bars = daily(100.0, 101.0, 103.0, 102.0, 104.0, 105.0)
    run(desk, bars.slice(0, 4))
    whole = stored(desk)
    account = desk.accounts.require("w").id
    as_an_earlier_version_left_it(desk, account, began=True)
    assert rows(desk) == []
    desk.accounts.reconcile("w")
    assert rows(desk) == []
    run(desk, bars.slice(0, 5))
    assert rows(desk)[:3] == whole[1:]
    as_an_earlier_version_left_it(desk, account, began=False)
    run(desk, bars)
    assert [row.session for row in rows(desk)] == [19_729]


def as_an_earlier_version_left_it(desk: Desk, account: UUID, *, began: bool) -> None:
    with desk._store.write() as unit:
        for progress in unit.progresses(account):
            unit.save_progress(account, replace(progress, clock_from=None, began=progress.began if began else None))
        unit.replace_equity(account, [])
        unit.commit()


def test_a_run_that_finds_nothing_new_writes_no_row(desk: Desk) -> None:
    bars = daily(100.0, 101.0, 103.0, 102.0)
    run(desk, bars)
    before, version = rows(desk), desk._store.data_version()
    run(desk, bars)
    assert (rows(desk), desk._store.data_version()) == (before, version)


def test_amounts_near_the_end_of_the_floats_leave_a_row_that_is_finite(desk: Desk) -> None:
    order(desk, IntentAction.OPEN_LONG, "X", 90.0, 1.0, int(daily(1.0).ts[0]))
    run(desk, daily(1.0, 1e307, 1e308, 1.0))
    assert all(np.isfinite(equity(desk)))
