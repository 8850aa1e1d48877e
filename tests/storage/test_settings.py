"""Settings: flags over variables over the file, each fault named with where it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidError
from storage.settings import Settings, config_path

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, without a setting in it."""
    for name in ("DB", "WORKSPACE", "ENVIRONMENT", "STRATEGIES", "CONFIG"):
        monkeypatch.delenv(f"PAPERTAPE_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def write_config(text: str) -> Path:
    path = config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refused(**flags: Any) -> str:
    with pytest.raises(InvalidError) as caught:
        Settings(**flags)
    assert caught.value.code == "INVALID_SETTINGS"
    assert caught.value.hint
    return caught.value.message


def test_without_a_setting_there_are_defaults(home: Path) -> None:
    settings = Settings()
    assert settings.model_dump() == {
        "db": home / "data" / "papertape" / "papertape.db",
        "workspace": "default",
        "environment": "development",
        "strategies": (),
        "keys": {},
        "admin_token": None,
        "host": "127.0.0.1",
        "port": 8000,
        "upload_limit_mib": 64,
        "max_sweeps": 1,
        "max_dashboards": 8,
    }
    assert config_path() == home / "config" / "papertape" / "config.toml"


@pytest.mark.parametrize(
    ("flag", "variable", "line", "expected"),
    [
        (None, None, None, "default"),
        (None, None, 'workspace = "file"', "file"),
        (None, "variable", 'workspace = "file"', "variable"),
        ("flag", "variable", 'workspace = "file"', "flag"),
        ("flag", None, None, "flag"),
        (None, "", 'workspace = "file"', "file"),
    ],
)
def test_flags_over_variables_over_the_file(
    monkeypatch: pytest.MonkeyPatch, flag: str | None, variable: str | None, line: str | None, expected: str
) -> None:
    if line is not None:
        write_config(line)
    if variable is not None:
        monkeypatch.setenv("PAPERTAPE_WORKSPACE", variable)
    assert Settings(workspace=flag).workspace == expected


def test_each_setting_comes_from_its_own_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config('environment = "production"\ndb = "~/mine.db"')
    monkeypatch.setenv("PAPERTAPE_STRATEGIES", f"~/a.py:{home}/b c.py:")
    settings = Settings(workspace="w")
    assert settings.model_dump() == {
        "db": home / "mine.db",
        "workspace": "w",
        "environment": "production",
        "strategies": (home / "a.py", home / "b c.py"),
        "keys": {},
        "admin_token": None,
        "host": "127.0.0.1",
        "port": 8000,
        "upload_limit_mib": 64,
        "max_sweeps": 1,
        "max_dashboards": 8,
    }


def test_paths_in_the_file_are_relative_to_it() -> None:
    room = write_config('db = "desk/paper.db"\nstrategies = ["mine.py", "~/other.py", "/abs.py"]').parent
    settings = Settings()
    assert settings.db == room / "desk" / "paper.db"
    assert settings.strategies == (room / "mine.py", Path.home() / "other.py", Path("/abs.py"))
    assert Settings(db=Path("here.db")).db == Path("here.db")


def test_another_file_may_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "other.toml").write_text('workspace = "other"')
    monkeypatch.setenv("PAPERTAPE_CONFIG", "~/other.toml")
    assert Settings().workspace == "other"
    monkeypatch.setenv("PAPERTAPE_CONFIG", str(home / "gone.toml"))
    assert "PAPERTAPE_CONFIG names" in refused()
    monkeypatch.setenv("PAPERTAPE_CONFIG", str(home))
    assert "cannot be read" in refused()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workspace = ", "config.toml cannot be read"),
        ("workspace = 5", "workspace in "),
        ('workspace = ""', "workspace in "),
        ('environment = "prod"', "'development' or 'production'"),
        ('db = ""', "must name a file"),
        ("db = 5", "db in "),
        ('strategies = "one.py"\nstrategies = "two.py"', "cannot be read"),
        ("strategies = [5]", "strategies in "),
        ('workspaces = "w"', "no such setting (there is workspace)"),
        ("[ui]\ntheme = 5", "ui in "),
    ],
)
def test_a_fault_of_the_file_is_named(text: str, said: str) -> None:
    path = write_config(text)
    message = refused()
    assert said in message
    assert str(path) in message


def test_a_file_that_is_not_utf8_is_named() -> None:
    write_config("").write_bytes(b'workspace = "\xff"')
    assert "config.toml cannot be read" in refused()


def test_a_fault_of_a_variable_or_flag_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config("strategies = [5]")
    monkeypatch.setenv("PAPERTAPE_ENVIRONMENT", "prod")
    message = refused(workspace="")
    assert "the variable PAPERTAPE_ENVIRONMENT: Input should be" in message
    assert "--workspace: String should have at least 1 character" in message
    assert "strategies in " in message
    assert "no such setting" in refused(colour="red")


def test_settings_do_not_change_and_other_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_ADMIN_TOKEN", "secret")
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.workspace = "x"  # type: ignore[misc]
    assert "secret" not in repr(settings)


def test_every_setting_is_documented() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_reading_settings_loads_no_database() -> None:
    script = """
import sys
from storage.settings import Settings
print(sorted({"sqlalchemy", "sqlmodel", "alembic"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
