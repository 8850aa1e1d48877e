"""An account that is stored and read back is the same, bit for bit."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, SELL, Fill, Holding, Ledger
from engine.account.state import Account
from engine.intents import MAX_LOTS, to_quantity
from engine.policy.workspace import Workspace
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import OTHER, WORKSPACE, add, raw

COUNTER = itertools.count(1)


@pytest.fixture(scope="module")
def shared() -> Iterator[SqliteStore]:
    """One database for all examples: each has a workspace of its own."""
    with tempfile.TemporaryDirectory() as room, SqliteStore(Path(room) / "papertape.db") as opened:
        yield opened


# -0.0 is not among them: see below
AMOUNTS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x != 0 or math.copysign(1, x) > 0)
TIMES = st.integers(-(2**62), 2**62)
SYMBOLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=32) | st.sampled_from(
    ["NA", "NULL", "1", "1.0", "é", "e\u0301", "O'Brien", '"q"', "a\u200bb", "\U0001d538", "\uffff", "%_\\"]
)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    ledger = Ledger(draw(AMOUNTS), draw(AMOUNTS), draw(AMOUNTS), draw(AMOUNTS))
    for symbol in sorted(draw(st.sets(SYMBOLS, max_size=6))):
        lots = draw(st.integers(1, MAX_LOTS))
        ledger.holdings[symbol] = Holding(symbol, lots, to_quantity(lots), draw(AMOUNTS), draw(TIMES), draw(AMOUNTS))
    ledger.realized_by_session = draw(st.dictionaries(st.integers(-100_000, 100_000), AMOUNTS, max_size=6))
    ledger.last_closed_at = draw(st.dictionaries(SYMBOLS, TIMES, max_size=4))
    ledger.orders_count, ledger.trades_count = draw(st.integers(0, 2**40)), draw(st.integers(0, 2**40))
    ledger.last_seq, ledger.last_event_at = draw(st.integers(0, 2**40)), draw(st.none() | TIMES)
    return ledger


MARKS = st.dictionaries(SYMBOLS, AMOUNTS, max_size=4)


def bits(value: Any) -> Any:
    """A value whose floats are texts of their bits."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, (Ledger, Holding)):
        return {name: bits(getattr(value, name)) for name in type(value).__slots__}
    if isinstance(value, Account):
        return [bits(value.ledger), bits(value.marks), value.reconciled_at, value.workspace_id]
    return value


def fresh_workspace(store: SqliteStore, starting_equity: float) -> Workspace:
    number = next(COUNTER)
    workspace = replace(WORKSPACE, id=UUID(int=number), name=f"w{number}", starting_equity=1.0)
    add(store, workspace)
    return replace(workspace, starting_equity=starting_equity)


def read(store: SqliteStore, workspace: Workspace) -> Account:
    with store.read() as views:
        return views.account(workspace)


@given(ledger=ledgers(), marks=MARKS, reconciled_at=st.none() | TIMES, again=ledgers(), later=MARKS)
def test_a_replaced_account_is_read_back_bit_for_bit(
    shared: SqliteStore, ledger: Ledger, marks: dict[str, float], reconciled_at: int | None, again: Ledger, later: Any
) -> None:
    workspace = fresh_workspace(shared, ledger.starting_equity)
    account = Account(workspace.id, ledger, marks, reconciled_at)
    with shared.write() as unit:
        unit.replace(account)
        unit.commit()
    stored = read(shared, workspace)
    assert bits(stored) == bits(account)
    assert list(stored.ledger.holdings) == sorted(ledger.holdings)
    # a second one leaves nothing of the first
    again.starting_equity, again.last_seq = ledger.starting_equity, ledger.last_seq + 1
    other = Account(workspace.id, again, later)
    with shared.write() as unit:
        unit.replace(other)
        assert bits(unit.account(workspace)) == bits(other)
        unit.commit()
    assert bits(read(shared, workspace)) == bits(other)


