"""Holdouts under seal, opened once and counted; walk-forwards stopped, killed and resumed; plans without either."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from engine.desk import Desk
from engine.errors import ConflictError, InvalidError, PapertapeError
from engine.events import EventType
from engine.market.bars import Bars, Dataset
from engine.market.sessions import day_to_date
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from engine.sweeps.out_of_sample import walk_forward
from engine.sweeps.out_of_sample.windows import HoldoutTerms, WalkForwardTerms
from engine.sweeps.results import PlanResult
from tests.engine.sweeps.cases import DATA, SWEEP, Crash, CutStore, other_desk, same, spec
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore

RUN = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")
SESSIONS = [day_to_date(int(day)) for day in np.unique(DATA.bars["AAA"].session)]
WALK = "train=3,test=1"


def sweep(desk: Desk, **terms: Any) -> PlanResult:
    return desk.plans.run(spec(), DATA, SWEEP, **{"journal": "summary", **terms})


def load(_: Any) -> Dataset:
    return DATA


class TestSealed:
    def test_nothing_of_the_sweep_knows_the_holdout(self) -> None:
        """Other prices in it change nothing but its own fingerprint."""
        bars = {symbol: self.doubled(one) for symbol, one in DATA.bars.items()}
        others = [memory_desk().plans.run(spec(), Dataset(bars), SWEEP, holdout="25%", run_plan_id=RUN)]
        ours = memory_desk().plans.run(spec(), DATA, SWEEP, holdout="25%", run_plan_id=RUN)
        kept = {"results", "best_variant_id", "benchmark", "statistics", "trials", "bar_count"}
        assert ours.model_dump(include=kept) == others[0].model_dump(include=kept)
        assert ours.fingerprint != others[0].fingerprint

    @staticmethod
    def doubled(bars: Bars) -> Bars:
        """Twice the prices in the last two sessions."""
        times = np.where(bars.session >= np.unique(bars.session)[-2], 2.0, 1.0)
        prices = {name: getattr(bars, name) * times for name in ("open", "high", "low", "close")}
        return replace(bars, **prices)

    def test_a_holdout_is_part_of_the_fingerprint_and_so_is_a_walk_forward(self) -> None:
        terms: list[dict[str, Any]] = [
            {},
            {"holdout": "25%"},
            {"holdout": SESSIONS[-1].isoformat()},
            {"walk_forward": WALK},
            {"walk_forward": f"{WALK},anchored"},
            {"walk_forward": WALK, "objective": "return"},
        ]
        marks = [sweep(memory_desk(), **each).fingerprint for each in terms]
        assert len(set(marks)) == len(marks)
        assert sweep(memory_desk(), holdout=SESSIONS[-2].isoformat()).fingerprint == marks[1]
        assert sweep(memory_desk(), objective="return").fingerprint == marks[0]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("0%", "leaves nothing on one side"),
            ("100%", "leaves nothing on one side"),
            ("12%", "a holdout of 12% of 8 sessions has 0"),
            ("a fifth", "'a fifth' is neither a share nor a day"),
            ("2012-02-30", "'2012-02-30' is neither a share nor a day"),
            (SESSIONS[0].isoformat(), f"has no session before it: the sessions go from {SESSIONS[0]} to"),
            ((SESSIONS[-1] + timedelta(days=1)).isoformat(), f"has no session in it: .* to {SESSIONS[-1]}"),
        ],
    )
    def test_what_is_none_is_refused_and_nothing_written(self, text: str, why: str) -> None:
        store = MemoryStore()
        with pytest.raises(InvalidError, match=why) as refused:
            sweep(memory_desk(store), holdout=text)
        assert refused.value.code == "INVALID_SPEC"
        assert store.journal == []

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("train=8,test=1", "needs 9 sessions, and there are 8"),
            ("train=4,test=2,purge=3", "a purge of 3 and a test of 2 needs 9 sessions, and there are 8"),
            ("train=3,test=2,step=1", "a step of 1 below the test of 2"),
            ("train=3", "test is missing"),
            ("test=3,anchored", "train is missing"),
            ("train=0,test=1", "at least 1 session"),
            ("train=3,test=1,train=4", "'train=4' does not belong there"),
            ("train=3,test=-1", "'test=-1' does not belong there"),
            ("train=3,test=1,anchored=1", "'anchored=1' does not belong there"),
            ("train=3,test=1.5", "'test=1.5' does not belong there"),
            ("", "'' does not belong there"),
        ],
    )
    def test_so_is_a_walk_that_is_none(self, text: str, why: str) -> None:
        store = MemoryStore()
        with pytest.raises(InvalidError, match=why) as refused:
            sweep(memory_desk(store), walk_forward=text)
        assert refused.value.code == "INVALID_SPEC"
        assert store.journal == []

    def test_terms_are_read_with_their_defaults(self) -> None:
        assert WalkForwardTerms.read(" train = 504, test=126 ") == WalkForwardTerms(504, 126, 126)
        everything = "train=5,test=2,step=3,purge=1,anchored"
        assert str(WalkForwardTerms.read(everything)) == everything
        assert HoldoutTerms.read("12.5%").first_place(np.arange(9)) == 8


class TestOpened:
    def test_it_opens_once_and_stays_as_it_was(self) -> None:
        store = MemoryStore()
        desk = memory_desk(store)
        result = sweep(desk, holdout="50%", objective="return")
        assert result.holdout is not None
        assert (result.holdout.opened, result.holdout.best, result.holdout.baseline) == (False, None, None)
        opened = desk.plans.open(result.run_plan_id, load)
        count = len(store.journal)
        assert opened.holdout is not None
        assert opened.holdout.opened
        assert opened.holdout.best is not None
        assert opened.holdout.best.trade_count > 0
        sweep(desk)  # it sees these sessions, but later

        def never(_: Any) -> Dataset:
            raise AssertionError("what is known is not traded again")

        assert desk.plans.open(result.run_plan_id, never) == opened
        assert desk.plans.get(result.run_plan_id).holdout == opened.holdout
        assert desk.plans.result(result.run_plan_id).holdout == opened.holdout
        assert [row.event_type for row in store.journal[count:]].count("RUN_HOLDOUT_OPENED") == 0

    def test_openings_and_tries_on_its_sessions_are_counted(self) -> None:
        desk = memory_desk()
        first = sweep(desk, holdout="25%")
        assert first.holdout is not None
        assert (first.holdout.opened_before, first.holdout.seen_by_trials) == (0, 0)
        sweep(desk)
        desk.plans.open(first.run_plan_id, load)
        second = sweep(desk, holdout="50%", objective="return")
        assert second.holdout is not None
        tried = len([one for one in first.results if one.status == "succeeded"])
        assert (second.holdout.opened_before, second.holdout.seen_by_trials) == (1, tried)
        apart = desk.plans.run(spec(symbols=["CCC"]), DATA.window(end=SESSIONS[3]), SWEEP, holdout="50%")
        assert apart.holdout is not None
        assert apart.holdout.opened_before == 0, "the first one's sessions come after it"
        opened = desk.plans.open(second.run_plan_id, load).holdout
        assert opened is not None
        assert (opened.opened_before, opened.seen_by_trials) == (1, tried)
        desk.plans.open(sweep(desk, holdout="12.5%").run_plan_id, load)
        assert desk.plans.get(second.run_plan_id).holdout == opened

    def test_the_same_bars_under_another_name_are_the_same(self) -> None:
        desk = memory_desk()
        desk.plans.open(sweep(desk, holdout="25%").run_plan_id, load)
        renamed = Dataset({"ZZZ": replace(DATA.bars["BBB"], symbol="ZZZ")})
        other = desk.plans.run(spec(symbols=["ZZZ"]), renamed, {}, holdout="25%")
        assert other.holdout is not None
        assert other.holdout.opened_before == 1
        changed = replace(renamed.bars["ZZZ"], symbol="YYY", volume=renamed.bars["ZZZ"].volume + 1)
        another = desk.plans.run(spec(symbols=["YYY"]), Dataset({"YYY": changed}), {}, holdout="25%")
        assert another.holdout is not None
        assert another.holdout.opened_before == 0

    def test_what_cannot_be_opened(self) -> None:
        store = MemoryStore()
        desk = memory_desk(store)
        with pytest.raises(ConflictError, match="has no holdout"):
            desk.plans.open(sweep(desk).run_plan_id, load)

        class Stop:
            def advance(self, done: int, total: int) -> None: ...

            def stopped(self) -> bool:
                return True

        stopped = sweep(desk, holdout="25%", watch=Stop())
        with pytest.raises(ConflictError, match="is cancelled: its best is not known yet") as refused:
            desk.plans.open(stopped.run_plan_id, load)
        assert refused.value.code == "HOLDOUT_NOT_OPENABLE"
        assert "RUN_HOLDOUT_OPENED" not in [row.event_type for row in store.journal]

    @pytest.mark.parametrize("place", [0, -1])
    def test_changed_data_are_refused_before_and_in_the_holdout(self, place: int) -> None:
        store = MemoryStore()
        desk = memory_desk(store)
        result = sweep(desk, holdout="25%")
        volume = DATA.bars["AAA"].volume.copy()
        volume[place] += 1
        changed = Dataset({**DATA.bars, "AAA": replace(DATA.bars["AAA"], volume=volume)})
        with pytest.raises(InvalidError, match="are not those that run plan") as refused:
            desk.plans.open(result.run_plan_id, lambda _: changed)
        assert refused.value.code == "DATASET_CHANGED"
        assert desk.plans.result(result.run_plan_id) == result

    def test_trades_and_curves_are_those_of_the_sweep(self) -> None:
        desk = memory_desk()
        result = sweep(desk, holdout="25%")
        ends = desk.plans.trades(result.run_plan_id, "baseline", load)[-1].exit_ts
        assert ends.date() < SESSIONS[-2]
        assert len(desk.plans.equity_frame(result.run_plan_id, DATA)) == 6


def test_a_window_with_history_is_split_and_walked_within_its_own_sessions() -> None:
    """`--from` and `--to` come first: shares are of the window, and what lies before it stays history."""
    window, whole = DATA.window(SESSIONS[2], SESSIONS[-2]), memory_desk()
    result = whole.plans.run(spec(), window, SWEEP, holdout="40%", walk_forward="train=2,test=1", journal="summary")
    assert (result.holdout, result.walk_forward) != (None, None)
    assert result.holdout is not None
    assert result.walk_forward is not None
    assert (result.holdout.from_, result.holdout.to) == (SESSIONS[5], SESSIONS[6])
    (fold,) = result.walk_forward.folds
    assert (fold.train_from, fold.test_to) == (SESSIONS[2], SESSIONS[4])
    assert result.history_bars == window.history_bars > 0
    opened = whole.plans.open(result.run_plan_id, lambda _: window).holdout
    alone = memory_desk().plans.run(spec(), DATA.window(SESSIONS[5], SESSIONS[6]), {}, journal="summary")
    assert opened is not None
    assert opened.baseline == alone.results[0].metrics


class TestVerdict:
    """Of what the journal has: the figures are put into it."""

    def told(self, store: MemoryStore, kind: EventType, change: Any) -> None:
        for place, row in enumerate(store.journal):
            if row.event_type == kind:
                said = json.loads(row.payload)
                change(said)
                store.journal[place] = row._replace(payload=json.dumps(said))

    def judged(self, best: float | None, entered: int = 40, p_luck: float = 0.01) -> str:
        store = MemoryStore()
        desk = memory_desk(store)
        opened = desk.plans.open(sweep(desk, holdout="25%", objective="return").run_plan_id, load)

        def completed(said: dict[str, Any]) -> None:
            said["statistics"] |= {"sessions": 500, "p_luck": p_luck, "verdict": "BEYOND_LUCK"}
            said["judged"] = {"entered_sessions": entered, "losing_trades": 9}

        def came(said: dict[str, Any]) -> None:
            said["best"]["sharpe_annual"] = best

        self.told(store, EventType.RUN_COMPLETED, completed)
        self.told(store, EventType.RUN_HOLDOUT_OPENED, came)
        detail = desk.plans.get(opened.run_plan_id)
        assert detail.statistics is not None
        assert detail.statistics == desk.plans.result(opened.run_plan_id).statistics
        return detail.statistics.verdict

    def test_it_is_made_anew_with_the_holdout(self) -> None:
        assert self.judged(0.4) == "BEYOND_LUCK"
        assert self.judged(-0.1) == "FAILED_OUT_OF_SAMPLE"
        assert self.judged(0.0) == "FAILED_OUT_OF_SAMPLE"
        assert self.judged(None) == "TOO_LITTLE_DATA"
        assert self.judged(-0.1, p_luck=0.06) == "LIKE_LUCK"
        assert self.judged(0.4, entered=29) == "TOO_LITTLE_DATA"


@pytest.mark.parametrize("journal", ["full", "summary"])
@pytest.mark.parametrize("after", [False, True])
def test_cut_at_any_commit_a_walk_forward_ends_as_without(journal: str, after: bool) -> None:
    terms = {"journal": journal, "run_plan_id": RUN, "walk_forward": WALK, "holdout": "25%"}
    expected = sweep(memory_desk(), **terms)
    assert expected.walk_forward is not None
    for cut in range(3, 200):
        store = CutStore(cut, after)
        try:
            sweep(memory_desk(store), **terms)
        except Crash:
            store.mend()
        else:
            break
        desk = other_desk(store)
        if desk.plans.get(RUN).status != "completed":
            assert same(desk.plans.resume(RUN, load)) == same(expected)
        assert desk.plans.result(RUN).model_dump() == expected.model_dump()
    assert cut > 4


class Kill:
    """A watch in whose n-th step of a walk-forward the process dies: nothing is written any more."""

    def __init__(self, store: CutStore, step: int) -> None:
        self.store, self.left, self.totals = store, step, set[int]()

    def advance(self, done: int, total: int) -> None:
        self.totals.add(total)
        if 9 < done < total:  # the variants have come out, and the end is not written
            self.left -= 1
            if self.left == 0:
                self.store.dead = True
                raise Crash

    def stopped(self) -> bool:
        return False


def test_killed_within_its_folds_it_ends_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_forward, "TOGETHER", 2)
    expected = sweep(memory_desk(), run_plan_id=RUN, walk_forward=WALK)
    killed = 0
    for step in range(1, 100):
        store = CutStore(-1, after=True)
        watch = Kill(store, step)
        try:
            sweep(memory_desk(store), run_plan_id=RUN, walk_forward=WALK, watch=watch)
        except Crash:
            killed += 1
            store.dead = False
        else:
            break
        desk = other_desk(store)
        before = desk.plans.get(RUN)
        assert (before.status, before.done, before.walk_forward) == ("interrupted", 9, None)
        assert desk.plans.resume(RUN, load).model_dump() == expected.model_dump()
    assert watch.totals == {9 + 5 * 7}  # five folds of the variants that are not skipped
    assert killed > 15


class Stop:
    """A watch that says stop once so many steps are behind."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0

    def advance(self, done: int, total: int) -> None:
        self.done = done

    def stopped(self) -> bool:
        return self.done >= self.steps


