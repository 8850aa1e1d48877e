"""`doctor`: is this installation sound? One check a function: the installation, the settings, the database."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import typer

from engine.errors import PapertapeError, SystemFault
from tui.commands.calls import Call, command
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.output import Table, answers
from tui.shared.text import colour_wanted, safe_text, speaks_unicode, width_of

if TYPE_CHECKING:
    from engine.audit.findings import Audit, Findings
    from storage.sqlite.unit_of_work import SqliteStore
    from tui.shared.output import Page

GAP = "  "
WIDTH = len("fault")
"""Of the first column, whatever stands in it"""

app = typer.Typer()
OK, NOTE, FAULT = "ok", "note", "fault"


@command(app, "doctor", example="papertape doctor", panel="Data and installation")
def doctor(call: Call) -> None:
    """Is this installation sound?

    Versions, settings, room and rights to write, the file's pages and indexes, every event of the journal, every
    account's state against it, extras, the terminal. Nothing is written.
    """
    checks = all_checks(call)
    faulty = [check for check in checks if check.status == FAULT]
    if not faulty:  # else there may be no database to look into
        call.check_workspace()
    document = [check.document() for check in checks]
    if not (faulty and call.json):
        call.answer({"success": True, "checks": document}, lambda page: _show(page, checks))
    if faulty:
        raise faulty[0].error({"checks": document})


def _show(page: Page, checks: list[Check]) -> None:
    beside = WIDTH + max(len(check.name) for check in checks) + len(GAP) * 2
    room = page.width - beside if answers().isatty() else None
    rows = [row for check in checks for row in _rows(check, room)]
    table = Table().text("", [status.ljust(WIDTH) for status, _, _ in rows])
    table.text("check", [name for _, name, _ in rows])
    page.table(table.text("found", [detail for _, _, detail in rows]))
    for check in checks:
        if check.hint:
            page.line()
            page.paragraph(f"{check.name}: {check.hint}")


def _rows(check: Check, room: int | None) -> list[tuple[str, str, str]]:
    """A check's row; where room is short, rows below it go on with what was found."""
    detail = safe_text(check.detail)
    first, *more = [detail] if room is None else wrap(detail, room, break_on_hyphens=False)
    return [(check.status, check.name, first), *(("", "", line) for line in more)]


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome: `ok`, a `note` worth knowing, or a `fault` with its error code and the class of its error.

    `findings` are single things that are wrong, where there can be many.
    """

    name: str
    status: str
    detail: str
    hint: str = ""
    code: str = ""
    findings: tuple[str, ...] = ()
    kind: type[PapertapeError] = SystemFault

    @classmethod
    def of(cls, name: str, error: PapertapeError) -> Check:
        """A check that ended in an error."""
        return cls(name, FAULT, error.message, error.hint, error.code, kind=type(error))

    def document(self) -> dict[str, Any]:
        """The fields that `--json` prints, without empty ones."""
        fields = {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "code": self.code,
            "findings": list(self.findings),
        }
        return {name: value for name, value in fields.items() if value}

    def error(self, details: Mapping[str, Any]) -> PapertapeError:
        """The error that the command ends with."""
        return self.kind(self.code, f"{self.name}: {self.detail}", hint=self.hint, details=details)


ERROR = "DATABASE_ERROR"
SHOWN = 3
"""Findings that stand in a line; with `--json` there are more."""
RESTORE = "restore the database from a backup, and look after the disk"


def database_checks(path: Path) -> list[Check]:
    """Every check of the database, in the order shown; of one that is not there, whether it can be made."""
    from storage.sqlite.connection.opening import file_behind
    from storage.sqlite.unit_of_work import SqliteStore
    from storage.system import FOR_A_DATABASE, require_descriptors

    try:
        require_descriptors(FOR_A_DATABASE)
        file_behind(path)
    except PapertapeError as error:
        return [Check.of("database", error)]
    if not path.exists():
        return [_room(path, is_there=False), Check("database", OK, f"{path}, made on first use")]
    try:
        with SqliteStore(path) as store:  # first: it refuses what is not ours, and says why
            return [_writing(path, store), *_sound(path, store), *_journal(store)]
    except PapertapeError as error:
        if error.code == "CANCELLED":
            raise
        return [_room(path, is_there=True), Check.of("database", error)]


def _writing(path: Path, store: SqliteStore) -> Check:
    """Check whether an order could be written."""
    if not store.is_read_only:
        return _room(path, is_there=True)
    from storage.sqlite.connection.faults import COPY_IT

    return Check("writing", FAULT, f"{path} is read-only: what is in it can be looked at", COPY_IT, ERROR)


def _room(path: Path, *, is_there: bool) -> Check:
    """Whether there is room on the disk; and for a database to be made, whether its place is open to us."""
    from storage.sqlite.connection.files import COMFORTABLE, NEEDED, free_bytes, is_full, nearest_directory, trial

    place, error, free = nearest_directory(path), trial(path), free_bytes(path)
    room = "" if free is None else f": {_size(free)} are free"
    if (error is not None and is_full(error)) or (free is not None and free < NEEDED):
        hint = f"an order may need {_size(NEEDED)} for a moment: free some space"
        return Check("writing", FAULT, f"the disk under {place} has no room{room}", hint, ERROR)
    if error is not None and not is_there:
        why = f"no database can be made in {place} ({error.strerror or error})"
        return Check("writing", FAULT, why, "name another file with --db or PAPERTAPE_DB", ERROR)
    if free is not None and free < COMFORTABLE:
        hint = "free some space: what is being written takes more than what is kept of it"
        return Check("writing", NOTE, f"the disk under {place} has little room{room}", hint)
    return Check("writing", OK, f"possible in {place}{room}")


def _size(count: int) -> str:
    for unit, least in (("GB", 10**9), ("MB", 10**6)):
        if count >= least:
            return f"{count / least:,.1f} {unit}"
    return f"{count:,} bytes"


def _sound(path: Path, store: SqliteStore) -> list[Check]:
    """The file as SQLite sees it, and whether everything that keeps the journal append-only is there."""
    from storage.sqlite.connection.soundness import soundness

    with watching("checking the file") as watch:
        problems = soundness(store, watch)
    size = f"{path}, {path.stat().st_size:,} bytes"
    database, guards = Check("database", OK, f"{size}, sound"), _guards(problems.missing)
    if problems.faults:
        database = _faulty("database", f"{size}: ", problems.faults, len(problems.faults), RESTORE)
    return [database, guards]


def _guards(missing: Sequence[str]) -> Check:
    if not missing:
        return Check("guards", OK, "every table, trigger and index is as it was made")
    detail = f"missing, or not as made: {', '.join(safe_text(name) for name in missing)}"
    hint = "somebody changed the database: what is in it may have been changed too; restore it from a backup"
    return Check("guards", FAULT, detail, hint, ERROR)


def _journal(store: SqliteStore) -> list[Check]:
    """Check the journal's events and what is stored beside them."""
    from engine.audit.walk import audit

    try:
        with watching("reading the journal") as watch:
            audited = audit(store, watch)
    except PapertapeError as error:
        if error.code == "CANCELLED":
            raise
        return [Check.of("journal", error)]
    return [_events(audited), _projection(audited)]


