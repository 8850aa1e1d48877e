"""A person's own strategies: entry points, files listed in the settings, files named on the command line.

A strategy is a file of Python, with the modules of its own beside it. It is imported under a name of its own, with the
rights of whoever runs papertape, and works like a built-in one from then on. Nothing is imported before a strategy is
looked up or listed.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

from engine.errors import InvalidError, NotFoundError, PapertapeError
from engine.strategies.base import KEY_PATTERN, Strategy
from engine.strategies.registry import BUILTIN, Registered, Registry, StartedWith, check_strategy
from storage.strategies.identity import KnownCode, StrategyCode, found_for, strategy_code, strategy_source
from storage.strategies.loading import installed_points, load_strategy_file, split_ref

__all__ = [
    "StrategyCode",
    "UserRegistry",
    "load_strategy_file",
    "make_registry",
    "new_strategy_text",
    "rights_notice",
    "strategy_code",
    "strategy_key",
    "strategy_source",
]

_TEMPLATE = Path(__file__).with_name("strategy_template.py.txt")
_PANEL_TEMPLATE = Path(__file__).with_name("panel_template.py.txt")
_TAKEN = {"Annotated", "Bars", "Field", "Panel", "Params", "Signals", "Strategy", "Window"}


def make_registry(paths: Sequence[str | Path] = (), known: KnownCode | None = None) -> UserRegistry:
    """The built-in strategies, then those of entry points, then of the files listed (`path.py` or `path.py:Name`).

    `known` is where what is run is noted; without it nothing is noted, and no file is run that only a journal names.
    """
    return UserRegistry(paths, known)


class UserRegistry(Registry):
    """A registry that loads users' strategies when it is asked for a key that it lacks, or for all of them.

    One that cannot be loaded affects neither the others nor commands that need none of them: see `faults`.
    """

    def __init__(self, paths: Sequence[str | Path] = (), known: KnownCode | None = None) -> None:
        super().__init__()
        self._paths = tuple(str(path) for path in paths)
        self._known = known
        self._named: str | None = None
        self._faults: tuple[PapertapeError, ...] | None = None

    def add(self, kind: type[Strategy[Any]], origin: str, *, replace: bool = False) -> Strategy[Any]:
        """Register a strategy class; a class that is already registered stays. `replace`: as in `Registry.add`."""
        check_strategy(kind, origin)
        taken = self._entries.get(kind.key)
        if taken is not None and type(taken.strategy) is kind:
            return taken.strategy
        return super().add(kind, origin, replace=replace)

    def entry(self, key: str) -> Registered:
        """The strategy with this key. Raises INVALID_STRATEGY if there is none and a file or entry point is broken."""
        if key in self._entries:
            return super().entry(key)
        faults = self.faults()
        try:
            return super().entry(key)
        except NotFoundError as missing:
            if not faults:
                raise
            first = faults[0]
            raise InvalidError(
                "INVALID_STRATEGY", f"{missing.message} among those that load: {first.message}", hint=first.hint
            ) from first

    def trust(self, ref: str) -> None:
        """The file, or `package.module:Name`, that a person names for the run plans that are recalled from now on."""
        self._named = ref

    def recall(self, told: StartedWith) -> Strategy[Any]:
        """The strategy that a run was started with, found by the digest of its code before a line of it runs.

        STRATEGY_CHANGED; STRATEGY_UNTRUSTED for a file that only the journal names and the user never ran;
        FILE_NOT_FOUND, STRATEGY_NOT_FOUND.
        """
        taken = self._entries.get(told.key)
        kind = type(taken.strategy) if taken is not None else None
        if taken is not None and kind is not None and (kind in BUILTIN or strategy_code(kind).sha256 == told.sha256):
            return taken.strategy
        if told.file is None and taken is None and split_ref(told.origin)[0].suffix == ".py":
            told = replace(told, file=told.origin)  # plans of older versions name a file of the settings so
        found = found_for(told, self._named, self._paths, self._ran_before)
        if found is None and taken is not None:
            return taken.strategy  # a class of the calling program: the caller compares the digests
        if found is None:
            raise NotFoundError(
                "STRATEGY_NOT_FOUND",
                f"no strategy {told.key!r} here has the source that the run plan was started with ({told.origin})",
                hint="put the source back, name its file with --strategy FILE, or run the plan anew",
            )
        recalled, origin = found
        if getattr(recalled, "key", None) != told.key:
            raise InvalidError("STRATEGY_CHANGED", f"{origin} is not the strategy {told.key}", hint="name its class")
        strategy = UserRegistry().add(recalled, origin)
        if self._named is not None:
            self.remember(strategy)
        return strategy

    def remember(self, strategy: Strategy[Any]) -> None:
        """Note that this user runs the strategy's code, so that a journal may name it from now on."""
        if self._known is not None and type(strategy) not in BUILTIN:
            self._known.add("ran", strategy_code(type(strategy)).sha256)

    def _ran_before(self, sha256: str) -> bool:
        return self._known is not None and self._known.holds("ran", sha256)

    def all(self) -> list[Registered]:
        """Every strategy that can be loaded, in the order of registration; `faults` has the others."""
        self.faults()
        return super().all()

    def faults(self) -> tuple[PapertapeError, ...]:
        """One error for each entry point and listed file that cannot be loaded."""
        if self._faults is None:
            self._faults = ()  # a strategy that lists strategies while it is imported sees those loaded so far
            self._faults = (*self._load_entry_points(), *self._load_files())
        return self._faults

    def _load_entry_points(self) -> Iterator[PapertapeError]:
        for origin, point in installed_points():
            try:
                self.add(point.load(), origin)
            except PapertapeError as error:
                yield error
            except (Exception, SystemExit) as error:
                yield InvalidError(
                    "INVALID_STRATEGY",
                    f"the {origin} cannot be loaded: {type(error).__name__}: {error}",
                    hint="update or uninstall the package that brings it",
                )

    def _load_files(self) -> Iterator[PapertapeError]:
        for path in self._paths:
            try:
                self.add(load_strategy_file(path), path)
            except PapertapeError as error:
                yield InvalidError(
                    "INVALID_STRATEGY",
                    f"the settings list {path}: {error.message}",
                    hint=error.hint or "correct the file, or take it out of `strategies`",
                )


