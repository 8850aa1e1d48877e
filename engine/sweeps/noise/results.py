"""What came of a plan on shuffled bars, as callers read it and as RUN_NOISE_TESTED keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.payloads import read_payload
from engine.ports import Views
from engine.validation import StrictModel
from engine.vocabulary import EventType


class NoiseResult(StrictModel):
    """A plan beside the same plan on shuffled bars.

    `draws` is how many were asked for, `scores` the best score of each that came out, in the order of the draws; None
    where no variant had a score. `best_variant_id` and `best_score` are of the plan itself. `p_noise` is None until all
    draws have come out.
    """

    draws: int
    best_variant_id: str
    best_score: float
    scores: list[float | None]
    p_noise: float | None

    @property
    def as_good(self) -> int:
        """In how many draws the best was at least as good as the plan's."""
        return sum(1 for score in self.scores if score is not None and score >= self.best_score)


def noise_result(draws: int, best_variant_id: str, best_score: float, scores: Sequence[float | None]) -> NoiseResult:
    """The result of the draws that have come out, of those that were asked for."""
    found = NoiseResult.model_construct(
        draws=draws, best_variant_id=best_variant_id, best_score=best_score, scores=list(scores[:draws]), p_noise=None
    )
    if len(scores) < draws:
        return found
    return found.model_copy(update={"p_noise": (1 + found.as_good) / (draws + 1)})


def told_of(views: Views, run_plan_id: str) -> list[dict[str, Any]]:
    """The payloads of a run plan's RUN_NOISE_TESTED, in their order; DATABASE_ERROR."""
    kind = EventType.RUN_NOISE_TESTED
    return [read_payload(stored.text, kind, stored.seq) for stored in views.run_payloads(kind, run_plan_id)]


def known_scores(told: Iterable[dict[str, Any]]) -> list[float | None]:
    """The scores of the first draws, from the payloads of RUN_NOISE_TESTED in their order."""
    known: list[float | None] = []
    for said in told:
        first, scores = said["first"], said["scores"]
        if first <= len(known) < first + len(scores):
            known[first:] = scores
    return known


def latest_result(told: Sequence[dict[str, Any]]) -> NoiseResult | None:
    """What there is to show: the complete test with the most draws, else how far the latest has come."""
    complete = [said for said in told if said["p_noise"] is not None]
    if complete:
        said = max(complete, key=lambda each: int(each["draws"]))
        return noise_result(said["draws"], said["best_variant_id"], said["best_score"], said["scores"])
    for said in reversed(told):
        return noise_result(said["draws"], said["best_variant_id"], said["best_score"], known_scores(told))
    return None
