"""Strategies on data: one snapshot, a backtest or a forward run; and the strategy of a run plan, found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import numpy as np

from engine.desk.accounts import Accounts
from engine.drivers.backtest import RunOutcome, closed_workspace, run_closed
from engine.drivers.beginning import OnwardTerms
from engine.drivers.forward_run import run_onward, with_first_timeframe
from engine.drivers.replay import Replay
from engine.errors import DataError, InvalidError, NotFoundError
from engine.events import Stamps
from engine.market.bars import Bars, Dataset
from engine.market.sessions import from_micros, iso, session_ends
from engine.market.snapshot import Bar, MarketSnapshot
from engine.policy.workspace import Workspace
from engine.ports import Store, Watch
from engine.strategies.base import Strategy
from engine.strategies.registry import Registry, StartedWith
from engine.strategies.runner import StrategyEvaluation, StrategyRunner
from engine.strategies.spec import CompiledSpec, ExecutionSpec
from engine.sweeps.record.queries import RunRecord

SourceSha256 = Callable[[type[Strategy[Any]]], str]
"""The sha256 of the source that defines a strategy."""
Distributions = Callable[[type[Strategy[Any]]], Mapping[str, str]]
"""The installed packages that a strategy imports, with their versions."""


class Research:
    """Runs specs on datasets. `timeframe` is the data's spacing, used for a spec that has none."""

    def __init__(
        self, store: Store, stamps: Stamps, accounts: Accounts, registry: Registry, source_sha256: SourceSha256
    ) -> None:
        self._store, self._stamps, self._accounts = store, stamps, accounts
        self.registry, self._source_sha256 = registry, source_sha256

    def compile(self, spec: ExecutionSpec, timeframe: str = "daily") -> CompiledSpec:
        """The spec with its strategy and typed parameters. Raises INVALID_SPEC or STRATEGY_NOT_FOUND."""
        return StrategyRunner(self.registry).compile(spec, timeframe)

    def evaluate(
        self,
        spec: ExecutionSpec,
        dataset: Dataset,
        *,
        timeframe: str = "daily",
        at: int | None = None,
        workspace: str | UUID | None = None,
    ) -> list[StrategyEvaluation]:
        """One evaluation for each symbol of the spec, on its bars up to `at` (UTC microseconds). Writes nothing.

        A strategy that compares symbols is given the others' bars up to the same time. Slippage is not known here.
        """
        account = self._accounts.require(workspace)
        with self._store.read() as views:
            state = views.account(account).state()
        compiled = self.compile(spec, timeframe)
        runner = StrategyRunner(self.registry, dataset.session_tz)
        found = []
        for symbol in spec.symbols:
            snapshot = snapshot_at(_bars(dataset, symbol), at, compiled.timeframe)
            others = [_bars(dataset, other) for other in spec.symbols if other != symbol]
            known = [one.slice(0, one.rows_through(snapshot.ts)) for one in others]
            found.append(runner.evaluate(spec, snapshot, state, limits=account.limits, others=known))
        return found

    def run(
        self,
        spec: ExecutionSpec,
        dataset: Dataset,
        *,
        timeframe: str = "daily",
        like: str | UUID | None = None,
        slippage_bps: float = 0.0,
        workspace_id: UUID | None = None,
        watch: Watch | None = None,
    ) -> RunOutcome:
        """A backtest: a fresh account with the equity, limits and fees of `like`, every position closed at the end.

        `workspace_id` is the id for the fresh account, for a caller who wants to find it again; it must not be in use.
        """
        compiled = self._compiled(spec, dataset, timeframe)
        check_window(dataset, spec.symbols)
        model = self._accounts.require(like)
        fresh = workspace_id or UUID(self._stamps.new_id())
        workspace = closed_workspace(fresh, model, dataset.session_tz, self._stamps.now())
        sha256 = self._code_of(compiled)
        return run_closed(
            *(self._store, workspace, compiled, dataset, self._stamps),
            slippage_bps=slippage_bps,
            strategy_sha256=sha256,
            watch=watch,
        )

    def run_onward(
        self,
        spec: ExecutionSpec,
        dataset: Dataset,
        workspace: Workspace | str | UUID,
        *,
        timeframe: str = "daily",
        terms: OnwardTerms | None = None,
        watch: Watch | None = None,
    ) -> RunOutcome:
        """A forward run: trade the bars of the dataset that the account has not traded. Run again, it adds nothing.

        Raises HISTORY_SHORT, HISTORY_CHANGED, STRATEGY_CHANGED or STRATEGY_LOOKS_AHEAD, with nothing traded, if data or
        strategy contradict what the account has seen.
        """
        account = self._account(workspace)
        compiled = with_first_timeframe(self._store, account, self._compiled(spec, dataset, timeframe))
        sha256 = self._code_of(compiled)
        return run_onward(
            *(self._store, account, compiled, dataset, self._stamps), terms=terms, strategy_sha256=sha256, watch=watch
        )

    def replay(
        self,
        spec: ExecutionSpec,
        dataset: Dataset,
        workspace: Workspace | str | UUID,
        *,
        timeframe: str = "daily",
        terms: OnwardTerms | None = None,
    ) -> Replay:
        """A forward run that the caller advances step by step; nothing is traded before the first step."""
        account = self._account(workspace)
        compiled = with_first_timeframe(self._store, account, self._compiled(spec, dataset, timeframe))
        sha256 = self._code_of(compiled)
        return Replay(self._store, account, compiled, dataset, self._stamps, terms, sha256)

    def _code_of(self, spec: CompiledSpec) -> str:
        """The sha256 of the strategy's source; empty for a class that was typed in and is in no file."""
        try:
            return self._source_sha256(type(spec.strategy))
        except InvalidError:
            return ""

    def _account(self, workspace: Workspace | str | UUID) -> Workspace:
        return workspace if isinstance(workspace, Workspace) else self._accounts.ensure_default(workspace)

    def _compiled(self, spec: ExecutionSpec, dataset: Dataset, timeframe: str) -> CompiledSpec:
        for symbol in spec.symbols:
            _bars(dataset, symbol)
        return self.compile(spec, timeframe)


