"""The page of events against events that were really written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.desk import Desk
from engine.desk.journal import EventView
from engine.drivers.beginning import OnwardTerms
from engine.events import EventType
from engine.market.bars import Dataset
from engine.policy.limits import Limits
from engine.ports import Unwatched
from engine.strategies.spec import parse_spec
from engine.sweeps.record import lifecycle as watching
from engine.vocabulary import IntentAction, TradingState
from tests.docs.pages import codes, first_codes, section, table_under, tables, text_of
from tests.support.memory_desks import memory_desk
from tests.support.samples import sample_dataset

PAGE = text_of("reference/events.md")
WITHOUT_TABLE = {EventType.POLICY_CHANGED, EventType.RUN_CANCEL_REQUESTED}


class Interrupting(Unwatched):
    """A watch that does something when a sweep has come so far."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def advance(self, done: int, total: int) -> None:
        self._act()


def sweep(desk: Desk, act: Callable[[], None]) -> None:
    """A sweep in the account that is interrupted by an act."""
    spec = parse_spec({"strategy_id": "sma_cross", "symbols": ["AAPL"]})
    data, values = sample_dataset("AAPL"), {"entry.fast_period": [5, 10]}
    desk.plans.run(spec, data, values, workspace="a", watch=Interrupting(act))


def sweeps(desk: Desk) -> None:
    """One that is cancelled and resumed, and one that an error ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "LOOK_EVERY", 0)  # the sweep is over before it would look
        sweep(desk, lambda: desk.plans.cancel(desk.plans.all(limit=1)[0].run_plan_id))
    plan = desk.plans.all(limit=1)[0].run_plan_id
    desk.plans.resume(plan, lambda _: sample_dataset("AAPL"))
    desk.plans.noise(plan, lambda _: sample_dataset("AAPL"), draws=1)

    kept = parse_spec({"strategy_id": "sma_cross", "symbols": ["AAPL"]})
    opened = desk.plans.run(kept, sample_dataset("AAPL"), {}, workspace="a", holdout="20%")
    desk.plans.open(opened.run_plan_id, lambda _: sample_dataset("AAPL"))

    def fail() -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        sweep(desk, fail)


@pytest.fixture(scope="module")
def written() -> dict[str, list[EventView]]:
    """An account to which everything has happened, its events by type."""
    code = {"sha256": "1"}
    desk = memory_desk(source_sha256=lambda kind: code["sha256"])
    desk.accounts.create("a")
    desk.accounts.set_policy({"fee_fixed": "1", "max_order_notional": "1010", "deny_symbols": "GOOG"}, "a")
    for symbol, quantity in (("IBM", 1.0), ("IBM", 2.0), ("GOOG", 1.0)):
        desk.trading.order(IntentAction.OPEN_LONG, symbol, quantity, 100.0, workspace="a", reason="by hand")
    desk.trading.order(IntentAction.CLOSE_LONG, "IBM", 3.0, 101.0, workspace="a")
    stops = {"stop_loss_pct": 5.0, "take_profit_pct": 9.0}
    spec = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["AAPL"], "exit": stops})
    desk.research.run_onward(spec, sample_dataset("AAPL"), desk.accounts.require("a"))
    code["sha256"] = "2"
    accept = OnwardTerms(accept_history=True, accept_strategy=True)
    desk.research.run_onward(spec, changed(sample_dataset("AAPL")), desk.accounts.require("a"), terms=accept)
    backtest = desk.research.run(spec, sample_dataset("AAPL"))
    desk.accounts.set_trading_state(TradingState.HALTED, "a")
    desk.accounts.reconcile("a")
    desk.accounts.reset("a", confirmed=True)
    sweeps(desk)
    by_type = defaultdict(list)
    for workspace in ("a", backtest.workspace_id):
        for event in desk.journal.events(workspace):
            by_type[event.event_type.value].append(event)
    return by_type


def changed(dataset: Dataset) -> Dataset:
    """The same with another volume on the last bar."""
    bars = dataset.bars["AAPL"]
    volume = bars.volume.copy()
    volume[-1] += 1
    return replace(dataset, bars={"AAPL": replace(bars, volume=volume)})


def test_everything_that_is_written_today_was_written(written: dict[str, list[EventView]]) -> None:
    assert set(written) == set(EventType)


def test_the_page_names_every_field_of_an_event() -> None:
    assert first_codes(table_under(PAGE, "## Fields")) == list(EventView.model_fields)


@pytest.mark.parametrize("kind", sorted(set(EventType) - WITHOUT_TABLE))
def test_the_page_names_every_field_of_a_payload(kind: str, written: dict[str, list[EventView]]) -> None:
    heading = next(line for line in PAGE.splitlines() if line.startswith("### ") and kind in codes(line))
    (table,) = tables(section(PAGE, heading))
    seen = set().union(*(event.payload for event in written[kind]))
    absent = {"signal_strength"}  # a driver has none to give
    if kind in {EventType.RUN_FAILED, EventType.RUN_CANCELLED}:
        absent |= {"benchmark", "statistics", "walk_forward", "judged"}  # of a completed run
    assert seen == set(first_codes(table[1:])) - absent


def test_a_change_of_policy_is_told_key_by_key(written: dict[str, list[EventView]]) -> None:
    (event,) = written[EventType.POLICY_CHANGED]
    assert set(event.payload) <= set(Limits.model_fields)
    assert event.payload["fee_fixed"] == [None, 1.0]


def test_a_request_to_cancel_says_nothing_more(written: dict[str, list[EventView]]) -> None:
    assert [event.payload for event in written[EventType.RUN_CANCEL_REQUESTED]] == [{}]
    assert "empty" in section(PAGE, "### `RUN_CANCEL_REQUESTED`")


def test_a_decision_names_what_the_page_says(written: dict[str, list[EventView]]) -> None:
    row = next(row for row in table_under(PAGE, "### `POLICY_EVALUATED`") if codes(row[0]) == ["rules"])
    seen = set().union(*(rule for event in written[EventType.POLICY_EVALUATED] for rule in event.payload["rules"]))
    assert seen == set(codes(row[1])) - {"pass", "refuse", "error"}
