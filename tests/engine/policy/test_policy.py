"""The policy: each rule at its edge, their order, and what a decision names."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, SELL, Fill, Ledger
from engine.errors import InvalidError
from engine.market.sessions import MICROS_PER_DAY
from engine.policy.decide import PolicyDecision, decide_entry, decide_exit, entry_figures
from engine.policy.limits import Limits, TradingState, kind_of
from engine.policy.rules import Rule, apart

UNIT = 100_000_000
MINUTE = 60_000_000
DAY = 20_000
NOON = DAY * MICROS_PER_DAY + 720 * MINUTE


def account(*fills: tuple[str, int, float, float, int]) -> Ledger:
    """A ledger of 10,000 after (symbol, side, units, price, minutes before noon)."""
    ledger = Ledger.fresh(10_000.0)
    rows = []
    for symbol, side, units, price, before in fills:
        ts = NOON - before * MINUTE
        rows.append(Fill(1, symbol, side, round(units * UNIT), price, 0.0, ts, ts // MICROS_PER_DAY))
    assert apply_fills(ledger, rows) == []
    return ledger


def decide(
    ledger: Ledger, quantity: float, price: float, state: TradingState = TradingState.ACTIVE, **limits: Any
) -> PolicyDecision:
    rules = Limits(**limits)
    return decide_entry(rules, state, entry_figures(ledger, rules, "NEW", NOON, quantity, price))


FLAT = account()
HOLDING = account(("OLD", BUY, 20, 100.0, 60))
LOST_TODAY = account(("OLD", BUY, 10, 100.0, 60), ("OLD", SELL, 10, 50.0, 30))
LOST_YESTERDAY = account(("OLD", BUY, 10, 100.0, 1500), ("OLD", SELL, 10, 50.0, 1440))
CLOSED = account(("NEW", BUY, 1, 100.0, 60), ("NEW", SELL, 1, 100.0, 30))


@pytest.mark.parametrize(
    ("ledger", "quantity", "price", "limits", "rule"),
    [
        (FLAT, 1, 100.0, {}, None),
        (FLAT, 1, 100.0, {"deny_symbols": ("NEW",)}, "symbols"),
        (FLAT, 1, 100.0, {"allow_symbols": ("OLD",)}, "symbols"),
        (FLAT, 1, 100.0, {"allow_symbols": ("NEW",)}, None),
        (FLAT, 1, 100.0, {"allow_symbols": ("NEW",), "deny_symbols": ("NEW",)}, "symbols"),
        (FLAT, 100, 100.0, {}, None),
        (FLAT, 100, 100.0, {"fee_fixed": 0.01}, "buying_power"),
        (FLAT, 100, 100.01, {}, "buying_power"),
        (HOLDING, 1, 100.0, {"max_positions": 1}, "max_positions"),
        (HOLDING, 1, 100.0, {"max_positions": 2}, None),
        (FLAT, 10, 100.0, {"max_order_notional": 1000.0}, None),
        (FLAT, 10, 100.0, {"max_order_notional": 999.99}, "max_order_notional"),
        (FLAT, 10, 100.0, {"max_position_notional": 1000.0}, None),
        (FLAT, 10, 100.0, {"max_position_notional": 999.99}, "max_position_notional"),
        (HOLDING, 10, 100.0, {"max_exposure_pct": 30.0}, None),
        (HOLDING, 10, 100.0, {"max_exposure_pct": 29.99}, "max_exposure_pct"),
        (LOST_TODAY, 1, 100.0, {"max_daily_loss": 500.0}, "max_daily_loss"),
        (LOST_TODAY, 1, 100.0, {"max_daily_loss": 500.01}, None),
        (LOST_YESTERDAY, 1, 100.0, {"max_daily_loss": 500.0}, None),
        (LOST_TODAY, 1, 100.0, {"max_drawdown_pct": 5.0}, "max_drawdown_pct"),
        (LOST_TODAY, 1, 100.0, {"max_drawdown_pct": 5.01}, None),
        (CLOSED, 1, 100.0, {"cooldown_minutes": 30.01}, "cooldown_minutes"),
        (CLOSED, 1, 100.0, {"cooldown_minutes": 30.0}, None),
        (LOST_TODAY, 1, 100.0, {"cooldown_minutes": 999.0}, None),
    ],
)
def test_each_rule_at_its_edge(ledger: Ledger, quantity: float, price: float, limits: Any, rule: str | None) -> None:
    decision = decide(ledger, quantity, price, **limits)
    assert decision.rule == rule
    assert decision.approved == (rule is None)
    assert bool(decision.because) == (rule is not None)


@pytest.mark.parametrize(("state", "entry", "leaving"), [("ACTIVE", 1, 1), ("REDUCING", 0, 1), ("HALTED", 0, 0)])
def test_the_trading_state_comes_first(state: str, entry: int, leaving: int) -> None:
    found = decide(FLAT, 1, 100.0, TradingState(state), deny_symbols=("NEW",))
    assert found.rule == ("symbols" if entry else "trading_state")
    assert decide_exit(TradingState(state)).approved == bool(leaving)


def test_rules_run_in_the_order_of_the_spec_and_stop_at_the_first_refusal() -> None:
    everything = {
        "deny_symbols": ("OTHER",),
        "max_positions": 9,
        "max_order_notional": 1e6,
        "max_position_notional": 1e6,
        "max_exposure_pct": 1e3,
        "max_daily_loss": 1e6,
        "max_drawdown_pct": 99.0,
        "cooldown_minutes": 1.0,
    }
    decision = decide(FLAT, 1, 100.0, **everything)
    names = [verdict.rule for verdict in decision.verdicts]
    assert names == [
        "trading_state",
        "symbols",
        "buying_power",
        "max_positions",
        "max_order_notional",
        "max_position_notional",
        "max_exposure_pct",
        "max_daily_loss",
        "max_drawdown_pct",
        "cooldown_minutes",
    ]
    stopped = decide(FLAT, 1, 100.0, **{**everything, "max_order_notional": 1.0})
    assert [verdict.rule for verdict in stopped.verdicts] == names[: names.index("max_order_notional") + 1]


def test_a_rule_that_is_off_is_not_named() -> None:
    assert [verdict.rule for verdict in decide(FLAT, 1, 100.0).verdicts] == ["trading_state", "buying_power"]


@pytest.mark.parametrize(
    ("closed_at", "minutes", "refused"),
    [
        pytest.param(NOON - MINUTE, 1.0, False, id="a minute before"),
        pytest.param(NOON - MINUTE + 1, 59_999_999 / 60_000_000, True, id="a microsecond less"),
        pytest.param(NOON, 0.0, True, id="at the same time"),
        pytest.param(NOON + 1, None, False, id="later"),
    ],
)
def test_the_cooldown_counts_from_a_close_at_or_before_the_entry(
    closed_at: int, minutes: float | None, refused: bool
) -> None:
    ledger = Ledger.fresh(10_000.0)
    ledger.last_closed_at["NEW"] = closed_at
    decision = decide(ledger, 1, 100.0, cooldown_minutes=1.0)
    assert decision.rule == ("cooldown_minutes" if refused else None)
    assert decision.verdicts[-1].figures == {"minutes_since_close": minutes}


def test_the_position_is_the_sum_of_the_quantities_times_the_price() -> None:
    """Not the sum of two amounts, which differs in the last bit."""
    ledger = account(("NEW", BUY, 3.9, 100.0, 60))
    figures = entry_figures(ledger, Limits(), "NEW", NOON, 2.31, 78.37)
    assert figures.position_notional == (3.9 + 2.31) * 78.37 == 486.6777
    assert 3.9 * 78.37 + 2.31 * 78.37 == 486.6777000000001
    assert decide(ledger, 2.31, 78.37, max_position_notional=486.6777).approved


def test_a_decision_names_the_figures_it_compared() -> None:
    decision = decide(HOLDING, 10, 100.0, max_exposure_pct=29.0)
    refusal = decision.payload()["rules"][-1]
    assert refusal["limit"] == 29.0
    assert refusal["figures"] == {
        "invested": 2000.0,
        "notional": 1000.0,
        "equity_at_cost": 10_000.0,
        "exposure_pct": 30.0,
    }


def test_a_limit_nearly_used_is_warned_of() -> None:
    told = ("max_order_notional: 90 % of the limit is used",)
    assert decide(FLAT, 9, 100.0, max_order_notional=1000.0).warnings == told
    assert decide(FLAT, 8.9, 100.0, max_order_notional=1000.0).warnings == ()


def test_every_limit_that_is_used_up_by_degrees_is_warned_of_in_the_order_of_the_rules() -> None:
    lost = account(("OLD", BUY, 10, 100.0, 60), ("OLD", SELL, 10, 50.0, 30), ("NEW", BUY, 5, 100.0, 20))
    limits = {
        "max_order_notional": 1000.0,
        "max_position_notional": 1500.0,
        "max_exposure_pct": 16.0,
        "max_daily_loss": 550.0,
        "max_drawdown_pct": 5.2,
        "max_positions": 1,
        "cooldown_minutes": 1.0,
    }
    assert decide(lost, 9.5, 100.0, **limits).warnings == (
        "max_order_notional: 95 % of the limit is used",
        "max_position_notional: 97 % of the limit is used",
        "max_exposure_pct: 95 % of the limit is used",
        "max_daily_loss: 91 % of the limit is used",
        "max_drawdown_pct: 96 % of the limit is used",
    )
    assert decide(lost, 10.5, 100.0, **limits).warnings == (), "of a refusal the reason is enough"


def test_a_rule_that_cannot_tell_how_much_is_used_refuses_too() -> None:
    def broken(_: object) -> float:
        raise ZeroDivisionError("no luck")

    rule = Rule("broken", lambda _: 1, lambda *_: False, lambda _: {}, lambda *_: "", used=broken)
    figures = entry_figures(FLAT, Limits(), "NEW", NOON, 1, 100.0)
    decision = decide_entry(Limits(), TradingState.ACTIVE, figures, (rule,))
    assert (decision.rule, decision.because) == ("broken", "RULE_ERROR: ZeroDivisionError: no luck")


def test_a_rule_that_raises_refuses_the_entry() -> None:
    def broken(_figures: object, _limit: object) -> bool:
        raise ZeroDivisionError("no luck")

    rules = Limits()
    figures = entry_figures(FLAT, rules, "NEW", NOON, 1, 100.0)
    rule = Rule("broken", lambda _: 1, broken, lambda _: {}, lambda *_: "")
    decision = decide_entry(rules, TradingState.ACTIVE, figures, (rule,))
    assert not decision.approved
    assert decision.rule == "broken"
    assert "RULE_ERROR" in decision.because


def test_exposure_is_refused_when_there_is_no_equity() -> None:
    ruined = Ledger.fresh(10_000.0)
    apply_fills(ruined, [Fill(1, "X", BUY, UNIT, 1.0, 20_000.0, 0, 0)])
    ruined.cash = 0.5
    ruined.holdings["X"].avg_price = -1.0  # equity at cost below zero, whatever brought it there
    decision = decide(ruined, 0.001, 1.0, max_exposure_pct=1000.0)
    assert decision.rule == "max_exposure_pct"
    assert "nothing to be exposed with" in decision.because


def test_a_drawdown_with_nothing_open_is_said_to_be_for_good() -> None:
    assert "for good" in decide(LOST_TODAY, 1, 100.0, max_drawdown_pct=1.0).because
    still_open = account(("OLD", BUY, 10, 100.0, 60), ("OLD", SELL, 10, 50.0, 30), ("OLD", BUY, 1, 50.0, 20))
    assert "for good" not in decide(still_open, 1, 100.0, max_drawdown_pct=1.0).because


def test_the_day_of_a_loss_is_the_entry_s_in_the_session_zone() -> None:
    # a loss at 23:30 UTC is on the 29th in New York, like an entry half an hour after midnight UTC
    ts = DAY * MICROS_PER_DAY + 30 * MINUTE
    ledger = Ledger.fresh(10_000.0)
    fills = [Fill(1, "X", BUY, UNIT, 900.0, 0.0, ts, DAY - 1), Fill(2, "X", SELL, UNIT, 100.0, 0.0, ts, DAY - 1)]
    apply_fills(ledger, fills)
    for tz, refused in (("America/New_York", True), ("UTC", False)):
        rules = Limits(max_daily_loss=100.0, session_tz=tz)
        decision = decide_entry(rules, TradingState.ACTIVE, entry_figures(ledger, rules, "NEW", ts, 1, 1.0))
        assert (decision.rule == "max_daily_loss") is refused


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"max_positions": "0"}, "max_positions"),
        ({"max_positions": "2.5"}, "max_positions"),
        ({"max_order_notional": "-1"}, "max_order_notional"),
        ({"max_order_notional": "0"}, "max_order_notional"),
        ({"max_order_notional": "nan"}, "max_order_notional"),
        ({"max_order_notional": "inf"}, "max_order_notional"),
        ({"max_order_notional": "1,000"}, "max_order_notional"),
        ({"fee_bps": "-0.1"}, "fee_bps"),
        ({"session_tz": "Mars/Olympus"}, "Mars/Olympus"),
        ({"session_tz": "../etc/passwd"}, "etc/passwd"),
        ({"allow_symbols": "AAPL,,IBM"}, "allow_symbols"),
        ({"trading_state": "HALTED"}, "trading_state"),
        ({"leverage": "2"}, "leverage"),
        ({"max_order_notional": ""}, "max_order_notional has no value"),
        ({"session_tz": " "}, "session_tz has no value"),
        ({"allow_symbols": ""}, "allow_symbols has no value"),
        ({"fee_bps": "none"}, "fee_bps: 'none' is not a number"),
        ({"max_positions": "1_0"}, "max_positions: '1_0' is not a whole number"),
        ({"fee_fixed": "1_000"}, "fee_fixed: '1_000' is not a number"),
    ],
)
def test_a_policy_value_out_of_bounds_is_refused_by_key(settings: dict[str, str], place: str) -> None:
    with pytest.raises(InvalidError, match=place) as caught:
        Limits().changed(settings)
    assert caught.value.code == "INVALID_POLICY"


def test_a_limit_is_set_and_cleared() -> None:
    limits = Limits().changed({"max_positions": "3", "allow_symbols": "AAPL, IBM", "fee_bps": "1.5"})
    assert (limits.max_positions, limits.allow_symbols, limits.fee_bps) == (3, ("AAPL", "IBM"), 1.5)
    assert limits.changed({"max_positions": "off", "allow_symbols": "off", "fee_bps": "OFF"}) == Limits()


def test_a_text_is_read_as_its_field_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole number, a number, symbols, a zone: by the field's type, whatever it is called."""
    assert {key: kind_of(key) for key in Limits.model_fields} == {
        **dict.fromkeys(Limits.model_fields, float),
        "allow_symbols": tuple,
        "deny_symbols": tuple,
        "max_positions": int,
        "session_tz": str,
    }
    whole = Limits.model_fields["max_positions"]
    monkeypatch.setitem(Limits.model_fields, "max_order_notional", whole)
    assert kind_of("max_order_notional") is int
    with pytest.raises(InvalidError, match=r"max_order_notional: '2\.5' is not a whole number"):
        Limits().changed({"max_order_notional": "2.5"})


