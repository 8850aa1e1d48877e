"""From the command line into the dashboard, and back."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.errors import PapertapeError
    from storage.settings import Settings
    from tui.dashboard.app import DashboardApp
    from tui.dashboard.leaving import Leaving

_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"

IMPORTS = 100_000
"""More objects than the first frame takes: to walk them for garbage finds none. Later `collector` says how often."""

LOGS = "logs"
"""The folder beside the preferences: a file for each time that something went wrong."""

LEAVING = 2.0
"""Seconds that threads have to end in, once the dashboard is left."""


class Asked(Protocol):
    """What a dashboard needs of a call: the workspace of -w, and the settings with its flags."""

    @property
    def workspace(self) -> str | None:
        """The name given with -w; None without it."""
        ...

    def settings(self) -> Settings:
        """INVALID_SETTINGS when they cannot be read."""
        ...


class Alone:
    """The call `papertape` without arguments."""

    workspace = None

    def settings(self) -> Settings:
        """The settings of the file and the environment."""
        from storage.settings import Settings

        return Settings()


def has_terminal() -> bool:
    """Whether standard input and output are a terminal that can show the dashboard."""
    streams = (sys.stdin, sys.stdout)  # a closed one is None
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def open_alone() -> int:
    """`papertape` without a word behind it, on a terminal; its exit code.

    No command is imported, nor Typer: that would be a fifth of the time to the first frame.
    """
    from tui.shared.failures import DONE, as_papertape_error, tell

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
    from storage.system import FOR_A_SERVICE, require_descriptors
    from tui.dashboard.app import DashboardApp
    from tui.dashboard.leaving import leaving_at_signals
    from tui.dashboard.surroundings import Surroundings, default_path

    require_descriptors(FOR_A_SERVICE)
    named = workspace or call.workspace or os.environ.get("PAPERTAPE_WORKSPACE") or None
    app = DashboardApp(call.settings, Surroundings(default_path(), left=lambda: _leave_in_time(app, leaving)), named)
    with leaving_at_signals(lambda: app.call_from_thread(app.exit)) as leaving:
        sys.stdout.write(_SAVE_TITLE)
        try:
            app.run()
        except Exception as error:
            app.crash = app.crash or error
        finally:
            app.close()
            sys.stdout.write(_RESTORE_TITLE)
    wrong = _why_it_ended(app)
    if wrong is not None:
        raise wrong


def _why_it_ended(app: DashboardApp) -> PapertapeError | None:
    """Why it could not open, or what ended it unforeseen; None when a person left it."""
    if app.failure is not None or app.crash is None:
        return app.failure
    from engine.errors import SystemFault

    message = " ".join(f"{type(app.crash).__name__}: {app.crash}".split())
    fault = SystemFault("INTERNAL", message, hint=f"a bug in papertape; {_logged(app.crash)}")
    fault.__cause__ = app.crash
    return fault


def _logged(crash: BaseException) -> str:
    """Write a traceback without values to a log file. Return where it is, or why it could not be written."""
    import platform
    import traceback
    from datetime import UTC, datetime
    from importlib.metadata import version

    from storage.system import make_private
    from tui.dashboard.surroundings import default_path

    now = datetime.now(UTC)
    log = default_path().parent / LOGS / f"dashboard-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    known = f"{now:%Y-%m-%d %H:%M:%S} UTC, Python {platform.python_version()}, {platform.platform()}"
    packages = f"textual {version('textual')}, rich {version('rich')}"
    try:
        make_private(log.parent)
        log.write_text(f"{known}\n{packages}\n\n{''.join(traceback.format_exception(crash))}", encoding="utf-8")
    except OSError as error:
        return f"its log could not be written: {error}"
    return f"where it went wrong is in {log}"


def _leave_in_time(app: DashboardApp, leaving: Leaving) -> None:
    """A thread that cannot be stopped, in a compiler or in a strategy's own loop, is not waited for.

    What it had not committed is rolled back as at a kill; its sweep is interrupted, and can be resumed.
    """
    patience = threading.Timer(LEAVING, _end, (app, leaving))
    patience.daemon = True
    patience.start()


def _end(app: DashboardApp, leaving: Leaving) -> None:
    code = leaving.code
    try:
        wrong = None if code else _why_it_ended(app)
        sys.stdout.write(_RESTORE_TITLE)
        sys.stdout.flush()
        print("left while work was still in progress; `papertape plan resume last` resumes a sweep", file=sys.stderr)
        if wrong is not None:
            from tui.shared.failures import tell

            code = tell(wrong, json=False)
    finally:  # the terminal may be gone
        os._exit(code)
