"""`run -w` and a past that changed: refused with the first row, or accepted, and never traded twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk import Desk
from engine.drivers.backtest import RunOutcome
from engine.drivers.beginning import OnwardTerms
from engine.errors import InvalidError
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.recording import Recorded
from engine.ports import EventFilter
from engine.strategies.base import Signals, Strategy, Window
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from tests.support.desks import open_test_desk
from tests.support.memory_desks import memory_desk
from tests.support.worlds import DAY, make_world

FIRST = 19_724  # 2024-01-02
HOUR = DAY // 24
ACCEPT = OnwardTerms(accept_history=True)
SPEC: dict[str, Any] = {
    "strategy_id": "breakout_52w_high",
    "symbols": ["X"],
    "entry": {"lookback_days": 1},
    "exit": {"type": "none", "stop_loss_pct": 10.0},
    "risk": {"dollars_per_trade": 1000.0},
}


def daily(*closes: float, symbol: str = "X", first: int = FIRST, stamps: dict[int, int] | None = None) -> Bars:
    """A bar a day at midnight; `stamps` moves the bar of a place by so many microseconds."""
    ts = np.array([(first + i) * DAY + (stamps or {}).get(i, 0) for i in range(len(closes))], dtype=np.int64)
    close = np.array(closes)
    return make_bars(symbol, ts, close, close, close, close, np.ones(len(closes)))


def joined(*parts: Bars) -> Bars:
    """Bars of one symbol in the order of their times."""
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in Bars.__dataclass_fields__
        if name != "symbol"
    ]
    order = np.argsort(columns[0])
    return Bars(parts[0].symbol, *(column[order] for column in columns))


def data(*bars: Bars) -> Dataset:
    return Dataset({one.symbol: one for one in bars})


def run(desk: Desk, *bars: Bars, spec: dict[str, Any] = SPEC, terms: OnwardTerms | None = None) -> RunOutcome:
    return desk.research.run_onward(parse_spec(spec), data(*bars), desk.accounts.require("w"), terms=terms)


def refused(desk: Desk, *bars: Bars, spec: dict[str, Any] = SPEC) -> InvalidError:
    """The refusal, which leaves nothing behind."""
    before = (desk.journal.head(), desk.accounts.state("w"))
    with pytest.raises(InvalidError) as caught:
        run(desk, *bars, spec=spec)
    assert (desk.journal.head(), desk.accounts.state("w")) == before
    return caught.value


def events(desk: Desk, *kinds: str) -> list[Any]:
    return desk.journal.events("w", where=EventFilter(types=kinds))


def fills(desk: Desk) -> list[tuple[int, str, float]]:
    return [
        (round(each.ts.timestamp() * 1e6) // DAY - FIRST, each.side, each.price)
        for each in events(desk, "ORDER_FILLED")
    ]


def recorded(desk: Desk, symbol: str = "X") -> Recorded:
    with desk._store.read() as views:
        return views.recorded(desk.accounts.require("w").id, "daily", [symbol])[symbol]


@pytest.fixture(params=["memory", "database"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    made = memory_desk() if request.param == "memory" else open_test_desk(tmp_path / "papertape.db")
    with made as opened:
        opened.accounts.create("w")
        yield opened


SEEN = daily(100.0, 101.0, 103.0, 102.0)


def test_a_file_adjusted_for_a_split_is_refused_and_trades_nothing(desk: Desk) -> None:
    run(desk, SEEN)
    assert fills(desk) == [(1, "BUY", 101.0)]
    error = refused(desk, daily(50.0, 50.5, 51.5, 51.0, 52.0))
    assert error.code == "HISTORY_CHANGED"
    assert "X: the bar of 2024-01-02 has changed" in error.message
    assert "close 100 is now 50" in error.message
    assert error.details["history"]["rows"] == 4
    assert "--accept-history" in error.hint


def test_a_changed_file_that_is_accepted_is_followed_from_then_on(desk: Desk) -> None:
    run(desk, SEEN)
    adjusted = daily(50.0, 50.5, 51.5, 51.0, 52.0)
    run(desk, adjusted, terms=ACCEPT)
    (event,) = events(desk, "HISTORY_ACCEPTED")
    said = event.payload["symbols"]["X"]
    assert (said["ts"], said["kind"], said["rows"]) == ("2024-01-02T00:00:00+00:00", "differs", 4)
    assert (said["old"]["close"], said["new"]["close"]) == (100.0, 50.0)
    assert recorded(desk).figures.tolist() == Recorded.of(adjusted).figures.tolist()
    assert fills(desk) == [(1, "BUY", 101.0), (4, "SELL", 52.0)], "only the new bar was traded"
    run(desk, adjusted)
    assert len(events(desk, "HISTORY_ACCEPTED")) == 1
    assert refused(desk, SEEN).code == "HISTORY_CHANGED"


def test_a_last_bar_that_grew_is_refused_and_accepted_it_is_the_mark(desk: Desk) -> None:
    run(desk, daily(100.0, 101.0, 103.0))
    error = refused(desk, daily(100.0, 101.0, 99.0))
    assert "the bar of 2024-01-04 has changed since this account saw it" in error.message
    run(desk, daily(100.0, 101.0, 99.0), terms=ACCEPT)
    assert desk.accounts.state("w").marks == {"X": 99.0}
    assert fills(desk) == [(1, "BUY", 101.0)]
    run(desk, daily(100.0, 101.0, 99.0, 90.0))
    assert fills(desk) == [(1, "BUY", 101.0), (3, "SELL", 90.0)]


EOD = {**SPEC, "exit": {"type": "eod"}}
OTHER = {**EOD, "risk": {"dollars_per_trade": 500.0}}


@pytest.mark.parametrize("later", [False, True])
def test_a_bar_stamped_anew_is_refused_and_its_session_is_never_traded_twice(desk: Desk, later: bool) -> None:
    """The case of a vendor that stamps the newest bar at midnight first and with the clock a day later."""
    run(desk, daily(100.0, 101.0, 103.0), spec=EOD)
    run(desk, daily(100.0, 101.0, 103.0), spec=OTHER)
    before = fills(desk)
    assert before == [(1, "BUY", 101.0), (2, "SELL", 103.0)]
    closes = [100.0, 101.0, 103.0, 104.0][: 4 if later else 3]
    anew = daily(*closes, stamps={2: 3 * HOUR + 45 * 60_000_000})
    error = refused(desk, anew, spec=EOD)
    assert "the bar of 2024-01-04, which this account has seen, is gone from the data" in error.message
    run(desk, anew, spec=EOD, terms=ACCEPT)
    assert recorded(desk).ts.tolist() == anew.ts.tolist()
    if not later:
        assert fills(desk) == before
        anew = daily(100.0, 101.0, 103.0, 104.0, stamps={2: 3 * HOUR + 45 * 60_000_000})
        run(desk, anew, spec=EOD)
    assert fills(desk) == [*before, (3, "BUY", 104.0)], "the session was traded once"
    run(desk, anew, spec=OTHER)
    assert fills(desk) == [*before, (3, "BUY", 104.0)], "by every spec of the account"


def test_a_live_row_of_a_daily_file_is_a_second_bar_in_its_session(desk: Desk) -> None:
    run(desk, daily(100.0, 101.0, 103.0), spec=EOD)
    live = joined(daily(100.0, 101.0, 103.0), daily(105.0, first=FIRST + 2, stamps={0: 16 * HOUR}))
    error = refused(desk, live, spec=EOD)
    assert "the bar of 2024-01-04 16:00 UTC is a second one in its session" in error.message
    before = fills(desk)
    run(desk, live, spec=EOD, terms=ACCEPT)
    assert fills(desk) == before
    assert desk.accounts.state("w").marks == {"X": 105.0}


def test_a_bar_that_is_new_in_the_middle_is_refused(desk: Desk) -> None:
    run(desk, joined(daily(100.0, 101.0), daily(103.0, first=FIRST + 3)))
    error = refused(desk, daily(100.0, 101.0, 102.0, 103.0, 104.0))
    assert "the bar of 2024-01-04 is new between bars that this account has seen" in error.message


def test_the_earliest_row_of_several_symbols_is_named(desk: Desk) -> None:
    spec = {**SPEC, "symbols": ["X", "Y"]}
    run(desk, SEEN, daily(10.0, 11.0, 12.0, 13.0, symbol="Y"), spec=spec)
    error = refused(desk, daily(100.0, 101.0, 103.0, 99.0), daily(10.0, 11.5, 12.0, 13.0, symbol="Y"), spec=spec)
    assert error.message.startswith("Y: the bar of 2024-01-03 has changed")
    assert error.message.endswith("X changed too")


def test_a_re_run_sets_the_marks_and_an_older_file_does_not(desk: Desk) -> None:
    run(desk, SEEN)
    for wrong in (55.0, 56.0):
        desk.accounts.mark("X", wrong, "w")
        head = desk.journal.head()
        run(desk, SEEN)
        assert desk.accounts.state("w").marks == {"X": 102.0}
        assert desk.journal.head() == head
    run(desk, daily(100.0, 101.0, 103.0))
    assert desk.accounts.state("w").marks == {"X": 102.0}


def test_an_older_account_begins_its_recording_at_its_next_run(desk: Desk) -> None:
    run(desk, SEEN)
    account = desk.accounts.require("w")
    with desk._store.write() as unit:
        empty = Recorded.joined([])
        unit.replace_recording(account.id, "daily", "X", np.empty(0, np.int64), empty)
        unit.commit()
    assert not len(recorded(desk))
    run(desk, SEEN)
    assert recorded(desk).ts.tolist() == SEEN.ts.tolist()
    assert refused(desk, daily(50.0, 50.5, 51.5, 51.0)).code == "HISTORY_CHANGED"


def test_a_recording_has_every_bar_that_was_given_and_no_more(desk: Desk) -> None:
    whole = daily(*[100.0 + (i * 7) % 13 for i in range(30)])
    for count in (4, 5, 17, 30):
        run(desk, whole.slice(0, count))
        assert recorded(desk).ts.tolist() == whole.ts[:count].tolist()
    run(desk, joined(daily(90.0, 91.0, first=FIRST - 2), whole))
    assert len(recorded(desk)) == 32, "an earlier head is seen too"


def test_an_edited_spec_begins_after_what_the_account_has_traded(desk: Desk) -> None:
    run(desk, SEEN)
    edited = {**SPEC, "exit": {"type": "none", "stop_loss_pct": 20.0}}
    outcome = run(desk, SEEN, spec=edited)
    assert fills(desk) == [(1, "BUY", 101.0)], "years of history are not traded again"
    assert outcome.notes == (
        "this spec is new to the account, which has traded its symbols up to 2024-01-05: it begins after that"
        " (--start TIME begins elsewhere)",
    )
    assert run(desk, SEEN, spec=edited).notes == ()
    run(desk, daily(100.0, 101.0, 103.0, 102.0, 80.0), spec=edited)
    assert fills(desk)[1:] == [(4, "SELL", 80.0)]


def test_a_spec_of_other_symbols_begins_at_the_beginning(desk: Desk) -> None:
    run(desk, SEEN)
    outcome = run(desk, daily(10.0, 11.0, 12.0, symbol="Y"), spec={**SPEC, "symbols": ["Y"]})
    assert outcome.notes == ()
    assert outcome.tally.fills == 1


def test_a_start_that_is_named_says_otherwise(desk: Desk) -> None:
    run(desk, SEEN, spec=EOD)
    bars = daily(100.0, 101.0, 103.0, 102.0)
    dataset = replace(data(bars), first_rows={"X": 2})
    terms = OnwardTerms(from_window=True)
    outcome = desk.research.run_onward(parse_spec(OTHER), dataset, desk.accounts.require("w"), terms=terms)
    assert (outcome.notes, outcome.tally.fills) == ((), 2), "it bought the third bar and sold the fourth"


def test_an_account_may_start_before_its_first_bar_has_come(desk: Desk) -> None:
    dataset = replace(data(SEEN), first_rows={"X": 4})
    outcome = desk.research.run_onward(
        parse_spec(SPEC), dataset, desk.accounts.require("w"), terms=OnwardTerms(from_window=True)
    )
    assert outcome.tally.intents == 0
    assert len(recorded(desk)) == 4
    (begun,) = events(desk, "RUN_ADVANCED")
    assert begun.payload["window"] is None
    run(desk, daily(100.0, 101.0, 103.0, 102.0, 104.0))
    assert fills(desk) == [(4, "BUY", 104.0)], "with the bars before as its history"


class HighestEver(Strategy[Any]):
    """Buys the highest close of all the data: what that is, only the future tells."""

    key = "highest_ever"
    level: ClassVar[float] = 1.0

    def signals(self, bars: Bars, params: Any) -> Signals:
        return Signals(bars.close >= bars.close.max(), levels={"level": np.full(len(bars), self.level)})

    def window(self, params: Any) -> Window:
        return Window(bars=1)


class FirstClose(HighestEver):
    key = "first_close"

    def signals(self, bars: Bars, params: Any) -> Signals:
        return Signals(bars.close >= 101.0, levels={"level": np.full(len(bars), self.level)})


@contextmanager
def own_desk(kind: type[Strategy[Any]], sha256: str = "one") -> Iterator[tuple[Desk, dict[str, Any]]]:
    code = {"sha256": sha256}
    registry = Registry()
    registry.add(kind, "test")
    with memory_desk(registry=registry, source_sha256=lambda kind: code["sha256"]) as desk:
        desk.accounts.create("w")
        yield desk, code


def spec_of(kind: type[Strategy[Any]]) -> dict[str, Any]:
    return {"strategy_id": kind.key, "symbols": ["X"], "exit": {"type": "none", "max_bars": 99}}


def test_a_strategy_that_says_otherwise_of_a_bar_it_traded_is_stopped() -> None:
    with own_desk(HighestEver) as (desk, code):
        run(desk, daily(100.0, 101.0), spec=spec_of(HighestEver))
        assert fills(desk) == [(1, "BUY", 101.0)]
        run(desk, daily(100.0, 101.0, 99.0), spec=spec_of(HighestEver))
        error = refused(desk, daily(100.0, 101.0, 99.0, 105.0), spec=spec_of(HighestEver))
        assert error.code == "STRATEGY_LOOKS_AHEAD"
        assert "X: on the bar of 2024-01-03 highest_ever gave entry True when it made an order, and gives False" in (
            error.message
        )
        code["sha256"] = "two"
        run(desk, daily(100.0, 101.0, 99.0, 105.0), spec=spec_of(HighestEver), terms=OnwardTerms(accept_strategy=True))


@pytest.mark.parametrize(("level", "stops"), [(1.0 + 1e-12, False), (1.001, True), (float("nan"), True)])
def test_a_level_may_differ_by_rounding_alone(level: float, stops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_desk(FirstClose) as (desk, _):
        run(desk, daily(100.0, 101.0), spec=spec_of(FirstClose))
        monkeypatch.setattr(FirstClose, "level", level)
        if stops:
            assert (
                "gave the level level 1.0 when"
                in refused(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose)).message
            )
        else:
            run(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose))


def test_signals_on_bars_that_were_accepted_as_changed_are_no_proof() -> None:
    with own_desk(HighestEver) as (desk, _):
        run(desk, daily(100.0, 101.0), spec=spec_of(HighestEver))
        run(desk, daily(110.0, 101.0, 99.0), spec=spec_of(HighestEver), terms=ACCEPT)
        run(desk, daily(110.0, 101.0, 99.0, 98.0), spec=spec_of(HighestEver))


def test_signals_of_bars_whose_past_is_not_in_the_data_are_passed_over() -> None:
    spec = {**SPEC, "exit": {"type": "none", "max_bars": 1}}
    whole = daily(*[100.0 + i for i in range(12)])
    with memory_desk(source_sha256=lambda kind: "one") as desk:
        desk.accounts.create("w")
        run(desk, whole.slice(0, 10), spec=spec)
        run(desk, whole.slice(8, 12), spec=spec)
        assert len(fills(desk)) > 2


def test_changed_code_is_refused_and_taken_when_it_is_accepted() -> None:
    with own_desk(FirstClose) as (desk, code):
        run(desk, daily(100.0, 101.0), spec=spec_of(FirstClose))
        code["sha256"] = "two"
        error = refused(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose))
        assert error.code == "STRATEGY_CHANGED"
        assert "--accept-strategy" in error.hint
        run(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose), terms=OnwardTerms(accept_strategy=True))
        (event,) = events(desk, "STRATEGY_ACCEPTED")
        assert (event.payload["from"], event.payload["to"]) == ("one", "two")
        run(desk, daily(100.0, 101.0, 99.0, 98.0), spec=spec_of(FirstClose))
        assert len(events(desk, "STRATEGY_ACCEPTED")) == 1
        code["sha256"] = "one"
        assert refused(desk, daily(100.0, 101.0, 99.0, 98.0), spec=spec_of(FirstClose)).code == "STRATEGY_CHANGED"


def test_code_that_was_not_known_before_is_taken_as_it_is() -> None:
    with own_desk(FirstClose, "") as (desk, code):
        run(desk, daily(100.0, 101.0), spec=spec_of(FirstClose))
        code["sha256"] = "one"
        run(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose))
        code["sha256"] = "two"
        assert refused(desk, daily(100.0, 101.0, 99.0), spec=spec_of(FirstClose)).code == "STRATEGY_CHANGED"


def test_an_advance_says_what_was_tried_and_over_what_time(desk: Desk) -> None:
    run(desk, SEEN)
    run(desk, daily(100.0, 101.0, 103.0, 102.0, 104.0, 105.0))
    said = [event.payload for event in events(desk, "RUN_ADVANCED")]
    assert [each["window"] for each in said] == [
        {"from": "2024-01-03T00:00:00+00:00", "to": f"2024-01-0{day}T00:00:00+00:00"} for day in (3, 5, 7)
    ]
    assert said[0]["spec"]["entry"] == {"type": "breakout_52w_high", "lookback_days": 1}
    assert len({each["spec_sha256"] for each in said}) == 1
    assert said[0]["bars"]["X"] == data(SEEN).bars_sha256("X")
    assert said[0]["signals"] == {"X": {"entry": True, "exit": None, "levels": {"price": 101.0, "prior_high": 100.0}}}
    assert said[1]["signals"] == {}


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_any_changed_bar_of_any_world_is_found_and_trades_nothing(source: Random) -> None:
    world = make_world(source)
    symbols = world.spec["symbols"]
    with memory_desk() as desk:
        desk.accounts.create("w", world.starting_equity)
        desk.accounts.set_policy({"session_tz": world.zone}, "w")
        account, spec = desk.accounts.require("w"), parse_spec(world.spec)
        desk.research.run_onward(spec, world.dataset, account)
        head, state = desk.journal.head(), desk.accounts.state("w")
        symbol = source.choice(symbols)
        bars = world.dataset.bars[symbol]
        row = source.randrange(len(bars))
        if source.random() < 0.5 or row in {0, len(bars) - 1}:
            volume = bars.volume.copy()
            volume[row] += 1.0
            other = replace(bars, volume=volume)
        else:
            other = joined(bars.slice(0, row), bars.slice(row + 1, len(bars)))
        changed = replace(world.dataset, bars={**world.dataset.bars, symbol: other})
        with pytest.raises(InvalidError) as caught:
            desk.research.run_onward(spec, changed, account)
        assert caught.value.details["history"]["ts"].startswith(str(np.datetime64(int(bars.ts[row]), "us"))[:19])
        assert (desk.journal.head(), desk.accounts.state("w")) == (head, state)
