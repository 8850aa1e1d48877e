from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import OTHER, WORKSPACE, add


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "papertape.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """A new database with two accounts."""
    with SqliteStore(path) as opened:
        add(opened, WORKSPACE, OTHER)
        yield opened
