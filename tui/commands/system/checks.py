"""What `doctor` looks at, one check a function."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from engine.errors import PapertapeError
from storage.settings import config_path, exposed_token
from storage.sqlite.connection.driver import driver_name, has_wal_fault, sqlite_version
from tui.commands.system.check import FAULT, NOTE, OK, Check
from tui.commands.system.database_checks import database_checks
from tui.shared.documents import answers
from tui.shared.text import colour_wanted, speaks_unicode, width_of

if TYPE_CHECKING:
    from tui.commands.calls import Call

EXTRAS = {"api": "fastapi", "parquet": "pyarrow", "web": "textual_serve"}
OLDEST_PYTHON = (3, 11)


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
        exposed = exposed_token()
    except PapertapeError as error:
        return [Check.of("settings", error)]
    file = config_path()
    told = f"{file}{'' if file.exists() else ' (not there: defaults)'}; workspace {settings.workspace!r}"
    told = f"{told}, {settings.environment}"
    found = Check("settings", OK, told)
    if exposed is not None:
        hint = f"it holds the service's token: `chmod 600 {exposed}` keeps others from reading it"
        found = Check("settings", NOTE, f"{told}; others than its owner can read or change the file", hint)
    return [found, *database_checks(settings.db)]


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