def rights_notice(origin: str) -> str:
    """The notice that is shown before a strategy file runs."""
    return f"{origin} is a program and runs with your rights: load only files you trust"


def strategy_key(name: str) -> str:
    """The registry key for a name (`MyBreakout`: `my_breakout`). Raises INVALID_STRATEGY if it gives none."""
    key = "_".join(_words(name)).lower()
    if not re.fullmatch(r"[A-Za-z0-9_\- ]+", name) or not KEY_PATTERN.fullmatch(key):
        raise InvalidError(
            "INVALID_STRATEGY",
            f"{name!r} cannot name a strategy",
            hint="use letters, digits and underscores, beginning with a letter, at most 64",
        )
    if any(key == kind.key for kind in BUILTIN):
        raise InvalidError("INVALID_STRATEGY", f"{key} is built in", hint="give yours another name")
    return key


def new_strategy_text(name: str, *, all_symbols: bool = False) -> str:
    """A strategy file to start from, which runs as it is; INVALID_STRATEGY when `name` makes no key.

    With `all_symbols` one that compares symbols: a rotation into the strongest.
    """
    key = strategy_key(name)
    kind = "".join(word.capitalize() for word in _words(name))
    if keyword.iskeyword(kind) or kind in _TAKEN:
        kind += "Strategy"
    template, summary = (_PANEL_TEMPLATE, _ROTATES) if all_symbols else (_TEMPLATE, _BREAKS_OUT)
    return Template(template.read_text(encoding="utf-8")).substitute(name=kind, key=key, summary=summary)


_BREAKS_OUT = "Buys a close above the highest high of the last bars, sells below the lowest low."
_ROTATES = "Holds the symbols that rose most over the last bars, sells what falls behind."


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