def snapshot_at(bars: Bars, at: int | None, timeframe: str) -> MarketSnapshot:
    """A snapshot of the bars up to `at` (UTC microseconds; None: all). BAR_NOT_FOUND if there are fewer than two.

    `is_eod` is taken from the data: whether the bar is the last of its session in the whole column.
    """
    stop = len(bars) if at is None else int(np.searchsorted(bars.ts, at, side="right"))
    if stop < 2:
        when = "in the data" if at is None else f"at or before {iso(at)}"
        raise NotFoundError("BAR_NOT_FOUND", f"{bars.symbol} has fewer than two bars {when}", hint="give a later time")
    columns = (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(*(column[:stop].tolist() for column in columns), strict=True)
    shown = [
        Bar.model_construct(ts=from_micros(ts), open=o, high=h, low=low, close=c, volume=v)
        for ts, o, h, low, c, v in rows
    ]
    is_eod = bool(session_ends(bars.session)[stop - 1])
    return MarketSnapshot(symbol=bars.symbol, ts=shown[-1].ts, timeframe=timeframe, bars=shown, is_eod=is_eod)


def check_window(dataset: Dataset, symbols: Iterable[str], hint: str = "widen the window") -> None:
    """Raise DataError unless each of these symbols has a bar in the dataset's window."""
    faults = dataset.untraded(symbols)
    if faults:
        raise DataError(faults[0], faults=faults, fault_count=len(faults), hint=hint)


def _bars(dataset: Dataset, symbol: str) -> Bars:
    bars = dataset.bars.get(symbol)
    if bars is None:
        absent = f"the data have no symbol {symbol!r}"
        raise DataError(absent, faults=(absent,), hint="name the file with SYMBOL=FILE")
    return bars


def recalled(registry: Registry, source_sha256: SourceSha256, record: RunRecord) -> Strategy[Any]:
    """The strategy that a run plan was started with. Raises STRATEGY_CHANGED if the code here is different.

    If the registry can read code, different code is refused before a line of it runs.
    """
    document = record.document
    file = document["data"].get("strategy_file")
    told = StartedWith(
        document["strategy_id"],
        document["strategy_sha256"],
        document["strategy_origin"],
        file if isinstance(file, str) else None,
    )
    strategy = registry.recall(told)
    if source_sha256(type(strategy)) != told.sha256:
        raise InvalidError(
            "STRATEGY_CHANGED",
            f"the source of {told.key} is not the one that run plan {record.id} was started with",
            hint="put the source back, or run the plan anew",
        )
    return strategy


def moved(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    """Packages with another version than then, by name: the version then and now (None: no longer imported)."""
    return {name: (version, now.get(name)) for name, version in before.items() if now.get(name) != version}
