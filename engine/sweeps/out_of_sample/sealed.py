"""A holdout under seal: which sessions it takes from a dataset, and what the sweep sees of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.drivers.trial import bars_sha256, traded_window
from engine.market.bars import Dataset
from engine.market.sessions import to_micros
from engine.ports import Trial
from engine.statistics.clock import Clock
from engine.strategies.spec import CompiledSpec
from engine.sweeps.out_of_sample.windows import Days, HoldoutTerms, days_of
from engine.sweeps.plan.data import deciding, describe
from engine.sweeps.plan.request import SweepRequest

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SealedHoldout:
    """The last sessions of a plan's data, which its sweep does not see.

    `dataset` describes the bars in it, `bars_sha256` is of each symbol's bars whole, `first_ts` to `last_ts` are the
    times of its first and last bar (UTC microseconds).
    """

    days: Days
    dataset: dict[str, Any]
    bars_sha256: dict[str, str]
    first_ts: int
    last_ts: int

    @classmethod
    def of(cls, text: str, spec: CompiledSpec, dataset: Dataset) -> SealedHoldout:
        """What `20%` or `2012-01-01` takes from these data. INVALID_SPEC."""
        sessions = Clock(dataset, spec.symbols).sessions
        days = days_of(sessions, HoldoutTerms.read(text).first_place(sessions))
        window = dataset.window(start=days.first)
        times = [ts for symbol in spec.symbols if len(ts := window.traded(symbol).ts)]
        first, last = min(int(ts[0]) for ts in times), max(int(ts[-1]) for ts in times)
        return cls(days, describe(window), bars_sha256(spec, dataset), first, last)

    @classmethod
    def read(cls, said: Mapping[str, Any] | None) -> SealedHoldout | None:
        """Of RUN_STARTED; None of a plan without one."""
        if said is None:
            return None
        days = Days(date.fromisoformat(said["from"]), date.fromisoformat(said["to"]))
        first, last = (to_micros(datetime.fromisoformat(said["window"][name])) for name in ("from", "to"))
        return cls(days, said["dataset"], said["bars_sha256"], first, last)

    def document(self) -> dict[str, Any]:
        """As RUN_STARTED has it."""
        return {
            "from": self.days.first.isoformat(),
            "to": self.days.last.isoformat(),
            "window": traded_window(self.first_ts, self.last_ts),
            "bars_sha256": self.bars_sha256,
            "dataset": self.dataset,
        }

    def seen(self, dataset: Dataset) -> Dataset:
        """What the sweep sees: the data up to the day before."""
        return dataset.window(end=self.days.first - _DAY)

    def opened(self, dataset: Dataset) -> Dataset:
        """The holdout itself: what the sweep saw is history."""
        return dataset.window(start=self.days.first)

    def as_trial(self) -> Trial:
        """Whose data others are held against: nothing is tried here."""
        return Trial(
            kind="plan",
            run_id="",
            strategy_id="",
            strategy_sha256="",
            bars=self.bars_sha256,
            first_ts=self.first_ts,
            last_ts=self.last_ts,
            specs=b"",
            seq=0,
        )


def seen_by_sweep(holdout: SealedHoldout | None, dataset: Dataset) -> Dataset:
    """All of the data, or those before the holdout."""
    return dataset if holdout is None else holdout.seen(dataset)


def check_folds(request: SweepRequest, spec: CompiledSpec, seen: Dataset) -> None:
    """INVALID_SPEC unless the walk-forward that is asked for, if one is, has a whole fold."""
    terms = request.walk_forward_terms()
    if terms is not None:
        terms.folds(Clock(seen, spec.symbols).sessions)


def out_of_sample(request: SweepRequest, holdout: SealedHoldout | None) -> dict[str, Any]:
    """What decides the results of a holdout and a walk-forward, beside what decides those of the sweep."""
    terms = request.walk_forward_terms()
    found: dict[str, Any] = {} if holdout is None else {"holdout": deciding(holdout.dataset)}
    return found if terms is None else found | {"walk_forward": str(terms), "objective": request.objective}
