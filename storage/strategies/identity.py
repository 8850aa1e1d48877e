"""What a strategy's code is, one digest over all of it that is the author's own; and a strategy found again by it.

A strategy that ships declares its digest, so that moving or rewording it changes nothing. Of any other the file is
hashed, with every module of its own that it imports; one that imports none has the sha256 of its text. What it takes
from papertape, a built-in strategy that it extends among it, counts as an installed package: its version is told.

The code that a run plan was started with is compared before a line of it runs. A journal may be somebody else's, and
may name any file with the right digest. So what it names is run only when this user ran the very code before, by naming
it; or names it now, or has it in his settings or installed. `KnownCode` keeps the digests of what this user ran, and of
what passed `strategy check`.
"""

from __future__ import annotations

import inspect
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Literal
from weakref import WeakKeyDictionary

from platformdirs import user_data_path

from engine.errors import InvalidError, NotFoundError, PapertapeError
from engine.strategies.base import Strategy
from engine.strategies.registry import BUILTIN, StartedWith
from storage.settings import APPLICATION
from storage.strategies.loading import (
    installed_points,
    load_module_ref,
    load_source,
    source_behind,
    split_module_ref,
    split_ref,
)
from storage.strategies.source import OURS, Source, is_installed, read_module, read_source, source_of_module
from storage.system import make_private

_KNOWN: WeakKeyDictionary[type[Strategy[Any]], tuple[str, StrategyCode]] = WeakKeyDictionary()
_BACK = "put the source back, or run the plan anew"
_NAME_IT = "if you trust it, name it yourself: --strategy FILE, or in `strategies` of the settings"

Found = tuple[type[Strategy[Any]], str]
"""A strategy class, run, and where it came from"""


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


def found_for(
    told: StartedWith, named: str | None, listed: Sequence[str], ran_before: Callable[[str], bool]
) -> Found | None:
    """The strategy that a run was started with: the one `named` for it now, one among those that the settings list, in
    the file that the journal names, or of an installed package; None if there is none.

    Raises STRATEGY_CHANGED, STRATEGY_UNTRUSTED or FILE_NOT_FOUND.
    """
    if named is not None:
        return named_for(named, told)
    found = among_listed(listed, told)
    if found is not None:
        return found
    return among_installed(told) if told.file is None else named_by_journal(told.file, told, ran_before)


def named_for(ref: str, told: StartedWith) -> Found:
    """The strategy that a person names for a run plan. Raises STRATEGY_CHANGED if the run was started with another."""
    module = split_module_ref(ref)
    if module is not None:
        source = read_module(module[0])
        if source is not None and source.sha256 == told.sha256:
            return load_module_ref(ref), ref
    elif (source := read_source(split_ref(ref)[0])).sha256 == told.sha256:
        return load_source(source, split_ref(ref)[1]), ref
    raise _changed(told, ref, source)


def among_listed(paths: Sequence[str], told: StartedWith) -> Found | None:
    """The strategy in one of the files that the settings list."""
    for path in paths:
        file, name = split_ref(path)
        try:
            source = read_source(file)
        except PapertapeError:  # reported by the list itself, see `UserRegistry.faults`
            continue
        if source.sha256 == told.sha256:
            kind = load_source(source, name)
            if kind.key == told.key:
                return kind, path
    return None


def among_installed(told: StartedWith) -> Found | None:
    """The strategy that an entry point of an installed package brings."""
    for origin, point in installed_points():
        source = read_module(point.value.partition(":")[0].strip())
        if source is not None and source.sha256 == told.sha256:
            kind = point.load()
            if getattr(kind, "key", None) == told.key:
                return kind, origin
    return None


def named_by_journal(file: str, told: StartedWith, ran_before: Callable[[str], bool]) -> Found:
    """The strategy in the file that the journal names.

    Raises STRATEGY_CHANGED, FILE_NOT_FOUND, or STRATEGY_UNTRUSTED if this user never ran the code in it.
    """
    path, name = split_ref(file)
    try:
        source = read_source(path)
    except NotFoundError as error:
        error.hint = "put it back, or name it where it is now: --strategy FILE"
        raise
    if source.sha256 != told.sha256:
        raise _changed(told, file, source)
    if not ran_before(told.sha256):
        raise InvalidError(
            "STRATEGY_UNTRUSTED",
            f"the journal names the strategy file {path}, which you never ran: no code runs because a journal names it",
            hint=_NAME_IT,
        )
    return load_source(source, name), file


def _changed(told: StartedWith, where: str, source: Source | None) -> InvalidError:
    """STRATEGY_CHANGED, naming `where` and the strategy's own modules, since one of those may be what changed."""
    helpers = [file for file, _ in source.helpers] if source is not None else []
    among = f" with {', '.join(helpers)}" if helpers else ""
    return InvalidError(
        "STRATEGY_CHANGED",
        f"the source of {told.key} in {Path(where)}{among} is not the one that the run plan was started with",
        hint=_BACK,
    )


Fact = Literal["ran", "checked"]
FILE = "strategies.known"


class KnownCode:
    """Digests of code that this user ran (`ran`) or that passed `strategy check` (`checked`), a line each in a file.

    The file is private, in the user's data directory. It is not in a database: somebody else's database may be opened,
    and must not claim what its reader has run. It is read for each question, since other processes add to it, and one
    that cannot be written stays as it is.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_data_path(APPLICATION) / FILE

    def holds(self, fact: Fact, sha256: str) -> bool:
        """Whether the fact is noted for the code with this digest."""
        return f"{fact} {sha256}" in self._lines()

    def add(self, fact: Fact, sha256: str) -> bool:
        """Note the fact; False if the file cannot be written."""
        if self.holds(fact, sha256):
            return True
        try:
            make_private(self._path.parent)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{fact} {sha256}\n".encode())  # one call: two processes do not mix their lines
            finally:
                os.close(handle)
        except OSError:  # a home that is read-only: what is not known is asked for again
            return False
        return True

    def _lines(self) -> set[str]:
        try:
            return set(self._path.read_text(encoding="utf-8", errors="replace").splitlines())
        except OSError:
            return set()
