"""Where modules lie: beside a strategy, on the import path, or in an installed package. Nothing is imported here."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path

from engine.errors import InvalidError, NotFoundError

MAX_BYTES = 1_000_000
MAX_MODULE_BYTES = 16_000_000
_PACKAGES = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A module of a strategy's own. `file` is its path from the folder that it is imported from, with `/`.

    `text` is its source, the sha256 of its bytes for compiled code, None for a folder without an `__init__.py`.
    `folders` are where a package's modules lie; a plain module has none.
    """

    file: str
    path: Path
    text: str | None
    folders: tuple[Path, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether it is Python source, to be compiled from `text`."""
        return self.file.endswith(".py")


def find_in(folders: Sequence[Path], dotted: str) -> OwnModule | None:
    """The module of that name in the first of the folders that has one: a package, compiled code or a file, as Python
    looks for them.
    """
    base, last = dotted.replace(".", "/"), dotted.rpartition(".")[2]
    for folder in folders:
        init, plain = folder / last / "__init__.py", folder / f"{last}.py"
        if os.path.isfile(init):
            return OwnModule(f"{base}/__init__.py", init, read_text(init, MAX_MODULE_BYTES), (init.parent,))
        for compiled in (folder / f"{last}{suffix}" for suffix in EXTENSION_SUFFIXES):
            if os.path.isfile(compiled):
                digest = hashlib.sha256(_read(compiled, None)).hexdigest()
                return OwnModule(f"{base}{EXTENSION_SUFFIXES[-1]}", compiled, digest)
        if os.path.isfile(plain):
            return OwnModule(f"{base}.py", plain, read_text(plain, MAX_MODULE_BYTES))
    return None


def is_installed(path: Path) -> bool:
    """Whether a file belongs to the standard library or to an installed package."""
    if _PACKAGES.intersection(path.parts):
        return True
    return any(path.is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def read_text(path: Path, most: int) -> str:
    """A Python file as text, its line ends as `\\n`; FILE_NOT_FOUND, INVALID_STRATEGY."""
    try:
        return importlib.util.decode_source(_read(path, most))
    except (SyntaxError, UnicodeDecodeError) as error:  # an unknown coding line is a SyntaxError
        raise invalid(path, f"it cannot be decoded: {error}", "save it as UTF-8") from error


def invalid(path: Path, why: str, hint: str) -> InvalidError:
    """INVALID_STRATEGY about a strategy's file or one of its own modules."""
    return InvalidError("INVALID_STRATEGY", f"the strategy file {path}: {why}", hint=hint)


def _read(path: Path, most: int | None) -> bytes:
    try:
        if path.exists() and not path.is_file():  # opening a pipe that a journal names would block
            raise OSError(0, "it is not a file")
        with path.open("rb") as file:
            data = file.read() if most is None else file.read(most + 1)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such home; ValueError: a null in the name
        why = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(
            "FILE_NOT_FOUND", f"the strategy file {path} cannot be read: {why}", hint="`strategy new` writes one"
        ) from error
    if most is not None and len(data) > most:
        raise invalid(path, f"it is larger than {most:,} bytes", "is this the right file?")
    return data


def folder_in(folders: Sequence[Path], dotted: str) -> OwnModule | None:
    """The folders of that name without an `__init__.py`, as one namespace package."""
    last = dotted.rpartition(".")[2]
    there = tuple(folder / last for folder in folders if os.path.isdir(folder / last))
    return OwnModule(dotted.replace(".", "/") + "/", there[0], None, there) if there else None


def spec_of(top: str) -> ModuleSpec | None:
    """Where the import path has a module, found without importing it."""
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):  # ValueError: `__main__`
        return None


def on_path(top: str, spec: ModuleSpec | None) -> OwnModule | None:
    """The module on the import path; None if it belongs to an installed package."""
    if spec is None:
        return None
    if spec.has_location and spec.origin is not None:
        origin = Path(spec.origin)
        if is_installed(origin) or not origin.exists():  # in a zip file, so it was installed
            return None
        return find_in([origin.parent.parent if origin.name == "__init__.py" else origin.parent], top)
    where = [Path(each) for each in spec.submodule_search_locations or ()]
    return None if any(map(is_installed, where)) else folder_in([each.parent for each in where], top)
