"""A service for every module, over a database of its own; nothing of the machine's settings reaches it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.serving import Served, served
from tests.tui.conftest import console

__all__ = ["console"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home without a setting in it."""
    room = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("PAPERTAPE", "XDG_")):
                patch.delenv(name)
        patch.setenv("HOME", str(room))
        yield room


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Served]:
    """The module's service."""
    with served(home / "desk.db") as running:
        yield running


@pytest.fixture
def client(service: Served) -> Iterator[httpx.Client]:
    """A client with the token."""
    with service.client() as made:
        yield made


@pytest.fixture
def workspace_id() -> UUID:
    """An account that nobody has seen."""
    return uuid4()
