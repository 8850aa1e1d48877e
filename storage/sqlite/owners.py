"""The owner of a run: a process of this machine, told apart from a later one with the same pid by its start time."""

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
    """`engine.ports.Owners` for the processes of this machine.

    A process on another host cannot be looked at and counts as gone. Taking a run over from a process that still works
    does no harm: an owner checks before each write that the run is still its own.
    """

    def claim(self) -> Owner:
        """This process as an owner, with a claim number that it has not used before."""
        pid = os.getpid()
        with _LOCK:
            owner = Owner(socket.gethostname(), pid, _own_start(pid), next(_CLAIMS))
            _HELD.add((pid, owner.claim))
        return owner

    def release(self, owner: Owner) -> None:
        """Give a claim up: the run is over for this process."""
        with _LOCK:
            _HELD.discard((owner.pid, owner.claim))

    def alive(self, owner: Owner) -> bool:
        """Whether the owner's process runs; for this process, whether it still holds the claim."""
        if owner.host != socket.gethostname():
            return False
        if owner.pid == os.getpid() and owner.started == _own_start(owner.pid):
            return (owner.pid, owner.claim) in _HELD
        return bool(owner.started) and process_start(owner.pid) == owner.started


@lru_cache(maxsize=4)
def _own_start(pid: int) -> str:
    """Cached by pid, since a forked child has its own."""
    return process_start(pid)


def process_start(pid: int) -> str:
    """When a process started, as a text to compare; empty if no such process runs."""
    if Path("/proc/self/stat").exists():
        return _start_in_proc(pid)
    try:
        printed = subprocess.run(  # noqa: S603 - the only argument is a number
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - its path differs between systems
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},  # the same text in every process, to compare
        )
    except OSError:
        return ""
    state, _, started = printed.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _start_in_proc(pid: int) -> str:
    """The boot id, and the clock ticks from boot to the start of the process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name, in brackets, may hold spaces and brackets
    return "" if fields[0] in {"Z", "X"} else f"{boot}:{fields[19]}"
