"""The standard streams of a command: they take any character, and a reader that has gone is not an error."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from tui.shared.failures import READER_GONE


def prepare_streams() -> None:
    """Make every character printable, whatever the encoding; a stream that the caller closed discards its text.

    What cannot be said on the standard error is not said: a warning does not stop what it warns of.
    """
    for name in ("stdout", "stderr"):
        _make_writable(name)
    if not isinstance(sys.stderr, Aside):
        sys.stderr = Aside(sys.stderr)  # type: ignore[assignment]


class Aside:
    """A stream that discards text once its reader or its terminal has gone or its disk is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text if possible; return its number of characters."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream if possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def close_quietly(stream: TextIO | None = None) -> int:
    """Discard all that is written to a stream (standard output unless named) from now on; return the exit code.

    Otherwise its buffer would fail again when the interpreter ends, which then exits with 120.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
    return READER_GONE


def has_lost_its_reader(stream: TextIO) -> bool:
    """Whether a pipe or terminal has lost its reader; False for streams that cannot tell, such as files."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # that the other end is closed is told without being asked for
        return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False


def _make_writable(name: str) -> None:
    stream = getattr(sys, name)
    if stream is None:
        setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the process's whole life
    elif hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
