"""Leaving the dashboard at a signal: the terminal as it was before, and the exit code that tells the signal.

What a terminal sends when its window is closed, what `kill` and a shutdown send, would end the process where it stands,
in the alternate screen with the mouse reported. They make the application leave instead. One that does not leave in
time, because its thread is stuck or because nobody reads its terminal any more, is ended, and the terminal restored.
A terminal that goes away without a signal (`nohup`, a session of its own) is noticed too: Textual would go on reading.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from tui.shared.failures import DONE, close_quietly, code_of_signal

PATIENCE = 4.0
"""Seconds that the application has to leave in; the threads of one that leaves have less, see `start.LEAVING`."""

WRITING = 1.0
"""Seconds that a terminal has to take what restores it; one that nobody reads takes nothing."""

RESTORE = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l"  # no bracketed paste, lines wrap, no reports of its size
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # no mouse
    "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"  # plain keys, the first screen, its cursor, no reports of its focus
)
"""What Textual's driver writes when it leaves, for when it cannot."""

_NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")


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
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # it has not begun yet, or has left already
            sys.exit(self.code)
        self._ask()

    def await_hangup(self) -> None:
        """Leave once the terminal has gone. Blocks until then."""
        poll = select.poll()
        poll.register(sys.__stdin__.fileno(), 0)  # a hang-up is told without being asked for
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

            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._terminal)
            os.write(sys.__stderr__.fileno(), RESTORE.encode())  # where Textual's driver writes


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

        return termios.tcgetattr(sys.__stdin__.fileno())
    except Exception:  # a pipe or nothing at all; or a system that has no termios
        return None
