"""A database file: made, upgraded, or refused and left as it is."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

import storage.migrations
from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.connection.faults import RetryPolicy
from storage.sqlite.connection.opening import APPLICATION_ID
from storage.sqlite.schema import SHIPPED, Schema
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import OTHER, WORKSPACE, add, append, event, fill, raw

ROOT = Path(__file__).parents[4]
QUICK_RETRY = RetryPolicy(wait_ms=1, attempts=2, sleep=lambda seconds: None)
HEAD, NEXT = SHIPPED.head, f"{SHIPPED.generation + 1:04}"
SECOND = f"""
from alembic import op
revision, down_revision, branch_labels, depends_on = "{NEXT}", "{HEAD}", None, None

def upgrade():
    op.execute("CREATE TABLE added (note TEXT) STRICT")
    op.execute("INSERT INTO added SELECT payload FROM trade_events")
"""
FAILING = SECOND + '    op.execute("INSERT INTO nowhere VALUES (1)")\n'


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(path: Path, code: str) -> str:
    with pytest.raises(SystemFault) as caught:
        SqliteStore(path, retry=QUICK_RETRY)
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value.message


def listing(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in directory.iterdir()}


@pytest.fixture
def later(tmp_path: Path) -> Schema:
    """Tomorrow's schema: a revision more."""
    scripts = tmp_path / "100% scripts"
    shutil.copytree(Path(storage.migrations.__path__[0]), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"v{NEXT}_more.py").write_text(SECOND)
    return Schema((*SHIPPED.revisions, NEXT), str(scripts))


def test_a_new_file_is_ours_alone(path: Path) -> None:
    with SqliteStore(path) as store:
        add(store, WORKSPACE)
        assert {each.name: mode_of(each) for each in path.parent.iterdir()} == {
            "papertape.db": 0o600,
            "papertape.db-wal": 0o600,
            "papertape.db-shm": 0o600,
        }
        assert mode_of(path.parent) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["papertape.db"]


def test_a_file_that_others_may_read_is_closed_to_them(path: Path) -> None:
    SqliteStore(path).close()
    path.chmod(0o644)
    with SqliteStore(path):
        assert mode_of(path) == 0o600


