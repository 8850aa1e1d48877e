"""How an execution stands and how it ended: a fold over its starts, resumptions, requests to cancel and ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.errors import PapertapeError
from engine.events import EventType
from engine.payloads import damaged, read_payload
from engine.ports import Owner, Owners, RunMark
from engine.sweeps.results import VariantResult
from engine.vocabulary import RunStatus

BEGINS = frozenset({EventType.RUN_STARTED.value, EventType.RUN_RESUMED.value})
ENDS: dict[str, RunStatus] = {
    EventType.RUN_COMPLETED.value: RunStatus.COMPLETED,
    EventType.RUN_FAILED.value: RunStatus.FAILED,
    EventType.RUN_CANCELLED.value: RunStatus.CANCELLED,
}


@dataclass(slots=True)
class Standing:
    """`first` is RUN_STARTED, `begun` the latest start or resumption, `end` the end after that, if there is one."""

    first: RunMark
    begun: RunMark = field(init=False)
    end: RunMark | None = None
    cancel_requested: bool = False

    def __post_init__(self) -> None:
        self.begun = self.first

    def take(self, mark: RunMark) -> None:
        """Fold the next event, in `seq` order, into the status."""
        if mark.event_type in BEGINS:
            self.begun, self.end, self.cancel_requested = mark, None, False
        elif mark.event_type in ENDS:
            self.end = mark
        else:
            self.cancel_requested = True

    def status(self, owner_alive: bool) -> RunStatus:
        """As people call it; `owner_alive` matters while there is no end."""
        if self.end is not None:
            return ENDS[self.end.event_type]
        return RunStatus.RUNNING if owner_alive else RunStatus.INTERRUPTED

    @property
    def ended(self) -> dict[str, Any]:
        """The payload of the event that ended the run; empty while it has not ended."""
        return {} if self.end is None else _said(self.end)

    @property
    def worked_before(self) -> float:
        """Seconds of work before the latest start or resumption."""
        return float(_said(self.begun)["worked_s"]) if self.begun is not self.first else 0.0

    def worked(self, until: int) -> float:
        """Seconds of work up to a time, in UTC microseconds."""
        return self.worked_before + max(0, until - self.begun.recorded_at) / 1e6


def standings(marks: Iterable[RunMark]) -> dict[str, Standing]:
    """Each execution's standing by its id, in the order of their starts; DATABASE_ERROR when one has no start."""
    found: dict[str, Standing] = {}
    for mark in marks:
        if mark.run_plan_id in found:
            found[mark.run_plan_id].take(mark)
        elif mark.event_type == EventType.RUN_STARTED:
            found[mark.run_plan_id] = Standing(mark)
        else:
            raise damaged(f"run plan {mark.run_plan_id}", f"its first event, {mark.seq}, is {mark.event_type}")
    return found


def standing_of(marks: Iterable[RunMark], run_plan_id: str) -> Standing:
    """One execution's standing, of its marks; DATABASE_ERROR when there are none."""
    found = standings(marks).get(run_plan_id)
    if found is None:
        raise damaged(f"run plan {run_plan_id}", "its RUN_STARTED is not where the index has it")
    return found


def owner_of(standing: Standing, heading: dict[str, Any]) -> Owner:
    """Who began or resumed it last; `heading` is RUN_STARTED's."""
    return owner_said(heading["owner"] if standing.begun is standing.first else _said(standing.begun)["owner"])


def owner_said(said: dict[str, Any]) -> Owner:
    """An owner, as events have it."""
    return Owner(said["host"], said["pid"], said["started"], said["claim"])


def is_alive(owners: Owners, standing: Standing, heading: dict[str, Any]) -> bool:
    """Whether somebody is at work on it."""
    return standing.end is None and owners.alive(owner_of(standing, heading))


def ending(
    heading: dict[str, Any],
    done: Iterable[VariantResult],
    best: VariantResult | None,
    worked_s: float,
    *,
    verified: int = 0,
    differs_from: dict[str, int] | None = None,
    error: BaseException | None = None,
) -> dict[str, Any]:
    """The payload of RUN_COMPLETED, RUN_FAILED or RUN_CANCELLED: all that a list of run plans shows."""
    states = [result.status for result in done]
    known = isinstance(error, PapertapeError)
    return {
        **{name: heading[name] for name in ("strategy_id", "objective", "journal", "variants_count", "fingerprint")},
        "done": len(states),
        "failed": states.count("failed"),
        "skipped": states.count("skipped"),
        "best_variant_id": None if best is None else best.variant_id,
        "best_score": None if best is None else best.objective_score,
        "worked_s": round(worked_s, 6),
        "verified": verified,
        "differs_from": differs_from or {},
        "error": None if error is None else str(error) if known else f"{type(error).__name__}: {error}",
        "error_code": None if error is None else error.code if isinstance(error, PapertapeError) else "INTERNAL",
    }


def _said(mark: RunMark) -> dict[str, Any]:
    return read_payload(mark.payload, mark.event_type, mark.seq)


_NUMBERS = itertools.count(1)


class SoleOwners:
    """`engine.ports.Owners` that knows its own claims and no other process."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def claim(self) -> Owner:
        """An owner with a number of its own."""
        owner = Owner("", 0, "", next(_NUMBERS))
        self._held.add(owner.claim)
        return owner

    def release(self, owner: Owner) -> None:
        """It is at work no more."""
        self._held.discard(owner.claim)

    def alive(self, owner: Owner) -> bool:
        """Whether it was claimed here and not released."""
        return owner.claim in self._held