def _events(audited: Audit) -> Check:
    if audited.journal.count:
        return _found("journal", audited.journal, f"events are not as they were written: {RESTORE}")
    hidden = f", {figures.whole(audited.hidden)} accounts of backtests and variants" if audited.hidden else ""
    accounts = figures.counted(audited.accounts, "account")
    return Check("journal", OK, f"{figures.whole(audited.head)} is the newest event's seq; {accounts}{hidden}")


def _projection(audited: Audit) -> Check:
    if not audited.projection.count and audited.skipped:
        detail = f"{figures.counted(audited.skipped, 'account')} could not be compared: fills of them are damaged"
        return Check("projection", NOTE, detail, RESTORE)
    if not audited.projection.count:
        return Check("projection", OK, "every account's state is what its journal makes")
    hint = "`papertape reconcile -w NAME` rebuilds an account's state from its journal"
    if audited.journal.count:
        hint = f"the journal is not sound, and a reconcile would take that over: {RESTORE}"
    return _found("projection", audited.projection, hint)


def _found(name: str, findings: Findings, hint: str) -> Check:
    return _faulty(name, "", findings.first, findings.count, hint)


def _faulty(name: str, where: str, first: Sequence[str], count: int, hint: str) -> Check:
    more = f"; and {figures.whole(count - SHOWN)} more" if count > SHOWN else ""
    detail = "; ".join(safe_text(finding) for finding in first[:SHOWN])
    return Check(name, FAULT, f"{where}{detail}{more}", hint, ERROR, tuple(first))


EXTRAS = {"api": "fastapi", "parquet": "pyarrow", "report": "bokeh", "web": "textual_serve"}
OLDEST_PYTHON = (3, 11)


def all_checks(call: Call) -> list[Check]:
    """Run every check, in the order shown."""
    return [_papertape(), _python(), _sqlite(), *_settings_and_database(call), _extras(), _terminal()]


def _papertape() -> Check:
    try:
        return Check("papertape", OK, version("papertape"))
    except PackageNotFoundError:
        return Check("papertape", NOTE, "run from a checkout that is not installed", "`pip install .` installs it")


def _python() -> Check:
    release = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check("python", FAULT, release, "papertape needs Python 3.11 or newer", "INTERNAL")
    return Check("python", OK, release)


def _sqlite() -> Check:
    from storage.sqlite.connection.driver import driver_name, has_wal_fault, sqlite_version

    release = f"{sqlite_version()} ({driver_name()})"
    if not has_wal_fault():
        return Check("sqlite", OK, release)
    return Check(
        "sqlite",
        NOTE,
        f"{release}: has the WAL fault of 3.7.0 to 3.51.2",
        "several connections that write at once can, very rarely, damage a database; SQLite 3.51.3 mended it. Use a"
        " Python whose SQLite is that new, or one for which the wheel pysqlite3 brings it: papertape takes the newer",
    )


def _settings_and_database(call: Call) -> list[Check]:
    from storage.settings import config_path, exposed_token

    try:
        settings = call.settings()
        exposed = exposed_token()
    except PapertapeError as error:
        return [Check.of("settings", error)]
    file = config_path()
    told = f"{file}{'' if file.exists() else ' (not there: defaults)'}; workspace {settings.workspace!r}"
    told = f"{told}, {settings.environment}"
    check = Check("settings", OK, told)
    if exposed is not None:
        hint = f"it holds the service's token: `chmod 600 {exposed}` keeps others from reading it"
        check = Check("settings", NOTE, f"{told}; others than its owner can read or change the file", hint)
    return [check, *database_checks(settings.db)]


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
