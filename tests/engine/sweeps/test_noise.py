"""A plan against noise: the scores of plain runs on shuffled bars, kept, stopped, killed and gone on with."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from engine.desk import Desk, DeskConfig
from engine.errors import ConflictError, InvalidError, NotFoundError
from engine.events import CountedStamps, EventType
from engine.market.bars import Dataset, make_bars
from engine.ports import Unwatched
from engine.strategies.registry import Registry
from engine.sweeps.noise.draws import NoiseDraws
from engine.sweeps.noise.results import NoiseResult
from engine.sweeps.record import lifecycle, noise_tests
from tests.engine.sweeps.cases import DATA, SWEEP, Crash, CutStore, run, spec
from tests.oracles import shuffle as oracle
from tests.oracles import statistics
from tests.support.memory_desks import START, memory_desk
from tests.support.memory_store import MemoryStore
from tests.support.worlds import make_world

DRAWS = 12


def load(_: Any) -> Dataset:
    return DATA


def noise_of(desk: Desk, **options: Any) -> NoiseResult:
    plan = desk.plans.all(limit=1)[0].run_plan_id
    return desk.plans.noise(plan, load, **{"draws": DRAWS, **options})


_PROCESSES = itertools.count(1)


def process(store: MemoryStore) -> Desk:
    """A desk over the store with a clock and ids of its own, later than all before."""
    nth = next(_PROCESSES)
    clock = itertools.count(START + nth * 10**9)
    return Desk(store, CountedStamps(UUID(int=nth), lambda: next(clock)), DeskConfig(), Registry())


@pytest.fixture
def store() -> MemoryStore:
    """With a plan that has come to its end."""
    made = MemoryStore()
    run(memory_desk(made))
    return made


@pytest.fixture(scope="module")
def whole() -> NoiseResult:
    """The test of `store`, uninterrupted."""
    desk = memory_desk()
    run(desk)
    return noise_of(desk)


def payloads(store: MemoryStore) -> list[dict[str, Any]]:
    return [json.loads(row.payload) for row in store.journal if row.event_type == EventType.RUN_NOISE_TESTED]


def test_each_draw_is_a_plain_run_of_the_plan_on_shuffled_bars(whole: NoiseResult) -> None:
    """The bars are those of plain loops; the run is one of its own, on a desk of its own."""
    rows = {symbol: oracle.candles_of(bars, "UTC") for symbol, bars in DATA.bars.items()}
    words = statistics.words("noise", DATA.columns_sha256)
    for score in whole.scores:
        shuffled = {
            symbol: bars_of(symbol, series) for symbol, series in oracle.shuffled(rows, {}, words, "UTC").items()
        }
        result = memory_desk().plans.run(spec(), Dataset(shuffled), SWEEP)
        best = next((one for one in result.results if one.variant_id == result.best_variant_id), None)
        assert score == (None if best is None else best.objective_score)
    assert len({*whole.scores}) > DRAWS / 2


def bars_of(symbol: str, series: oracle.Series) -> Any:
    ts, *figures, _ = zip(*series, strict=True)
    return make_bars(symbol, np.array(ts), *(np.array(column) for column in figures))


def test_the_probability_counts_draws_that_are_as_good(whole: NoiseResult) -> None:
    as_good = [score for score in whole.scores if score is not None and score >= whole.best_score]
    assert whole.p_noise == (1 + len(as_good)) / (DRAWS + 1)
    assert whole.as_good == len(as_good)


def test_it_says_which_best_was_compared(store: MemoryStore, whole: NoiseResult) -> None:
    (plan,) = memory_desk(store).plans.all()
    assert (whole.best_variant_id, whole.best_score) == (plan.best_variant_id, plan.best_score)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers_change_nothing(store: MemoryStore, whole: NoiseResult, workers: int) -> None:
    assert noise_of(process(store), workers=workers) == whole


def test_the_end_of_a_test_is_one_event_with_all_of_it(store: MemoryStore, whole: NoiseResult) -> None:
    noise_of(process(store))
    began, ended = payloads(store)
    assert (began["draws"], began["scores"], began["p_noise"]) == (DRAWS, [], None)
    assert set(began["owner"]) == {"host", "pid", "started", "claim"}
    assert ended == {**whole.model_dump(), "first": 0}


def test_a_plan_shows_it_and_its_trials_stay(store: MemoryStore, whole: NoiseResult) -> None:
    desk = process(store)
    plan = desk.plans.all()[0].run_plan_id
    before = desk.plans.get(plan)
    assert before.noise is None
    noise_of(desk)
    assert desk.plans.get(plan) == before.model_copy(update={"noise": whole})
    assert desk.plans.result(plan).noise == whole
    again = run(desk)
    assert again.trials == before.trials


def test_it_is_known_the_second_time(store: MemoryStore, whole: NoiseResult) -> None:
    noise_of(process(store))
    events = len(store.journal)
    assert memory_desk(store).plans.noise(plan_in(store), unwanted, draws=DRAWS) == whole
    assert len(store.journal) == events


def unwanted(_: Any) -> Dataset:
    raise AssertionError("nothing is to be run")


def plan_in(store: MemoryStore) -> UUID:
    return memory_desk(store).plans.all(limit=1)[0].run_plan_id


def test_more_draws_go_on_from_fewer_and_fewer_are_the_first_of_more(
    store: MemoryStore, whole: NoiseResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = noise_of(process(store), draws=5)
    assert few.scores == whole.scores[:5]
    skipped = []
    draw = NoiseDraws.best_scores

    def noted(self: NoiseDraws, draws: int, *, skip: int, **others: Any) -> Iterator[float | None]:
        skipped.append(skip)
        return draw(self, draws, skip=skip, **others)

    monkeypatch.setattr(NoiseDraws, "best_scores", noted)
    assert noise_of(process(store)) == whole
    assert noise_of(process(store), draws=5) == few
    assert memory_desk(store).plans.get(plan_in(store)).noise == whole
    assert skipped == [5]
    assert payloads(store)[-1] == {**whole.model_dump(), "first": 0}


class StopsAt(Unwatched):
    """Asks to stop once so many draws have come out, and notes what it hears."""

    def __init__(self, draws: int) -> None:
        self._draws, self.heard = draws, list[tuple[int, int]]()

    def advance(self, done: int, total: int) -> None:
        self.heard.append((done, total))

    def stopped(self) -> bool:
        return bool(self.heard) and self.heard[-1][0] >= self._draws


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("at", [1, 7, 11])
def test_a_test_that_is_stopped_keeps_what_came_out_and_goes_on(
    store: MemoryStore, whole: NoiseResult, at: int, workers: int
) -> None:
    stopped = noise_of(process(store), watch=StopsAt(at), workers=workers)
    assert at <= len(stopped.scores) < DRAWS
    assert stopped.scores == whole.scores[: len(stopped.scores)]
    assert stopped.p_noise is None
    assert memory_desk(store).plans.get(plan_in(store)).noise == stopped
    watch = StopsAt(DRAWS)
    assert noise_of(process(store), watch=watch) == whole
    assert watch.heard == [(done, DRAWS) for done in range(len(stopped.scores) + 1, DRAWS + 1)]
    assert payloads(store)[-1] == {**whole.model_dump(), "first": 0}


def test_an_interruption_keeps_what_came_out(store: MemoryStore, whole: NoiseResult) -> None:
    class Interrupts(StopsAt):
        def advance(self, done: int, total: int) -> None:
            super().advance(done, total)
            if done == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        noise_of(process(store), watch=Interrupts(99))
    shown = memory_desk(store).plans.get(plan_in(store)).noise
    assert shown is not None
    assert shown.scores == whole.scores[:4]
    assert noise_of(process(store)) == whole


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("cut", range(1, 8))
def test_a_killed_test_goes_on_to_the_same_bytes(
    whole: NoiseResult, cut: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise_tests, "KEEP_EVERY", 3)  # the clock goes up by one at each look
    store = CutStore(0, after=after)
    run(memory_desk(store))
    store.cut = store.commits + cut
    with pytest.raises(Crash):
        noise_of(process(store))
    store.mend()
    assert noise_of(process(store)) == whole
    assert payloads(store)[-1] == {**whole.model_dump(), "first": 0}
    kept = [said for said in payloads(store) if said["scores"]]
    assert len(kept) > 1


def test_another_process_can_cancel_it(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "LOOK_EVERY", 0)
    desk = process(store)

    class Cancels(Unwatched):
        def advance(self, done: int, total: int) -> None:
            if done == 3:
                desk.plans.cancel(plan_in(store))

    stopped = noise_of(desk, watch=Cancels())
    assert 3 <= len(stopped.scores) < DRAWS
    assert desk.plans.get(plan_in(store)).status == "completed"
    assert len(noise_of(desk, watch=StopsAt(99)).scores) == DRAWS  # an earlier request is not this test's


def test_there_is_nothing_to_cancel_without_a_test(store: MemoryStore) -> None:
    desk = process(store)
    for _ in range(2):
        with pytest.raises(ConflictError, match="completed") as caught:
            desk.plans.cancel(plan_in(store))
        assert caught.value.code == "RUN_ENDED"
        noise_of(desk, watch=StopsAt(2))


def test_a_plan_that_is_not_complete_is_refused() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    run(desk, watch=StopsAt(1))
    assert desk.plans.all()[0].status == "cancelled"
    refused(desk, store, "is cancelled")


def test_a_plan_without_a_best_is_refused() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    desk.plans.run(spec(entry={"lookback_days": 99}), DATA, {})
    assert desk.plans.all()[0].best_variant_id is None
    refused(desk, store, "has a score")


def refused(desk: Desk, store: MemoryStore, said: str) -> None:
    events = len(store.journal)
    with pytest.raises(ConflictError, match=said) as caught:
        noise_of(desk)
    assert caught.value.code == "RUN_NOT_COMPLETE"
    assert len(store.journal) == events


def test_what_cannot_be_tested_is_refused(store: MemoryStore) -> None:
    desk = process(store)
    with pytest.raises(InvalidError, match="0 draws"):
        noise_of(desk, draws=0)
    with pytest.raises(NotFoundError):
        desk.plans.noise("0000", load)
    with pytest.raises(InvalidError) as caught:
        desk.plans.noise(plan_in(store), lambda _: make_world(Random(1)).dataset)
    assert caught.value.code == "DATASET_CHANGED"
    assert payloads(store) == []
