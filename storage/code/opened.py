"""Which files are opened while a strategy runs: what they hold decides results, and no fingerprint knows it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import storage
from storage.code.imports import OURS
from storage.code.places import is_installed

_SYSTEM = ("/dev", "/etc", "/proc", "/sys", "/usr")
_HOME = Path(storage.__file__).resolve().parents[1]
_HEARD: list[list[str]] = []
"""Where the names of opened files go, for each listener"""
_HOOKED: list[bool] = []


@contextmanager
def listening() -> Iterator[list[str]]:
    """The names of files opened meanwhile, by any thread of the process, as they were opened; `theirs` sifts them."""
    if not _HOOKED:  # a hook stays as long as the process does
        _HOOKED.append(True)
        sys.addaudithook(_hear)
    heard: list[str] = []
    _HEARD.append(heard)
    try:
        yield heard
    finally:
        _HEARD.remove(heard)


def theirs(heard: list[str], source: frozenset[Path] = frozenset()) -> list[str]:
    """Of the files opened those that are a strategy's affair, sorted: not its `source`, not of Python, an installed
    package, papertape or the system.
    """
    found = {_python_of(Path(os.path.abspath(name))) for name in heard}
    own = {each.resolve() for each in source}
    return sorted(str(path) for path in found if path.is_file() and path.resolve() not in own and not _is_known(path))


def _hear(event: str, details: tuple[object, ...]) -> None:
    if event == "open" and _HEARD and isinstance(details[0], (str, bytes, os.PathLike)):
        name = os.fsdecode(details[0])
        for heard in _HEARD:
            heard.append(name)


def _python_of(path: Path) -> Path:
    """What is opened to import a module is its compiled form: the file that that was made from."""
    if path.parent.name != "__pycache__" or path.suffix != ".pyc":
        return path
    return Path(importlib.util.source_from_cache(str(path)))


def _is_known(path: Path) -> bool:
    if "__pycache__" in path.parts or is_installed(path) or path.is_relative_to(sys.base_prefix):
        return True
    if path.is_relative_to(_HOME) and path.relative_to(_HOME).parts[0].removesuffix(".py") in OURS:
        return True
    return any(path.is_relative_to(folder) for folder in _SYSTEM)
