"""From the command line into the dashboard, and back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.commands.calls import Call

_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"


def has_terminal() -> bool:
    """Whether there is a person to show a dashboard to."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def open_dashboard(call: Call, workspace: str | None = None) -> None:
    """Show the dashboard until it is left. Raises why it could not open.

    The workspace is `workspace`, else what -w or PAPERTAPE_WORKSPACE names, else the one that was looked at last.
    """
    from tui.dashboard.app import DashboardApp
    from tui.dashboard.prefs import default_path
    from tui.dashboard.surroundings import Surroundings

    named = workspace or call.workspace or os.environ.get("PAPERTAPE_WORKSPACE") or None
    app = DashboardApp(call.settings, Surroundings(default_path()), named)
    sys.stdout.write(_SAVE_TITLE)
    try:
        app.run()
    finally:
        app.close()
        sys.stdout.write(_RESTORE_TITLE)
    if app.failure is not None:
        raise app.failure
