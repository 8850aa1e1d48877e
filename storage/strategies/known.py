"""What this user knows of strategies' code, by its sha256: which he ran, and which passed `strategy check`.

A file in the user's data directory, a line a fact, for the user alone to read. It is not in a database: somebody else's
database may be opened, and must not say what its reader has run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path

from storage.settings import APPLICATION
from storage.system import make_private

Fact = Literal["ran", "checked"]
FILE = "strategies.known"


class KnownCode:
    """The list, read anew at each question: other processes add to it. One that cannot be written stays as it is."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_data_path(APPLICATION) / FILE

    def holds(self, fact: Fact, sha256: str) -> bool:
        """Whether that is known of the code."""
        return f"{fact} {sha256}" in self._lines()

    def add(self, fact: Fact, sha256: str) -> bool:
        """Note it; whether it could be noted."""
        if self.holds(fact, sha256):
            return True
        try:
            make_private(self._path.parent)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{fact} {sha256}\n".encode())  # one call: two processes do not mix their lines
            finally:
                os.close(handle)
        except OSError:  # a home that is read-only: what is not known is asked for again
            return False
        return True

    def _lines(self) -> set[str]:
        try:
            return set(self._path.read_text(encoding="utf-8", errors="replace").splitlines())
        except OSError:
            return set()
