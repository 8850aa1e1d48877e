"""A database that cannot be written: read as it is, in whichever way, and nothing beside it changes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.desk import Desk, DeskConfig
from engine.errors import ReadOnlyFault, SystemFault
from engine.events import LiveStamps
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import RetryPolicy
from storage.sqlite.schema import SHIPPED, Schema
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import KEY, WORKSPACE, add, append, event, fill, raw

ROOT = Path(__file__).parents[4]
QUICK_RETRY = RetryPolicy(wait_ms=1, attempts=2, sleep=lambda seconds: None)
NOBODY = 65534

KINDS = {"file": (0o444, 0o777), "directory": (0o644, 0o555), "both": (0o444, 0o555)}
"""The modes of the files and of their directory."""


@contextmanager
def without_rights() -> Iterator[None]:
    """As somebody whom modes bind, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory that others can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name, "data")
        made.mkdir()
        Path(name).chmod(0o755)
        yield made
        made.chmod(0o700)


def stocked(room: Path) -> Path:
    """A database with four events, closed in good order."""
    with SqliteStore(room / "desk.db") as store:
        add(store, WORKSPACE)
        append(store, *(fill(number) for number in range(1, 5)))
    return room / "desk.db"


def killed(room: Path) -> Path:
    """The same, whose fifth event is in a -wal that a kill left."""
    path = stocked(room)
    with SqliteStore(path) as store:
        append(store, fill(5))
        kept = {each.name: each.read_bytes() for each in room.iterdir() if not each.name.endswith("-shm")}
    for each in room.iterdir():
        each.unlink()
    for name, content in kept.items():
        (room / name).write_bytes(content)
    assert (room / "desk.db-wal").stat().st_size
    return path


def close_off(room: Path, files: int, directory: int) -> None:
    for each in room.iterdir():
        if os.geteuid() == 0:
            os.chown(each, NOBODY, NOBODY)
        each.chmod(files)
    if os.geteuid() == 0:
        os.chown(room, NOBODY, NOBODY)
    room.chmod(directory)


def listing(room: Path) -> dict[str, tuple[int, bytes]]:
    return {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in room.iterdir()}


def copies() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("papertape-")}


