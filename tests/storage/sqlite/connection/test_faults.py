"""A disk that is full, a file that is damaged: a person is told, and nothing half is written."""

from __future__ import annotations

import sqlite3  # noqa: TID251 - for its constants, which the wheel lacks
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine.errors import SystemFault
from engine.ports import EventFilter
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import fault_of
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import WORKSPACE, append, event, fill


def test_a_full_disk_is_said_and_nothing_was_written(store: SqliteStore) -> None:
    append(store, event(1))
    with store.write() as unit:
        (pages,) = unit._driver.execute("PRAGMA page_count").fetchone()
        unit._driver.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(SystemFault, match="is full"):
            unit.append([event(number, payload="x" * 4000) for number in range(2, 20)])
        with pytest.raises(SystemFault, match="cannot go on"):
            unit.commit()
    with store.read() as views:
        assert views.head() == 1


@pytest.fixture
def damaged(store: SqliteStore, path: Path) -> Iterator[SqliteStore]:
    """A database whose pages beyond the schema's are overwritten."""
    append(store, *(fill(number, payload="x" * 500) for number in range(1, 400)))
    store.close()
    with path.open("r+b") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(30 * 4096)
        file.write(b"\xff" * (size - 30 * 4096))
    with SqliteStore(path) as opened:
        yield opened


def test_a_damaged_file_is_said(damaged: SqliteStore) -> None:
    with damaged.read() as views, pytest.raises(SystemFault, match="is damaged") as caught:
        views.events(EventFilter(text="nowhere"), limit=None)
    assert caught.value.code == "DATABASE_ERROR"
    assert "backup" in caught.value.hint


def replay(store: SqliteStore) -> int:
    with store.read() as views:
        return len(list(views.fills(WORKSPACE.id)))


def test_damage_met_while_fills_are_read_is_said(damaged: SqliteStore) -> None:
    with pytest.raises(SystemFault, match="is damaged"):
        replay(damaged)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("SQLITE_BUSY", "DATABASE_BUSY", "another process held"),
        ("SQLITE_BUSY_SNAPSHOT", "DATABASE_BUSY", "another process held"),
        ("SQLITE_LOCKED", "DATABASE_BUSY", "another process held"),
        ("SQLITE_FULL", "DATABASE_ERROR", "is full"),
        ("SQLITE_IOERR_SHMSIZE", "DATABASE_ERROR", "is full"),
        ("SQLITE_READONLY_DBMOVED", "DATABASE_ERROR", "cannot be opened for writing"),
        ("SQLITE_CANTOPEN", "DATABASE_ERROR", "cannot be opened for writing"),
        ("SQLITE_CORRUPT_INDEX", "DATABASE_ERROR", "is damaged"),
        ("SQLITE_NOTADB", "DATABASE_ERROR", "is damaged"),
        ("SQLITE_IOERR_FSYNC", "DATABASE_ERROR", "disk failed"),
        ("SQLITE_CONSTRAINT_CHECK", "DATABASE_ERROR", "reason"),
        ("SQLITE_ERROR", "DATABASE_ERROR", "reason"),
    ],
)
def test_every_result_code_reads_well(name: str, code: str, said: str) -> None:
    error = sqlite.OperationalError("reason")
    error.sqlite_errorcode = getattr(sqlite3, name)
    for each in (error, OperationalError("SELECT", {}, error)):
        fault = fault_of(each, Path("/somewhere/papertape.db"))
        assert fault.code == code
        assert said in fault.message
        assert "/somewhere/papertape.db" in fault.message
        assert "SELECT" not in fault.message
        assert fault.hint


def test_a_disk_that_failed_for_want_of_room_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel gives no extended codes: an I/O error is looked into."""
    error = sqlite.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    assert "the disk failed" in fault_of(error, tmp_path / "desk.db").message
    monkeypatch.setattr("storage.sqlite.connection.files.free_bytes", lambda _: 4096)
    assert fault_of(error, tmp_path / "desk.db").message == f"the disk under {tmp_path / 'desk.db'} is full"


def test_an_error_without_a_code_reads_well() -> None:
    fault = fault_of(sqlite.ProgrammingError("reason"), Path("papertape.db"))
    assert (fault.code, fault.message) == ("DATABASE_ERROR", "papertape.db: reason")


class FullDisk:
    """A connection on a disk without room: SQLite ends the transaction by itself, and has nothing to roll back."""

    in_transaction = False

    def execute(self, statement: str) -> None:
        if statement == "BEGIN":
            return
        said = "cannot rollback - no transaction is active" if statement == "ROLLBACK" else "disk I/O error"
        error = sqlite.OperationalError(said)
        error.sqlite_errorcode = sqlite3.SQLITE_ERROR if statement == "ROLLBACK" else sqlite3.SQLITE_IOERR_SHMSIZE
        raise error

    def close(self) -> None:
        return


def test_a_disk_found_full_while_opening_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteStore(tmp_path / "desk.db").close()
    monkeypatch.setattr("storage.sqlite.connection.opening._opened", lambda *_, **__: FullDisk())
    with pytest.raises(SystemFault, match=r"the disk under .* is full"):
        SqliteStore(tmp_path / "desk.db")
