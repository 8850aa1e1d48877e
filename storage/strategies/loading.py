"""Loading a strategy class from its source."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidError
from engine.strategies.base import Strategy
from engine.strategies.registry import check_strategy
from storage.strategies.modules import run_anew, run_source, source_behind
from storage.strategies.places import MAX_BYTES, invalid
from storage.strategies.source import Source, read_source, source_of_text

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "MAX_BYTES",
    "anew",
    "installed_points",
    "load_module_ref",
    "load_source",
    "load_strategy_file",
    "load_strategy_source",
    "split_module_ref",
    "split_ref",
]

ENTRY_POINTS = "papertape.strategies"


def load_strategy_file(ref: str) -> type[Strategy[Any]]:
    """The strategy class that `path.py:Name` names; `path.py` alone when the file defines one only.

    FILE_NOT_FOUND; INVALID_STRATEGY for a file that does not compile, fails while it is imported, or has no such class.
    The same file with the same modules of its own, unchanged, is imported once.
    """
    path, name = split_ref(ref)
    return load_source(read_source(path), name)


def load_strategy_source(text: str, path: Path, name: str | None = None) -> type[Strategy[Any]]:
    """The strategy class in a source text; messages and tracebacks name `path` as its file."""
    return load_source(source_of_text(text, path), name)


def load_source(source: Source, name: str | None = None) -> type[Strategy[Any]]:
    """The strategy class in a source that was read, which is run now. Raises INVALID_STRATEGY."""
    module, path = run_source(source), source.path
    own = list(dict.fromkeys(kind for kind in vars(module).values() if _defined_in(kind, module)))
    if name is not None:
        return _named(module, own, path, name)
    whole = [kind for kind in own if not inspect.isabstract(kind)] or own
    if len(whole) != 1:
        names = ", ".join(kind.__name__ for kind in whole)
        raise invalid(
            path,
            f"it defines several strategies: {names}" if whole else "it defines no subclass of papertape.Strategy",
            f"name one: {path.name}:{whole[0].__name__}" if whole else "`strategy new` writes a file to start from",
        )
    kind: type[Strategy[Any]] = whole[0]
    check_strategy(kind, str(path))
    return kind


@contextmanager
def anew(kind: type[Strategy[Any]]) -> Iterator[type[Strategy[Any]]]:
    """The class of modules that are run again, if it is from a file: nothing that the old ones keep is in them."""
    source = source_behind(kind.__module__)
    if source is None:
        yield kind
        return
    with run_anew(source) as module:
        same = getattr(module, kind.__name__, None)
        yield same if inspect.isclass(same) and issubclass(same, Strategy) else kind


def split_ref(ref: str) -> tuple[Path, str | None]:
    """The parts of `path.py:Name`; a colon elsewhere in the path is part of it."""
    head, colon, tail = ref.rpartition(":")
    return (Path(head), tail) if colon and head.endswith(".py") else (Path(ref), None)


def installed_points() -> list[tuple[str, EntryPoint]]:
    """The entry points of installed packages that bring strategies, each with its description."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and most runs need none

    return [(f"entry point {point.name} = {point.value}", point) for point in entry_points(group=ENTRY_POINTS)]


def split_module_ref(ref: str) -> tuple[str, str] | None:
    """The parts of `package.module:Name`; None for a file or a key."""
    module, colon, name = ref.partition(":")
    fits = colon and not module.endswith(".py") and name.isidentifier()
    return (module, name) if fits and all(part.isidentifier() for part in module.split(".")) else None


def load_module_ref(ref: str) -> type[Strategy[Any]]:
    """The strategy class that `package.module:Name` names, by an ordinary import. Raises INVALID_STRATEGY."""
    module, name = split_module_ref(ref) or (ref, "")
    try:
        kind = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit) as error:
        raise InvalidError(
            "INVALID_STRATEGY",
            f"the module {module} cannot be imported: {type(error).__name__}: {error}",
            hint="install its package, put its folder into PYTHONPATH, or name the file: path.py:Name",
        ) from error
    if kind is None:
        raise InvalidError(
            "INVALID_STRATEGY", f"the module {module} has no class {name!r}", hint="name one that it defines"
        )
    check_strategy(kind, ref)
    return kind  # type: ignore[no-any-return]


def _named(module: ModuleType, own: list[type[Strategy[Any]]], path: Path, name: str) -> type[Strategy[Any]]:
    kind = getattr(module, name, None)
    if kind is None:
        names = [each.__name__ for each in own]
        near = difflib.get_close_matches(name, names, n=1) or names[:1]
        hint = f"did you mean {path.name}:{near[0]}?" if near else "`strategy new` writes a file to start from"
        raise invalid(path, f"it has no class {name!r}", hint)
    check_strategy(kind, str(path))
    return kind  # type: ignore[no-any-return]


def _defined_in(kind: Any, module: ModuleType) -> bool:
    return inspect.isclass(kind) and issubclass(kind, Strategy) and kind.__module__ == module.__name__