def test_fees_are_the_sum_of_three_parts() -> None:
    limits = Limits(fee_fixed=1.0, fee_per_share=0.005, fee_bps=2.0)
    assert limits.fees(10.0, 100.0) == 1.0 + 0.005 * 10.0 + 2.0 / 1e4 * 10.0 * 100.0
    assert Limits().fees(10.0, 100.0) == 0.0


@pytest.mark.parametrize(
    ("amount", "limit", "shown"),
    [
        (2015.0, 1000.0, ("2,015.00", "1,000.00")),
        (100.004, 100.0, ("100.004", "100.000")),
        (100.0, 100.0, ("100.00", "100.00")),
        (math.nextafter(100.0, 101.0), 100.0, ("100.00000000000001", "100.00000000000000")),
        (1e-20, 2e-20, ("1e-20", "2e-20")),
    ],
)
def test_a_refusal_shows_as_many_digits_as_tell_the_amount_from_the_limit(
    amount: float, limit: float, shown: tuple[str, str]
) -> None:
    assert apart(amount, limit) == shown


def test_an_order_just_above_a_limit_is_not_said_to_be_the_limit() -> None:
    figures = entry_figures(Ledger.fresh(10_000.0), Limits(), "X", 0, 1.0, 100.004)
    decision = decide_entry(Limits(max_order_notional=100.0), TradingState.ACTIVE, figures)
    assert decision.because == "the order is 100.004, above max_order_notional 100.000"
