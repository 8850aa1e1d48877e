"""A console for every test, with a home and a database of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.console import Console


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    """A fresh console; nothing of the machine's own settings reaches it."""
    for name in list(os.environ):
        if name.startswith(("PAPERTAPE", "XDG_")) or name in {"NO_COLOR", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    made = Console(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PAPERTAPE_DB", str(made.db))
    monkeypatch.chdir(tmp_path)
    return made
