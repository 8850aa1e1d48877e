"""How a command fails: a line on stderr, with `--json` a body on stdout too, an exit code, never a traceback.

Its streams take any character, and a reader that has gone is not an error.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from engine.errors import (
    ConflictError,
    DataError,
    InvalidError,
    NotFoundError,
    PapertapeError,
    RefusedError,
    SystemFault,
    UsageError,
)
from storage.system import is_out_of_descriptors, too_many_files
from tui.shared.output import write_line
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.broker.execute import ExecutionResult

DONE = 0
ANYTHING_ELSE = 1

EXIT_CODES: tuple[tuple[type[PapertapeError], int, str], ...] = (
    (UsageError, 2, "wrong usage"),
    (RefusedError, 3, "refused by the policy"),
    (ConflictError, 4, "conflict (already executed, the name is taken)"),
    (InvalidError, 5, "invalid input or data, or refused by the broker"),
    (NotFoundError, 6, "not found"),
)

SIGNALLED = 128
"""Added to the number of the signal that ended a process, as shells tell it."""

READER_GONE = SIGNALLED + 13
"""Nobody reads the output any more (`| head`): what other programs end with, which SIGPIPE ends."""


def code_of_signal(number: int) -> int:
    """The exit code of a process that ended because of a signal, after cleaning up."""
    return SIGNALLED + number


def exit_code(error: PapertapeError) -> int:
    """The exit code for this error."""
    return next((code for error_class, code, _ in EXIT_CODES if isinstance(error, error_class)), ANYTHING_ELSE)


SHOWN_FAULTS = 20
DEBUG = "PAPERTAPE_DEBUG"


def tell(error: PapertapeError, *, json: bool) -> int:
    """Print what went wrong and return the exit code."""
    if os.environ.get(DEBUG):
        _print_traceback(error)
    for line in lines_of(error):  # first: the standard output may be what is wrong
        print(line, file=sys.stderr)
    if json:
        with suppress(OSError):  # said above all the same
            write_line(body_of(error))
    return exit_code(error)


def lines_of(error: PapertapeError) -> list[str]:
    """`error CODE: what, where, and what to do`, the faults of a file indented below it."""
    lines = [f"error {error.code}: {safe_text(error.sentence)}"]
    if isinstance(error, DataError):
        lines += [f"  {safe_text(fault)}" for fault in error.faults[:SHOWN_FAULTS]]
        more = error.fault_count - min(len(error.faults), SHOWN_FAULTS)
        if more > 0 and error.faults:
            lines.append(f"  ... and {more:,} more")
    return lines


def body_of(error: PapertapeError) -> dict[str, Any]:
    """The error as `--json` prints it, with its details."""
    body: dict[str, Any] = {"success": False, "error": error.message, "error_code": error.code}
    if error.hint:
        body["hint"] = error.hint
    return {**body, **error.details}


def as_papertape_error(error: BaseException) -> PapertapeError:
    """Convert any exception to a PapertapeError: wrong usage, a stop, or an internal fault."""
    if isinstance(error, PapertapeError):
        return error
    if is_out_of_descriptors(error):
        return too_many_files()
    import typer  # the dashboard's first frame does without

    wrong_call = typer.BadParameter.__mro__[1]  # click's own, wherever this version of Typer keeps it
    if isinstance(error, wrong_call):
        return _wrong_usage(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return SystemFault("CANCELLED", "stopped", hint="what was committed before is kept")
    whose = "the operating system refused" if isinstance(error, OSError) else "a bug in papertape"
    fault = SystemFault("INTERNAL", f"{type(error).__name__}: {error}", hint=f"{whose}; {DEBUG}=1 shows where")
    fault.__cause__ = error
    return fault


def unwritten(error: OSError) -> SystemFault:
    """The error for an answer that could not be written although the work was done."""
    return SystemFault(
        "ANSWER_NOT_WRITTEN",
        f"the command was carried out, and its answer could not be written: {error.strerror or error}",
        hint="`papertape events` shows what it did, if anything",
    )


def _wrong_usage(error: Any) -> UsageError:
    message = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")
    path = error.ctx.command_path if error.ctx is not None else "papertape"
    return UsageError("USAGE", message, hint=f"`{path} --help` shows how")


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error.__cause__ or error, file=sys.stderr)


def refusal(result: ExecutionResult) -> RefusedError:
    """A result that the policy refused, as the error that tells so; the body of its JSON is the result's."""
    details = result.model_dump()
    return RefusedError(
        "POLICY_REJECTED", result.error or "refused", hint="`papertape policy show` lists the limits", details=details
    )


def prepare_streams() -> None:
    """Make every character printable, whatever the encoding; a stream that the caller closed discards its text.

    What cannot be said on the standard error is not said: a warning does not stop what it warns of.
    """
    for name in ("stdout", "stderr"):
        _make_writable(name)
    if not isinstance(sys.stderr, Aside):
        sys.stderr = Aside(sys.stderr)


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
        """Write each line if possible; line ends are the caller's."""
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
