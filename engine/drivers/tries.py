"""How many tries there have been on the same data, of which a result is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.ports import Trial
from engine.validation import StrictModel


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
