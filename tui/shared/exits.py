"""The exit codes, in one table: a class of errors to what the process says at its end."""

from __future__ import annotations

from engine.errors import ConflictError, InvalidError, NotFoundError, PapertapeError, RefusedError, UsageError

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
    """What a process exits with that was ended by a signal, and has put things in order before."""
    return SIGNALLED + number


def exit_code(error: PapertapeError) -> int:
    """What the process exits with for this error."""
    return next((code for kind, code, _ in EXIT_CODES if isinstance(error, kind)), ANYTHING_ELSE)
