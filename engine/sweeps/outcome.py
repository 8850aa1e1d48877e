"""What came of one variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.account.fold import apply_fills
from engine.account.ledger import Fill, Ledger, Trade
from engine.account.metrics import Metrics
from engine.drivers.short_history import ShortHistory


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a variant has no result: its own error, the run goes on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A variant's result, or its failure.

    `refusals` counts intents that the policy (by rule) or the broker (by error code) refused. `held_back` counts, by
    signal code, entries that were signalled and dropped, and bars on which nothing could enter; `short_history` says
    which past is missing when that is so of all. `fills` are in the order of execution, with `seq` 0; empty unless they
    were asked for.
    """

    metrics: Metrics | None
    refusals: Mapping[str, int] = field(default_factory=dict)
    held_back: Mapping[str, int] = field(default_factory=dict)
    short_history: ShortHistory | None = None
    fills: Sequence[Fill] = ()
    failure: Failure | None = None


def trades_of(starting_equity: float, fills: Sequence[Fill]) -> list[Trade]:
    """The round trips that a variant's fills make, in the order of closing, by the one fold."""
    trades: list[Trade] = []
    apply_fills(Ledger.fresh(starting_equity), fills, trades)
    return trades
