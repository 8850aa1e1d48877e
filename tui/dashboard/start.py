"""From the command line into the dashboard, and back."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from storage.settings import Settings
    from tui.dashboard.leaving import Leaving

_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"

IMPORTS = 100_000
"""More objects than the first frame takes: to walk them for garbage finds none. Later `collector` says how often."""


LEAVING = 2.0
"""Seconds that threads have to end in, once the dashboard is left."""


class Asked(Protocol):
    """What a dashboard needs of a call: the workspace of -w, and the settings with its flags."""

    @property
    def workspace(self) -> str | None:
        """None when nothing was said."""
        ...

    def settings(self) -> Settings:
        """INVALID_SETTINGS when they cannot be read."""
        ...


class Alone:
    """`papertape` without a word behind it."""

    workspace = None

    def settings(self) -> Settings:
        """File and environment."""
        from storage.settings import Settings

        return Settings()


def has_terminal() -> bool:
    """Whether there is a person to show a dashboard to."""
    streams = (sys.stdin, sys.stdout)  # a closed one is None
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def open_alone() -> int:
    """`papertape` without a word behind it, on a terminal; its exit code.

    No command is imported, nor Typer: that would be a fifth of the time to the first frame.
    """
    from tui.commands.exits import DONE
    from tui.commands.failures import as_papertape_error, tell

    try:
        open_dashboard(Alone())
    except (Exception, KeyboardInterrupt) as error:
        return tell(as_papertape_error(error), json=False)
    return DONE


def open_dashboard(call: Asked, workspace: str | None = None) -> None:
    """Show the dashboard until it is left. Raises why it could not open, and SystemExit when a signal ended it.

    The workspace is `workspace`, else what -w or PAPERTAPE_WORKSPACE names, else the one that was looked at last.
    """
    gc.set_threshold(IMPORTS)
    from storage.descriptors import FOR_A_SERVICE, require_descriptors
    from tui.dashboard.app import DashboardApp
    from tui.dashboard.leaving import leaving_at_signals
    from tui.dashboard.prefs import default_path
    from tui.dashboard.surroundings import Surroundings

    require_descriptors(FOR_A_SERVICE)
    named = workspace or call.workspace or os.environ.get("PAPERTAPE_WORKSPACE") or None
    app = DashboardApp(call.settings, Surroundings(default_path(), left=lambda: _leave_in_time(leaving)), named)
    with leaving_at_signals(lambda: app.call_from_thread(app.exit)) as leaving:
        sys.stdout.write(_SAVE_TITLE)
        try:
            app.run()
        finally:
            app.close()
            sys.stdout.write(_RESTORE_TITLE)
    if app.failure is not None:
        raise app.failure


def _leave_in_time(leaving: Leaving) -> None:
    """A thread that cannot be stopped, in a compiler or in a strategy's own loop, is not waited for.

    What it had not committed is rolled back as at a kill; its sweep is interrupted, and can be resumed.
    """
    patience = threading.Timer(LEAVING, _end, (leaving,))
    patience.daemon = True
    patience.start()


def _end(leaving: Leaving) -> None:
    try:
        sys.stdout.write(_RESTORE_TITLE)
        sys.stdout.flush()
        print(
            "left while something was still at work; a sweep goes on with `papertape plan resume last`", file=sys.stderr
        )
    finally:  # the terminal may be gone
        os._exit(leaving.code)
