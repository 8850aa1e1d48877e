"""Opening the dashboard: what it takes from around it, what it remembers, and the desk behind its first frame.

The preferences (theme, workspace by database, order by table) are a small JSON file in the user's data directory.
Whatever is wrong with it is ignored: it holds nothing but tastes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from storage.system import make_private

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.policy.workspace import Workspace
    from storage.settings import Settings

POLL_SECONDS = 0.4
"""Another process's write shows within a second: this, and the time to read and to paint."""
WORKSPACES = "workspace"
"""The section of the preferences: the last workspace, by database."""


def local_now() -> datetime:
    """The wall clock, in the zone of the person who looks at it."""
    return datetime.now().astimezone()


def nothing() -> None:
    """Do nothing; the default for `left`."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`poll_seconds` is the time between two looks at the database; None: only when it is asked for. `left` is called
    as soon as the dashboard is left, before its threads have ended."""

    prefs: Path
    clock: Callable[[], datetime] = field(default=local_now)
    new_id: Callable[[], UUID] = field(default=uuid4)
    poll_seconds: float | None = POLL_SECONDS
    left: Callable[[], None] = field(default=nothing)


NAME = "papertape"
FILE = "dashboard.json"


def default_path() -> Path:
    """Where the preferences are kept."""
    from platformdirs import user_data_path

    return user_data_path(NAME) / FILE


class Prefs:
    """Preferences by section and key, as they were when the dashboard was opened, with its own changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def get(self, section: str, key: str) -> str | None:
        """The choice; None when nothing was chosen."""
        return self._known.get(section, {}).get(key)

    def keep(self, section: str, key: str, value: str) -> None:
        """Remember a choice; what another dashboard wrote meanwhile stays. OSError when it cannot be written."""
        self._known.setdefault(section, {})[key] = value
        written = _read(self._path)
        written.setdefault(section, {})[key] = value
        _write(self._path, written)


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {section: _texts(values) for section, values in document.items() if isinstance(values, dict)}


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in values.items() if isinstance(value, str)}


def _write(path: Path, document: dict[str, dict[str, str]]) -> None:
    """Replace the file in one step: another dashboard may be reading it."""
    make_private(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, sort_keys=True)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


@dataclass(frozen=True, slots=True)
class Opened:
    """A desk, the workspace to show, the database's name, and the keys of the config file.

    `is_read_only`: it can be looked at, and changes are refused.
    """

    desk: Desk
    workspace: UUID
    database: str
    keymap: dict[str, str]
    is_read_only: bool = False


def open_behind(settings_of: Callable[[], Settings], named: str | None, prefs: Prefs) -> Opened:
    """Blocks: on imports, and on the database. `named` is what was asked for with -w or in the environment.

    Raises what the command line would: INVALID_SETTINGS, DATABASE_*, WORKSPACE_NOT_FOUND.
    """
    from storage.desk import open_desk

    settings = settings_of()
    desk = open_desk(settings)
    try:
        database = str(settings.db.expanduser().resolve())
        remembered = prefs.get(WORKSPACES, database)
        known = desk.accounts.find(UUID(remembered)) if named is None and _is_uuid(remembered) else None
        workspace = known or _there(desk, named)
    except BaseException:
        desk.close()
        raise
    return Opened(desk, workspace.id, database, dict(settings.keys), desk.is_read_only)


def _there(desk: Desk, named: str | None) -> Workspace:
    """The stored workspace; the first one where `default` is missing and cannot be created."""
    if not desk.is_read_only:
        return desk.accounts.ensure_default(named)
    workspace = desk.accounts.require(named)
    if desk.accounts.find(workspace.id) is not None:
        return workspace
    from engine.desk.accounts import not_found

    accounts = desk.accounts.all()
    if not accounts:
        raise not_found(workspace.name)
    return accounts[0]


def _is_uuid(text: str | None) -> bool:
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True
