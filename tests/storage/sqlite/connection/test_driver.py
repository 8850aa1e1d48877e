"""The driver: the newer of two SQLites, one for the whole process, and what it must be able to do."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement

from storage.sqlite.connection import driver
from storage.sqlite.connection.driver import sqlite

ROOT = Path(__file__).parents[4]


def of_version(*version: int) -> Any:
    return SimpleNamespace(sqlite_version_info=version)


def test_the_newer_sqlite_is_taken_and_of_equal_ones_pythons_own() -> None:
    own, brought = of_version(3, 9, 0), of_version(3, 51, 3)
    assert driver.newest(own, brought) is brought
    assert driver.newest(of_version(3, 54, 0), brought).sqlite_version_info == (3, 54, 0)
    assert driver.newest(own, of_version(3, 9, 0)) is own


def said_by(*lines: str) -> list[str]:
    """What a process of its own prints: the driver is chosen once."""
    script = "\n".join(["import sys", *lines])
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.split()


def test_the_driver_in_use_is_at_least_pythons_own() -> None:
    chosen = said_by(
        "import sqlite3",
        "from storage.sqlite.connection import driver",
        "print(driver.sqlite_version(), driver.driver_name())",
        "print(driver.sqlite.sqlite_version_info >= sqlite3.sqlite_version_info)",
    )
    assert chosen[2] == "True"
    assert (chosen[0], chosen[1]) == (driver.sqlite_version(), driver.driver_name())


def test_without_the_wheel_pythons_own_is_used() -> None:
    without = said_by(
        'sys.modules["pysqlite3"] = None',
        "import sqlite3",
        "from storage.sqlite.connection import driver",
        "print(driver.sqlite is sqlite3, driver.driver_name())",
    )
    assert without == ["True", "sqlite3"]


@pytest.mark.parametrize(
    ("version", "fault"),
    [((3, 6, 23), False), ((3, 7, 0), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 4), False)],
)
def test_the_wal_fault_is_of_3_7_0_to_3_51_2(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], fault: bool
) -> None:
    monkeypatch.setattr(driver, "sqlite", of_version(*version))
    assert driver.has_wal_fault() is fault


MACHINES = {
    "linux, x86_64": ({"sys_platform": "linux", "platform_machine": "x86_64"}, True),
    "mac, arm64": ({"sys_platform": "darwin", "platform_machine": "arm64"}, True),
    "linux, arm64": ({"sys_platform": "linux", "platform_machine": "aarch64"}, False),
    "mac, x86_64": ({"sys_platform": "darwin", "platform_machine": "x86_64"}, False),
    "windows": ({"sys_platform": "win32", "platform_machine": "AMD64"}, False),
    "of another kind": (
        {"sys_platform": "linux", "platform_machine": "x86_64", "implementation_name": "pypy"},
        False,
    ),
}


@pytest.mark.parametrize(("machine", "there"), MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("python", ["3.11", "3.14", "3.15"])
def test_the_wheel_is_wanted_where_there_is_one(machine: dict[str, str], there: bool, python: str) -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (wanted,) = [Requirement(each) for each in listed if each.startswith("pysqlite3")]
    assert str(wanted.specifier) == ">=0.6.1"
    assert wanted.marker is not None
    environment = {"implementation_name": "cpython", "python_version": python, **machine}
    assert wanted.marker.evaluate(environment) is (there and python != "3.15")


def test_the_driver_can_do_what_the_database_needs() -> None:
    with closing(sqlite.connect(":memory:")) as connection:
        options = {name for (name,) in connection.execute("PRAGMA compile_options")}
        assert "THREADSAFE=1" in options  # serialized: any thread may use a connection that another one made
        assert not {each for each in options if each.startswith("OMIT_WAL")}
        assert connection.execute("""SELECT json_extract('{"a":[1,2.5]}', '$.a[1]')""").fetchone() == (2.5,)
        connection.execute("CREATE TABLE strict (number INTEGER) STRICT")
        with pytest.raises(sqlite.IntegrityError):
            connection.execute("INSERT INTO strict VALUES ('a text')")


def test_values_come_back_as_they_were_bound() -> None:
    """NULL too, for which an adapter stands."""
    values = (None, 1, 2.5, "text", None)
    with closing(sqlite.connect(":memory:")) as connection:
        assert connection.execute("SELECT ?, ?, ?, ?, ?", values).fetchone() == values
