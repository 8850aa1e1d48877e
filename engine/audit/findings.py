"""The findings of one audit: how many there are, and the sentences of the first ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT = 20
"""So many findings are kept in words; all are counted."""


@dataclass(slots=True)
class Findings:
    """The faults of one kind, the first of them as sentences."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, said: str) -> None:
        """Count one finding; its text is kept if it is among the first `KEPT`."""
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(said)

    def compare(self, where: str, said: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
        """Add a finding if one of the expected values differs or is missing."""
        for name, value in expected.items():
            if said.get(name) != value:
                self.add(f"{where} says {name} {said.get(name)!r}, and it was {value!r}")
                return


@dataclass(slots=True)
class Audit:
    """`journal`: events that contradict others or cannot be read. `projection`: stored states that differ from the
    journal.

    `head` is the newest event's `seq`. `accounts` counts listed accounts, `hidden` closed worlds and variants, and
    `skipped` those of both whose fills are incomplete, so that their states cannot be compared.
    """

    head: int = 0
    accounts: int = 0
    hidden: int = 0
    skipped: int = 0
    journal: Findings = field(default_factory=Findings)
    projection: Findings = field(default_factory=Findings)
