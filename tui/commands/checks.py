"""What `doctor` looks at, one check a function."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from engine.errors import PapertapeError
from storage.driver import driver_name, has_wal_fault, sqlite, sqlite_version
from storage.guards import missing_guards
from storage.settings import config_path
from tui.commands.answers import answers
from tui.commands.text import colour_wanted, safe_text, speaks_unicode, width_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from tui.commands.calls import Call

OK, NOTE, FAULT = "ok", "note", "fault"
EXTRAS = {"api": "fastapi", "parquet": "pyarrow", "web": "textual_serve"}
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome: `ok`, a `note` worth knowing, or a `fault` with its error code."""

    name: str
    status: str
    detail: str
    hint: str = ""
    code: str = ""

    def document(self) -> dict[str, str]:
        """As JSON has it, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value}


def all_checks(call: Call) -> list[Check]:
    """Every check, in the order shown."""
    return [_papertape(), _python(), _sqlite(), *_settings_and_database(call), _extras(), _terminal()]


def _papertape() -> Check:
    try:
        return Check("papertape", OK, version("papertape"))
    except PackageNotFoundError:
        return Check("papertape", NOTE, "run from a checkout that is not installed", "`pip install .` installs it")


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check("python", FAULT, found, "papertape needs Python 3.11 or newer", "INTERNAL")
    return Check("python", OK, found)


def _sqlite() -> Check:
    found = f"{sqlite_version()} ({driver_name()})"
    if not has_wal_fault():
        return Check("sqlite", OK, found)
    return Check(
        "sqlite",
        NOTE,
        f"{found}: has the WAL fault of 3.7.0 to 3.51.2",
        "several connections that write at once can, very rarely, damage a database; SQLite 3.51.3 mended it. Use a"
        " Python whose SQLite is that new, or one for which the wheel pysqlite3 brings it: papertape takes the newer",
    )


def _settings_and_database(call: Call) -> list[Check]:
    try:
        settings = call.settings()
    except PapertapeError as error:
        return [_fault("settings", error)]
    file = config_path()
    told = f"{file}{'' if file.exists() else ' (not there: defaults)'}; workspace {settings.workspace!r}"
    return [Check("settings", OK, f"{told}, {settings.environment}"), *_database(call, settings.db)]


def _database(call: Call, path: Path) -> list[Check]:
    if not path.exists():
        return [Check("database", OK, f"{path}, made on first use")]
    try:
        with call.desk() as desk:  # first: it refuses what is not ours, and says why
            return [_quick_check(path), _guards(path), *_journal(desk)]
    except PapertapeError as error:
        return [_fault("database", error)]


def _quick_check(path: Path) -> Check:
    with closing(sqlite.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            said = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
        except sqlite.Error as error:
            said = [str(error)]
    size = f"{path}, {path.stat().st_size:,} bytes"
    if said == ["ok"]:
        return Check("database", OK, f"{size}, sound")
    hint = "restore it from a backup, or name another file with --db"
    return Check("database", FAULT, f"{size}: {'; '.join(said)}", hint, "DATABASE_ERROR")


def _guards(path: Path) -> Check:
    """Whether everything that keeps the journal append-only is there."""
    try:
        missing = missing_guards(path)
    except sqlite.Error as error:
        missing = [str(error)]
    if not missing:
        return Check("guards", OK, "every table, trigger and index is as it was made")
    said = f"missing, or not as made: {', '.join(safe_text(each) for each in missing)}"
    hint = "somebody changed the database: what is in it may have been changed too; restore it from a backup"
    return Check("guards", FAULT, said, hint, "DATABASE_ERROR")


def _journal(desk: Desk) -> list[Check]:
    accounts = desk.accounts.all()
    head = f"{desk.journal.head():,} is the newest event's seq; {len(accounts):,} accounts"
    behind = [each.name for each in accounts if not _is_at_head(desk, each.id)]
    if not behind:
        return [Check("journal", OK, head), Check("projection", OK, "every account's state is at its journal's head")]
    names = ", ".join(safe_text(name) for name in behind)
    hint = "`papertape reconcile -w NAME` rebuilds it from the journal"
    return [
        Check("journal", OK, head),
        Check("projection", FAULT, f"stored state not at the journal's head: {names}", hint, "DATABASE_ERROR"),
    ]


def _is_at_head(desk: Desk, workspace_id: UUID) -> bool:
    """Whether the stored state is as of the newest event; somebody may be writing between the two reads."""
    for _ in range(3):
        before = desk.journal.head(workspace_id)
        if desk.accounts.state(workspace_id).last_seq == before:
            return True
        if desk.journal.head(workspace_id) == before:
            return False
    return True


def _extras() -> Check:
    have = [f"{name} {'yes' if find_spec(module) else 'no'}" for name, module in EXTRAS.items()]
    return Check("extras", OK, ", ".join(have))


def _terminal() -> Check:
    if not answers().isatty():
        return Check("terminal", OK, "none: plain text")
    colour = "colour" if colour_wanted(answers()) else "no colour"
    unicode = "unicode" if speaks_unicode(answers()) else "ASCII only"
    term = os.environ.get("TERM", "TERM not set")
    return Check("terminal", OK, f"{width_of(answers())} columns, {colour}, {unicode}, {term}")


def _fault(name: str, error: PapertapeError) -> Check:
    return Check(name, FAULT, error.message, error.hint, error.code)
