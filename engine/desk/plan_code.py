"""The strategy of a run plan: found again by what the journal says of it, and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.desk.research import SourceSha256
from engine.errors import InvalidError
from engine.strategies.base import Strategy
from engine.strategies.registry import Registry, StartedWith
from engine.sweeps.record.queries import RunRecord

Distributions = Callable[[type[Strategy[Any]]], Mapping[str, str]]
"""The installed packages that a strategy imports, with their versions."""


def recalled(registry: Registry, source_sha256: SourceSha256, record: RunRecord) -> Strategy[Any]:
    """The strategy that a run plan was started with. Raises STRATEGY_CHANGED if the code here is different.

    If the registry can read code, different code is refused before a line of it runs.
    """
    document = record.document
    file = document["data"].get("strategy_file")
    told = StartedWith(
        document["strategy_id"],
        document["strategy_sha256"],
        document["strategy_origin"],
        file if isinstance(file, str) else None,
    )
    strategy = registry.recall(told)
    if source_sha256(type(strategy)) != told.sha256:
        raise InvalidError(
            "STRATEGY_CHANGED",
            f"the source of {told.key} is not the one that run plan {record.id} was started with",
            hint="put the source back, or run the plan anew",
        )
    return strategy


def moved(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    """Packages with another version than then, by name: the version then and now (None: no longer imported)."""
    return {name: (version, now.get(name)) for name, version in before.items() if now.get(name) != version}
