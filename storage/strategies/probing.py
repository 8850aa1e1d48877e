"""Asking a strategy for its signals so that nothing it kept from an earlier call can answer for it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import storage
from engine.errors import PapertapeError
from engine.market.bars import Bars
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import signals_of, signals_of_all
from engine.strategies.spec import ExecutionSpec, compile_spec
from storage.strategies.imports import OURS
from storage.strategies.loading import anew
from storage.strategies.places import is_installed


class Trial:
    """Each call asks a new instance. When the bars get fewer again its modules are run anew too: something may keep
    results by a symbol's name. Where a call fails that new modules carry out, that is so, and `keeps` is the error.

    Several symbols' bars are for a strategy that compares them.
    """

    def __init__(self, kind: type[Strategy[Any]], spec: ExecutionSpec) -> None:
        self._original, self._spec = kind, spec
        self._kind, self._rows = kind, 0
        self._modules = ExitStack()
        self.keeps: PapertapeError | None = None

    def signals(self, bars: Sequence[Bars]) -> list[Signals]:
        """Of a new instance, at the spec's parameters, on each symbol's bars; INVALID_STRATEGY."""
        rows = sum(map(len, bars))
        if rows < self._rows or self._rows == 0 or self.keeps is not None:
            self._run_anew()
        self._rows = rows
        try:
            return self._ask(self._kind(), bars)
        except PapertapeError as error:
            self._run_anew()
            signals = self._ask(self._kind(), bars)
            self.keeps = error
            return signals

    def twice(self, bars: Sequence[Bars]) -> tuple[list[Signals], list[Signals]]:
        """Of one instance, asked twice."""
        strategy = self._kind()
        return self._ask(strategy, bars), self._ask(strategy, bars)

    def _ask(self, strategy: Strategy[Any], bars: Sequence[Bars]) -> list[Signals]:
        params = compile_spec(self._spec, strategy).params
        if strategy.compares_symbols():
            return signals_of_all(strategy, bars, params)
        return [signals_of(strategy, one, params) for one in bars]

    def _run_anew(self) -> None:
        self._modules.close()
        self._kind = self._modules.enter_context(anew(self._original))

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._modules.close()


_SYSTEM = ("/dev", "/etc", "/proc", "/sys", "/usr")
_HOME = Path(storage.__file__).resolve().parents[1]
_HEARD: list[list[str]] = []
"""Where the names of opened files go, for each listener"""
_HOOKED: list[bool] = []


@contextmanager
def listening() -> Iterator[list[str]]:
    """The names of files that any thread of the process opens meanwhile; filter them with `theirs`."""
    if not _HOOKED:  # an audit hook cannot be removed
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
    """The source file of what is opened to import a module, which is its compiled form."""
    if path.parent.name != "__pycache__" or path.suffix != ".pyc":
        return path
    return Path(importlib.util.source_from_cache(str(path)))


def _is_known(path: Path) -> bool:
    if "__pycache__" in path.parts or is_installed(path) or path.is_relative_to(sys.base_prefix):
        return True
    if path.is_relative_to(_HOME) and path.relative_to(_HOME).parts[0].removesuffix(".py") in OURS:
        return True
    return any(path.is_relative_to(folder) for folder in _SYSTEM)
