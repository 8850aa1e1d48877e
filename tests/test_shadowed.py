"""Beside somebody's own `storage.py`: the import says which file is in the way, and what to do; so does the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from _papertape import FOR_COMMANDS, FOR_SCRIPTS
from engine.errors import CODES
from tui.shared.failures import ANYTHING_ELSE

ROOT = Path(__file__).resolve().parents[1]
CAUGHT = """
try:
    import papertape
except ImportError as error:
    print(type(error).__name__, error.name, error.path, error, sep="|")
"""
USES = "import papertape as p; print(p.Settings.__name__, p.make_bars.__name__, p.open_desk.__name__)"


def python(room: Path, *arguments: str, path: Path | str = ROOT) -> subprocess.CompletedProcess[str]:
    """Python in a directory; `path` is its PYTHONPATH, where papertape is found."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=room,
        env={"PATH": os.environ["PATH"], "HOME": str(room), "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put(room: Path, name: str, *, package: bool = False) -> Path:
    """A module or a package of a person's own; its file."""
    file = room / name / "__init__.py" if package else room / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("ours = False\n")
    return file


def sentence(file: Path, name: str, room: Path) -> str:
    return (
        f"{file} stands in the place of papertape's own package {name!r}; rename it, or keep {room} off Python's path:"
        " run `python -P`, and leave it out of PYTHONPATH"
    )


@pytest.mark.parametrize("package", [False, True], ids=["module", "package"])
@pytest.mark.parametrize("name", FOR_SCRIPTS)
def test_an_import_says_which_file_is_in_the_way(tmp_path: Path, name: str, package: bool) -> None:
    file = put(tmp_path, name, package=package)
    ran = python(tmp_path, "-c", CAUGHT)
    assert ran.stdout == f"ShadowedError|{name}|{file}|{sentence(file, name, tmp_path)}\n"
    assert python(tmp_path, "-P", "-c", USES).stdout == "Settings make_bars open_desk\n"


def test_a_script_beside_it_and_a_script_of_that_name(tmp_path: Path) -> None:
    room, elsewhere = tmp_path / "room", tmp_path / "elsewhere"
    room.mkdir()
    elsewhere.mkdir()
    file = put(room, "storage")
    (room / "script.py").write_text("import storage\n" + CAUGHT)  # imported before papertape is
    assert f"|{sentence(file, 'storage', room)}\n" in python(elsewhere, str(room / "script.py")).stdout
    file.write_text(CAUGHT)
    assert f"|{sentence(file, 'storage', room)}\n" in python(elsewhere, str(file)).stdout


def test_a_module_that_says_nothing_of_itself(tmp_path: Path) -> None:
    put_in = "import sys, types; module = types.ModuleType('engine'); sys.modules['engine'] = module\n"
    ran = python(tmp_path, "-c", put_in + CAUGHT)
    assert ran.stdout.startswith("ShadowedError|engine|a module 'engine' that is imported already|")


@pytest.mark.parametrize("name", ["tui", "api"])
def test_what_a_script_does_not_need_may_be_its_own(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert python(tmp_path, "-c", USES).stdout == "Settings make_bars open_desk\n"


@pytest.mark.parametrize("name", FOR_COMMANDS)
def test_a_directory_without_init_is_in_nobodys_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "desk.py").write_text("ours = False\n")
    assert python(tmp_path, "-c", USES).stdout == "Settings make_bars open_desk\n"
    assert python(tmp_path, "-m", "papertape", "--version").returncode == 0


def test_papertape_is_found_through_a_link_too(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(ROOT)
    ran = python(tmp_path, "-c", f"import engine; {USES}", path=f"{ROOT}{os.pathsep}{link}")
    assert ran.stdout == "Settings make_bars open_desk\n"
    assert python(tmp_path, "-c", USES, path=link).stdout == "Settings make_bars open_desk\n"


@pytest.mark.parametrize("name", FOR_COMMANDS)
def test_a_command_says_it_on_one_line(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name, package=True)
    ran = python(tmp_path, "-m", "papertape", "--version")
    assert (ran.returncode, ran.stdout) == (ANYTHING_ELSE, "")
    assert ran.stderr == f"error PACKAGE_SHADOWED: {sentence(file, name, tmp_path)}\n"
    assert python(tmp_path, "-P", "-m", "papertape", "--version").returncode == 0


def test_the_installed_command_says_it_too(tmp_path: Path) -> None:
    file = put(tmp_path, "tui")
    script = "import sys; from _papertape import main; sys.exit(main())"  # as an installer writes it
    ran = python(ROOT, "-P", "-c", script, "state", "--json", path=f"{tmp_path}{os.pathsep}{ROOT}")
    assert (ran.returncode, ran.stderr) == (1, f"error PACKAGE_SHADOWED: {sentence(file, 'tui', tmp_path)}\n")
    body = {"success": False, "error": sentence(file, "tui", tmp_path), "error_code": "PACKAGE_SHADOWED"}
    assert json.loads(ran.stdout) == body
    assert body["error_code"] in CODES


def test_the_module_of_the_commands_says_it_too(tmp_path: Path) -> None:
    file = put(tmp_path, "storage")
    ran = python(tmp_path, "-m", "tui", "state")
    assert (ran.returncode, ran.stderr) == (1, f"error PACKAGE_SHADOWED: {sentence(file, 'storage', tmp_path)}\n")
