"""What a user ran and checked: private, added to by any process, and no obstacle where it cannot be written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from storage.strategies.identity import FILE, KnownCode


def test_facts_are_kept_for_their_own_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / FILE
    known = KnownCode(path)
    assert not known.holds("ran", "a" * 64)
    assert known.add("ran", "a" * 64)
    assert known.add("ran", "a" * 64)
    assert known.add("checked", "b" * 64)
    assert path.read_text() == f"ran {'a' * 64}\nchecked {'b' * 64}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    other = KnownCode(path)
    assert [other.holds("ran", each * 64) for each in "ab"] == [True, False]
    assert [other.holds("checked", each * 64) for each in "ab"] == [False, True]


def test_it_lies_in_the_users_data_directory_whatever_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PAPERTAPE_DB", str(tmp_path / "theirs.db"))
    KnownCode().add("ran", "a" * 64)
    (found,) = tmp_path.rglob(FILE)
    assert "theirs" not in str(found)


def test_a_list_that_cannot_be_written_or_read_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = KnownCode(tmp_path / "file" / FILE)
    (tmp_path / "file").write_text("")
    assert not blocked.add("ran", "a" * 64)
    assert not blocked.holds("ran", "a" * 64)

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert not KnownCode(tmp_path / FILE).add("ran", "a" * 64)
