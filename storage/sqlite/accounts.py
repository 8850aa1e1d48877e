"""Account states as rows, and equity by session: read whole, written only where they changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from engine.account.ledger import Holding, Ledger
from engine.account.session_equity import SessionEquity
from engine.account.state import Account
from engine.intents import to_quantity
from engine.policy.workspace import Workspace
from storage.sqlite import statements as sql
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.statements import MOST_VALUES
from storage.sqlite.stored_values import Columns

_NOTHING = (None,) * 6
_STATE, _SYMBOL, _SESSION, _EQUITY = (
    Columns(table, sql.columns_of(table)[1:])
    for table in ("account_states", "account_symbols", "account_sessions", "account_equity")
)


def read_account(driver: sqlite.Connection, workspace: Workspace) -> Account:
    """The stored state of an account; a fresh one if none is stored. Raises DATABASE_ERROR if a row is damaged."""
    account = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
    ledger, key, where = account.ledger, (str(workspace.id),), f"the stored state of workspace {workspace.id}"
    state = driver.execute(sql.READ_STATE, key).fetchone()
    if state is None:
        return account
    _STATE.check(state, where)
    ledger.cash, ledger.realized_pnl, ledger.peak_equity = state[:3]
    ledger.orders_count, ledger.trades_count, ledger.last_seq, ledger.last_event_at = state[3:7]
    account.reconciled_at = state[7]
    symbols, sessions = (driver.execute(query, key).fetchall() for query in (sql.READ_SYMBOLS, sql.READ_SESSIONS))
    _SYMBOL.check_all(symbols, where)
    _SESSION.check_all(sessions, where)
    for symbol, lots, average, opened_at, fees, mark, closed_at in symbols:
        if lots is not None:
            ledger.holdings[symbol] = Holding(symbol, lots, to_quantity(lots), average, opened_at, fees)
        if mark is not None:
            account.marks[symbol] = mark
        if closed_at is not None:
            ledger.last_closed_at[symbol] = closed_at
    ledger.realized_by_session.update(sessions)
    return account


def write_account(driver: sqlite.Connection, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
    """Store an account's state and the named symbols and sessions; rows of those that no longer exist are deleted."""
    key, ledger = str(account.workspace_id), account.ledger
    driver.execute(sql.WRITE_STATES.one, _state_row(account))
    for symbol in symbols:
        row = _symbol_row(key, symbol, account)
        if row[2:] != _NOTHING:
            driver.execute(sql.WRITE_SYMBOLS.one, row)
        else:
            driver.execute(sql.DROP_SYMBOL, (key, symbol))
    for session in sessions:
        if session in ledger.realized_by_session:
            driver.execute(sql.WRITE_SESSIONS.one, (key, session, ledger.realized_by_session[session]))
        else:
            driver.execute(sql.DROP_SESSION, (key, session))


def rewrite_accounts(driver: sqlite.Connection, accounts: Sequence[Account]) -> None:
    """Store these accounts' states and delete everything that was stored of them before."""
    keys = [str(account.workspace_id) for account in accounts]
    sql.WRITE_STATES.put(driver, map(_state_row, accounts))
    for start in range(0, len(keys), MOST_VALUES):
        part = keys[start : start + MOST_VALUES]
        among = f"WHERE workspace_id IN ({', '.join('?' * len(part))})"
        driver.execute(f"DELETE FROM account_symbols {among}", part)
        driver.execute(f"DELETE FROM account_sessions {among}", part)
    sql.WRITE_SYMBOLS.put(driver, (row for account in accounts for row in _symbol_rows(account)))
    sql.WRITE_SESSIONS.put(driver, (row for account in accounts for row in _session_rows(account)))


def read_equity(driver: sqlite.Connection, workspace_id: str) -> list[SessionEquity]:
    """What an account is worth session by session, oldest first. Raises DATABASE_ERROR if a row is damaged."""
    rows = driver.execute(sql.READ_EQUITY, (workspace_id,)).fetchall()
    _EQUITY.check_all(rows, f"the equity by session of workspace {workspace_id}")
    return [SessionEquity(session, equity, bool(is_exposed)) for session, equity, is_exposed in rows]


def write_equity(driver: sqlite.Connection, workspace_id: str, rows: Iterable[SessionEquity]) -> None:
    """Store rows of sessions, in place of those of the same sessions."""
    sql.WRITE_EQUITY.put(driver, ((workspace_id, row.session, row.equity, int(row.is_exposed)) for row in rows))


def _symbol_rows(account: Account) -> Iterator[tuple[Any, ...]]:
    ledger, key = account.ledger, str(account.workspace_id)
    symbols = sorted({*ledger.holdings, *account.marks, *ledger.last_closed_at})
    return (_symbol_row(key, symbol, account) for symbol in symbols)


def _session_rows(account: Account) -> Iterator[tuple[Any, ...]]:
    key = str(account.workspace_id)
    return ((key, session, amount) for session, amount in sorted(account.ledger.realized_by_session.items()))


def _state_row(account: Account) -> tuple[Any, ...]:
    ledger = account.ledger
    return (
        str(account.workspace_id),
        ledger.cash,
        ledger.realized_pnl,
        ledger.peak_equity,
        ledger.orders_count,
        ledger.trades_count,
        ledger.last_seq,
        ledger.last_event_at,
        account.reconciled_at,
    )


def _symbol_row(key: str, symbol: str, account: Account) -> tuple[Any, ...]:
    """A row of `account_symbols`; `_NOTHING` beyond the symbol when there is nothing to store."""
    held = account.ledger.holdings.get(symbol)
    position = _NOTHING[:4] if held is None else (held.lots, held.avg_price, held.opened_at, held.entry_fees)
    return (key, symbol, *position, account.marks.get(symbol), account.ledger.last_closed_at.get(symbol))
