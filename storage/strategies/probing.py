"""Trying a strategy: asked so that nothing it kept from an earlier call can answer for it, on data that are bundled."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

import storage
from engine.errors import PapertapeError
from engine.market.bars import Bars, Dataset, IntArray
from engine.market.synthetic import BARS_PER_SESSION, synthetic_daily, synthetic_minutes
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import signals_of, signals_of_all
from engine.strategies.spec import ExecutionSpec, compile_spec
from storage.strategies.loading import anew
from storage.strategies.source import OURS, is_installed


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


def bundled_data() -> Dataset:
    """The bundled daily series, and four made-up sessions of minutes, the last one cut short."""
    minutes = synthetic_minutes(BARS_PER_SESSION * 4 + 100, seed=1)
    return Dataset({**_sample_bars(), minutes.symbol: minutes})


def bundled_groups() -> list[Dataset]:
    """For a strategy that compares symbols: the bundled days, and made-up days and minutes of symbols that are uneven.

    Uneven ones begin and end apart, and lack bars that others have.
    """
    return [
        Dataset(_sample_bars()),
        Dataset(_uneven([synthetic_daily(500, seed=place, symbol=f"DAYS{place}") for place in range(1, 6)])),
        Dataset(_uneven([synthetic_minutes(900, seed=place, symbol=f"MINUTES{place}") for place in range(1, 4)])),
    ]


def _sample_bars() -> Mapping[str, Bars]:
    from storage.market_files import load_dataset  # noqa: PLC0415 - only where data are read
    from storage.samples import SAMPLES, sample_path  # noqa: PLC0415

    return load_dataset([(name, sample_path(name)) for name in SAMPLES], symbols=list(SAMPLES)).bars


def _uneven(bars: list[Bars]) -> dict[str, Bars]:
    """The first whole; of each further one other rows are missing, its beginning or its end among them."""
    return {one.symbol: _at(one, _kept_rows(len(one), place)) for place, one in enumerate(bars)}


def _kept_rows(count: int, place: int) -> IntArray:
    rows = np.arange(count, dtype=np.int64)
    if place == 0:
        return rows
    begin, end = (count // 5 * place, count) if place % 2 else (0, count - count // 8 * place)
    single = rows % (5 + 2 * place) == place
    hole = (rows >= count // 2) & (rows < count // 2 + 20 * (place - 1))
    return np.flatnonzero((rows >= begin) & (rows < end) & ~single & ~hole)


def _at(bars: Bars, rows: IntArray) -> Bars:
    opening, high, low, close, volume = (
        column[rows] for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)
    )
    return Bars(bars.symbol, bars.ts[rows], opening, high, low, close, volume, bars.session[rows])