@pytest.mark.parametrize("steps", [10, 20, 40])
def test_stopped_within_its_folds_it_is_cancelled_and_resumed(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_forward, "TOGETHER", 2)
    expected = sweep(memory_desk(), run_plan_id=RUN, walk_forward=WALK)
    desk = memory_desk()
    stopped = sweep(desk, run_plan_id=RUN, walk_forward=WALK, watch=Stop(steps))
    assert (stopped.status, stopped.walk_forward, stopped.done) == ("cancelled", None, 9)
    assert desk.plans.result(RUN) == stopped
    assert desk.plans.resume(RUN, load).model_dump() == expected.model_dump()


def test_neither_workers_nor_the_size_of_a_batch_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sweep(memory_desk(), run_plan_id=RUN, walk_forward=WALK)
    monkeypatch.setattr(walk_forward, "TOGETHER", 3)
    assert sweep(memory_desk(), run_plan_id=RUN, walk_forward=WALK, workers=4) == expected


def test_folds_are_no_tries() -> None:
    assert sweep(memory_desk(), walk_forward=WALK).trials == sweep(memory_desk()).trials


def test_a_plan_from_before_there_were_any_has_none() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    result = sweep(desk)
    for place, row in enumerate(store.journal):
        if row.event_type in {EventType.RUN_STARTED, EventType.RUN_COMPLETED}:
            said = json.loads(row.payload)
            later = ("holdout", "walk_forward", "judged")
            store.journal[place] = row._replace(
                payload=json.dumps({name: value for name, value in said.items() if name not in later})
            )
    detail = desk.plans.get(result.run_plan_id)
    assert (detail.holdout, detail.walk_forward) == (None, None)
    assert (detail.plan["holdout"], detail.plan["walk_forward"]) == (None, None)
    assert desk.plans.result(result.run_plan_id) == result


