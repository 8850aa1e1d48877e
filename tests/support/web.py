"""`papertape --web` in a process of its own, in a session of its own, so that whatever it leaves behind is seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.tui.console import ROOT

WAIT_S = 60.0
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Served:
    """A dashboard for browsers; `log` is what it says on stderr."""

    address: str
    popen: subprocess.Popen[str]
    log: Path

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.address).port or 0

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send it a signal; its exit code and what it said on stderr."""
        self.popen.send_signal(number)
        return self.popen.wait(WAIT_S), self.log.read_text()

    def await_children(self, count: int) -> None:
        """Wait until so many other processes of its session run."""
        until(lambda: len(self._running() - {self.popen.pid}) == count)

    def _running(self) -> set[int]:
        return {pid for pid, group in _groups() if group == self.popen.pid}


def _groups() -> Iterator[tuple[int, int]]:
    """Every process that runs, and its group."""
    for stat in PROCESSES.glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it has just ended
            continue
        if state not in {"Z", "X"}:
            yield int(stat.parent.name), int(group)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, looking again and again; a test that waits too long has failed."""
    deadline, pause = time.monotonic() + WAIT_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


@contextmanager
def web(home: Path, *arguments: object, **variables: str) -> Iterator[Served]:
    """`papertape --web` on a free port; killed at the end, with what belongs to it, if it still runs."""
    log = home / "web.log"
    with log.open("w") as stderr:
        popen = subprocess.Popen(
            [sys.executable, "-m", "tui", "--web", "--port", "0", "--json", *map(str, arguments)],
            cwd=home,
            env=environment(home) | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    assert popen.stdout is not None
    try:
        said = "".join(iter(popen.stdout.readline, "}\n")) + "}"
        yield Served(json.loads(said)["address"], popen, log)
    finally:
        if popen.poll() is None:
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait(WAIT_S)
        popen.stdout.close()


def environment(home: Path) -> dict[str, str]:
    """A process's: a home of its own, nothing of the machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERTAPE", "XDG_", "TEXTUAL"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}
