"""A terminal of a given size with a program on it, whose every byte is taken away as by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import ROOT, ChildError

Size = tuple[int, int]
"""Columns and lines."""


@dataclass(frozen=True)
class Sight:
    """When some bytes were on the terminal: seconds since the process was made, and CPU seconds it had used by then."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Shown:
    """What a program did on its terminal."""

    sights: dict[bytes, Sight]
    code: int
    last: bytes
    """The end of what it wrote"""


def on_terminal(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    size: Size = (120, 40),
    look_for: Sequence[bytes] = (),
    then: bytes = b"",
) -> Shown:
    """Run `python *arguments`. When all of `look_for` has been seen, in whatever order, `then` is typed."""
    began = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        _become(arguments, environment, size)
    shown, sights = b"", dict[bytes, Sight]()
    with suppress(OSError):  # the program has closed its end
        while block := os.read(terminal, 65_536):
            shown = shown[-65_536:] + block
            for words in look_for:
                if words not in sights and words in shown:
                    sights[words] = Sight(time.perf_counter() - began, cpu_seconds(process))
                    if len(sights) == len(look_for):
                        os.write(terminal, then)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return Shown(sights, os.waitstatus_to_exitcode(status), shown[-2_000:])


def cpu_seconds(process: int) -> float:
    """What the process's threads have used so far, to the nanosecond; NaN where the system does not say so."""
    used = 0
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError):  # it has ended
            used += int(thread.read_text(encoding="ascii").split()[0])
    return used / 1e9 if used else float("nan")


def own_home(room: Path) -> dict[str, str]:
    """Nobody's settings and nobody's data, and a terminal with colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERTAPE_", "XDG_", "TEXTUAL"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        kept.pop(name, None)
    return {**kept, "HOME": str(room), "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}


def succeeded(shown: Shown, doing: str) -> Shown:
    """What was shown, when it ended as it should."""
    if shown.code:
        raise ChildError(f"{doing} ended with {shown.code}: {shown.last.decode(errors='replace')}")
    return shown


def _become(arguments: Sequence[str], environment: Mapping[str, str], size: Size) -> None:
    columns, lines = size
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, *arguments], dict(environment))