class LevelParams(Params):
    share: float = 0.5


class Hindsight(Strategy[LevelParams]):
    """Buys below a share of the highest close of all the data, those to come too: it looks ahead."""

    key = "hindsight"
    params = LevelParams
    default_exit = "none"

    def signals(self, bars: Bars, params: LevelParams) -> Signals:
        return Signals(bars.close < params.share * bars.close.max(initial=0.0))

    def window(self, params: LevelParams) -> Window:
        return Window(bars=1)


def test_training_knows_nothing_of_what_comes_after_it() -> None:
    """A strategy that looks ahead sees no further than its window: its folds are trained one by one."""
    registry = Registry()
    registry.add(Hindsight, "a test")
    looks = parse_spec({"strategy_id": "hindsight", "symbols": ["AAA"], "exit": {"max_bars": 2}})
    values = {"entry.share": [0.97, 0.98, 0.99]}
    desk = memory_desk(registry=registry)
    result = desk.plans.run(looks, DATA, values, walk_forward=WALK, objective="return", journal="summary")
    assert result.walk_forward is not None
    for fold in result.walk_forward.folds:
        alone = desk.plans.run(
            looks, DATA.window(fold.train_from, fold.train_to), values, objective="return", journal="summary"
        )
        assert fold.score == next(
            (one.objective_score for one in alone.results if one.variant_id == alone.best_variant_id), None
        )
        assert alone.best_variant_id in {fold.best_variant_id, None}


