"""What the dashboard takes from the world around it, so that a test can give it another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

POLL_SECONDS = 0.4
"""Another process's write shows within a second: this, and the time to read and to paint."""


def local_now() -> datetime:
    """The wall clock, in the zone of the person who looks at it."""
    return datetime.now().astimezone()


def nothing() -> None:
    """What happens when the dashboard is left, by default."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`poll_seconds` is the time between two looks at the database; None: only when it is asked for. `left` is called
    as soon as the dashboard is left, before its threads have ended."""

    prefs: Path
    clock: Callable[[], datetime] = field(default=local_now)
    new_id: Callable[[], UUID] = field(default=uuid4)
    poll_seconds: float | None = POLL_SECONDS
    left: Callable[[], None] = field(default=nothing)
