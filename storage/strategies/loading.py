"""Loading a strategy class: its source run, the file and its own modules as modules under names of their own.

`helpers` beside a strategy is imported as `papertape_strategy_<digest>_own.helpers`: neither the import path nor the
`helpers` of another strategy is touched, and a changed file is another module. Only what was read, and so is in the
digest, can be imported so.
"""

from __future__ import annotations

import builtins
import difflib
import hashlib
import importlib
import inspect
import itertools
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidError
from engine.strategies.base import Strategy
from engine.strategies.registry import check_strategy
from storage.strategies.source import OwnModule, Source, invalid, read_source, source_of_text

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "papertape.strategies"
PREFIX = "papertape_strategy_"
_OWN = "_own"
_SOURCES: dict[str, Source] = {}
"""What was run, by the name of the strategy's module"""
_COUNT = itertools.count(1)


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


def run_source(source: Source) -> ModuleType:
    """The module that a strategy's file makes; the same source, unchanged, is run once. INVALID_STRATEGY."""
    name = PREFIX + hashlib.sha256(f"{source.path}\0{source.sha256}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return sys.modules[name] if name in sys.modules else _run(source, name)


@contextmanager
def run_anew(source: Source) -> Iterator[ModuleType]:
    """The module run once more, with modules of its own that are new too, all of them forgotten in the end."""
    name = f"{PREFIX}{hashlib.sha256(source.sha256.encode()).hexdigest()[:16]}_{next(_COUNT)}"
    try:
        yield _run(source, name)
    finally:
        _forget(name)


def source_behind(module: str) -> Source | None:
    """What was run to make a module of that name, the strategy's file or one of its own; None for any other module."""
    return _SOURCES.get(module.partition(".")[0].removesuffix(_OWN))


def _run(source: Source, name: str) -> ModuleType:
    code = _compiled(source)
    module = ModuleType(name)
    module.__file__ = str(source.path)
    _SOURCES[name] = source
    sys.modules[name] = module  # annotations written as text are looked up there
    if source.modules:
        _Finder.install()
        module.__package__ = name + _OWN
        module.__dict__["__builtins__"] = _builtins_for(name, source)
    try:
        exec(code, module.__dict__)  # noqa: S102 - what a strategy file is for; see `rights_notice`
    except BaseException as error:
        _forget(name)
        if not isinstance(error, (Exception, SystemExit)):
            raise
        raise _failed(source, name, error) from error
    return module


def _forget(name: str) -> None:
    for each in [each for each in sys.modules if each.partition(".")[0] in (name, name + _OWN)]:
        del sys.modules[each]
    _SOURCES.pop(name, None)


def _builtins_for(name: str, source: Source) -> dict[str, Any]:
    """Python's builtins, except that `import helpers` finds the strategy's own module of that name."""

    def import_own(
        wanted: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - as Python calls it
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level or wanted.partition(".")[0] not in source.tops:
            return builtins.__import__(wanted, globals, locals, fromlist or (), level)
        found = importlib.import_module(f"{name}{_OWN}.{wanted}")
        if fromlist:
            return builtins.__import__(found.__name__, fromlist=fromlist)
        return sys.modules[f"{name}{_OWN}.{wanted.partition('.')[0]}"]

    return {**vars(builtins), "__import__": import_own}


class _Finder(MetaPathFinder):
    """Finds the own modules of strategies, by the names under which they are kept apart."""

    @classmethod
    def install(cls) -> None:
        """Put the finder first: the others would search a package's folder for modules that were not read."""
        if not any(isinstance(each, cls) for each in sys.meta_path):
            sys.meta_path.insert(0, cls())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The own module of that name. Raises ModuleNotFoundError if the strategy's source does not import it."""
        package, _, wanted = fullname.partition(".")
        source = source_behind(package)
        if source is None or not package.endswith(_OWN):
            return None
        if not wanted:
            return _folder(fullname, ())
        module = source.modules.get(wanted)
        if module is None:
            raise ModuleNotFoundError(f"No module named {wanted!r}", name=wanted)
        return _spec(fullname, package.removesuffix(_OWN), source, module)


class _Loader(SourceFileLoader):
    """Runs the text that was read, whatever the file holds now."""

    def __init__(self, fullname: str, root: str, source: Source, module: OwnModule) -> None:
        super().__init__(fullname, str(module.path))
        self._root, self._source, self._text = root, source, module.text or ""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, compiled from the text that was checked and not read from disk again."""
        code: CodeType = compile(self._text, self.path, "exec", dont_inherit=True)
        return code

    def get_source(self, fullname: str) -> str:
        """The source text that the module is compiled from."""
        return self._text

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; its imports find the strategy's own modules first."""
        module.__dict__["__builtins__"] = _builtins_for(self._root, self._source)
        super().exec_module(module)


def _spec(fullname: str, root: str, source: Source, module: OwnModule) -> ModuleSpec | None:
    if module.text is None:
        return _folder(fullname, module.folders)
    folders = [str(each) for each in module.folders] if module.folders else None
    loader = (
        _Loader(fullname, root, source, module) if module.is_source else ExtensionFileLoader(fullname, str(module.path))
    )
    return spec_from_file_location(fullname, module.path, loader=loader, submodule_search_locations=folders)


def _folder(fullname: str, folders: Iterable[Path]) -> ModuleSpec:
    spec = ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = [str(each) for each in folders]
    return spec


def _compiled(source: Source) -> CodeType:
    path = source.path
    try:
        code: CodeType = compile(source.text, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise invalid(path, _of_syntax(error, "the file"), "correct the file") from error
    except (ValueError, RecursionError, MemoryError) as error:  # null characters; nesting too deep
        raise invalid(path, f"it cannot be compiled: {error}", "correct the file") from error
    return code


def _of_syntax(error: SyntaxError, what: str) -> str:
    where = f"line {error.lineno}" if error.lineno else what
    return f"{where}: {type(error).__name__}: {error.msg}"


def _failed(source: Source, name: str, error: BaseException) -> InvalidError:
    """Where a module failed, in the strategy's file or a module of its own, and with what error."""
    files = {str(each.path): each.file for each in source.modules.values()}
    own = {**files, str(source.path): ""}
    frames = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    places = [(own[filename], line) for filename, line in frames if filename in own]
    if isinstance(error, SyntaxError) and error.filename in files:
        return invalid(source.path, f"{files[error.filename]}, {_of_syntax(error, 'the file')}", "correct the file")
    file, line = places[-1] if places else ("", 0)
    where = (f"{file}, " if file else "") + (f"line {line}" if line else "on import")
    said = str(error).replace(f"{name}{_OWN}.", "")
    hint = "what it imports lies beside it, or is installed" if isinstance(error, ImportError) else "correct the file"
    return invalid(source.path, f"{where}: {type(error).__name__}: {said}", hint)
