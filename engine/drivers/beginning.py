"""Where a forward run begins: what the account remembers, held against the data and the strategy it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.drivers.acceptance import Acceptance
from engine.drivers.bar_loop import BarLoop, Terms, gives_distances
from engine.drivers.memory import Memory, Unrecorded, check_deciding_rows, check_history, opened_by, without_settled
from engine.drivers.order_signals import check_kept, read_kept
from engine.drivers.trial import Tried
from engine.market.bars import Bars, Dataset
from engine.market.recording import Recorded
from engine.market.sessions import is_intraday, moment
from engine.policy.workspace import Workspace, check_open
from engine.ports import Progress, Store
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import FillModel


@dataclass(frozen=True, slots=True)
class OnwardTerms:
    """How an onward run fills, and what it takes.

    `session_complete`: the session that the data end in is a whole one. `accept_history`: the data tell the past
    otherwise than the account has seen it, and are followed. `accept_strategy`: the strategy's code has changed, and is
    taken. `from_window`: a spec that is new to the account begins with the window of the data, even before what the
    account's other specs came to.
    """

    slippage_bps: float = 0.0
    session_complete: bool = False
    accept_history: bool = False
    accept_strategy: bool = False
    from_window: bool = False


@dataclass(frozen=True, slots=True)
class Beginning:
    """All that an onward run goes on from.

    `progress`: how far the spec has come, `is_new` when it never ran here. `after`: the time after which it trades
    (UTC microseconds; None: from the window's first bar on). `current`: the symbols of which the account has seen no
    later bar than the data hold. `tried`: what names the try in the journal. `notes`: sentences for a person. `own`:
    of each position in a symbol of the spec, by symbol and opening time, whether the spec opened it. `first_new`: the
    time of the first bar in the window that is new (None: none is).
    """

    walk: BarLoop
    progress: Progress
    is_new: bool
    after: int | None
    acceptance: Acceptance
    unrecorded: Unrecorded
    current: frozenset[str]
    tried: Tried
    notes: list[str]
    own: Mapping[tuple[str, int], bool]
    first_new: int | None

    @classmethod
    def of(
        cls, store: Store, workspace: Workspace, spec: CompiledSpec, dataset: Dataset, terms: OnwardTerms, sha256: str
    ) -> Beginning:
        """`sha256` is of the strategy's code. HISTORY_SHORT when the data lack the past that the strategy needs to go
        on; HISTORY_CHANGED, STRATEGY_CHANGED, STRATEGY_LOOKS_AHEAD, WORKSPACE_CLOSED. Nothing is written."""
        check_open(workspace)
        with store.read() as views:
            memory, account = Memory.of(views, workspace.id, spec), views.account(workspace)
            kept = read_kept(views, workspace.id, spec, sha256) if memory.known is not None else []
            held = [one for symbol, one in account.ledger.holdings.items() if symbol in spec.symbols]
            own = {(one.symbol, one.opened_at): opened_by(views, workspace.id, spec.key, one) for one in held}
        if memory.known is not None:
            check_history(spec, dataset, memory.known, account.ledger)
        accepts = {"history": terms.accept_history, "strategy": terms.accept_strategy}
        acceptance = Acceptance.of(spec, dataset, memory, sha256, **accepts)
        came_to = memory.known or _first_progress(spec, dataset)
        progress = replace(acceptance.applied(came_to, memory), strategy_sha256=sha256)
        after, notes = _begin_after(spec, memory, terms)
        decides_from = _first_decisions(spec, dataset, memory.known, after)
        dataset = without_settled(dataset, progress)
        walk = BarLoop(spec, dataset, workspace.id, _bar_loop_terms(terms, progress, decides_from))
        if memory.known is not None and any(gives_distances(series.signals) for series in walk.series):
            check_deciding_rows(spec, walk.series, memory.known, account.ledger, own)
        check_kept(kept, spec, walk.series, came_to, acceptance.changes)
        bars = {symbol: dataset.bars[symbol] for symbol in spec.symbols}
        return cls(
            walk=walk,
            progress=progress,
            is_new=memory.known is None,
            after=after,
            acceptance=acceptance,
            unrecorded=Unrecorded(spec.timeframe, bars, {**memory.recorded, **acceptance.recorded}),
            current=frozenset(symbol for symbol, one in bars.items() if _is_current(one, memory.recorded[symbol])),
            tried=Tried.of(spec, sha256, dataset),
            notes=notes,
            own=own,
            first_new=_first_new(spec, dataset, after),
        )

    def clock_from(self, known: Progress | None) -> int:
        """From which bar on the account's sessions count for the spec, once it trades; `known` is its progress then."""
        if known is not None and known.clock_from is not None:
            return known.clock_from
        if known is not None and known.began is not None:  # of an earlier version, which counted no sessions
            return known.began
        assert self.first_new is not None  # noqa: S101 - a bar that is traded is new
        return self.first_new


def _begin_after(spec: CompiledSpec, memory: Memory, terms: OnwardTerms) -> tuple[int | None, list[str]]:
    """The time after which a run trades (None: from the first bar of the window on), and what to say of it."""
    if memory.known is not None:
        return memory.known.ts, []
    came_to = memory.came_to(spec)
    if came_to is None or terms.from_window:
        return None, []
    said = (
        f"this spec is new to the account, which has traded its symbols up to {moment(came_to)}: it begins after that"
    )
    return came_to, [f"{said} (--start TIME begins elsewhere)"]


def _first_progress(spec: CompiledSpec, dataset: Dataset) -> Progress:
    bars = {symbol: dataset.bars[symbol] for symbol in spec.symbols}
    return Progress(
        spec_key=spec.key,
        ts=0,
        timeframe=spec.timeframe,
        untimed_key=spec.untimed_key if spec.spec.timeframe is None else "",
        intraday={symbol: is_intraday(column.session) for symbol, column in bars.items()},
        first_ts={symbol: int(column.ts[0]) for symbol, column in bars.items()},
    )


def _first_new(spec: CompiledSpec, dataset: Dataset, after: int | None) -> int | None:
    """The time of the first bar of the window after a time (None: of all of it)."""
    windows = [dataset.traded(symbol).ts for symbol in spec.symbols]
    new = [ts if after is None else ts[np.searchsorted(ts, after, side="right") :] for ts in windows]
    return min((int(ts[0]) for ts in new if len(ts)), default=None)


def _is_current(bars: Bars, recorded: Recorded) -> bool:
    """Whether the account has seen no later bar of a symbol than these data hold."""
    return recorded.last is None or int(bars.ts[-1]) >= recorded.last


def _first_decisions(spec: CompiledSpec, dataset: Dataset, known: Progress | None, after: int | None) -> dict[str, int]:
    """By symbol the first row whose decision may be filled on the next bar: the first that this spec trades.

    It may lie before the first new bar: what the last bar of an earlier run decided is done on the bar after it.
    """
    if spec.fill is FillModel.CLOSE:
        return {}
    first_after = known.began - 1 if known is not None and known.began is not None else after
    rows = {symbol: dataset.first_decision(symbol) for symbol in spec.symbols}
    if first_after is None:
        return rows
    return {
        symbol: max(row, int(np.searchsorted(dataset.bars[symbol].ts, first_after, side="right")))
        for symbol, row in rows.items()
    }


def _bar_loop_terms(terms: OnwardTerms, progress: Progress, decides_from: Mapping[str, int]) -> Terms:
    return Terms(
        terms.slippage_bps,
        closed=False,
        session_complete=terms.session_complete,
        intraday=progress.intraday,
        first_decisions=decides_from,
    )
