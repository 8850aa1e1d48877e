"""Trials: what a result was made of (spec, strategy's code, bars, times), and how many there were on the same data.

A trial is a distinct pair of a resolved spec and a strategy's code with a result. Backtests, forward runs and run plans
say in the journal what they tried, so that tries can be counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.jsontext import canonical_json
from engine.market.bars import Dataset
from engine.market.sessions import iso
from engine.ports import SPEC_DIGEST, Trial, TrialKind
from engine.strategies.spec import CompiledSpec
from engine.validation import StrictModel

Span = tuple[int, int] | tuple[None, None]
"""The first and the last timestamp that was traded (UTC microseconds); None where none was."""


def spec_sha256(base: dict[str, Any]) -> str:
    """The sha256 (hex) of the canonical JSON of a resolved spec: `CompiledSpec.base`, overrides applied."""
    return hashlib.sha256(canonical_json(base).encode()).hexdigest()


def short_digest(sha256: str) -> bytes:
    """The first bytes of a resolved spec's sha256, as `Trial.specs` has them."""
    return bytes.fromhex(sha256[: 2 * SPEC_DIGEST])


@dataclass(frozen=True, slots=True)
class Tried:
    """One spec that is run on one dataset."""

    strategy_id: str
    base: dict[str, Any]
    spec_sha256: str
    strategy_sha256: str
    bars: dict[str, str]

    @classmethod
    def of(cls, spec: CompiledSpec, strategy_sha256: str, dataset: Dataset) -> Tried:
        """`strategy_sha256` is of the strategy's code."""
        base = spec.base()
        return cls(spec.spec.strategy_id, base, spec_sha256(base), strategy_sha256, bars_sha256(spec, dataset))

    def payload(self, first: int | None, last: int | None) -> dict[str, Any]:
        """What the journal says of it; from the first to the last timestamp that was traded (UTC microseconds)."""
        return {
            "spec": self.base,
            "spec_sha256": self.spec_sha256,
            "strategy_sha256": self.strategy_sha256,
            "bars": self.bars,
            "window": traded_window(first, last),
        }

    def trial(
        self, kind: TrialKind, run_id: str, first: int | None, last: int | None, seq: int, spec_key: str = ""
    ) -> Trial:
        """The trial to store, so that it is counted among those on the same data."""
        return Trial(
            kind=kind,
            run_id=run_id,
            strategy_id=self.strategy_id,
            strategy_sha256=self.strategy_sha256,
            bars=self.bars,
            first_ts=first,
            last_ts=last,
            specs=short_digest(self.spec_sha256),
            seq=seq,
            spec_key=spec_key,
        )


def bars_sha256(spec: CompiledSpec, dataset: Dataset) -> dict[str, str]:
    """The sha256 of the bars of each of a spec's symbols, history included."""
    return {symbol: dataset.bars_sha256(symbol) for symbol in spec.symbols}


def traded_window(first: int | None, last: int | None) -> dict[str, str] | None:
    """From the first to the last timestamp that was traded; None where none was."""
    return None if first is None or last is None else {"from": iso(first), "to": iso(last)}


def traded_span(spec: CompiledSpec, dataset: Dataset) -> Span:
    """The first and the last timestamp on which a driver decides."""
    columns = [dataset.bars[symbol].ts[dataset.first_decision(symbol) :] for symbol in spec.symbols]
    traded = [ts for ts in columns if len(ts)]
    if not traded:
        return None, None
    return min(int(ts[0]) for ts in traded), max(int(ts[-1]) for ts in traded)


class TrialCount(StrictModel):
    """How many distinct configurations (a resolved spec and a strategy's code) have been tried.

    `in_plan`: in this plan. `on_these_data`: in it, and before it began in all plans, backtests and forward runs that
    traded one of its symbols at the same time. `not_countable`: older runs on its symbols, in whose time what was tried
    was not journaled.
    """

    in_plan: int
    on_these_data: int
    not_countable: int


def count_trials(mine: Trial, others: Iterable[Trial]) -> TrialCount:
    """Distinct configurations: of one run, and of it and all others that traded the same data at the same time."""
    tried: dict[str, set[bytes]] = {mine.strategy_sha256: set(mine.digests())}
    in_plan, unknown = len(tried[mine.strategy_sha256]), 0
    counted = {(mine.strategy_sha256, mine.specs)}  # the same plan run again says nothing new
    for other in others:
        key = (other.strategy_sha256, other.specs)
        if (other.is_countable and key in counted) or not shares_data(mine, other):
            continue
        if other.is_countable:
            tried.setdefault(other.strategy_sha256, set()).update(other.digests())
            counted.add(key)
        else:
            unknown += 1
    total = sum(map(len, tried.values()))
    return TrialCount(in_plan=in_plan, on_these_data=total, not_countable=unknown)


def shares_data(one: Trial, other: Trial) -> bool:
    """Whether two runs traded a symbol of one name, or the same bars, over times that overlap.

    Of a run of which the time is not known, any time may be.
    """
    if one.bars.keys().isdisjoint(other.bars) and _digests(one.bars).isdisjoint(_digests(other.bars)):
        return False
    if one.first_ts is None or one.last_ts is None or other.first_ts is None or other.last_ts is None:
        return True
    return max(one.first_ts, other.first_ts) <= min(one.last_ts, other.last_ts)


def _digests(bars: Mapping[str, str]) -> set[str]:
    return set(filter(None, bars.values()))
