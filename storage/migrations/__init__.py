"""Alembic's revisions, shipped with the package; `storage.sqlite.connection.opening` runs them."""

from __future__ import annotations

from pathlib import Path


def revisions() -> tuple[str, ...]:
    """The names of all revisions, oldest first: the four digits that begin the name of each file in `versions`."""
    files = (Path(__file__).parent / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py")
    return tuple(sorted(file.name[1:5] for file in files))
