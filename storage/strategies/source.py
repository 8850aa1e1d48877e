"""A strategy's source as it was read: its file, the modules of its own that it imports, and the digest of all of it.

Reading runs nothing. What is run later is the very text that was read: a file that changes meanwhile changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.strategies.imports import Imports
from storage.strategies.places import MAX_BYTES, OwnModule, find_in, read_text, spec_of


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