@given(before=ledgers(), after=ledgers(), old=MARKS, new=MARKS, data=st.data())
def test_a_saved_account_differs_in_what_was_named(
    shared: SqliteStore,
    before: Ledger,
    after: Ledger,
    old: dict[str, float],
    new: dict[str, float],
    data: st.DataObject,
) -> None:
    workspace = fresh_workspace(shared, before.starting_equity)
    after.starting_equity, after.last_seq = before.starting_equity, before.last_seq
    known = sorted({*before.holdings, *after.holdings, *before.last_closed_at, *after.last_closed_at, *old, *new})
    symbols = data.draw(st.lists(st.sampled_from(known), unique=True) if known else st.just([]))
    days = sorted({*before.realized_by_session, *after.realized_by_session})
    sessions = data.draw(st.lists(st.sampled_from(days), unique=True) if days else st.just([]))
    first, second = Account(workspace.id, before, old), Account(workspace.id, after, new, 17)
    with shared.write() as unit:
        unit.replace(first)
        unit.save(second, iter(symbols), iter(sessions))
        unit.commit()
    expected = Account(
        workspace.id,
        replace(
            after,
            holdings=merged(before.holdings, after.holdings, symbols),
            last_closed_at=merged(before.last_closed_at, after.last_closed_at, symbols),
            realized_by_session=merged(before.realized_by_session, after.realized_by_session, sessions),
        ),
        merged(old, new, symbols),
        17,
    )
    assert bits(read(shared, workspace)) == bits(expected)


def merged(old: dict[Any, Any], new: dict[Any, Any], named: list[Any]) -> dict[Any, Any]:
    kept = {key: value for key, value in old.items() if key not in named}
    return {**kept, **{key: new[key] for key in named if key in new}}


FILLS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from([BUY, SELL]),
        st.sampled_from([1, 10**8, 2 * 10**8]),
        st.floats(0, 1e9, exclude_min=True) | st.sampled_from([1.0, 2.0]),
        st.just(0.0) | st.floats(0, 10),
        st.integers(0, 3),
    ),
    max_size=40,
)


@given(fills=FILLS)
def test_sqlite_has_no_negative_zero_and_neither_has_the_fold(shared: SqliteStore, fills: list[Any]) -> None:
    """A REAL column reads -0.0 back as 0.0. No ledger that fills make holds one."""
    workspace = fresh_workspace(shared, 1000.0)
    ledger = Ledger.fresh(1000.0)
    numbered = [Fill(seq, *fill[:5], seq * 1000, fill[5]) for seq, fill in enumerate(fills, 1)]
    apply_fills(ledger, numbered)
    account = Account(workspace.id, ledger)
    assert "-0x0.0p+0" not in str(bits(account))
    with shared.write() as unit:
        unit.replace(account)
        unit.commit()
    assert bits(read(shared, workspace)) == bits(account)


def test_a_negative_zero_is_read_back_as_zero(store: SqliteStore) -> None:
    with store.write() as unit:
        account = unit.account(WORKSPACE)
        account.ledger.cash = -0.0
        unit.save(account, (), ())
        assert bits(unit.account(WORKSPACE).ledger.cash) == bits(0.0)


def test_a_symbol_that_nothing_is_known_of_has_no_row(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        account = unit.account(WORKSPACE)
        account.marks["A"] = 1.5
        account.ledger.realized_by_session[3] = 2.5
        unit.save(account, ["A", "B"], [3, 4])
        unit.commit()
    with store.write() as unit:
        account = unit.account(WORKSPACE)
        assert (account.marks, account.ledger.realized_by_session) == ({"A": 1.5}, {3: 2.5})
        account.marks.clear()
        account.ledger.realized_by_session.clear()
        unit.save(account, ["A"], [3])
        unit.commit()
    with raw(path) as client:
        assert client.execute("SELECT count(*) FROM account_symbols").fetchone() == (0,)
        assert client.execute("SELECT count(*) FROM account_sessions").fetchone() == (0,)


def test_an_account_without_a_stored_state_is_fresh(store: SqliteStore, path: Path) -> None:
    with raw(path) as client:
        client.execute("DELETE FROM account_states")
    assert bits(read(store, OTHER)) == bits(Account(OTHER.id, Ledger.fresh(500.0)))
