"""What a connection remembers of its last write transaction is what the database holds, whoever writes."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.errors import SystemFault
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.vocabulary import TradingState
from storage.sqlite.unit_of_work import SqliteStore, SqliteUnitOfWork
from tests.storage.sqlite.rows import KEY, OTHER, WORKSPACE, add, append, event, raw
from tests.storage.sqlite.test_accounts import bits
from tests.storage.sqlite.test_unit_of_work import BadDisk

READS = ("FROM workspaces", "FROM account_")


def load(unit: SqliteUnitOfWork, workspace_id: UUID) -> tuple[Workspace, Account]:
    workspace = unit.workspace(workspace_id)
    assert workspace is not None
    return workspace, unit.account(workspace)


def trade(unit: SqliteUnitOfWork, account: Account, symbol: str = "A", price: float = 2.0) -> None:
    """What an execution does to an account, in short."""
    unit.append([event(next(NUMBERS), workspace_id=str(account.workspace_id))])
    account.ledger.cash -= price
    account.ledger.realized_by_session[3] = account.ledger.realized_by_session.get(3, 0.0) - price
    account.marks[symbol] = price
    unit.save(account, [symbol], [3])


NUMBERS = itertools.count(1)


def committed(store: SqliteStore, workspace_id: UUID = WORKSPACE.id) -> None:
    with store.write() as unit:
        trade(unit, load(unit, workspace_id)[1])
        unit.commit()


def found(store: SqliteStore, workspace_id: UUID = WORKSPACE.id) -> tuple[Workspace, Account, list[str]]:
    """What a write transaction finds, and the statements that it took."""
    said: list[str] = []
    with store.write() as unit:
        unit._driver.set_trace_callback(said.append)
        workspace, account = load(unit, workspace_id)
        unit._driver.set_trace_callback(None)
    return workspace, account, [each for each in said if any(read in each for read in READS)]


def stored(path: Path, workspace_id: UUID = WORKSPACE.id) -> tuple[Workspace, Account]:
    """What a connection finds that has nothing to remember."""
    with SqliteStore(path) as fresh, fresh.read() as views:
        workspace = views.workspace(workspace_id)
        assert workspace is not None
        return workspace, views.account(workspace)


def agrees(store: SqliteStore, path: Path, workspace_id: UUID = WORKSPACE.id) -> list[str]:
    """The statements it took to find what is stored."""
    workspace, account, reads = found(store, workspace_id)
    there, state = stored(path, workspace_id)
    assert (workspace, bits(account)) == (there, bits(state))
    return reads


def test_what_was_stored_is_not_read_again(store: SqliteStore, path: Path) -> None:
    committed(store)
    assert agrees(store, path) == []
    assert len(agrees(store, path)) == 4  # given away once: nobody knows what became of it without a commit


def test_what_another_connection_writes_is_read(store: SqliteStore, path: Path) -> None:
    with SqliteStore(path) as other:
        committed(store)
        committed(other)
        assert agrees(store, path)
        committed(store)
        with other.write() as unit:
            unit.put_trading_state(WORKSPACE.id, TradingState.HALTED)
            unit.commit()
        assert found(store)[0].trading_state is TradingState.HALTED
    committed(store)
    with raw(path) as client:
        client.execute("UPDATE account_symbols SET mark = 77.0 WHERE workspace_id = ?", (KEY,))
    assert found(store)[1].marks == {"A": 77.0}


def test_what_the_same_connection_writes_around_the_account_is_read(store: SqliteStore, path: Path) -> None:
    committed(store)
    append(store, event(next(NUMBERS)))
    assert agrees(store, path)
    committed(store)
    with store.write() as unit:
        unit.put_limits(WORKSPACE.id, Limits(max_positions=3))
        unit.commit()
    assert agrees(store, path)
    committed(store)
    with store.write() as unit:
        unit.replace(Account(WORKSPACE.id, Ledger.fresh(1.0)))
        unit.commit()
    assert agrees(store, path)


def test_what_is_rolled_back_or_fails_is_not_remembered(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(store)
    with store.write() as unit:
        trade(unit, load(unit, WORKSPACE.id)[1])
    assert agrees(store, path)
    committed(store)
    with store.write() as unit:
        trade(unit, load(unit, WORKSPACE.id)[1])
        monkeypatch.setattr(unit, "_driver", BadDisk(unit._driver))
        with pytest.raises(SystemFault):
            unit.commit()
    assert agrees(store, path)


def test_a_change_that_was_not_stored_is_not_remembered(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        load(unit, WORKSPACE.id)[1].ledger.cash = 1.0
        unit.append([event(next(NUMBERS))])
        unit.commit()
    assert found(store)[1].ledger.cash == WORKSPACE.starting_equity
    assert agrees(store, path)


def test_two_accounts_in_one_transaction_are_not_taken_for_each_other(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        account = load(unit, WORKSPACE.id)[1]
        account.ledger.cash = 1.0
        assert unit.workspace(OTHER.id) == OTHER
        unit.save(account, (), ())
        unit.commit()
    for workspace_id in (OTHER.id, WORKSPACE.id):
        agrees(store, path, workspace_id)


def test_an_account_that_was_loaded_twice_is_not_remembered(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        (_, one), (_, two) = load(unit, WORKSPACE.id), load(unit, WORKSPACE.id)
        one.marks["A"] = two.marks["B"] = 1.0
        unit.save(one, ["A"], ())
        unit.save(two, ["B"], ())
        unit.commit()
    assert agrees(store, path)


def test_what_this_transaction_wrote_already_is_found(store: SqliteStore) -> None:
    """A state that was remembered is not handed out once anything was written around it."""
    committed(store)
    with store.write() as unit:
        seq = unit.append([event(next(NUMBERS))])
        assert load(unit, WORKSPACE.id)[1].ledger.last_seq == seq
    committed(store)
    with store.write() as unit:
        workspace = unit.workspace(WORKSPACE.id)
        assert workspace is not None
        unit.replace(Account(WORKSPACE.id, Ledger.fresh(1.0)))
        assert unit.account(workspace).ledger.cash == 1.0
    committed(store)
    with store.write() as unit:
        unit.put_limits(WORKSPACE.id, Limits(max_positions=3))
        assert load(unit, WORKSPACE.id)[0].limits.max_positions == 3
    committed(store)
    with store.write() as unit:
        one, two = load(unit, WORKSPACE.id)[1], load(unit, WORKSPACE.id)[1]
        assert one is not two
        assert bits(one) == bits(two)


def test_limits_that_change_after_the_account_was_stored_are_found(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        trade(unit, load(unit, WORKSPACE.id)[1])
        unit.put_limits(WORKSPACE.id, Limits(max_positions=3))
        unit.commit()
    assert agrees(store, path)


def test_a_workspace_that_the_caller_brought_is_not_remembered(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        unit.put_limits(WORKSPACE.id, Limits(max_positions=3))
        unit.commit()
    with store.write() as unit:
        assert unit.workspace(OTHER.id) == OTHER
        trade(unit, unit.account(WORKSPACE))  # from before the limits changed
        unit.commit()
    assert agrees(store, path)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "trade", "undo", "limits", "halt", "append", "reset", "both", "raw"]),
        st.integers(0, 1),
        st.sampled_from([WORKSPACE.id, OTHER.id]),
        st.sampled_from("AB"),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@given(steps=STEPS)
def test_nobody_acts_on_a_stale_state(room: Path, steps: list[tuple[str, int, UUID, str]]) -> None:
    """Two connections and a client that is not ours: every write transaction begins with what a reader sees."""
    path = room / f"{next(NUMBERS)}.db"
    with SqliteStore(path) as one, SqliteStore(path) as two, SqliteStore(path) as reader:
        add(one, WORKSPACE, OTHER)
        for step, which, workspace_id, symbol in steps:
            take((one, two)[which], reader, path, step, workspace_id, symbol)


def take(store: SqliteStore, reader: SqliteStore, path: Path, step: str, workspace_id: UUID, symbol: str) -> None:
    if step == "raw":
        with raw(path) as client:
            client.execute("UPDATE account_states SET cash = cash + 1 WHERE workspace_id = ?", (str(workspace_id),))
        return
    with store.write() as unit:
        if step in {"trade", "undo", "both"}:
            check_and_trade(unit, reader, workspace_id, symbol)
        if step == "both":
            check_and_trade(unit, reader, OTHER.id if workspace_id == WORKSPACE.id else WORKSPACE.id, symbol)
        if step == "limits":
            workspace = unit.workspace(workspace_id)
            assert workspace is not None
            unit.put_limits(workspace_id, Limits(max_positions=(workspace.limits.max_positions or 0) + 1))
        if step == "halt":
            unit.put_trading_state(workspace_id, TradingState.HALTED)
        if step == "append":
            unit.append([event(next(NUMBERS), workspace_id=str(workspace_id))])
        if step == "reset":
            unit.replace(Account(workspace_id, Ledger.fresh(5.0)))
        if step != "undo":
            unit.commit()


def check_and_trade(unit: SqliteUnitOfWork, reader: SqliteStore, workspace_id: UUID, symbol: str) -> None:
    """In the middle of somebody's write transaction a reader sees the newest commit."""
    workspace, account = load(unit, workspace_id)
    with reader.read() as views:
        assert workspace == views.workspace(workspace_id)
        assert bits(account) == bits(views.account(workspace))
    trade(unit, account, symbol)
