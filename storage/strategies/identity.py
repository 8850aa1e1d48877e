"""What a strategy's code is: one digest over all of it that is the author's own, and the packages it rests on.

A strategy that ships declares its digest, so that moving or rewording it changes nothing. Of any other the file is
hashed, with every module of its own that it imports; one that imports none has the sha256 of its text. What it takes
from papertape, a built-in strategy that it extends among it, counts as an installed package: its version is told.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from engine.strategies.base import Strategy
from engine.strategies.registry import BUILTIN
from storage.strategies.loading import source_behind
from storage.strategies.places import is_installed
from storage.strategies.source import OURS, Source, source_of_module

_KNOWN: WeakKeyDictionary[type[Strategy[Any]], tuple[str, StrategyCode]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class StrategyCode:
    """`sha256` identifies the code. `modules` are those of its own beside the file, by their paths from the folder;
    `packages` the names by which installed packages are imported.
    """

    sha256: str
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def distributions(self) -> dict[str, str]:
        """The installed distributions that are imported, with their versions. Looking them up may take a second."""
        found = dict(filter(None, map(_distribution, self.packages)))
        return dict(sorted(found.items()))


def strategy_code(kind: type[Strategy[Any]]) -> StrategyCode:
    """What a strategy class's code is, as it was when it was first asked for; the code runs as it was loaded."""
    return _known(kind)[1]


def strategy_source(kind: type[Strategy[Any]]) -> tuple[str, str]:
    """The source text of the module that defines a strategy, and the sha256 of the strategy's code."""
    text, code = _known(kind)
    return text, code.sha256


def code_of(source: Source) -> StrategyCode:
    """What the code of a source is that was only read."""
    return StrategyCode(source.sha256, tuple(file for file, _ in source.helpers), tuple(sorted(source.packages)))


def _known(kind: type[Strategy[Any]]) -> tuple[str, StrategyCode]:
    found = _KNOWN.get(kind)
    if found is None:
        source = source_behind(kind.__module__) or _source_elsewhere(kind)
        code = code_of(source)
        if kind in BUILTIN:
            code = StrategyCode(kind.code_sha256, code.modules, code.packages)
        found = _KNOWN[kind] = source.text, code
    return found


def _source_elsewhere(kind: type[Strategy[Any]]) -> Source:
    """The source of a class that was imported as any other: of a package, a script, a notebook or a prompt."""
    module = sys.modules.get(kind.__module__)
    try:
        text = inspect.getsource(module) if module is not None else inspect.getsource(kind)
    except (OSError, TypeError):
        return _source_typed(kind, module)
    path = Path(getattr(module, "__file__", None) or "")
    source = source_of_module(text, path, getattr(module, "__package__", None) or None)
    if is_installed(path):
        source = replace(source, packages=source.packages | {kind.__module__.partition(".")[0]})
    return source


def _source_typed(kind: type[Strategy[Any]], module: ModuleType | None) -> Source:
    """The cell of a notebook that defines `signals`; at a prompt, which keeps no text, what it was compiled to."""
    written = inspect.unwrap(kind.signals)
    code = getattr(written, "__code__", None)
    cell = "".join(linecache.getlines(code.co_filename)) if isinstance(code, CodeType) else ""
    text = cell or "\n".join(f"{name} {said}" for name, said in sorted(_compiled_parts(kind)))
    return source_of_module(text, Path(getattr(module, "__file__", None) or ""), None)


def _compiled_parts(kind: type) -> Iterator[tuple[str, str]]:
    for name, value in vars(kind).items():
        code = getattr(value, "__code__", None)
        if isinstance(code, CodeType):
            yield name, _compiled_text(code)


def _compiled_text(code: CodeType) -> str:
    constants = [
        _compiled_text(each)
        if isinstance(each, CodeType)
        else repr(sorted(map(repr, each)) if isinstance(each, frozenset) else each)
        for each in code.co_consts
    ]
    return repr((code.co_code.hex(), code.co_names, code.co_varnames, constants))


@cache
def _distribution(package: str) -> tuple[str, str] | None:
    """The distribution that an import's name is of, and its version; None when nothing is known of it."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, and most calls need none

    name = "papertape" if package in OURS else package
    try:
        return name, version(name)  # most are named as they are imported; all of them are slow to look through
    except PackageNotFoundError:
        named = [] if package in OURS else _by_import().get(package, [])
        return (named[0], version(named[0])) if named else None


@cache
def _by_import() -> Mapping[str, list[str]]:
    from importlib.metadata import packages_distributions  # noqa: PLC0415

    return packages_distributions()
