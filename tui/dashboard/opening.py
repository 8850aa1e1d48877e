"""Opening the desk behind the first frame: settings, database, and the workspace to begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.policy.workspace import Workspace
    from storage.settings import Settings
    from tui.dashboard.surroundings import Prefs

WORKSPACES = "workspace"
"""The section of the preferences: the last workspace, by database."""


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
        workspace = known or _there(desk, desk.accounts.get(named))
    except BaseException:
        desk.close()
        raise
    return Opened(desk, workspace.id, database, dict(settings.keys), desk.is_read_only)


def _there(desk: Desk, workspace: Workspace) -> Workspace:
    """The workspace; the first one where `default` was never made and cannot be."""
    if not desk.is_read_only or desk.accounts.find(workspace.id) is not None:
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
