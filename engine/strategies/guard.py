"""A person's own code, called: whatever goes wrong in it is INVALID_STRATEGY, with the strategy and file:line.

Drivers, runner and proof come to a strategy's methods through here and nowhere else.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.errors import InvalidError, PapertapeError
from engine.market.bars import Bars
from engine.strategies.base import Candidates, Signals, Strategy, Window


def signals_of(strategy: Strategy[Any], bars: Bars, params: BaseModel, high_52w: float | None = None) -> Signals:
    """A strategy's signals, checked to have a row for each bar; with `high_52w`, those at the caller's own high."""
    with users_code(strategy):
        given = strategy.signals(bars, params) if high_52w is None else strategy.signals_at_high(bars, params, high_52w)
        if not isinstance(given, Signals):
            raise TypeError(f"signals() gave {type(given).__name__}, not Signals")
        given.check(len(bars))
        if strategy.has_exit and given.exit is None:
            raise ValueError("has_exit is set, and signals() gave no exit")
    return given


def driven_signals(strategy: Strategy[Any], bars: Bars, params: BaseModel) -> Signals:
    """A strategy's signals on what a driver trades: a symbol without a second bar decides nothing, and asks nobody."""
    return signals_of(strategy, bars, params) if len(bars) > 1 else _no_signals(strategy, bars)


def prepared(strategy: Strategy[Any], bars: Bars) -> Callable[[BaseModel], Candidates]:
    """A strategy's candidates as a function of its parameters, checked as its signals are.

    As in `driven_signals`, a symbol without a second bar has none.
    """
    if len(bars) < 2:
        return lambda _: Candidates.of(_no_signals(strategy, bars))
    if type(strategy).prepare is Strategy.prepare:
        return lambda params: Candidates.of(signals_of(strategy, bars, params))
    with users_code(strategy):
        candidates_at = strategy.prepare(bars)
    counts_history = True  # until its signals turn out to have none

    def candidates(params: BaseModel) -> Candidates:
        nonlocal counts_history
        with users_code(strategy):
            given = candidates_at(params)
            if strategy.has_exit and given.exit is None:
                raise ValueError("has_exit is set, and prepare() gave no exit")
        if given.history is None and counts_history:
            whole = Candidates.of(signals_of(strategy, bars, params))
            counts_history = whole.history is not None
            return replace(given, history=whole.history, needed=whole.needed)
        return given

    return candidates


def window_of(strategy: Strategy[Any], params: BaseModel) -> Window:
    """How much of the past a strategy declares that a row depends on."""
    with users_code(strategy):
        given = strategy.window(params)
        if not isinstance(given, Window):
            raise TypeError(f"window() gave {type(given).__name__}, not Window")
        if given.bars < 0 or given.sessions < 0:
            raise ValueError("window() gave a negative number")
    return given


def _no_signals(strategy: Strategy[Any], bars: Bars) -> Signals:
    never = np.zeros(len(bars), dtype=np.bool_)
    return Signals(never, never if strategy.has_exit else None)


@contextmanager
def users_code(strategy: Strategy[Any]) -> Iterator[None]:
    """Run what a strategy's author wrote: any exception but our own becomes INVALID_STRATEGY."""
    try:
        yield
    except PapertapeError:
        raise
    except (Exception, SystemExit) as error:  # a strategy must not end the process it runs in either
        where, what = _place(strategy, error), f"{type(error).__name__}: {error}"
        raise InvalidError(
            "INVALID_STRATEGY",
            f"the strategy {strategy.key} failed{where}: {what}",
            hint="`strategy check` runs it on data of its own",
        ) from error


def _place(strategy: Strategy[Any], error: BaseException) -> str:
    """` at file:line`: the innermost line of the strategy's own module that the error came through."""
    module = sys.modules.get(type(strategy).__module__)
    own = getattr(module, "__file__", None)
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    for filename, line in reversed(frames):
        if filename == own:
            return f" at {PurePath(filename).name}:{line}"
    return f" ({PurePath(own).name})" if own else ""
