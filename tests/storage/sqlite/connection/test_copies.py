"""Copies of a database: SQLite's own are whole, a dump loses the marks by which the database is known."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.opening import APPLICATION_ID
from storage.sqlite.schema import SHIPPED
from storage.sqlite.unit_of_work import SqliteStore
from tests.docs.pages import code_blocks, text_of
from tests.storage.sqlite.rows import WORKSPACE, append, event, fill

MARKS = f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {SHIPPED.generation};"

DUMP_AND_RESTORE = """
import sqlite3, sys
dumped, restored = map(sqlite3.connect, sys.argv[1:])
restored.executescript("\\n".join(dumped.iterdump()))
"""
"""Python's own, since the wheel cannot dump; in a process of its own, since two SQLites must not share a file."""


@pytest.fixture
def journal(store: SqliteStore, path: Path) -> Path:
    append(store, event(1), fill(2))
    return path


def head(path: Path) -> int:
    with SqliteStore(path) as opened, opened.read() as views:
        assert views.workspace(WORKSPACE.id) == WORKSPACE
        return views.head()


def refused(path: Path) -> str:
    with pytest.raises(SystemFault) as caught:
        SqliteStore(path)
    assert caught.value.code == "DATABASE_NOT_OURS"
    return caught.value.sentence


def test_a_backup_and_a_vacuum_while_it_is_open_are_whole(journal: Path, tmp_path: Path) -> None:
    with closing(sqlite.connect(journal)) as client:
        with closing(sqlite.connect(tmp_path / "backup.db")) as copy:
            client.backup(copy)
        client.execute("VACUUM INTO ?", (str(tmp_path / "vacuum.db"),))
    assert head(tmp_path / "backup.db") == head(tmp_path / "vacuum.db") == 2


def test_a_restored_dump_is_refused_until_its_marks_are_put_back(journal: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored.db"
    subprocess.run([sys.executable, "-c", DUMP_AND_RESTORE, str(journal), str(restored)], check=True)
    assert "has papertape's tables, but not its mark: a dump omits it" in refused(restored)
    application, generation = MARKS.splitlines()
    with closing(sqlite.connect(restored)) as copy:
        copy.executescript(application)
    assert generation.removesuffix(";") in refused(restored)
    with closing(sqlite.connect(restored)) as copy:
        copy.executescript(generation)
    assert head(restored) == 2


def test_the_page_of_the_journal_has_the_marks() -> None:
    (block,) = code_blocks(text_of("concepts/journal.md"), "sql")
    assert block.strip() == MARKS
