"""A strategy asked for its signals so that nothing it kept from an earlier call can answer for it."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any

from engine.errors import PapertapeError
from engine.market.bars import Bars
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import signals_of
from engine.strategies.spec import ExecutionSpec, compile_spec
from storage.strategy_loading import anew


class Trial:
    """Each call asks a new instance. When the bars get fewer again its modules are run anew too: something may keep
    results by a symbol's name. Where a call fails that new modules carry out, that is so, and `keeps` is the error.
    """

    def __init__(self, kind: type[Strategy[Any]], spec: ExecutionSpec) -> None:
        self._original, self._spec = kind, spec
        self._kind, self._rows = kind, 0
        self._modules = ExitStack()
        self.keeps: PapertapeError | None = None

    def signals(self, bars: Bars) -> Signals:
        """Of a new instance, at the spec's parameters; INVALID_STRATEGY."""
        if len(bars) < self._rows or self._rows == 0 or self.keeps is not None:
            self._run_anew()
        self._rows = len(bars)
        try:
            return self._ask(bars)
        except PapertapeError as error:
            self._run_anew()
            signals = self._ask(bars)
            self.keeps = error
            return signals

    def twice(self, bars: Bars) -> tuple[Signals, Signals]:
        """Of one instance, asked twice."""
        strategy = self._kind()
        params = compile_spec(self._spec, strategy).params
        return signals_of(strategy, bars, params), signals_of(strategy, bars, params)

    def _ask(self, bars: Bars) -> Signals:
        strategy = self._kind()
        return signals_of(strategy, bars, compile_spec(self._spec, strategy).params)

    def _run_anew(self) -> None:
        self._modules.close()
        self._kind = self._modules.enter_context(anew(self._original))

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._modules.close()
