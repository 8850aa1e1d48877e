"""Variants on loaded bars: one result each, by the shortest way that gives the walk's, bit for bit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from engine.account.metrics import MEASURE, figures_of
from engine.compiled import expect_much_work, is_loaded
from engine.errors import PapertapeError
from engine.market.bars import Dataset
from engine.policy.workspace import Workspace
from engine.ports import Unwatched, Watch
from engine.shared import Shared
from engine.strategies.base import Candidates, Strategy
from engine.strategies.guard import prepared
from engine.strategies.spec import CompiledSpec
from engine.sweeps.columns import Columns, own_exits, view_of
from engine.sweeps.fills import FillColumns
from engine.sweeps.kernel import RULES, SIMULATE, WALK
from engine.sweeps.outcome import Failure, Outcome
from engine.sweeps.reference import walked
from engine.sweeps.scratch import Scratch
from engine.sweeps.terms import denied, leave_terms, limit_terms, money_terms

MUCH_WORK = 1_000_000
"""Steps of the plain kernel that take as long as it does to make the compiled one for the first time."""

BUSY = 250_000
"""Steps after which a process is taken to go on sweeping, so that its next sweep is worth loading the compiled one."""

_SAMPLES = 5
_steps_taken: deque[int] = deque(maxlen=1000)  # by this process's earlier sweeps

_WORTH_A_THREAD = 10_000_000
_SCANS_PER_STEP = 10  # the plain kernel looks at so many bars in the time of one candidate

_KEPT_BYTES = 256 * 2**20
_CHUNK = 16


class _Entries(NamedTuple):
    """One set of entry parameters: the candidates in the order of the walk, and the own exits over all rows."""

    rows: Any
    own: Any
    own_blocks: Any


class Simulation:
    """One dataset, one account to begin with, many variants of one spec; `account` gives equity, limits and fees."""

    def __init__(self, dataset: Dataset, account: Workspace, slippage_bps: float = 0.0) -> None:
        self._dataset, self._account, self._slippage_bps = dataset, account, slippage_bps
        self._limits = limit_terms(account.limits)
        self._entries: Shared[_Entries] = Shared(_KEPT_BYTES, _bytes)
        self._once = threading.Lock()
        self._columns: Columns | None = None
        self._candidates: list[Callable[[BaseModel], Candidates]] = []
        self._denied: list[int] = []
        self._own = threading.local()

    def outcomes(
        self, specs: Sequence[CompiledSpec], *, fills: bool = False, workers: int = 1, watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """An outcome for each spec, in the order given, whatever the number of workers.

        With `fills` they hold their fills. A strategy that fails makes an outcome with its failure. When the watch
        says stop, the iterator ends early.
        """
        watch = watch or Unwatched()
        scans = self._load_what_pays(specs)
        chunks = _chunks(specs, 1 if fills else _CHUNK)
        # threads gain nothing while Python itself does the work, and cost more than they bring where there is little
        if workers == 1 or not is_loaded() or scans < _WORTH_A_THREAD:
            for part in chunks:
                for spec in part:
                    if watch.stopped():
                        return
                    yield self.outcome(spec, fills=fills)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
            yield from self._in_order(pool, chunks, workers, fills, watch)

    def _in_order(
        self,
        pool: ThreadPoolExecutor,
        chunks: Iterator[Sequence[CompiledSpec]],
        workers: int,
        fills: bool,
        watch: Watch,
    ) -> Iterator[Outcome]:
        """Chunks finish in any order; a few of them are under way or waiting to be their turn, never all."""
        pending: deque[Future[list[Outcome]]] = deque()
        try:
            for part in chunks:
                pending.append(pool.submit(lambda part: [self.outcome(spec, fills=fills) for spec in part], part))
                if len(pending) > 2 * workers:
                    yield from pending.popleft().result()
                if watch.stopped():
                    return
            while pending:
                yield from pending.popleft().result()
                if watch.stopped():
                    return
        finally:
            for waiting in pending:
                waiting.cancel()

    def outcome(self, spec: CompiledSpec, *, fills: bool = True) -> Outcome:
        """One spec's; its strategy's failure is an outcome too."""
        try:
            return self._simulated(spec, fills=fills)
        except PapertapeError as error:
            return Outcome(None, failure=Failure(error.code, error.message))

    def _simulated(self, spec: CompiledSpec, *, fills: bool) -> Outcome:
        columns, entries = self._prepared(spec), self._entries_of(spec)
        scratch = self._scratch(columns)
        out = scratch.out(len(entries.rows) + 1, fills=fills)
        simulate, measure, laid, rows, owns = _plain_or_compiled(columns, entries, compiled=scratch.compiled)
        money = money_terms(spec, self._account, self._slippage_bps)
        trades, filled = simulate(
            rows, laid, scratch.symbols, owns, leave_terms(spec.exit), money, self._limits, scratch.slots, out
        )
        if trades == WALK:
            return walked(spec, self._dataset, self._account, self._slippage_bps)
        measured = measure(self._account.starting_equity, out[0], out[1], trades)
        return Outcome(
            figures_of(self._account.starting_equity, trades, measured),
            _refusals(scratch),
            FillColumns(columns, filled, out[4:]) if fills else (),
        )

    def _prepared(self, spec: CompiledSpec) -> Columns:
        """What all variants share, laid out by the first that comes."""
        with self._once:
            if self._columns is None:
                columns = Columns(self._dataset, spec.symbols)
                self._candidates = [prepared(spec.strategy, bars) for bars in columns.bars]
                self._denied = denied(self._account.limits, spec.symbols)
                self._columns = columns
            return self._columns

    def _entries_of(self, spec: CompiledSpec) -> _Entries:
        return self._entries.get(spec.params.model_dump_json(), lambda: self._compute(spec.params))

    def _compute(self, params: BaseModel) -> _Entries:
        assert self._columns is not None  # noqa: S101 - for the type checker
        found = [candidates(params) for candidates in self._candidates]
        own = [each.exit for each in found if each.exit is not None]
        rows = self._columns.in_order([each.rows for each in found])
        return _Entries(rows, *(own_exits(own) if own else _NO_EXITS))

    def _scratch(self, columns: Columns) -> Scratch:
        """This thread's own; made anew when kernels begin to be compiled."""
        mine: Scratch | None = getattr(self._own, "scratch", None)
        if mine is None or mine.compiled != is_loaded():
            days = columns.days if self._limits[4] else 0
            mine = self._own.scratch = Scratch(columns, self._denied, days, compiled=is_loaded())
        return mine

    def _load_what_pays(self, specs: Sequence[CompiledSpec]) -> int:
        """Load the compiled kernels when there is work enough; how many bars are to be looked at, at most."""
        if not specs:
            return 0
        columns = self._prepared(specs[0])
        # whose signals are a person's own code waits for no more than the first of them before its first outcome
        samples = specs[:1] if _brings_signals(specs[0]) else specs[:: max(1, len(specs) // _SAMPLES)]
        try:
            candidates = sum(len(self._entries_of(spec).rows) for spec in samples) // len(samples)
        except PapertapeError:
            return 0  # it will fail as its variant's own
        leaves = {leave_terms(spec.exit) for spec in specs}
        looks = any(leave[1] or leave[2] or leave[3] for leave in leaves)
        scans = len(specs) * columns.rows if looks or _brings_signals(specs[0]) else 0
        steps = scans // _SCANS_PER_STEP + len(specs) * candidates
        if not is_loaded() and (steps >= MUCH_WORK or sum(_steps_taken) >= BUSY):
            expect_much_work()
        _steps_taken.append(steps)
        return scans


def _brings_signals(spec: CompiledSpec) -> bool:
    """Whether each of a strategy's variants goes over all bars to find its candidates."""
    return type(spec.strategy).prepare is Strategy.prepare


_NO_EXITS = (np.zeros(1, dtype=np.uint8), np.zeros(1, dtype=np.uint64))


def _plain_or_compiled(columns: Columns, entries: _Entries, *, compiled: bool) -> tuple[Any, ...]:
    """The kernels, and their columns in the form that suits them."""
    if compiled:
        return SIMULATE.compiled, MEASURE.compiled, columns.arrays, entries.rows, (entries.own, entries.own_blocks)
    views = (view_of(entries.rows), (view_of(entries.own), view_of(entries.own_blocks)))
    return SIMULATE.plain, MEASURE.plain, columns.views, *views


def _refusals(scratch: Scratch) -> dict[str, int]:
    counts = scratch.refused.tolist() if scratch.compiled else scratch.refused
    return {rule: count for rule, count in zip(RULES, counts, strict=True) if count} if any(counts) else {}


def _bytes(entries: _Entries) -> int:
    return int(entries.rows.nbytes + entries.own.nbytes)


def _chunks(specs: Sequence[CompiledSpec], size: int) -> Iterator[Sequence[CompiledSpec]]:
    return (specs[start : start + size] for start in range(0, len(specs), size))
