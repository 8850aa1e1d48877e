"""What `papertape` offers to scripts: each name is there, typed, and costs nothing until it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import papertape

ROOT = Path(papertape.__file__).parent
HEAVY = {"numpy", "pandas", "pydantic", "sqlalchemy", "sqlmodel", "textual", "typer", "engine", "storage", "tui"}


def typed_names() -> set[str]:
    """What a type checker sees: the imports under TYPE_CHECKING."""
    tree = ast.parse((ROOT / "papertape.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    public = {(node.module, alias.name) for node in imports for alias in node.names if node.col_offset == 4}
    return {name for module, name in public if str(module).startswith(("engine", "storage", "tui"))}


def test_all_is_sorted_and_is_what_type_checkers_see() -> None:
    assert list(papertape.__all__) == sorted(papertape.__all__)
    assert set(papertape.__all__) == typed_names() == set(papertape._HOME_OF)


@pytest.mark.parametrize("name", papertape.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(papertape, name)
    assert value.__name__ == name
    assert value.__doc__ or name == "IntentAction"
    assert name in dir(papertape)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Brokr'"):
        papertape.Brokr  # noqa: B018


def test_importing_it_imports_nothing_else() -> None:
    code = f"import sys, papertape; print(*sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_packages_say_that_they_are_typed() -> None:
    for package in ("engine", "storage", "tui"):
        assert (ROOT / package / "py.typed").exists()
