"""The file is moved, replaced or deleted under an open database: nothing is read from it or written to it any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import SystemFault
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import append, event


def refused(store: SqliteStore) -> None:
    """Neither a write, nor a read, nor a look whether somebody wrote."""
    for call in (lambda: append(store, event(2)), lambda: store.read().__enter__(), store.data_version):
        with pytest.raises(SystemFault, match="moved, replaced or deleted") as caught:
            call()
        assert caught.value.code == "DATABASE_MOVED"


def test_a_file_that_was_moved_is_refused_until_it_is_back(store: SqliteStore, path: Path) -> None:
    append(store, event(1))
    elsewhere = path.rename(path.with_name("elsewhere.db"))
    refused(store)
    assert not path.exists()  # nor was an empty one made
    elsewhere.rename(path)
    append(store, event(2))
    with store.read() as views:
        assert views.head() == 2


def test_another_file_in_its_place_is_refused(store: SqliteStore, path: Path) -> None:
    append(store, event(1))
    path.rename(path.with_name("elsewhere.db"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    SqliteStore(path).close()
    refused(store)


def test_a_file_that_was_deleted_is_refused(store: SqliteStore, path: Path) -> None:
    path.unlink()
    refused(store)
    assert not path.exists()