@pytest.mark.parametrize(("files", "directory"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("make", "head"), [(stocked, 4), (killed, 5)], ids=["closed in order", "killed"])
def test_it_is_read_and_nothing_changes(room: Path, make: object, head: int, files: int, directory: int) -> None:
    path = make(room)  # type: ignore[operator]
    before, others = listing(room), copies()
    close_off(room, files, directory)
    with without_rights(), SqliteStore(path) as store:
        assert store.is_read_only
        with store.read() as views:
            assert views.head() == head
            assert views.workspaces() == [WORKSPACE]
            assert [found.seq for found in views.events(EventFilter(), limit=None)] == list(range(1, head + 1))
            assert len(list(views.fills(WORKSPACE.id))) == head
        assert store.data_version() == store.data_version()
        with pytest.raises(ReadOnlyFault, match=r"desk\.db is read-only: nothing can be written") as caught:
            append(store, fill(9))
        assert caught.value.code == "DATABASE_ERROR"
        assert "-wal" in caught.value.hint
        for name in copies() - others:  # where there is a -wal
            assert stat.S_IMODE(Path(tempfile.gettempdir(), name).stat().st_mode) == 0o700
    assert copies() == others
    assert listing(room) == before


def test_a_rollback_journal_is_played_back_in_a_copy(room: Path) -> None:
    path = stocked(room)
    script = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = DELETE")
c.execute("PRAGMA cache_size = 1")
c.execute("BEGIN IMMEDIATE")
c.execute("UPDATE workspaces SET limits = '{}'")
c.execute("CREATE TABLE more AS SELECT zeroblob(100000)")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert (room / "desk.db-journal").stat().st_size
    before = listing(room)
    close_off(room, 0o444, 0o555)
    with without_rights(), SqliteStore(path) as store, store.read() as views:
        assert views.workspaces() == [WORKSPACE]
        assert views.head() == 4
    assert listing(room) == before


WRITER = """
import sys
from pathlib import Path
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import append, fill
with SqliteStore(sys.argv[1]) as store:
    for path in Path(sys.argv[1]).parent.iterdir():
        path.chmod(0o644)
    print("open", flush=True)
    for line in sys.stdin:
        append(store, fill(int(line)))
        print("written", flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's file takes root")
def test_what_another_user_writes_meanwhile_is_seen(room: Path) -> None:
    path = stocked(room)
    room.chmod(0o755)
    command = [sys.executable, "-c", WRITER, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"

        def write(number: int) -> None:
            print(number, file=writer.stdin, flush=True)
            assert writer.stdout.readline() == "written\n"

        write(5)
        with without_rights(), SqliteStore(path) as store:
            assert store.is_read_only
            version = store.data_version()
            with store.read() as views:
                assert views.head() == 5
                write(6)
                assert views.head() == 5  # a snapshot
            with store.read() as views:
                assert views.head() == 6
            assert store.data_version() != version
        writer.stdin.close()
    assert os.listdir(room) == ["desk.db"]  # the writer could tidy up


def read_as_it_lies(room: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """A database whose owner could write to it, opened by somebody who may not."""
    path = stocked(room)
    with monkeypatch.context() as patch:
        patch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
        return SqliteStore(path, retry=QUICK_RETRY)


def write_around(path: Path, number: int) -> None:
    with SqliteStore(path) as owner:
        append(owner, fill(number))


def test_what_its_owner_wrote_between_two_looks_is_seen(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with read_as_it_lies(room, monkeypatch) as store:
        with store.read() as views:
            assert views.head() == 4
        version = store.data_version()
        write_around(store.path, 5)
        assert store.data_version() != version
        with store.read() as views:
            assert views.head() == 5


def read_while_written(store: SqliteStore) -> None:
    with store.read() as views:
        views.head()
        write_around(store.path, 5)


def test_what_its_owner_writes_during_a_look_is_said(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with read_as_it_lies(room, monkeypatch) as store:
        with pytest.raises(SystemFault) as caught:
            read_while_written(store)
        assert caught.value.code == "DATABASE_BUSY"
        with store.read() as views:
            assert views.head() == 5


def refused(path: Path, **options: Schema) -> SystemFault:
    before = listing(path.parent)
    with without_rights(), pytest.raises(SystemFault) as caught:
        SqliteStore(path, retry=QUICK_RETRY, **options)
    assert listing(path.parent) == before
    return caught.value


def test_an_older_schema_is_refused_and_says_what_to_do(room: Path) -> None:
    path = stocked(room)
    close_off(room, 0o444, 0o555)
    later = Schema((*SHIPPED.revisions, "9999"), SHIPPED.scripts)
    fault = refused(path, schema=later)
    assert fault.code == "DATABASE_ERROR"
    assert f"older schema ({SHIPPED.head}, and this program's is 9999), and read-only" in fault.message
    assert "copy it" in fault.hint


def test_a_newer_schema_is_refused(room: Path) -> None:
    path = stocked(room)
    with raw(path) as client:
        client.execute("UPDATE alembic_version SET version_num = '9999'")
    close_off(room, 0o444, 0o555)
    assert refused(path).code == "DATABASE_TOO_NEW"


def test_what_is_not_ours_is_refused(room: Path) -> None:
    with closing(sqlite.connect(room / "desk.db")) as client:
        client.execute("CREATE TABLE theirs (x)")
    (room / "text.db").write_bytes(b"ts,open\n" * 200)
    (room / "empty.db").touch()
    close_off(room, 0o444, 0o555)
    assert refused(room / "desk.db").code == refused(room / "text.db").code == "DATABASE_NOT_OURS"
    assert "is empty, and read-only" in refused(room / "empty.db").message


def test_a_file_that_may_not_be_read_is_said(room: Path) -> None:
    path = stocked(room)
    close_off(room, 0o000, 0o755)
    with without_rights(), pytest.raises(SystemFault, match=r"desk\.db cannot be opened") as caught:
        SqliteStore(path)
    assert "permissions" in caught.value.hint


def test_default_is_looked_at_before_it_is_made(room: Path) -> None:
    path = stocked(room)
    close_off(room, 0o444, 0o555)
    with without_rights(), SqliteStore(path) as store:
        desk = Desk(store, LiveStamps(lambda: 1), DeskConfig(), Registry())
        assert desk.accounts.state("default").cash == 10_000.0
        assert desk.accounts.trades("default") == desk.journal.events("default") == []
        assert [each.name for each in desk.accounts.all()] == ["first"]
        assert len(desk.journal.events(KEY)) == 4
        with pytest.raises(ReadOnlyFault):
            desk.accounts.mark("AAPL", 10.0, "default")


def test_a_write_that_is_refused_later_says_so_too(room: Path) -> None:
    """A medium can become read-only under an open database."""
    path = stocked(room)
    with SqliteStore(path) as store:
        with store.write() as unit:
            unit._driver.execute("PRAGMA query_only = ON")
            with pytest.raises(ReadOnlyFault, match="is read-only"):
                unit.append([event(9)])
        assert not store.is_read_only


def test_a_copy_without_room_is_said(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = killed(room)
    close_off(room, 0o444, 0o555)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    others = copies()
    fault = refused(path)
    assert "could not be copied" in fault.message
    assert "No space left on device" in fault.message
    assert "TMPDIR" in fault.hint
    assert copies() == others
