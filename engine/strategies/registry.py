"""The strategy registry: keys to strategies, built in or a person's own."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from engine.errors import InvalidError, NotFoundError
from engine.strategies.base import KEY_PATTERN, Strategy
from engine.strategies.builtin.atr_trend import AtrTrend
from engine.strategies.builtin.breakout_52w_high import Breakout52wHigh
from engine.strategies.builtin.momentum_rotation import MomentumRotation
from engine.strategies.builtin.rsi_reversion import RsiReversion
from engine.strategies.builtin.sma_cross import SmaCross

BUILTIN: tuple[type[Strategy[Any]], ...] = (Breakout52wHigh, SmaCross, RsiReversion, MomentumRotation, AtrTrend)
EXIT_TYPES = ("eod", "signal", "none")


@dataclass(frozen=True, slots=True)
class Registered:
    """A strategy with where it came from (`built in`, a file, an entry point)."""

    strategy: Strategy[Any]
    origin: str


@dataclass(frozen=True, slots=True)
class StartedWith:
    """The strategy that a run was started with, as its journal has it: `sha256` is that of its code, `origin` where it
    came from, `file` the file that was named for it (None: none was). All of it may be written by somebody else.
    """

    key: str
    sha256: str
    origin: str
    file: str | None = None


class Registry:
    """Strategies by key; a key is registered once."""

    def __init__(self, builtin: Iterable[type[Strategy[Any]]] = BUILTIN) -> None:
        self._entries: dict[str, Registered] = {}
        for kind in builtin:
            self.add(kind, "built in")

    def add(self, kind: type[Strategy[Any]], origin: str, *, replace: bool = False) -> Strategy[Any]:
        """Register a strategy class; INVALID_STRATEGY when it is not one or its key is taken.

        With `replace` it takes the place of the one with its key, so that a notebook's cell can run twice; if it cannot
        be made, the old one stays. A built-in strategy is never replaced.
        """
        check_strategy(kind, origin)
        taken = self._entries.get(kind.key)
        if taken is not None and (not replace or type(taken.strategy) in BUILTIN):
            raise _invalid(kind, origin, f"the key {kind.key!r} is taken ({taken.origin})")
        try:
            strategy = kind()
        except Exception as error:
            raise _invalid(kind, origin, f"it cannot be made: {type(error).__name__}: {error}") from error
        self._entries[kind.key] = Registered(strategy, origin)
        return strategy

    def get(self, key: str) -> Strategy[Any]:
        """The strategy of that key; STRATEGY_NOT_FOUND names the nearest."""
        return self.entry(key).strategy

    def entry(self, key: str) -> Registered:
        """The strategy of that key, and where it came from."""
        found = self._entries.get(key)
        if found is None:
            near = difflib.get_close_matches(key, self._entries, n=1)
            hint = f"did you mean {near[0]}?" if near else "`strategy list` shows the strategies"
            raise NotFoundError("STRATEGY_NOT_FOUND", f"there is no strategy {key!r}", hint=hint)
        return found

    def all(self) -> list[Registered]:
        """Every strategy, in the order of registration."""
        return list(self._entries.values())

    def recall(self, told: StartedWith) -> Strategy[Any]:
        """The strategy that a run was started with, for the caller to compare; it need not join the registry."""
        return self.get(told.key)

    def adopt(self, strategy: Strategy[Any], origin: str) -> None:
        """Take a strategy that was recalled, unless it is there; STRATEGY_CHANGED when its key is another's here."""
        taken = self._entries.setdefault(strategy.key, Registered(strategy, origin))
        if type(taken.strategy) is not type(strategy):
            raise InvalidError(
                "STRATEGY_CHANGED",
                f"{strategy.key} is another strategy here ({taken.origin}) than the one of {origin}",
                hint="leave papertape and start it again, or run it from the command line",
            )

    def remember(self, strategy: Strategy[Any]) -> None:
        """A person begins or goes on with a run of this strategy, which they named: a registry may note its code."""


def check_strategy(kind: Any, origin: str) -> None:
    """Raise INVALID_STRATEGY unless `kind` is a usable strategy class."""
    if not (inspect.isclass(kind) and issubclass(kind, Strategy)):
        raise _invalid(kind, origin, "it is not a subclass of papertape.Strategy")
    if inspect.isabstract(kind):
        raise _invalid(kind, origin, f"it does not define {_missing(kind.__abstractmethods__)}")
    key = getattr(kind, "key", None)
    if not isinstance(key, str) or not KEY_PATTERN.fullmatch(key):
        raise _invalid(kind, origin, f"its key {key!r} is not lower-case letters, digits and underscores")
    if not (inspect.isclass(kind.params) and issubclass(kind.params, BaseModel)):
        raise _invalid(kind, origin, "its params is not a pydantic model class")
    if kind.default_exit not in EXIT_TYPES or (kind.default_exit == "signal" and not kind.has_exit):
        raise _invalid(kind, origin, f"its default_exit {kind.default_exit!r} does not fit")


def _missing(methods: Iterable[str]) -> str:
    """The methods that a class lacks; it may have either of two that give signals."""
    told = {"signals": "signals (or signals_all, to compare symbols)"}
    return " and ".join(told.get(name, name) for name in sorted(methods))


def _invalid(kind: Any, origin: str, why: str) -> InvalidError:
    name = getattr(kind, "__name__", repr(kind))
    return InvalidError(
        "INVALID_STRATEGY", f"{name} ({origin}): {why}", hint="`strategy new` writes a file to start from"
    )