class FailingParams(Params):
    after: int = 10**9


class Failing(Strategy[FailingParams]):
    """Buys every bar, and fails on more than so many."""

    key = "failing"
    params = FailingParams
    default_exit = "none"

    def signals(self, bars: Bars, params: FailingParams) -> Signals:
        if len(bars) > params.after:
            raise ValueError("too many bars")
        return Signals(np.ones(len(bars), dtype=np.bool_))

    def window(self, params: FailingParams) -> Window:
        return Window(bars=1)


def test_one_that_fails_in_its_test_leaves_the_account_as_it_was() -> None:
    """The baseline fails from the fifth session on, and nothing else is tried."""
    registry = Registry()
    registry.add(Failing, "a test")
    fails = parse_spec({"strategy_id": "failing", "symbols": ["AAA"], "entry": {"after": 50}, "exit": {"max_bars": 2}})
    data = Dataset({"AAA": DATA.bars["AAA"]})
    first_bars = [int(np.count_nonzero(data.bars["AAA"].session <= day)) for day in np.unique(data.bars["AAA"].session)]
    plan = memory_desk(registry=registry).plans.run(fails, data, {}, walk_forward="train=2,test=1", objective="return")
    walk = plan.walk_forward
    assert walk is not None
    works = [first_bars[place + 2] <= 50 for place in range(len(walk.folds))]
    assert [fold.metrics is not None for fold in walk.folds] == works
    assert True in works
    assert False in works
    ended = [fold.metrics.ending_equity for fold in walk.folds if fold.metrics is not None]
    assert walk.out_of_sample.ending_equity == ended[-1]


def test_a_damaged_opening_is_named() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    opened = desk.plans.open(sweep(desk, holdout="25%").run_plan_id, load)
    for place, row in enumerate(store.journal):
        if row.event_type == EventType.RUN_HOLDOUT_OPENED:
            said = json.loads(row.payload)
            store.journal[place] = row._replace(payload=json.dumps({**said, "to": "soon"}))
    with pytest.raises(PapertapeError, match=r"RUN_HOLDOUT_OPENED.*\.to is 'soon'"):
        desk.plans.get(opened.run_plan_id)


def test_what_is_traded_on_a_holdout_is_the_simulations() -> None:
    """The account starts anew, and the bars before are history."""
    desk = memory_desk()
    result = sweep(desk, holdout="25%", slippage_bps=10.0, objective="return")
    opened = desk.plans.open(result.run_plan_id, load).holdout
    assert opened is not None
    window = DATA.window(start=SESSIONS[-2])
    alone = desk.plans.run(spec(), window, SWEEP, slippage_bps=10.0, journal="summary")
    found = {one.variant_id: one.metrics for one in alone.results}
    assert result.best_variant_id is not None
    assert found[result.best_variant_id] == opened.best
    assert found[result.results[0].variant_id] == opened.baseline
