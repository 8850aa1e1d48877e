"""From the command line into the dashboard, and back: the terminal as it was, and the exit code that tells a signal.

What a terminal sends when its window is closed, what `kill` and a shutdown send, would end the process where it stands,
in the alternate screen with the mouse reported. They make the application leave instead. One that does not leave in
time, because its thread is stuck or because nobody reads its terminal any more, is ended, and the terminal restored. A
terminal that goes away without a signal (`nohup`, a session of its own) is noticed too: Textual would go on reading.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from tui.shared.failures import DONE, close_quietly, code_of_signal

if TYPE_CHECKING:
    from engine.errors import PapertapeError
    from storage.settings import Settings
    from tui.dashboard.app import DashboardApp

_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"

IMPORTS = 100_000
"""More objects than the first frame takes: to walk them for garbage finds none. Later `loading` says how often."""

LOGS = "logs"
"""The folder beside the preferences: a file for each time that something went wrong."""

LEAVING = 2.0
"""Seconds that threads have to end in, once the dashboard is left."""
PATIENCE = 4.0
"""Seconds that the application has to leave in; the threads of one that leaves have less, see `LEAVING`."""

WRITING = 1.0
"""Seconds that a terminal has to take what restores it; one that nobody reads takes nothing."""

RESTORE = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l"  # no bracketed paste, lines wrap, no reports of its size
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # no mouse
    "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"  # plain keys, the first screen, its cursor, no reports of its focus
)
"""What Textual's driver writes when it leaves, for when it cannot."""

_NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
_STDIN, _STDERR = 0, 2
"""The process's own, whatever stands in `sys.stdin` and `sys.stderr`"""


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
    from tui.dashboard.opening import Surroundings, default_path

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
    from tui.dashboard.opening import default_path

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


class Leaving:
    """Which signal asked the dashboard to leave, if one did."""

    def __init__(self, leave: Callable[[], Any]) -> None:
        self._leave = leave
        self._number: int | None = None
        self._terminal = _attributes()

    @property
    def has_terminal(self) -> bool:
        """Whether there is a terminal that can go away."""
        return self._terminal is not None

    @property
    def code(self) -> int:
        """The exit code of the process: 0 when a person left, 128 plus the signal's number after a signal."""
        return DONE if self._number is None else code_of_signal(self._number)

    def handle(self, number: int, _: FrameType | None) -> None:
        """The first signal asks the application to leave."""
        if self._number is not None:  # the terminal and the shell both send one, a shutdown sends two
            return
        self._number = number
        import asyncio  # slow, and every command imports this module

        try:
            asyncio.get_running_loop()
        except RuntimeError:  # it has not begun yet, or has left already
            sys.exit(self.code)
        self._ask()

    def await_hangup(self) -> None:
        """Leave once the terminal has gone. Blocks until then."""
        poll = select.poll()
        poll.register(_STDIN, 0)  # a hang-up is told without being asked for
        gone = any(happened & select.POLLHUP for _, happened in poll.poll())
        if gone and self._number is None:
            self._number = signal.SIGHUP
            self._ask()

    def _ask(self) -> None:
        patience = threading.Timer(PATIENCE, self._end)
        patience.daemon = True
        patience.start()
        _in_the_background(self._leave)

    def _end(self) -> None:
        _in_the_background(self._restore).join(WRITING)
        os._exit(self.code)

    def _restore(self) -> None:
        if self._terminal is not None:
            import termios

            termios.tcsetattr(_STDIN, termios.TCSANOW, self._terminal)
            os.write(_STDERR, RESTORE.encode())  # where Textual's driver writes


@contextmanager
def leaving_at_signals(leave: Callable[[], Any]) -> Iterator[Leaving]:
    """Call `leave`, in a thread of its own, when a signal asks the process to end; SystemExit at the end of it all.

    A signal that is ignored stays so.
    """
    leaving = Leaving(leave)
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's alone
        yield leaving
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in heard:
        signal.signal(number, leaving.handle)
    if leaving.has_terminal:
        _in_the_background(leaving.await_hangup)
    try:
        yield leaving
    except Exception:
        if not leaving.code:
            raise  # after a signal it is the terminal that failed: it has gone
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
        if leaving.code:
            _flush()
    if leaving.code:
        sys.exit(leaving.code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):  # Textual's driver writes to the standard error
        try:
            stream.flush()
        except OSError:  # the terminal has gone; else the interpreter's end would replace the exit code
            close_quietly(stream)


def _in_the_background(what: Callable[[], Any]) -> threading.Thread:
    """Run `what` in a daemon thread: whatever it hangs on, the process can end."""
    thread = threading.Thread(target=_quietly, args=(what,), daemon=True)
    thread.start()
    return thread


def _quietly(what: Callable[[], Any]) -> None:
    with suppress(Exception):  # the application has left meanwhile, or the terminal has gone
        what()


def _attributes() -> list[Any] | None:
    """The terminal's attributes; None where there is no terminal."""
    try:
        import termios

        return termios.tcgetattr(_STDIN)
    except Exception:  # a pipe or nothing at all; or a system that has no termios
        return None
