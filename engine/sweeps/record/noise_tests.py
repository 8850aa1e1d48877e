"""A noise test as the journal has it: begun, kept as it goes on, ended, and gone on with after a stop or a kill."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from engine.errors import ConflictError, InvalidError, PapertapeError
from engine.events import EventType, Stamps
from engine.jsontext import compact_json
from engine.market.bars import Dataset
from engine.ports import Owner, Store, Views, Watch
from engine.sweeps.noise.draws import NoiseDraws
from engine.sweeps.noise.results import NoiseResult, known_scores, latest_result, noise_result
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.record.lifecycle import JournalWatch
from engine.sweeps.record.queries import RunRecord
from engine.sweeps.record.recorder import run_event

KEEP_EVERY = 5_000_000
"""Microseconds after which the scores that have come out are written: a kill loses no more."""


def check_testable(record: RunRecord, draws: int) -> None:
    """RUN_NOT_COMPLETE for a run plan that has no best, or none yet; INVALID_SPEC for no draws."""
    if draws < 1:
        raise InvalidError("INVALID_SPEC", f"{draws} draws", hint="give at least 1")
    check_has_best(record)


def check_has_best(record: RunRecord) -> None:
    """RUN_NOT_COMPLETE for a run plan that has no best, or none yet."""
    if record.status != "completed":
        hint = "wait for its end" if record.status == "running" else f"`plan resume {record.id}` goes on with it"
        raise ConflictError("RUN_NOT_COMPLETE", f"run plan {record.id} is {record.status}", hint=hint)
    if record.ended(record.last_at)["best_score"] is None:
        why = f"no variant of run plan {record.id} has a score: there is no best"
        raise ConflictError("RUN_NOT_COMPLETE", why, hint="`plan show` says why its variants did not trade")


class NoiseTest:
    """One test of a run plan; the scores of the first draws may be known from earlier ones."""

    def __init__(self, store: Store, stamps: Stamps, record: RunRecord, draws: int) -> None:
        self._store, self._stamps, self._record, self._draws = store, stamps, record, draws
        ended = record.ended(record.last_at)
        self._best = {"best_variant_id": ended["best_variant_id"], "best_score": ended["best_score"]}
        self._scores = known_scores(record.noise_told)[:draws]
        self._kept = len(self._scores)

    @property
    def is_known(self) -> bool:
        """Whether all of its draws have come out before."""
        return len(self._scores) == self._draws

    def answer(self) -> NoiseResult:
        """The result of a test whose draws are all known; written where no earlier test had so many draws."""
        shown = latest_result(self._record.noise_told)
        if shown is None or shown.p_noise is None or shown.draws < self._draws:
            self._write(self._end())
        return self._result()

    def run(self, plan: RunPlan, dataset: Dataset, owner: Owner, workers: int, watch: Watch | None) -> NoiseResult:
        """Every draw that is not known. When the watch or the journal says stop, what came out is kept.

        So it is when it is interrupted from the keyboard or something fails, which is then raised.
        """
        at_work = {"owner": asdict(owner)}
        requests = self._begin(at_work)
        told = _NoiseWatch(self._store, self._stamps, self._record, requests, watch)
        try:
            self._draw(NoiseDraws(plan, dataset), workers, told, at_work)
        except BaseException:
            with suppress(PapertapeError):
                self._write(self._part())
            raise
        self._write(self._end() if self.is_known else self._part())
        if self.is_known:
            told.told(self._draws, self._draws)  # once it is kept
        return self._result()

    def _draw(self, noise: NoiseDraws, workers: int, told: _NoiseWatch, at_work: dict[str, Any]) -> None:
        written_at = self._stamps.now()
        for score in noise.best_scores(self._draws, skip=len(self._scores), workers=workers, watch=told):
            self._scores.append(score)
            now = self._stamps.now()
            if now - written_at >= KEEP_EVERY:
                written_at = now
                self._write(self._part() | at_work)
            if len(self._scores) < self._draws:
                told.told(len(self._scores), self._draws)

    def _begin(self, at_work: dict[str, Any]) -> int:
        """Say who is at work; how many requests to cancel there have been."""
        with self._store.write() as unit:
            requests = _requests(unit, self._record)
            self._append(unit, self._part() | at_work)
            unit.commit()
        return requests

    def _part(self) -> dict[str, Any]:
        """The scores that are not written yet."""
        first, self._kept = self._kept, len(self._scores)
        return {"draws": self._draws, **self._best, "first": first, "scores": self._scores[first:], "p_noise": None}

    def _end(self) -> dict[str, Any]:
        """The whole test, the same however it came about."""
        return {
            "draws": self._draws,
            **self._best,
            "first": 0,
            "scores": self._scores,
            "p_noise": self._result().p_noise,
        }

    def _result(self) -> NoiseResult:
        return noise_result(self._draws, self._best["best_variant_id"], self._best["best_score"], self._scores)

    def _write(self, said: dict[str, Any]) -> None:
        with self._store.write() as unit:
            self._append(unit, said)
            unit.commit()

    def _append(self, unit: Any, said: dict[str, Any]) -> None:
        record, kind = self._record, EventType.RUN_NOISE_TESTED
        now, event_id = self._stamps.now(), self._stamps.new_id()
        unit.append([run_event(kind, record.id, record.workspace_id, event_id, now, compact_json(said))])


class _NoiseWatch(JournalWatch):
    """Stops a test once the run plan is asked to stop, which is not running any more."""

    def __init__(self, store: Store, stamps: Stamps, record: RunRecord, requests: int, watch: Watch | None) -> None:
        super().__init__(store, stamps, watch)
        self._record, self._requests = record, requests

    def is_over(self, views: Views) -> bool:
        """Whether there is a further request to cancel."""
        return _requests(views, self._record) > self._requests


def _requests(views: Views, record: RunRecord) -> int:
    """How many requests to cancel a run plan has."""
    return sum(1 for mark in views.run_marks(str(record.id)) if mark.event_type == EventType.RUN_CANCEL_REQUESTED)
