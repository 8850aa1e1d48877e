"""The errors a person can meet, with one code each.

    PapertapeError
    ├── UsageError       the call itself is wrong
    ├── RefusedError     a policy rule refused the intent
    ├── ConflictError    it was already done, or the name is taken
    ├── InvalidError     invalid input or data, or an order the broker refuses
    │   └── DataError    a market data file with its faults listed
    ├── NotFoundError    no such workspace, run plan, file …
    ├── ForbiddenError   not allowed in this environment
    ├── OutcomeError     it was done, with an outcome a script should stop for
    └── SystemFault      the installation, the database or the disk
        ├── ReadOnlyFault    the database cannot be written where it is
        └── DamageFault      stored data is damaged

Every error carries a code from `CODES`, one sentence that says what and where, and a hint that says what to do.
Entry points translate the class, never the code: the command line to an exit code, the service to a status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CODES: Mapping[str, str] = {
    # usage
    "USAGE": "The command line is wrong: an unknown option, a missing or malformed value.",
    # refused by the policy
    "POLICY_REJECTED": "A policy rule refused the intent. The refusal is journaled; the intent may be tried again.",
    # conflicts
    "ALREADY_EXECUTED": "This intent was executed before; the first order is named.",
    "INTENT_ID_REUSED": "This intent id was executed before with another action, symbol or quantity.",
    "WORKSPACE_EXISTS": "A workspace with this name already exists.",
    "FILE_EXISTS": "The file to be written already exists.",
    "RUN_EXISTS": "A run plan with this id already exists.",
    "RUN_ENDED": "The run plan has ended; there is nothing left to cancel.",
    "RUN_NOT_RESUMABLE": "The run plan is complete, or being executed, or cannot be rebuilt from the journal.",
    "RUN_NOT_COMPLETE": "The run plan has not come to its end, or has no best: there is nothing to compare with yet.",
    "RUN_TAKEN_OVER": "Another process has resumed or ended this run; this one stopped without writing.",
    "HOLDOUT_NOT_OPENABLE": "The run plan has no holdout, or is not complete.",
    # the broker's refusals
    "UNSUPPORTED_MODE": "Only the mode `paper` is executed.",
    "UNSUPPORTED_ACTION": "Only OPEN_LONG and CLOSE_LONG are executed.",
    "INVALID_FILL_PRICE": "The fill price is not a finite number above zero, or makes an amount that is not finite.",
    "INVALID_QUANTITY": "The quantity is not between one lot (0.00000001) and 2^62 lots.",
    "NO_POSITION": "A close of a symbol that is not held.",
    "PARTIAL_CLOSE_NOT_SUPPORTED": "A close of less or more than the whole position.",
    "WORKSPACE_CLOSED": "The account holds the finished result of a backtest or variant: it can only be read.",
    # invalid input
    "INVALID_INTENT": "The intent is malformed: a field is missing, unknown, or of the wrong type.",
    "INVALID_SPEC": "The execution spec is malformed, or sets something its strategy does not have.",
    "INVALID_POLICY": "A policy key is unknown, or its value is out of bounds.",
    "INVALID_WORKSPACE": "The workspace's name or starting equity is invalid.",
    "INVALID_PRICE": "A mark is not a finite number above zero, or makes an amount that is not finite.",
    "INVALID_TIME": "A time that cannot be read.",
    "INVALID_JSON": "A document that is not JSON, repeats a key, or holds NaN or infinity.",
    "INVALID_DATA": "Market data that is refused; its faults are listed with file, row and column.",
    "INVALID_STRATEGY": "A strategy file that cannot be loaded, or whose class is not a strategy.",
    "STRATEGY_LOOKS_AHEAD": "A strategy whose earlier rows change when later bars are added.",
    "DATASET_CHANGED": "The data differ from those the run plan was started on.",
    "STRATEGY_CHANGED": "The strategy's source is not the one that the run plan was started with.",
    "STRATEGY_UNTRUSTED": "The journal names a strategy's file that you never ran, and no code runs because of that.",
    "HISTORY_CHANGED": "Past bars in the data differ from those this account has seen; the first such row is named.",
    "HISTORY_SHORT": "The data lack earlier bars that the strategy needs to resume where it stopped.",
    "INVALID_SETTINGS": "The settings file or an environment variable holds an invalid value.",
    "CONFIRMATION_REQUIRED": "The command changes an account for good and asks for --yes.",
    # not found
    "WORKSPACE_NOT_FOUND": "No workspace has this name or id.",
    "STRATEGY_NOT_FOUND": "No strategy has this name.",
    "FILE_NOT_FOUND": "The file does not exist or cannot be read.",
    "RUN_PLAN_NOT_FOUND": "No run plan has this id, or several begin with it.",
    "VARIANT_NOT_FOUND": "No variant of the run plan has this id, or several begin with it.",
    "BAR_NOT_FOUND": "The data has no bars at or before this time.",
    # not here
    "FORBIDDEN_IN_PRODUCTION": 'Refused while `environment = "production"`.',
    # outcomes
    "NO_VARIANT_SUCCEEDED": "The sweep was run, and every variant failed or was skipped.",
    "FAIL_IF_HOLDS": "The condition of `--fail-if` holds for the sweep, or cannot be evaluated.",
    # the system
    "DATABASE_ERROR": "The database could not be read or written.",
    "DATABASE_BUSY": "Another process held the database for too long.",
    "DATABASE_MOVED": "The database's file was moved, replaced or deleted while it was open.",
    "DATABASE_TOO_NEW": "The database was written by a newer papertape.",
    "DATABASE_NOT_OURS": "The file is not a papertape database.",
    "FILE_NOT_WRITTEN": "The disk is full or failed while a file was written; nothing is left of it.",
    "TOO_MANY_FILES": "The system lets the process open no more files: `ulimit -n` is too low.",
    "ANSWER_NOT_WRITTEN": "The command was carried out; its answer did not reach the standard output.",
    "PACKAGE_SHADOWED": "A file of another program is imported instead of one of papertape's packages; it is named.",
    "EXTRA_MISSING": "A feature needs an optional extra that is not installed.",
    "VERIFY_FAILED": "A variant that was run again, bar by bar, gave another result: a fault in papertape itself.",
    "CANCELLED": "The work was stopped before its end.",
    "INTERNAL": "A fault in papertape itself.",
}
"""Every code, with what it means."""


class PapertapeError(Exception):
    """The root. `str(error)` is the sentence; `hint` says what to do; `details` go into JSON bodies."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        if code not in CODES:
            raise ValueError(f"unknown error code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})

    @property
    def sentence(self) -> str:
        """What, where, and what to do, in one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(PapertapeError):
    """The call itself is wrong."""


class RefusedError(PapertapeError):
    """A policy rule refused the intent."""


class ConflictError(PapertapeError):
    """The operation was already done, or the name is taken."""


class InvalidError(PapertapeError):
    """The input or data is invalid, or the broker refuses the order."""


class DataError(InvalidError):
    """A market data file is refused: `faults` are the first ones found, `fault_count` all of them."""

    def __init__(
        self, message: str, *, faults: Sequence[str] = (), fault_count: int | None = None, hint: str = ""
    ) -> None:
        self.faults = tuple(faults)
        self.fault_count = len(self.faults) if fault_count is None else fault_count
        super().__init__(
            "INVALID_DATA", message, hint=hint, details={"faults": list(self.faults), "fault_count": self.fault_count}
        )


class NotFoundError(PapertapeError):
    """The named workspace, run plan, variant, strategy, file or bar does not exist."""


class ForbiddenError(PapertapeError):
    """The operation is not allowed in this environment."""


class OutcomeError(PapertapeError):
    """The work was done, but its outcome is one that a script should stop for."""


class SystemFault(PapertapeError):  # noqa: N818 - it says whose fault it is
    """The installation, the database or the disk failed; the input is not at fault."""


class ReadOnlyFault(SystemFault):
    """The database cannot be written in its place or by this user; it may still be readable."""


class DamageFault(SystemFault):
    """Stored data is damaged: it differs from what was written. Everything else can still be read."""
