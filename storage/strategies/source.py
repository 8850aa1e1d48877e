"""A strategy's source as it was read: its file, the modules of its own that it imports, and the digest of all of it.

A module is a strategy's own when it is neither of the standard library nor of papertape nor in an installed package:
it lies beside the strategy's file, or elsewhere on the import path. A file beside the strategy goes before an installed
package of its name, as it does for a script; the standard library and papertape go before both.

Imports are found by reading: nothing is imported, and nothing runs. What is run later is the very text that was read: a
file that changes meanwhile changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path

from engine.errors import InvalidError, NotFoundError

MAX_BYTES = 1_000_000
MAX_MODULE_BYTES = 16_000_000
_PACKAGES = frozenset({"site-packages", "dist-packages"})
OURS = frozenset({"api", "engine", "papertape", "storage", "tui"})


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


@dataclass(frozen=True, slots=True)
class _Import:
    """An import statement: `level` dots, a dotted name, and the names taken from it (`*` among them)."""

    level: int
    name: str
    names: tuple[str, ...] = ()


class Imports:
    """The own modules that a text imports, transitively, by dotted name, and the installed packages it imports.

    `beside` are the folders of the strategy's file; `tops` the first parts of names by which own modules are imported
    absolutely. Raises INVALID_STRATEGY if a module cannot be read or decoded.
    """

    def __init__(self, beside: Sequence[Path] = ()) -> None:
        self.modules: dict[str, OwnModule] = {}
        self.tops: set[str] = set()
        self.packages: set[str] = set()
        self._others: set[str] = set()
        self._beside = tuple(beside)
        self._to_read: list[tuple[str, str | None]] = []

    def read(self, text: str, package: str | None) -> None:
        """Follow the imports of a text. `package` is what its relative imports start from: "" for the folder beside it,
        None if it has no package.
        """
        self._to_read.append((text, package))
        while self._to_read:
            text, package = self._to_read.pop()
            for each in _imports_in(text):
                self._follow(each, package)

    def _follow(self, wanted: _Import, package: str | None) -> None:
        base = wanted.name if wanted.level == 0 else _absolute(wanted, package)
        if base is None:
            return
        top = base.partition(".")[0]
        is_ours = wanted.level > 0 and (not package or top in self.modules)
        if not (is_ours or self._is_own(top)) or (base and not self._take(base)):
            return
        for name in wanted.names:
            for each in self._all_of(base) if name == "*" else (name,):
                self._take(f"{base}.{each}" if base else each)

    def _take(self, dotted: str) -> bool:
        """Whether the folders have the module; if so it is kept, with the packages above it."""
        parts = dotted.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name not in self.modules:
                folders = self.modules[".".join(parts[: end - 1])].folders if end > 1 else self._beside
                found = find_in(folders, name) or folder_in(folders, name)
                if found is None:
                    return False
                self._keep(name, found)
        return True

    def _is_own(self, top: str) -> bool:
        """Whether a name without dots means an own module when it is imported absolutely."""
        if top in self.tops:
            return True
        if top in self._others or top in sys.stdlib_module_names or top == "__main__":
            return False
        spec = spec_of(top)
        found = None if top in OURS else find_in(self._beside, top) or on_path(top, spec)
        if found is None and spec is None:
            found = folder_in(self._beside, top)
        if found is None:
            self._others.add(top)
            self.packages |= {top} if spec is not None else set()
            return False
        self.tops.add(top)
        if top not in self.modules:
            self._keep(top, found)
        return True

    def _keep(self, name: str, found: OwnModule) -> None:
        self.modules[name] = found
        if found.is_source and found.text is not None:
            self._to_read.append((found.text, name if found.folders else name.rpartition(".")[0]))

    def _all_of(self, base: str) -> Iterator[str]:
        """The names in `__all__` of a package, if it is a plain list: what `from base import *` takes."""
        package = self.modules.get(base)
        if package is None or not package.is_source or package.text is None:
            return
        tree = _parsed(package.text)
        for node in tree.body if tree is not None else ():
            if isinstance(node, ast.Assign) and any(getattr(to, "id", None) == "__all__" for to in node.targets):
                yield from (text for text in map(_text_of, ast.walk(node.value)) if text is not None)


def _absolute(wanted: _Import, package: str | None) -> str | None:
    """A relative import's dotted name; None when it goes beyond the package."""
    if package is None:
        return None
    parts = package.split(".") if package else []
    keep = len(parts) - wanted.level + 1
    return ".".join([*parts[:keep], *filter(None, [wanted.name])]) if keep >= 0 else None


