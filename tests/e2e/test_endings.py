"""What a process is started with that nobody can work with: links in a circle, no file descriptors, a deep spec."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.system import FOR_A_DATABASE
from tests.support.web import WAIT_S, environment

pytest.importorskip("resource", reason="no bounds of that kind here")

ORDER = ("execute", "--action", "OPEN_LONG", "--symbol", "A", "--quantity", "1", "--fill-price", "2")
SPEC = ("--strategy", "rsi_reversion", "--symbol", "GOOG", "--data", "sample:GOOG")
COMMANDS = {
    "state": ("state",),
    "execute": ORDER,
    "run": ("run", *SPEC),
    "plan run": ("plan", "run", *SPEC, "--sweep", "entry.period=5,6"),
    "serve": ("serve", "--port", "0"),
    "web": ("--web", "--port", "0"),
}
BOUNDED = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0}))
runpy.run_module("tui", None, "__main__")
"""


def started(home: Path, *program: str) -> subprocess.CompletedProcess[str]:
    env = {**environment(home), "PAPERTAPE_ADMIN_TOKEN": "0123456789abcdef", "XDG_DATA_HOME": str(home / "share")}
    return subprocess.run(
        [sys.executable, *program], cwd=home, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def papertape(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return started(home, "-m", "tui", *arguments)


def with_descriptors(home: Path, count: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that may have so many files open, its three standard streams among them."""
    script = home / "bounded.py"
    script.write_text(BOUNDED.format(count))
    return started(home, str(script), *arguments)


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("count", [4, 6, 8])
def test_without_descriptors_a_command_says_so_and_leaves_nothing(
    tmp_path: Path, count: int, arguments: tuple[str, ...]
) -> None:
    ran = with_descriptors(tmp_path, count, *arguments)
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (1, "", 1), ran.stderr
    assert ran.stderr.startswith("error TOO_MANY_FILES: the system lets this process open ")
    assert "`ulimit -n 1024` raises the bound" in ran.stderr
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize("name", ["state", "execute", "run", "plan run"])
def test_with_as_many_as_it_asks_for_a_command_is_carried_out(tmp_path: Path, name: str) -> None:
    ran = with_descriptors(tmp_path, 4 + FOR_A_DATABASE, *COMMANDS[name])
    assert (ran.returncode, ran.stderr) == (0, "")


def test_doctor_says_that_there_are_too_few(tmp_path: Path) -> None:
    ran = with_descriptors(tmp_path, 6, "doctor")
    assert ran.returncode == 1
    assert "error TOO_MANY_FILES: " in ran.stderr
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", ["one", "one/desk.db"])
def test_links_in_a_circle_are_no_database(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    ran = papertape(tmp_path, "--db", name, *arguments)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"error DATABASE_ERROR: {name} cannot be opened: its symbolic links lead in a circle;"
        " name a file with --db or PAPERTAPE_DB\n"
    )


def test_doctor_says_that_links_lead_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("one")
    ran = papertape(tmp_path, "doctor", "--db", "one")
    assert ran.returncode == 1
    assert "error DATABASE_ERROR: database: one cannot be opened: its symbolic links lead in a circle" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--spec", "one", "--data", "sample:GOOG"),
        ("run", "--strategy", "rsi_reversion", "--symbol", "GOOG", "--data", "GOOG=one"),
        ("run", "--strategy", "one.py", "--symbol", "GOOG", "--data", "sample:GOOG"),
        ("data", "check", "one"),
        ("execute", "--file", "one", "--fill-price", "1"),
    ],
    ids=" ".join,
)
def test_links_in_a_circle_are_no_file(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    for name in ("one", "one.py"):
        (tmp_path / name).symlink_to(name)
    ran = papertape(tmp_path, *arguments)
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (6, "", 1)
    assert ran.stderr.startswith("error FILE_NOT_FOUND: ")
    assert "Too many levels of symbolic links" in ran.stderr


@pytest.mark.parametrize(("name", "code"), [("deep.json", "INVALID_JSON"), ("deep.toml", "INVALID_SPEC")])
def test_a_spec_nested_500_deep_is_one_line(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / name).write_text(
        '{"entry": ' + '{"a": ' * 500 + "1" + "}" * 501 if name.endswith("json") else "entry = " + "[" * 500 + "]" * 500
    )
    ran = papertape(tmp_path, "run", "--spec", name, "--data", "sample:GOOG")
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (5, "", 1)
    assert ran.stderr.startswith(f"error {code}: the spec {name} is not valid ")
    assert "it is nested deeper than 100 levels" in ran.stderr
