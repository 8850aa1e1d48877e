"""A person's own code, called: whatever goes wrong in it is INVALID_STRATEGY, with the strategy and file:line.

Drivers, runner and proof come to a strategy's methods through here and nowhere else.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.errors import InvalidError, PapertapeError
from engine.market.bars import Bars, Panel
from engine.market.synthetic import synthetic_daily
from engine.strategies.base import Candidates, Signals, Strategy, Window


def signals_of(strategy: Strategy[Any], bars: Bars, params: BaseModel, high_52w: float | None = None) -> Signals:
    """A strategy's signals, checked to have a row for each bar; with `high_52w`, those at the caller's own high."""
    if strategy.compares_symbols():
        return signals_of_all(strategy, [bars], params)[0]
    with users_code(strategy):
        given = strategy.signals(bars, params) if high_52w is None else strategy.signals_at_high(bars, params, high_52w)
        _check(strategy, given, len(bars), "signals()")
    return given


def signals_of_all(strategy: Strategy[Any], bars: Sequence[Bars], params: BaseModel) -> list[Signals]:
    """The signals on each symbol's bars of a strategy that compares them, checked as `signals_of` does."""
    panel = Panel.of(bars)
    with users_code(strategy):
        given = strategy.signals_all(panel, params)
        _check_symbols(given, panel.symbols)
        for symbol in panel.symbols:
            _check(strategy, given[symbol], len(panel), f"signals_all(), for {symbol},")
    return [given[symbol].take(panel.rows(symbol)) for symbol in panel.symbols]


def driven_signals(strategy: Strategy[Any], bars: Sequence[Bars], params: BaseModel) -> list[Signals]:
    """Each symbol's signals on what a driver trades.

    A symbol without a second bar decides nothing; a strategy that decides symbol by symbol is not asked about it.
    """
    if not strategy.compares_symbols():
        return [signals_of(strategy, one, params) if len(one) > 1 else _no_signals(strategy, len(one)) for one in bars]
    if all(len(one) < 2 for one in bars):
        return [_no_signals(strategy, len(one)) for one in bars]
    given = signals_of_all(strategy, bars, params)
    return [
        signals if len(one) > 1 else _no_signals(strategy, len(one)) for one, signals in zip(bars, given, strict=True)
    ]


def prepared(strategy: Strategy[Any], bars: Sequence[Bars]) -> Callable[[BaseModel], list[Candidates]]:
    """Each symbol's candidates as a function of a strategy's parameters, checked as `driven_signals` checks signals."""
    if strategy.compares_symbols():
        return lambda params: [Candidates.of(signals) for signals in driven_signals(strategy, bars, params)]
    each = [_prepared_one(strategy, one) for one in bars]
    return lambda params: [candidates(params) for candidates in each]


def _prepared_one(strategy: Strategy[Any], bars: Bars) -> Callable[[BaseModel], Candidates]:
    if len(bars) < 2:
        return lambda _: Candidates.of(_no_signals(strategy, len(bars)))
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
        # `prepare` need not count the past: whether there is any is seen once, from the signals
        if given.history is None and counts_history:
            whole = Candidates.of(signals_of(strategy, bars, params))
            counts_history = whole.history is not None
            return replace(given, history=whole.history, needed=whole.needed)
        return given

    return candidates


def columns_given(strategy: Strategy[Any], params: BaseModel, symbols: Sequence[str]) -> frozenset[str]:
    """Which columns that entries bring with them its signals have at these parameters, on symbols of these names.

    It is asked on a few made-up bars. INVALID_STRATEGY where it fails on them.
    """
    asked = tuple(symbols) if strategy.compares_symbols() else ("SYN",)
    key = (type(strategy), params.model_dump_json(), asked)
    known = _GIVEN.get(key)
    if known is None:
        bars = [synthetic_daily(_ASKED_BARS, seed=place, symbol=symbol) for place, symbol in enumerate(asked, start=1)]
        known = frozenset(name for each in driven_signals(strategy, bars, params) for name in each.of_entries)
        if len(_GIVEN) >= _REMEMBERED:
            _GIVEN.clear()
        _GIVEN[key] = known
    return known


_ASKED_BARS = 300
_REMEMBERED = 10_000
_GIVEN: dict[tuple[type, str, tuple[str, ...]], frozenset[str]] = {}


def window_of(strategy: Strategy[Any], params: BaseModel) -> Window:
    """How much of the past a strategy declares that a row depends on."""
    with users_code(strategy):
        given = strategy.window(params)
        if not isinstance(given, Window):
            raise TypeError(f"window() gave {type(given).__name__}, not Window")
        if given.bars < 0 or given.sessions < 0:
            raise ValueError("window() gave a negative number")
    return given


def _no_signals(strategy: Strategy[Any], rows: int) -> Signals:
    never = np.zeros(rows, dtype=np.bool_)
    return Signals(never, never if strategy.has_exit else None)


def _check(strategy: Strategy[Any], given: object, rows: int, what: str) -> None:
    if not isinstance(given, Signals):
        raise TypeError(f"{what} gave {type(given).__name__}, not Signals")
    given.check(rows)
    if strategy.has_exit and given.exit is None:
        raise ValueError(f"has_exit is set, and {what} gave no exit")


def _check_symbols(given: object, symbols: Sequence[str]) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(f"signals_all() gave {type(given).__name__}, not a dict of Signals by symbol")
    apart = [str(symbol) for symbol in symbols if symbol not in given]
    if apart:
        raise ValueError(f"signals_all() gave no signals for {', '.join(apart)}")


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
