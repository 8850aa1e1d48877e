"""Directories are for their user alone, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.datasets import keep_dataset
from storage.sqlite.unit_of_work import SqliteStore
from storage.strategies.identity import KnownCode
from storage.system import make_private
from tui.dashboard.opening import Prefs


@contextmanager
def masked(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def modes(place: Path) -> list[int]:
    return [stat.S_IMODE(each.stat().st_mode) for each in sorted(place.rglob("*")) if each.is_dir()]


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077, 0o277, 0o777])
def test_every_missing_directory_is_private(tmp_path: Path, umask: int) -> None:
    with masked(umask):
        make_private(tmp_path / "a/b/c")
    assert modes(tmp_path) == [0o700] * 3


def test_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o755)
    make_private(tmp_path / "a")
    make_private(tmp_path / "a/b")
    assert modes(tmp_path) == [0o755, 0o700]


@pytest.mark.parametrize("name", ["file", "file/below", "circle", "circle/below"])
def test_what_is_no_directory_is_an_error_of_the_system(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels of symbolic links"):
        make_private(tmp_path / name)


MAKERS: dict[str, Callable[[Path], object]] = {
    "database": lambda place: SqliteStore(place / "paper.db").close(),
    "uploads": lambda place: keep_dataset(b"ts", place / "paper.db"),
    "known code": lambda place: KnownCode(place / "strategies.known").add("ran", "0" * 64),
    "preferences": lambda place: Prefs(place / "dashboard.json").keep("themes", "theme", "dark"),
}


@pytest.mark.parametrize("made", MAKERS.values(), ids=MAKERS)
def test_whatever_makes_a_directory_makes_it_so(tmp_path: Path, made: Callable[[Path], object]) -> None:
    with masked(0):
        made(tmp_path / "share/papertape")
    assert len(modes(tmp_path)) >= 2
    assert set(modes(tmp_path)) == {0o700}