@pytest.mark.parametrize("name", ["a b#c?d%20.db", "é.db", "file:x.db", ":memory:", "'q\".db"])
def test_any_name_is_a_name(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        with SqliteStore(tmp_path / "room" / name):
            pass
    assert os.listdir(tmp_path / "room") == [name]


def test_a_symbolic_link_is_followed(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with SqliteStore(link) as other:
        append(other, event(1))
    assert not (tmp_path / "link.db-wal").exists()
    with store.read() as views:
        assert views.head() == 1


def test_an_empty_file_is_taken(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with SqliteStore(path) as store:
        add(store, WORKSPACE)


def test_an_old_database_is_backed_up_and_upgraded(store: SqliteStore, path: Path, later: Schema) -> None:
    append(store, event(1, payload="kept"))
    for number in (1, 2):
        (path.parent / f"papertape.db.before-{HEAD}.{number}.bak").touch()
    with SqliteStore(path, schema=later) as upgraded, upgraded.read() as views:
        assert views.head() == 1
    with raw(path) as client:
        assert client.execute("SELECT note FROM added").fetchall() == [("kept",)]
        assert client.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEXT,)]
        assert client.execute("PRAGMA user_version").fetchone() == (SHIPPED.generation + 1,)
    backup = path.parent / f"papertape.db.before-{HEAD}.3.bak"
    assert mode_of(backup) == 0o600
    with SqliteStore(backup) as old, old.read() as views:
        assert views.head() == 1
        assert views.workspaces() == [WORKSPACE, OTHER]


def test_an_upgrade_that_fails_changes_nothing(store: SqliteStore, path: Path, later: Schema) -> None:
    append(store, event(1))
    store.close()
    before = path.read_bytes()
    Path(later.scripts, "versions", f"v{NEXT}_more.py").write_text(FAILING)
    with pytest.raises(SystemFault, match=f"could not be upgraded from revision {HEAD} to {NEXT}") as caught:
        SqliteStore(path, schema=later)
    assert f"before-{HEAD}.1.bak" in caught.value.hint
    assert path.read_bytes() == before
    with SqliteStore(path) as old, old.read() as views:
        assert views.head() == 1


def test_a_newer_database_is_refused(path: Path, later: Schema) -> None:
    SqliteStore(path).close()
    SqliteStore(path, schema=later).close()
    before = listing(path.parent)
    assert f"revision {NEXT}, while this program knows {HEAD}" in refused(path, "DATABASE_TOO_NEW")
    assert listing(path.parent) == before


def test_who_has_it_open_stops_when_it_is_upgraded(store: SqliteStore, path: Path, later: Schema) -> None:
    SqliteStore(path, schema=later).close()
    for begin in (store.read, store.write):
        with pytest.raises(SystemFault) as caught, begin():
            pytest.fail("it is another schema now")
        assert caught.value.code == "DATABASE_TOO_NEW"


def foreign_database(path: Path, *statements: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as client:
        for statement in statements:
            client.execute(statement)


TABLE = "CREATE TABLE theirs (x)"
FOREIGN = {
    "another program's": (TABLE,),
    "in WAL mode": ("PRAGMA journal_mode = WAL", TABLE),
    "with an application id": ("PRAGMA application_id = 17", TABLE),
    "empty, with an application id": ("PRAGMA application_id = 17", "PRAGMA user_version = 1"),
    "of Alembic too": (
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('0001')",
    ),
    "with our id but no revision": (f"PRAGMA application_id = {APPLICATION_ID}", TABLE),
    "with our id but an empty revision": (
        f"PRAGMA application_id = {APPLICATION_ID}",
        "CREATE TABLE alembic_version (version_num TEXT)",
    ),
}


@pytest.mark.parametrize("statements", FOREIGN.values(), ids=FOREIGN)
def test_the_database_of_another_program_is_refused_and_untouched(path: Path, statements: tuple[str, ...]) -> None:
    foreign_database(path, *statements)
    before = listing(path.parent)
    refused(path, "DATABASE_NOT_OURS")
    assert listing(path.parent) == before


@pytest.mark.parametrize(
    "content", [b"ts,open\n" * 20, b"SQLite format 3\0" + b"z" * 5000, b"\0" * 4096], ids=["csv", "rubbish", "zeros"]
)
def test_a_file_that_is_no_database_is_refused_and_untouched(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert "not an SQLite database" in refused(path, "DATABASE_NOT_OURS")
    assert listing(path.parent) == {path.name: content}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path, "DATABASE_ERROR")
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe", "DATABASE_ERROR")
    (tmp_path / "plain").touch()
    assert "cannot be opened for writing" in refused(tmp_path / "plain" / "papertape.db", "DATABASE_ERROR")


@pytest.fixture
def closed_directory() -> Iterator[Path]:
    """A directory that we may not write to, even when the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        room.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            yield room
        finally:
            if is_root:
                os.seteuid(0)
            room.chmod(0o700)


def test_a_directory_that_is_closed_to_us_is_said(closed_directory: Path) -> None:
    for name in ("new.db", "deeper/new.db"):
        message = refused(closed_directory / name, "DATABASE_ERROR")
        assert "cannot be opened for writing" in message
        assert name in message


def test_an_interrupted_creation_is_begun_again(path: Path) -> None:
    """A crash in the middle of the first commit leaves a journal that SQLite plays back."""
    path.parent.mkdir()
    script = f"""
import os, sqlite3
c = sqlite3.connect({str(path)!r}, isolation_level=None)
c.execute("PRAGMA cache_size = 1")
c.execute("BEGIN IMMEDIATE")
for n in range(200):
    c.execute(f"CREATE TABLE t{{n}} (x)")
c.execute("PRAGMA application_id = {APPLICATION_ID}")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert path.with_name("papertape.db-journal").exists()
    with SqliteStore(path) as store:
        add(store, WORKSPACE)


def without_shm(directory: Path) -> dict[str, bytes]:
    """What is on the disk; the -shm is the locks of the moment."""
    return {name: content for name, content in listing(directory).items() if not name.endswith("-shm")}


def killed_in_a_checkpoint(path: Path) -> None:
    """What a kill leaves when the first page had reached the file, and the pages that it counts had not."""
    SqliteStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, SqliteStore(path) as store:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM trade_events").fetchone()  # nothing newer reaches the file meanwhile
        for number in range(60):
            add(store, replace(WORKSPACE, id=UUID(int=number + 1), name=f"account {number}"))
        kept = without_shm(path.parent)
        reader.execute("ROLLBACK")
    first_page = path.read_bytes()[:4096]
    assert len(path.read_bytes()) > len(kept[path.name])
    for each in path.parent.iterdir():
        each.unlink()
    for name, content in kept.items():
        (path.parent / name).write_bytes(content)
    with path.open("r+b") as file:
        file.write(first_page)


def test_a_kill_in_a_checkpoint_is_no_damage(path: Path) -> None:
    killed_in_a_checkpoint(path)
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as alone, pytest.raises(sqlite3.Error):
        alone.execute("SELECT * FROM workspaces").fetchall()  # without its -wal it is unreadable indeed
    with SqliteStore(path) as store, store.read() as views:
        assert len(views.workspaces()) == 60
    with closing(sqlite3.connect(path)) as client:
        assert client.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_foreign_database_with_a_wal_is_refused_and_untouched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as client:
        client.execute("PRAGMA journal_mode = WAL")
        client.execute(TABLE)
        before = without_shm(path.parent)
        assert refused(path, "DATABASE_NOT_OURS")
        assert without_shm(path.parent) == before


CHILD = """
import json, sys
from pathlib import Path
from storage.sqlite.schema import Schema
from storage.sqlite.unit_of_work import SqliteStore
path, revisions, scripts = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with SqliteStore(path, schema=Schema(tuple(revisions), scripts)) as store, store.read() as views:
    print(views.head(), flush=True)
"""


def opened_at_once(path: Path, schema: Schema, processes: int = 3) -> list[str]:
    """What so many processes say when they open a file at the same moment."""
    argument = json.dumps([str(path), schema.revisions, schema.scripts])
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CHILD, argument],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(processes)
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    return [child.communicate(timeout=60)[0] for child in children]


def test_processes_that_make_the_same_file_all_succeed(path: Path) -> None:
    assert opened_at_once(path, SHIPPED) == ["0\n"] * 3


def test_processes_that_upgrade_the_same_file_all_succeed(store: SqliteStore, path: Path, later: Schema) -> None:
    append(store, fill(1))
    assert opened_at_once(path, later) == ["1\n"] * 3
    assert len(list(path.parent.glob("*.bak"))) == 1
    with raw(path) as client:
        assert client.execute("SELECT count(*) FROM added").fetchone() == (1,)


def test_an_up_to_date_database_is_opened_without_alembic(path: Path) -> None:
    script = f"""
import sys
from storage.sqlite.unit_of_work import SqliteStore
for _ in range(2):
    with SqliteStore({str(path)!r}) as store, store.read() as views:
        views.head()
print("alembic" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
