"""Who owns a run: a process of this machine, told apart from a later one with the same pid by when it started."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
from functools import lru_cache
from pathlib import Path

from engine.ports import Owner

_CLAIMS = itertools.count(1)
_HELD: set[tuple[int, int]] = set()
_LOCK = threading.Lock()


class ProcessOwners:
    """`engine.ports.Owners` of the operating system.

    A process on another host cannot be looked at, and counts as gone: that a run is taken over from one that is not
    gone does no harm, since an owner looks before each write whether the run is still its own.
    """

    def claim(self) -> Owner:
        """This process, with a number that it has not used before."""
        pid = os.getpid()
        with _LOCK:
            owner = Owner(socket.gethostname(), pid, _own_start(pid), next(_CLAIMS))
            _HELD.add((pid, owner.claim))
        return owner

    def release(self, owner: Owner) -> None:
        """The run is over, for this process."""
        with _LOCK:
            _HELD.discard((owner.pid, owner.claim))

    def alive(self, owner: Owner) -> bool:
        """Whether its process runs; of this process: whether it still holds the claim."""
        if owner.host != socket.gethostname():
            return False
        if owner.pid == os.getpid() and owner.started == _own_start(owner.pid):
            return (owner.pid, owner.claim) in _HELD
        return bool(owner.started) and process_start(owner.pid) == owner.started


@lru_cache(maxsize=4)
def _own_start(pid: int) -> str:
    """By pid, since a forked child has another one."""
    return process_start(pid)


def process_start(pid: int) -> str:
    """When a process started, as a text to compare; empty when there is no such process, or none that still runs."""
    if Path("/proc/self/stat").exists():
        return _start_in_proc(pid)
    try:
        said = subprocess.run(  # noqa: S603 - nothing in it but a number
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - where it lies differs between systems
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        )
    except OSError:
        return ""
    state, _, started = said.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _start_in_proc(pid: int) -> str:
    """The boot, and the clock ticks from it to the process's start."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name, in brackets, may hold anything
    return "" if fields[0] in {"Z", "X"} else f"{boot}:{fields[19]}"
