"""A signal ends the dashboard: the terminal is as it was before, and the exit code tells the signal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui.dashboard.start import RESTORE

ROOT = Path(__file__).resolve().parents[3]
SIGNALS = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]
WAIT_S = 60.0
OPEN = b"Nothing is held"
"""What an empty account shows once it is read."""

LEFT = ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?2004l", "\x1b[?7h", "\x1b[<u")
"""The first screen, its cursor, no mouse, no bracketed paste, lines that wrap, plain keys."""


class Dashboard:
    """A process on a terminal of its own."""

    def __init__(self, home: Path, *program: str, before: Callable[[], None] | None = None, owns: bool = True) -> None:
        """`before` runs in the process before the program; without `owns` the terminal's end sends it no signal."""
        self._keyboard, screen = pty.openpty()
        self.settings = termios.tcgetattr(screen)
        self.shown = b""

        def prepare() -> None:
            if owns:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if before is not None:
                before()

        self.process = subprocess.Popen(
            [sys.executable, *(program or ("-m", "tui"))],
            env={**os.environ, "HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
            | {"PAPERTAPE_DB": str(home / "x.db"), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - there are no threads here
        )
        self.screen = screen

    def until(self, text: bytes) -> None:
        """Read until it has shown this."""
        while text not in self.shown:
            assert select.select([self._keyboard], [], [], WAIT_S)[0], self.shown
            self.shown += os.read(self._keyboard, 65_536)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._keyboard, keys)

    def hang_up(self) -> int:
        """Close the terminal; the exit code."""
        os.close(self.screen)
        os.close(self._keyboard)
        return self.process.wait(WAIT_S)

    def end(self) -> int:
        """Read until the process has ended; its exit code. The terminal stays open, to be looked at."""
        deadline = time.monotonic() + WAIT_S
        while self.process.poll() is None or select.select([self._keyboard], [], [], 0)[0]:
            if select.select([self._keyboard], [], [], 0.05)[0]:
                self.shown += os.read(self._keyboard, 65_536)
            assert time.monotonic() < deadline, self.shown
        return self.process.returncode


@contextmanager
def dashboard(home: Path, *program: str, **options: object) -> Iterator[Dashboard]:
    """Whatever a test finds, its process does not outlive it."""
    started = Dashboard(home, *program, **options)  # type: ignore[arg-type]
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def check_restored(it: Dashboard) -> None:
    entered = it.shown.rindex(b"\x1b[?1049h")
    assert [mode for mode in LEFT if mode.encode() not in it.shown[entered:]] == []
    assert termios.tcgetattr(it.screen) == it.settings
    assert b"Traceback" not in it.shown


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_restores_the_terminal_and_is_the_exit_code(tmp_path: Path, number: signal.Signals) -> None:
    with dashboard(tmp_path) as it:
        it.until(OPEN)
        it.process.send_signal(number)
        assert it.end() == 128 + number
        check_restored(it)
        assert it.shown.endswith(b"\x1b[23;2t")  # the title


def test_a_signal_before_the_first_frame(tmp_path: Path) -> None:
    code = """
import os, signal
from tui.dashboard import app, start
app.DashboardApp.run = lambda self: os.kill(os.getpid(), signal.SIGTERM)
start.open_alone()
"""
    with dashboard(tmp_path, "-c", code) as it:
        assert it.end() == 143
        assert b"Traceback" not in it.shown


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    with dashboard(tmp_path, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as it:
        it.until(OPEN)
        it.process.send_signal(signal.SIGHUP)
        it.type(b"q")
        assert it.end() == 0
        check_restored(it)


@pytest.mark.parametrize("owns", [True, False], ids=["told by SIGHUP", "not told"])
def test_a_terminal_that_goes_away_ends_it(tmp_path: Path, owns: bool) -> None:
    with dashboard(tmp_path, owns=owns) as it:
        it.until(OPEN)
        assert it.hang_up() == 129


UNREAD = """
import os, signal, sys
from tui.dashboard.start import leaving_at_signals

reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, {descriptor})
{stream}.write("held back, since the line is not at its end")
with leaving_at_signals(lambda: None) as leaving:
    leaving.handle(signal.SIGHUP, None)
"""


@pytest.mark.parametrize("stream", ["sys.stdout", "sys.stderr"])
def test_what_cannot_be_written_any_more_does_not_change_the_exit_code(stream: str) -> None:
    """The signal comes while no application runs: it leaves at once, by SystemExit out of the block."""
    script = UNREAD.format(stream=stream, descriptor=1 if stream == "sys.stdout" else 2)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    ran = subprocess.run([sys.executable, "-c", script], env=buffered, capture_output=True, check=False)
    assert ran.returncode == 129


STUCK = """
import os, threading
from tui.dashboard import app, start

def stuck(self):
    os.write(2, b"now it is stuck")
    threading.Event().wait()

app.DashboardApp.on_ready = stuck
start.PATIENCE = 0.1
start.open_alone()
"""


def test_one_that_is_stuck_is_ended_and_the_terminal_restored(tmp_path: Path) -> None:
    with dashboard(tmp_path, "-c", STUCK) as it:
        it.until(b"now it is stuck")
        it.process.send_signal(signal.SIGTERM)
        assert it.end() == 143
        assert it.shown.endswith(RESTORE.encode())
        check_restored(it)


BUSY = """
import os, threading
from tui.dashboard import app, start

def busy(self):
    self.run_worker(threading.Event().wait, thread=True)
    os.write(2, b"now it is busy")

app.DashboardApp.on_ready = busy
start.LEAVING = 0.1
start.open_alone()
"""


def test_a_thread_that_cannot_be_stopped_does_not_change_the_exit_code(tmp_path: Path) -> None:
    with dashboard(tmp_path, "-c", BUSY) as it:
        it.until(b"now it is busy")
        it.process.send_signal(signal.SIGHUP)
        assert it.end() == 129
        assert b"plan resume last" in it.shown
        check_restored(it)
