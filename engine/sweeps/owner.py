"""Owners of runs where nobody asks the operating system: every claim is of this process."""

from __future__ import annotations

import itertools

from engine.ports import Owner

_NUMBERS = itertools.count(1)


class SoleOwners:
    """`engine.ports.Owners` that knows its own claims and no other process."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def claim(self) -> Owner:
        """An owner with a number of its own."""
        owner = Owner("", 0, "", next(_NUMBERS))
        self._held.add(owner.claim)
        return owner

    def release(self, owner: Owner) -> None:
        """It is at work no more."""
        self._held.discard(owner.claim)

    def alive(self, owner: Owner) -> bool:
        """Whether it was claimed here and not released."""
        return owner.claim in self._held
