"""From a strategy's source to its class, and back."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import InvalidError, NotFoundError
from engine.strategies.base import Strategy
from engine.strategies.registry import check_strategy

MAX_BYTES = 1_000_000
_PREFIX = "papertape_strategy_"
_SOURCE = "__papertape_source__"


def load_strategy_file(ref: str) -> type[Strategy[Any]]:
    """The strategy class that `path.py:Name` names; `path.py` alone when the file defines one only.

    FILE_NOT_FOUND; INVALID_STRATEGY for a file that does not compile, fails while it is imported, or has no such class.
    The same file, unchanged, is imported once.
    """
    path, name = split_ref(ref)
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such home; ValueError: a null in the name
        why = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(
            "FILE_NOT_FOUND", f"the strategy file {path} cannot be read: {why}", hint="`strategy new` writes one"
        ) from error
    if len(data) > MAX_BYTES:
        raise _invalid(path, f"it is larger than {MAX_BYTES:,} bytes", "is this the right file?")
    return load_strategy_source(_decoded(path, data), path.expanduser().absolute(), name)


def load_strategy_source(text: str, path: Path, name: str | None = None) -> type[Strategy[Any]]:
    """The strategy class in a source text; `path` is where messages and tracebacks say that it lies."""
    module = _module(text, path)
    own = list(dict.fromkeys(kind for kind in vars(module).values() if _defined_in(kind, module)))
    if name is not None:
        return _named(module, own, path, name)
    whole = [kind for kind in own if not inspect.isabstract(kind)] or own
    if len(whole) != 1:
        names = ", ".join(kind.__name__ for kind in whole)
        raise _invalid(
            path,
            f"it defines several strategies: {names}" if whole else "it defines no subclass of papertape.Strategy",
            f"name one: {path.name}:{whole[0].__name__}" if whole else "`strategy new` writes a file to start from",
        )
    kind: type[Strategy[Any]] = whole[0]
    check_strategy(kind, str(path))
    return kind


def split_ref(ref: str) -> tuple[Path, str | None]:
    """`path.py:Name` in its parts; a colon elsewhere in a path is part of it."""
    head, colon, tail = ref.rpartition(":")
    return (Path(head), tail) if colon and head.endswith(".py") else (Path(ref), None)


def strategy_source(kind: type[Strategy[Any]]) -> tuple[str, str]:
    """The source text of the module that defines a strategy, and the text's sha256 (UTF-8, line ends as \\n)."""
    module = sys.modules.get(kind.__module__)
    text = getattr(module, _SOURCE, None)
    if text is None:
        try:
            text = inspect.getsource(module) if module is not None else inspect.getsource(kind)
        except (OSError, TypeError) as error:
            raise InvalidError(
                "INVALID_STRATEGY",
                f"the source of {kind.__name__} cannot be read: {error}",
                hint="keep the strategy in a file",
            ) from error
    return text, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _module(text: str, path: Path) -> ModuleType:
    """The file imported under a name of its own: neither the import path nor another file's modules are touched."""
    name = _PREFIX + hashlib.sha256(f"{path}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    code = _compiled(text, path)
    module = ModuleType(name)
    module.__file__ = str(path)
    setattr(module, _SOURCE, text)
    sys.modules[name] = module  # annotations written as text are looked up there
    try:
        exec(code, module.__dict__)  # noqa: S102 - what a strategy file is for; see `rights_notice`
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, (Exception, SystemExit)):
            raise
        raise _failed(path, error) from error
    return module


def _compiled(text: str, path: Path) -> Any:
    try:
        return compile(text, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f"line {error.lineno}" if error.lineno else "the file"
        raise _invalid(path, f"{where}: {type(error).__name__}: {error.msg}", "correct the file") from error
    except (ValueError, RecursionError, MemoryError) as error:  # null characters; nesting too deep
        raise _invalid(path, f"it cannot be compiled: {error}", "correct the file") from error


def _failed(path: Path, error: BaseException) -> InvalidError:
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    where = f"line {lines[-1]}" if lines else "on import"
    hint = "correct the file"
    if isinstance(error, ImportError):
        hint = "a strategy is one file: what it imports must be installed"
    return _invalid(path, f"{where}: {type(error).__name__}: {error}", hint)


def _named(module: ModuleType, own: list[type[Strategy[Any]]], path: Path, name: str) -> type[Strategy[Any]]:
    kind = getattr(module, name, None)
    if kind is None:
        names = [each.__name__ for each in own]
        near = difflib.get_close_matches(name, names, n=1) or names[:1]
        hint = f"did you mean {path.name}:{near[0]}?" if near else "`strategy new` writes a file to start from"
        raise _invalid(path, f"it has no class {name!r}", hint)
    check_strategy(kind, str(path))
    return kind  # type: ignore[no-any-return]


def _defined_in(kind: Any, module: ModuleType) -> bool:
    return inspect.isclass(kind) and issubclass(kind, Strategy) and kind.__module__ == module.__name__


def _decoded(path: Path, data: bytes) -> str:
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError) as error:  # an unknown coding line is a SyntaxError
        raise _invalid(path, f"it cannot be decoded: {error}", "save it as UTF-8") from error


def _invalid(path: Path, why: str, hint: str) -> InvalidError:
    return InvalidError("INVALID_STRATEGY", f"the strategy file {path}: {why}", hint=hint)
