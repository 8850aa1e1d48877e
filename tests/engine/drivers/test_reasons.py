"""Why a run traded little: what was refused and held back, in words with figures and a remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.broker.paper import REMEDIES
from engine.drivers.backtest import RunOutcome
from engine.drivers.reasons import Asked, Stopped, commonest, reasons
from engine.drivers.short_history import ShortHistory
from engine.errors import CODES as ERRORS
from engine.market.bars import Dataset, make_bars
from engine.policy.limits import Limits
from engine.policy.rules import ENTRY_RULES, Sizing
from engine.policy.workspace import Workspace
from engine.strategies.held_back import CODES
from engine.strategies.spec import parse_spec
from tests.support.memory_desks import memory_desk

DAY = 86_400_000_000
SIZING = Sizing(10_000.0, 10_000.0, 0.0, Limits(fee_bps=10.0))
ASKED = Asked(SIZING, {"type": "breakout_52w_high", "lookback_days": 252}, 6)


def rising(days: int = 6, price: float = 100.0, step: float = 1.0) -> Dataset:
    """One symbol that closes higher every day."""
    close = price + step * np.arange(days)
    ts = (20_000 + np.arange(days)) * DAY
    return Dataset({"X": make_bars("X", ts, close, close, close, close, np.ones(days))})


def ran(data: Dataset, settings: dict[str, str] | None = None, **parts: Any) -> RunOutcome:
    desk = memory_desk()
    if settings:
        desk.accounts.set_policy(settings)
    document = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}, **parts}
    return desk.research.run(parse_spec(document), data)


def test_a_stake_of_everything() -> None:
    found = ran(rising(), {"fee_bps": "10"}, risk={"dollars_per_trade": 10_000.0})
    assert (found.tally.entries, found.stopped.refusals) == (4, {"buying_power": 4})
    assert found.reasons == (
        "4 of 4 entries refused by buying_power: an order of 10,000.00 and fees of 10.00 cost more than the cash of"
        " 10,000.00; a smaller risk.dollars_per_trade fits, and risk.short_of_cash=scale buys what the cash is enough"
        " for",
    )


def test_fewer_sessions_than_the_lookback() -> None:
    found = ran(rising(), entry={"lookback_days": 252})
    assert found.stopped.held_back == {"lookback_partial": 5}
    assert found.reasons == (
        "no entry was possible: X has 5 of the 252 earlier sessions that entry.lookback_days asks for; give a longer"
        " file or a smaller entry.lookback_days",
    )


def test_the_parameter_that_asks_for_the_past_is_named_when_it_is_one() -> None:
    slow = ran(rising(), strategy_id="sma_cross", entry={})
    assert slow.reasons[0].startswith("no entry was possible: X has 5 of the 50 earlier bars that entry.slow_period")
    short = ShortHistory(symbol="X", have=1, needed=14, unit="bars")
    stopped = Stopped(0, 0, 0, held_back={"lookback_partial": 1}, short_history=short)
    (told,) = reasons(stopped, replace(ASKED, params={"one": 14, "other": 14}))
    assert told == "no entry was possible: X has 1 of the 14 earlier bars that the strategy needs; give a longer file"


def test_a_tiny_price_fills() -> None:
    """1,000 dollars of a coin at 0.000007 are more than 2^53 lots."""
    found = ran(rising(4, 0.000007, 0.0000002))
    assert (found.tally.fills, found.tally.rejected, found.reasons) == (2, 0, ())


def test_the_brokers_refusal_inside_a_driver_is_counted_and_told() -> None:
    found = ran(rising(4, 1e-9, 1e-9), risk={"dollars_per_trade": 9000.0})
    assert (found.tally.rejected, found.stopped.refusals) == (2, {"INVALID_QUANTITY": 2})
    assert found.reasons == (
        "2 of 2 entries refused by INVALID_QUANTITY: the quantity is not between one lot (0.00000001) and 2^62 lots;"
        " a smaller risk.dollars_per_trade buys a quantity that is taken",
    )


@pytest.mark.parametrize(
    ("parts", "data", "told"),
    [
        ({}, rising(6, 100.0, -1.0), "the strategy never signalled an entry on 6 bars"),
        (
            {"entry": {"lookback_days": 3}},
            rising(6, 100.0, -1.0),
            "the strategy never signalled an entry on 6 bars; on 2 of them too few earlier ones were there",
        ),
        ({"enabled": False}, rising(), "no entry was possible: the spec says enabled = false; enable it"),
        (
            {"risk": {"dollars_per_trade": 1e-9}},
            rising(),
            "4 of 5 entries held back by entry_skipped_zero_quantity: the size of the entry does not come to one lot"
            " of 0.00000001; a greater risk.dollars_per_trade (or what risk.size names) does",
        ),
        (
            {},
            rising(2),
            "1 of 1 entries held back by entry_skipped_end_of_data: the last bar of a symbol does not enter in a closed"
            " world; give a file that goes on after it",
        ),
    ],
    ids=["silent", "silent, short at first", "disabled", "no lot", "last bar"],
)
def test_what_else_there_is_to_say(parts: dict[str, Any], data: Dataset, told: str) -> None:
    found = ran(data, **parts)
    assert found.tally.fills == 0
    assert found.reasons == (told,)


def test_a_forward_run_tells_of_its_own_bars_alone() -> None:
    desk = memory_desk()
    desk.accounts.create("paper")
    desk.accounts.set_policy({"max_order_notional": "500"}, "paper")
    spec = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}})
    first = desk.research.run_onward(spec, rising(4), "paper")
    assert (first.stopped.refusals, first.stopped.held_back) == ({"max_order_notional": 2}, {"lookback_partial": 1})
    assert first.reasons[0].startswith("2 of 2 entries refused by max_order_notional: max_order_notional is 500.0; ")
    more = desk.research.run_onward(spec, rising(5), "paper")
    assert (more.tally.entries, more.stopped.refusals, more.stopped.held_back) == (1, {"max_order_notional": 1}, {})
    again = desk.research.run_onward(spec, rising(5), "paper")
    assert (again.stopped.refusals, again.stopped.held_back, again.reasons) == ({}, {}, ())


def test_a_forward_run_counts_what_the_broker_refuses_on_any_bar() -> None:
    desk = memory_desk()
    desk.accounts.create("paper")
    document = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}}
    spec = parse_spec({**document, "risk": {"dollars_per_trade": 9000.0}})
    found = desk.research.run_onward(spec, rising(5, 1e-9, 1e-10), "paper")
    assert found.stopped.refusals == {"INVALID_QUANTITY": found.tally.rejected} == {"INVALID_QUANTITY": 4}
    assert found.reasons[0].startswith("4 of 4 entries refused by INVALID_QUANTITY")


def test_an_account_that_is_held_is_not_said_to_be_silent() -> None:
    desk = memory_desk()
    desk.accounts.create("paper")
    document = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}}
    spec = parse_spec({**document, "exit": {"type": "none"}})
    assert desk.research.run_onward(spec, rising(4), "paper").tally.fills == 1
    assert desk.research.run_onward(spec, rising(6), "paper").reasons == ()


def test_the_trading_state_refuses_orders() -> None:
    desk = memory_desk()
    desk.accounts.create("paper")
    desk.accounts.set_trading_state("HALTED", "paper")
    spec = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}})
    assert desk.research.run_onward(spec, rising(3), "paper").reasons == (
        "2 of 2 orders refused by trading_state: trading is not ACTIVE; `trading-state ACTIVE` lets orders through",
    )


@pytest.mark.parametrize(
    ("sizing", "told"),
    [
        (Sizing(500.0, 10_000.0, 0.0, Limits()), "an order of 500.00 costs more than the cash that was left"),
        (Sizing(10_000.0, 10_000.0, 5.0, Limits()), "an order of 10,005.00 with slippage costs more than the cash of"),
        (Sizing(10_000.0, 10_000.0, 0.0, Limits(fee_per_share=1.0)), "fees of 0.00 and more by the share cost more"),
        (Sizing(10_000.001, 10_000.0, 0.0, Limits()), "an order of 10,000.001 costs more than the cash of 10,000.000"),
    ],
)
def test_what_an_order_costs(sizing: Sizing, told: str) -> None:
    (said,) = reasons(Stopped(3, 3, 2, refusals={"buying_power": 1}), replace(ASKED, sizing=sizing))
    assert told in said


def test_other_rules_are_named_behind_the_commonest() -> None:
    stopped = Stopped(9, 9, 2, refusals={"buying_power": 2, "max_positions": 4, "cooldown_minutes": 1})
    (said,) = reasons(stopped, replace(ASKED, sizing=replace(SIZING, limits=Limits(max_positions=1))))
    assert said.startswith("4 of 9 entries refused by max_positions: max_positions is 1; ")
    assert said.endswith("; also refused: buying_power 2, cooldown_minutes 1")


def test_a_code_that_nobody_knows_any_more_is_counted_all_the_same() -> None:
    (said,) = reasons(Stopped(4, 4, 0, refusals={"of_old": 4}), ASKED)
    assert said == "4 of 4 entries refused by of_old"
    (held,) = reasons(Stopped(0, 0, 0, held_back={"of_old": 2}), ASKED)
    assert held == "2 of 2 entries held back by of_old"


def test_every_rule_and_code_has_its_words() -> None:
    limits = Limits(allow_symbols=("A",), deny_symbols=("B",))
    for rule in ENTRY_RULES:
        assert rule.remedy != "set it otherwise with `policy set`", rule.name
        assert rule.because_of(replace(SIZING, limits=limits)), rule.name
    assert all(each.meaning and each.remedy for each in CODES.values())
    assert set(REMEDIES) <= set(ERRORS)


def test_the_commonest_is_the_first_of_those_that_come_as_often() -> None:
    assert [commonest(counts) for counts in ({}, {"a": 1, "b": 2, "c": 2})] == ["", "b"]


def test_nothing_is_asked_of_a_workspace_that_saw_nothing() -> None:
    spec = memory_desk().research.compile(parse_spec({"strategy_id": "sma_cross", "symbols": ["X"]}))
    assert reasons(Stopped.nothing(), Asked.of(spec, _workspace(), 1000.0, 0.0, 0)) == []


def _workspace() -> Workspace:
    return memory_desk().accounts.require()
