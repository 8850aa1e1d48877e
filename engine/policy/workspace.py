"""A workspace: an isolated account with its starting equity, limits, fees and trading state."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID, uuid5

from engine.errors import InvalidError
from engine.numerals import real_number
from engine.policy.limits import Limits
from engine.vocabulary import TradingState

DEFAULT_NAME = "default"
DEFAULT_ID = uuid5(UUID("0c6b4f0e-5d0a-5c63-9a55-4f6a3f1f7d2e"), DEFAULT_NAME)
"""What `default` has before it is stored too: an intent for it that was evaluated then can be executed."""
DEFAULT_EQUITY = 10_000.0
MAX_NAME = 64


class WorkspaceKind(StrEnum):
    """Accounts are listed; closed worlds and variants are addressed by UUID alone."""

    ACCOUNT = "account"
    CLOSED = "closed"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An isolated account. `created_at` is UTC microseconds; only accounts have a name of their own."""

    id: UUID
    name: str
    starting_equity: float
    created_at: int
    kind: WorkspaceKind = WorkspaceKind.ACCOUNT
    limits: Limits = field(default_factory=Limits)
    trading_state: TradingState = TradingState.ACTIVE


_HOLDS = {WorkspaceKind.CLOSED: "the account of a run in a closed world", WorkspaceKind.VARIANT: "a variant of a sweep"}


def check_open(workspace: Workspace) -> Workspace:
    """The workspace, if it can still trade. Raises WORKSPACE_CLOSED for one that holds a finished result."""
    if workspace.kind is WorkspaceKind.ACCOUNT:
        return workspace
    raise InvalidError(
        "WORKSPACE_CLOSED",
        f"workspace {workspace.id} is {_HOLDS[workspace.kind]}, and its result is final",
        hint="it can only be read and reconciled; to trade, name another account",
    )


def check_name(name: str) -> str:
    """The name, if a workspace can have it. Raises INVALID_WORKSPACE with the reason."""
    if not isinstance(name, str):
        raise _invalid(f"the name {name!r} is not text")
    if not name.strip() or name != name.strip():
        raise _invalid(f"the name {name!r} is blank or begins or ends with a space")
    if len(name) > MAX_NAME:
        raise _invalid(f"the name is longer than {MAX_NAME} characters")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        raise _invalid(f"the name {name!r} holds control characters")
    if as_uuid(name) is not None:
        raise _invalid(f"the name {name!r} is a UUID, and workspaces are addressed by those")
    return name


def check_equity(amount: float) -> float:
    """The starting equity, if it is finite and above zero. Raises INVALID_WORKSPACE."""
    try:
        equity = real_number(amount)
    except ValueError as error:
        raise _invalid(f"the starting equity: {error}") from error
    if not math.isfinite(equity) or equity <= 0:
        raise _invalid(f"the starting equity {equity!r} is not a finite number above zero")
    return equity


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID; None if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _invalid(why: str) -> InvalidError:
    return InvalidError("INVALID_WORKSPACE", why, hint="nothing was created")