def _imports_in(text: str) -> Iterator[_Import]:
    """Every import statement at any depth, and imports by a name that is a string literal."""
    tree = _parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (_Import(0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield _Import(node.level, node.module or "", tuple(alias.name for alias in node.names))
        elif isinstance(node, ast.Call) and _name_called(node.func) in {"__import__", "import_module"}:
            named = _text_of(node.args[0]) if node.args else None
            if named and not named.startswith("."):
                yield _Import(0, named)


def _name_called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _parsed(text: str) -> ast.Module | None:
    """The syntax tree; None for a text that does not compile, whose error is reported when it is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # compiling may emit SyntaxWarning
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@dataclass(frozen=True, slots=True)
class Source:
    """`text` is the file at `path`, `modules` those of its own by dotted name, `tops` the first parts of the names by
    which it imports them absolutely, `packages` the installed ones that all of it imports.
    """

    path: Path
    text: str
    modules: Mapping[str, OwnModule] = field(default_factory=dict)
    tops: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()

    @property
    def helpers(self) -> list[tuple[str, str]]:
        """The modules of its own that hold code: path from their folder, and text; in the order of the paths."""
        return sorted((each.file, each.text) for each in self.modules.values() if each.text is not None)

    @property
    def sha256(self) -> str:
        """Of the text alone (UTF-8, line ends as \\n) when the strategy is one file; else of it and all `helpers`."""
        helpers = self.helpers
        whole = json.dumps([self.text, helpers], separators=(",", ":")) if helpers else self.text
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def read_source(path: Path) -> Source:
    """The source of a strategy's file; FILE_NOT_FOUND, INVALID_STRATEGY when it cannot be read or decoded."""
    text = read_text(path.expanduser(), MAX_BYTES)
    where = path.expanduser().absolute()
    return source_of_text(text, where)


def source_of_text(text: str, path: Path) -> Source:
    """The source of a strategy whose file has this text. Modules are looked for beside it, and where a link leads."""
    beside = dict.fromkeys((path.parent, path.resolve().parent))
    return _followed(text, path, Imports(tuple(beside)), "")


def source_of_module(text: str, path: Path, package: str | None) -> Source:
    """The source of a strategy that is in a module of the import path; `package` is the module's own."""
    return _followed(text, path, Imports(), package)


def read_module(dotted: str) -> Source | None:
    """The source of a module of the import path, found without importing it or the packages above it; None for none."""
    parts = dotted.split(".")
    spec = spec_of(parts[0]) if all(part.isidentifier() for part in parts) else None
    if spec is None or spec.origin is None:
        return None
    top = Path(spec.origin)
    found = find_in([top.parent.parent if top.name == "__init__.py" else top.parent], parts[0])
    for end in range(2, len(parts) + 1):
        found = find_in(found.folders, ".".join(parts[:end])) if found is not None else None
    if found is None or not found.is_source or found.text is None:
        return None
    package = dotted if found.folders else dotted.rpartition(".")[0]
    return source_of_module(as_inspected(found.text), found.path, package or None)


def as_inspected(text: str) -> str:
    """A file's text as `inspect` gives it: a last line always ends."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def _followed(text: str, path: Path, imports: Imports, package: str | None) -> Source:
    imports.read(text, package)
    return Source(path, text, imports.modules, frozenset(imports.tops), frozenset(imports.packages))
