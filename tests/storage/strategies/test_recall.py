"""The strategy of a run plan, found again: by its digest before a line of it runs, and never for a journal's sake."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from engine.errors import PapertapeError
from engine.strategies.builtin.sma_cross import SmaCross
from engine.strategies.registry import StartedWith
from storage.strategies.files import UserRegistry, load_strategy_file, make_registry, strategy_code
from storage.strategies.identity import KnownCode
from storage.strategies.source import read_source
from tests.storage.strategies.folders import strategy, written


class Room:
    """A folder with a strategy that tells when it runs, and a list of what its user ran."""

    def __init__(self, home: Path) -> None:
        self.home, self.mark = home, home / "ran"
        self.known = KnownCode(home / "known")
        loud = f"open({str(self.mark)!r}, 'a').close()"
        self.path = written(home, {"mine.py": strategy(f"import helpers\n{loud}"), "helpers.py": f"{loud}\n"})
        self.sha256 = read_source(self.path).sha256

    @property
    def has_run(self) -> bool:
        return self.mark.exists()

    def told(self, **others: str | None) -> StartedWith:
        told = {"key": "mine", "sha256": self.sha256, "origin": "mine.py", "file": str(self.path), **others}
        return StartedWith(**told)  # type: ignore[arg-type]

    def registry(self, *listed: Path) -> UserRegistry:
        return make_registry(listed, self.known)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def refused(registry: UserRegistry, told: StartedWith) -> PapertapeError:
    with pytest.raises(PapertapeError) as error:
        registry.recall(told)
    return error.value


def test_code_that_the_user_ran_is_found_by_the_file_that_the_journal_names(room: Room) -> None:
    room.known.add("ran", room.sha256)
    found = room.registry().recall(room.told())
    assert (found.key, room.has_run) == ("mine", True)
    assert strategy_code(type(found)).sha256 == room.sha256


def test_nothing_runs_because_a_journal_names_it_though_its_digest_is_right(room: Room) -> None:
    error = refused(room.registry(), room.told())
    assert (error.code, room.has_run) == ("STRATEGY_UNTRUSTED", False)
    assert str(room.path) in error.message
    assert "--strategy FILE" in error.hint
    assert refused(make_registry(), room.told()).code == "STRATEGY_UNTRUSTED"  # without a list nothing is known


@pytest.mark.parametrize("changed", ["mine.py", "helpers.py"])
def test_changed_code_does_not_run_though_the_user_ran_what_it_was(room: Room, changed: str) -> None:
    room.known.add("ran", room.sha256)
    path = room.home / changed
    path.write_text(path.read_text() + "# another word\n")
    error = refused(room.registry(), room.told())
    assert (error.code, room.has_run) == ("STRATEGY_CHANGED", False)
    assert "mine.py with helpers.py is not the one" in error.message
    for registry in (room.registry(room.path), room.registry()):
        registry.trust(str(room.path))
        assert (refused(registry, room.told()).code, room.has_run) == ("STRATEGY_CHANGED", False)


def test_a_file_that_is_no_strategy_is_not_run(room: Room, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("open('x', 'w')\n")
    for file in (tmp_path / "secret.txt", Path("/etc/passwd")):
        error = refused(room.registry(), room.told(file=str(file)))
        assert error.code == "STRATEGY_CHANGED"
    assert refused(room.registry(), room.told(file=str(tmp_path / "gone.py"))).code == "FILE_NOT_FOUND"
    assert not room.has_run


def test_the_file_that_a_person_names_runs_and_is_known_from_then_on(room: Room) -> None:
    registry = room.registry()
    registry.trust(f"{room.path}:Mine")
    assert registry.recall(room.told(file="/gone.py")).key == "mine"
    assert room.known.holds("ran", room.sha256)
    assert room.registry().recall(room.told()).key == "mine"


def test_a_file_of_the_settings_is_found_by_its_digest_and_the_others_do_not_run(room: Room, tmp_path: Path) -> None:
    other = written(tmp_path / "other", {"mine.py": "raise SystemExit\n"})
    registry = room.registry(other, tmp_path / "gone.py", room.path)
    found = registry.recall(room.told(file=None, origin="settings"))
    assert (found.key, room.known.holds("ran", room.sha256)) == ("mine", False)


def test_a_listed_file_that_changed_does_not_run_to_find_that_out(room: Room) -> None:
    room.path.write_text(room.path.read_text() + "# another word\n")
    registry = room.registry(room.path)
    error = refused(registry, room.told(file=None, origin=str(room.path)))
    assert (error.code, room.has_run) == ("STRATEGY_CHANGED", False)
    error = refused(registry, room.told(file=None, origin="a script"))
    assert (error.code, room.has_run) == ("STRATEGY_NOT_FOUND", False)


def test_what_is_registered_is_taken_when_it_is_the_same_and_left_when_it_is_not(room: Room) -> None:
    registry = room.registry()
    mine = registry.add(load_strategy_file(str(room.path)), str(room.path))
    assert registry.recall(room.told(file="/gone.py")) is mine
    written(room.home, {"helpers.py": "x = 1\n"})
    told = room.told(sha256=read_source(room.path).sha256)
    room.known.add("ran", told.sha256)
    assert registry.recall(told) is not mine  # two of one key, each for its own plan
    assert registry.get("mine") is mine
    assert registry.recall(room.told(sha256="0" * 64, file=None)) is mine  # its caller compares


def test_for_a_built_in_strategy_no_file_is_looked_at(room: Room) -> None:
    told = room.told(key="sma_cross", sha256="0" * 64)
    assert type(room.registry().recall(told)) is SmaCross
    assert not room.has_run


def test_a_strategy_of_another_key_is_not_taken_for_it(room: Room) -> None:
    room.known.add("ran", room.sha256)
    assert refused(room.registry(), room.told(key="yours")).code == "STRATEGY_CHANGED"


def test_an_entry_point_is_loaded_only_when_its_module_is_the_one(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    written(site, {"points_of_x.py": strategy(), "other_of_x.py": "raise SystemExit('this must not run')\n"})
    monkeypatch.syspath_prepend(str(site))
    points = [
        importlib.metadata.EntryPoint("mine", f"{name}:Mine", "papertape.strategies")
        for name in ("other_of_x", "points_of_x")
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)
    told = room.told(sha256=read_source(site / "points_of_x.py").sha256, file=None, origin="entry point")
    assert room.registry().recall(told).key == "mine"
    (site / "points_of_x.py").write_text(strategy("import json"))
    assert refused(room.registry(), told).code == "STRATEGY_NOT_FOUND"
    del sys.modules["points_of_x"]


def test_a_module_that_a_person_names(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "lib", {"module_of_mine.py": strategy()})
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    registry = room.registry()
    registry.trust("module_of_mine:Mine")
    told = room.told(sha256=read_source(tmp_path / "lib/module_of_mine.py").sha256, file=None)
    assert registry.recall(told).key == "mine"
    assert refused(registry, room.told(file=None)).code == "STRATEGY_CHANGED"
    del sys.modules["module_of_mine"]
