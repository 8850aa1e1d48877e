"""Desks in memory for tests, with a clock and ids that count."""

from __future__ import annotations

import itertools
from uuid import UUID

from engine.desk import Desk, DeskConfig
from engine.desk.research import SourceSha256
from engine.events import CountedStamps
from engine.strategies.registry import Registry
from tests.support.memory_store import MemoryStore

START = 1_700_000_000_000_000
_NAMESPACE = UUID("8c6f3c1e-6f0b-4a52-9d55-0d1f6f0f9a11")


def counted_stamps(namespace: UUID = _NAMESPACE) -> CountedStamps:
    """Ids and a clock that go up by one at each call."""
    clock = itertools.count(START)
    return CountedStamps(namespace, lambda: next(clock))


def memory_desk(
    store: MemoryStore | None = None, registry: Registry | None = None, source_sha256: SourceSha256 | None = None
) -> Desk:
    """A desk over a store in memory, an empty one when none is given."""
    registry = registry or Registry()
    return Desk(store or MemoryStore(), counted_stamps(), DeskConfig(), registry, source_sha256=source_sha256)
