"""Variants on loaded bars: one result each, by the shortest way that gives the bar loop's, bit for bit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from engine.account.measure import figures_of
from engine.account.metrics import Metrics, SessionFigures
from engine.compiled import expect_much_work, is_loaded
from engine.drivers.short_history import Decided, Unready, unready_bars
from engine.errors import PapertapeError
from engine.market.bars import Bars, Dataset
from engine.policy.workspace import Workspace
from engine.ports import Unwatched, Watch
from engine.shared import Shared
from engine.statistics.clock import Clock
from engine.strategies.base import Candidates, Strategy
from engine.strategies.guard import prepared
from engine.strategies.spec import CompiledSpec
from engine.sweeps.objectives import objective
from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.results import Simulated, failed, result_of
from engine.sweeps.simulation.columns import Columns, FillColumns, Scratch, exits_together, own_exits, together, view_of
from engine.sweeps.simulation.kernel import BAR_LOOP, HELD_BACK, RULES, SIMULATE_EACH
from engine.sweeps.simulation.layout import Clocked, Entries, Found, Out, Owns, Spans, Steps, Terms
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.scores import scores_of
from engine.sweeps.simulation.signals import WholeSignals
from engine.sweeps.simulation.terms import (
    StepColumns,
    denied,
    limit_terms,
    looks_at_bars,
    money_terms,
    needs_bar_loop,
    variant_terms,
)
from engine.vocabulary import FillModel

MUCH_WORK = 1_000_000
"""Steps of the plain kernel that take as long as it does to make the compiled one for the first time."""

BUSY = 250_000
"""Steps after which a process is taken to go on sweeping, so that its next sweep is worth loading the compiled one."""

_SAMPLES = 5
_steps_taken: deque[int] = deque(maxlen=1000)  # by this process's earlier sweeps

_WORTH_A_THREAD = 10_000_000
_SCANS_PER_STEP = 10  # the plain kernel looks at so many bars in the time of one candidate

_NO_EXITS = Owns(np.zeros(1, dtype=np.uint8), np.zeros(1, dtype=np.uint64))

_KEPT_BYTES = 256 * 2**20
_MANY = 64
"""Variants that come out together at most."""

_UNHEARD = 20_000
"""Steps of the plain kernel, some 30 ms, between two looks whether to stop; the compiled one takes more."""

_FASTER = 50
_FILLS_FROM = Out._fields.index("fill_row")


class _Prepared(NamedTuple):
    """One set of entry parameters: the candidates, the strategy's own exits over all rows, and the bars on which
    nothing can enter."""

    entries: Entries
    owns: Owns
    unready: Unready = Unready()


class _Batch(NamedTuple):
    """Variants that are traded in one call: their places, where candidates and exits of each are, its unready bars."""

    places: list[int]
    spans: list[tuple[int, int, int]]
    unready: list[Unready]
    prepared: _Prepared | None = None


class Simulation:
    """One dataset, one account to begin with, many variants of one spec; `account` gives equity, limits and fees.

    With `signals`, which may be of later bars too, it takes its part of them and computes none itself.
    """

    def __init__(
        self, dataset: Dataset, account: Workspace, slippage_bps: float = 0.0, *, signals: WholeSignals | None = None
    ) -> None:
        self._dataset, self._account, self._slippage_bps = dataset, account, slippage_bps
        self._needs_bar_loop = needs_bar_loop(account.limits)
        """Whether a rule without a fast form is on"""
        self._limits = limit_terms(account.limits)
        self._money = money_terms(account, slippage_bps)
        self._signals = signals
        self._entries: Shared[_Prepared] = Shared(_KEPT_BYTES, _bytes)
        self._once = threading.Lock()
        self._clock: Clock | None = None
        self._columns: Columns | None = None
        self._candidates: Callable[[BaseModel], list[Candidates]] = lambda _: []
        self._denied: list[int] = []
        self._own = threading.local()

    def simulate_each(
        self, variants: Sequence[Variant], *, fills: bool = False, workers: int = 1, watch: Watch | None = None
    ) -> Iterator[Simulated]:
        """Each variant's result, in the order given, whatever the number of workers; none of them may be skipped.

        With `fills` they hold their fills. A variant whose strategy fails has failed. When the watch says stop, the
        iterator ends early.
        """
        watch = watch or Unwatched()
        if self._needs_bar_loop:
            yield from self._by_bar_loop_each(variants, fills, watch)
            return
        specs = [variant.compiled for variant in variants]
        scans, steps = self._load_what_pays(specs)
        in_threads = workers > 1 and is_loaded() and scans >= _WORTH_A_THREAD
        chunks = _chunks(variants, 1 if fills else self._chunk_size(specs, steps, alone=not in_threads))
        # threads gain nothing while Python itself does the work, and cost more than they bring where there is little
        if not in_threads:
            for part in chunks:
                for simulated in self._chunk(part, fills=fills):
                    if watch.stopped():
                        return
                    yield simulated
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
            yield from self._in_order(pool, chunks, workers, fills, watch)

    def clock(self, spec: CompiledSpec) -> Clock:
        """The sessions that every variant of the spec is measured on."""
        with self._once:
            return self._clock_of(spec)

    def _in_order(
        self,
        pool: ThreadPoolExecutor,
        chunks: Iterator[Sequence[Variant]],
        workers: int,
        fills: bool,
        watch: Watch,
    ) -> Iterator[Simulated]:
        """Chunks finish in any order; a few of them are under way or waiting to be their turn, never all."""
        pending: deque[Future[list[Simulated]]] = deque()
        try:
            for part in chunks:
                pending.append(pool.submit(self._chunk, part, fills=fills))
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

    def simulate(self, variant: Variant, *, fills: bool = True) -> Simulated:
        """One variant's result; it has failed where its strategy fails."""
        return self._by_bar_loop(variant, fills) if self._needs_bar_loop else self._chunk([variant], fills=fills)[0]

    def _by_bar_loop_each(self, variants: Sequence[Variant], fills: bool, watch: Watch) -> Iterator[Simulated]:
        """One after the other, in this thread: threads gain nothing where Python itself does the work."""
        for variant in variants:
            try:
                simulated = self._by_bar_loop(variant, fills, watch)
            except PapertapeError:  # it was stopped
                return
            if watch.stopped():
                return
            yield simulated

    def _by_bar_loop(self, variant: Variant, fills: bool, watch: Watch | None = None) -> Simulated:
        """By the bar loop, intent by intent; CANCELLED when the watch says stop meanwhile."""
        clock = self.clock(variant.compiled)
        try:
            simulated = by_bar_loop(variant, self._dataset, self._account, self._slippage_bps, watch, clock)
        except PapertapeError as error:
            if error.code == "CANCELLED":
                raise
            return Simulated(failed(variant, error.code, error.message))
        return simulated if fills else replace(simulated, fills=())

    def _chunk(self, variants: Sequence[Variant], *, fills: bool) -> list[Simulated]:
        """A few variants in their order; fills are of one alone."""
        came: dict[int, Simulated] = {}
        batches = list(self._batches(variants, came))
        if batches:
            came |= self._simulated(variants, batches, fills=fills)
        return [came[at] for at in range(len(variants))]

    def _batches(self, variants: Sequence[Variant], found: dict[int, Simulated]) -> Iterator[_Batch]:
        """What one call of the kernel can trade; variants whose strategy fails are `found` to have failed.

        Variants go together whose candidates have the same columns, laid end to end, and so do their own exits.
        """
        alike: dict[tuple[int, FillModel], list[int]] = {}
        for at, variant in enumerate(variants):
            spec = variant.compiled  # a generator makes one object of parameters for the same values
            alike.setdefault((id(spec.params), spec.fill), []).append(at)
        batches: dict[tuple[bool, ...], tuple[_Batch, list[_Prepared], list[int]]] = {}
        for places in alike.values():
            try:
                part = self._entries_of(variants[places[0]].compiled)
            except PapertapeError as error:
                found.update((at, Simulated(failed(variants[at], error.code, error.message))) for at in places)
                continue
            gives = (part.owns is not _NO_EXITS, *(len(column) > 0 for column in part.entries))
            batch, parts, ends = batches.setdefault(gives, (_Batch([], [], []), [], [0, 0]))
            begin, own = ends
            ends[:] = begin + len(part.entries.rows), own + (len(part.owns.rows) if part.owns is not _NO_EXITS else 0)
            parts.append(part)
            batch.places.extend(places)
            batch.spans.extend([(begin, ends[0], own)] * len(places))
            batch.unready.extend([part.unready] * len(places))
        for (has_exits, *_), (batch, parts, _ends) in batches.items():
            owns = exits_together([each.owns for each in parts]) if has_exits else _NO_EXITS
            yield batch._replace(prepared=_Prepared(together([each.entries for each in parts]), owns))

    def _simulated(
        self, variants: Sequence[Variant], batches: Sequence[_Batch], *, fills: bool
    ) -> dict[int, Simulated]:
        """What comes of batches, by place: a call of the kernel for each, the figures of all at once."""
        columns, found, out = self._traded(variants, batches)
        figures = columns.clock.figures(self._account.starting_equity, found.equity, found.exposed.tolist())
        idle = [unready for batch in batches for unready in batch.unready]
        return {
            at: self._found(variants[at], columns, idle[nth], found, nth, figures[nth], out, fills=fills)
            for nth, at in enumerate(_places(batches))
        }

    def scores(self, variants: Sequence[Variant], name: str, watch: Watch) -> Iterator[float | None]:
        """Each variant's score under the objective of that name, as `simulate_each` gives its metrics, in this thread.

        None of one that has no score or whose strategy fails. When the watch says stop, the iterator ends early.
        """
        score = objective(name)
        if self._needs_bar_loop:
            for simulated in self._by_bar_loop_each(variants, False, watch):
                yield _scored(simulated, score)
            return
        specs = [variant.compiled for variant in variants]
        _, steps = self._load_what_pays(specs)
        for part in _chunks(variants, self._chunk_size(specs, steps, alone=True)):
            if watch.stopped():
                return
            came: dict[int, Simulated] = {}
            batches = list(self._batches(part, came))
            found_scores = dict.fromkeys(came)
            if batches:
                columns, found, _ = self._traded(part, batches)
                each = scores_of(found, columns.clock, self._account.starting_equity, name)
                found_scores |= zip(_places(batches), each, strict=True)
                for nth, at in enumerate(_places(batches)):
                    if found.trades[nth] == BAR_LOOP:
                        found_scores[at] = _scored(self._by_bar_loop(part[at], False), score)
            yield from (found_scores[at] for at in range(len(part)))

    def _traded(self, variants: Sequence[Variant], batches: Sequence[_Batch]) -> tuple[Columns, Found, Out]:
        """What the kernel finds of the batches' variants, end to end; the fills are the last one's."""
        columns = self._prepared(variants[0].compiled)
        scratch, places = self._scratch(columns), _places(batches)
        most = max(end - begin for batch in batches for begin, end, _ in batch.spans)
        out, found = scratch.out(most + 1), scratch.found(len(places), len(columns.clock))
        begin = 0
        for batch in batches:
            end = begin + len(batch.places)
            specs = [variants[at].compiled for at in batch.places]
            self._trade(specs, batch, columns, out, Found(*(column[begin:end] for column in found)))
            begin = end
        return columns, found, out

    def _trade(self, specs: Sequence[CompiledSpec], batch: _Batch, columns: Columns, out: Out, found: Found) -> None:
        """One call of the kernel."""
        prepared, scratch, clock = batch.prepared, self._scratch(columns), columns.clock
        assert prepared is not None  # noqa: S101 - for the type checker
        simulate_each, rows, entries, owns = _plain_or_compiled(columns, prepared, compiled=scratch.compiled)
        pairs = StepColumns()
        terms = scratch.table(Terms, zip(*(variant_terms(spec, pairs) for spec in specs), strict=True))
        steps, spans = _steps(scratch, pairs), scratch.table(Spans, zip(*batch.spans, strict=True))
        marks = Clocked(clock.of_rows, clock.by_name, clock.closes, scratch.held)
        account = (self._money, self._limits, marks, scratch.slots)
        simulate_each(spans, entries, rows, scratch.symbols, owns, terms, steps, *account, out, found)

    def _found(
        self,
        variant: Variant,
        columns: Columns,
        idle: Unready,
        found: Found,
        nth: int,
        sessions: SessionFigures,
        out: Out,
        *,
        fills: bool,
    ) -> Simulated:
        """What the kernel found of one variant, or where it gave up, the bar loop."""
        trades = int(found.trades[nth])
        if trades == BAR_LOOP:
            return self._by_bar_loop(variant, fills)
        metrics = figures_of(self._account.starting_equity, trades, found.totals[nth].tolist(), sessions)
        refused, held_back = _counted(found.counts[nth].tolist(), idle, enabled=variant.compiled.spec.enabled)
        kept = FillColumns(columns, int(found.fills[nth]), out[_FILLS_FROM:]) if fills else ()
        result = result_of(
            variant, "succeeded", metrics=metrics, refusals=refused, held_back=held_back, short_history=idle.short
        )
        return Simulated(result, kept, found.equity[nth])

    def _prepared(self, spec: CompiledSpec) -> Columns:
        """What all variants share, laid out by the first that comes."""
        with self._once:
            if self._columns is None:
                columns = Columns(self._dataset, spec.symbols, self._clock_of(spec))
                self._candidates = self._candidates_on(spec, columns.bars)
                self._denied = denied(self._account.limits, spec.symbols)
                self._columns = columns
            return self._columns

    def _candidates_on(self, spec: CompiledSpec, bars: Sequence[Bars]) -> Callable[[BaseModel], list[Candidates]]:
        if self._signals is None:
            return prepared(spec.strategy, bars)
        return self._signals.up_to([len(each) for each in bars])

    def _clock_of(self, spec: CompiledSpec) -> Clock:
        """The clock, made by the first that holds `_once` and asks for it."""
        if self._clock is None:
            self._clock = Clock(self._dataset, spec.symbols)
        return self._clock

    def _entries_of(self, spec: CompiledSpec) -> _Prepared:
        columns = self._prepared(spec)
        known_as = f"{spec.spec.enabled} {spec.fill.value} {spec.params.model_dump_json()}"
        return self._entries.get(known_as, lambda: self._compute(columns, spec))

    def _compute(self, columns: Columns, spec: CompiledSpec) -> _Prepared:
        found = self._candidates(spec.params)
        own = [each.exit for each in found if each.exit is not None]
        owns = own_exits(own) if own else _NO_EXITS
        return _Prepared(columns.entries(found, spec.fill), owns, _unready(columns, found, spec))

    def _scratch(self, columns: Columns) -> Scratch:
        """This thread's own; made anew when kernels begin to be compiled."""
        mine: Scratch | None = getattr(self._own, "scratch", None)
        if mine is None or mine.compiled != is_loaded():
            days = columns.days if self._account.limits.max_daily_loss else 0
            mine = self._own.scratch = Scratch(columns, self._denied, days, compiled=is_loaded())
        return mine

    def _load_what_pays(self, specs: Sequence[CompiledSpec]) -> tuple[int, int]:
        """Load the compiled kernels when there is work enough; how many bars are looked at, at most, and the steps."""
        if not specs:
            return 0, 0
        columns = self._prepared(specs[0])
        # whose signals are a person's own code waits for no more than the first of them before its first outcome
        samples = specs[:1] if self._brings_signals(specs[0]) else specs[:: max(1, len(specs) // _SAMPLES)]
        try:
            candidates = sum(len(self._entries_of(spec).entries.rows) for spec in samples) // len(samples)
        except PapertapeError:
            return 0, 0  # it will fail as its variant's own
        looks = any(map(looks_at_bars, {id(spec.exit): spec for spec in specs}.values()))
        scans = len(specs) * columns.rows if looks or self._brings_signals(specs[0]) else 0
        # an estimate by a few of the variants: to find all candidates first would be the work itself
        steps = scans // _SCANS_PER_STEP + len(specs) * candidates
        if not is_loaded() and (steps >= MUCH_WORK or sum(_steps_taken) >= BUSY):
            expect_much_work()
        _steps_taken.append(steps)
        return scans, steps

    def _brings_signals(self, spec: CompiledSpec) -> bool:
        """Whether each of a strategy's variants goes over all bars to find its candidates."""
        return self._signals is None and type(spec.strategy).prepare is Strategy.prepare

    def _chunk_size(self, specs: Sequence[CompiledSpec], steps: int, *, alone: bool) -> int:
        """How many variants come out together: fewer where each takes long, so they are seen and can be stopped."""
        if not specs or (alone and self._brings_signals(specs[0])):
            return 1
        unheard = _UNHEARD * _FASTER if is_loaded() else _UNHEARD
        return max(1, min(_MANY, unheard * len(specs) // max(1, steps)))


def _places(batches: Sequence[_Batch]) -> list[int]:
    return [at for batch in batches for at in batch.places]


def _scored(simulated: Simulated, score: Callable[[Metrics], float | None]) -> float | None:
    metrics = simulated.result.metrics
    return None if metrics is None else score(metrics)


def _plain_or_compiled(columns: Columns, prepared: _Prepared, *, compiled: bool) -> tuple[Any, ...]:
    """The kernel, and its columns in the form that suits it."""
    entries, owns, _ = prepared
    if compiled:
        return SIMULATE_EACH.compiled, columns.arrays, entries, owns
    return SIMULATE_EACH.plain, columns.views, Entries(*map(view_of, entries)), Owns(*map(view_of, owns))


def _steps(scratch: Scratch, pairs: StepColumns) -> Steps:
    if not scratch.compiled:
        return Steps(pairs.bars, pairs.pct)
    return Steps(np.array(pairs.bars, dtype=np.int64), np.array(pairs.pct, dtype=np.float64))


def _unready(columns: Columns, found: Sequence[Candidates], spec: CompiledSpec) -> Unready:
    decided = (
        Decided(bars, each.history, each.needed, first, len(bars))
        for bars, each, first in zip(columns.bars, found, columns.first_decisions, strict=True)
    )
    return unready_bars(decided, spec)


def _counted(counts: Sequence[int], unready: Unready, *, enabled: bool) -> tuple[dict[str, int], dict[str, int]]:
    """Refusals by rule, and what was held back by code, each in its table's order."""
    if not (enabled and any(counts)):
        return {}, unready.bars
    refused = {rule: count for rule, count in zip(RULES, counts, strict=False) if count}
    dropped = {code: count for code, count in zip(HELD_BACK, counts[len(RULES) :], strict=True) if count}
    return refused, {**unready.bars, **dropped}


def _bytes(prepared: _Prepared) -> int:
    return int(sum(column.nbytes for column in prepared.entries) + prepared.owns.rows.nbytes)


def _chunks(variants: Sequence[Variant], size: int) -> Iterator[Sequence[Variant]]:
    return (variants[start : start + size] for start in range(0, len(variants), size))
