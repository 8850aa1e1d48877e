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
from engine.policy.limits import Limits, kind_of
from engine.policy.rules import EntryFigures, Rule, apart
from engine.vocabulary import TradingState

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


def test_the_figures_of_an_entry_are_of_the_account_before_it() -> None:
    ledger = account(
        ("OLD", BUY, 20, 100.0, 60), ("NEW", BUY, 1, 50.0, 50), ("NEW", SELL, 1, 40.0, 40), ("NEW", BUY, 2, 30.0, 30)
    )
    limits = Limits(fee_fixed=1.0, fee_per_share=0.25, fee_bps=10.0)
    fees = 1.0 + 0.25 * 3.0 + 10.0 / 1e4 * 3.0 * 70.0
    assert entry_figures(ledger, limits, "NEW", NOON, 3.0, 70.0) == EntryFigures(
        symbol="NEW",
        ts=NOON,
        notional=210.0,
        fees=fees,
        cost=210.0 + fees,
        held_quantity=2.0,
        position_notional=350.0,
        is_new=False,
        open_positions=2,
        cash=10_000.0 - 2000.0 - 10.0 - 60.0,
        invested=2060.0,
        equity_at_cost=9990.0,
        peak_equity=10_000.0,
        realized_on_day=-10.0,
        last_closed_at=NOON - 40 * MINUTE,
    )
    other = entry_figures(ledger, limits, "ELSE", NOON + MICROS_PER_DAY, 3.0, 70.0)
    assert (other.held_quantity, other.is_new, other.realized_on_day, other.last_closed_at) == (0.0, True, 0.0, None)


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
    decision = decide(HOLDING, 10, 100.0, max_positions=2, max_exposure_pct=29.0, max_daily_loss=1.0)
    said = "30.00 % of equity would be invested, above max_exposure_pct 29.00"
    assert decision.payload() == {
        "approved": False,
        "rule": "max_exposure_pct",
        "because": said,
        "rules": [
            {"rule": "trading_state", "verdict": "pass", "limit": "ACTIVE"},
            {
                "rule": "buying_power",
                "verdict": "pass",
                "figures": {"notional": 1000.0, "fees": 0.0, "cost": 1000.0, "cash": 8000.0},
            },
            {
                "rule": "max_positions",
                "verdict": "pass",
                "limit": 2,
                "figures": {"open_positions": 1, "is_new": True},
            },
            {
                "rule": "max_exposure_pct",
                "verdict": "refuse",
                "limit": 29.0,
                "figures": {
                    "invested": 2000.0,
                    "notional": 1000.0,
                    "equity_at_cost": 10_000.0,
                    "exposure_pct": 30.0,
                },
                "because": said,
            },
        ],
        "warnings": [],
    }


def test_an_approval_has_no_reason_and_its_warnings() -> None:
    payload = decide(FLAT, 9, 100.0, max_order_notional=1000.0, allow_symbols=("NEW",)).payload()
    assert (payload["approved"], payload["rule"], payload["because"]) == (True, None, None)
    assert payload["warnings"] == ["max_order_notional: 90 % of the limit is used"]
    assert payload["rules"][1] == {"rule": "symbols", "verdict": "pass", "figures": {"symbol": "NEW"}}


SCALED = account(("NEW", BUY, 5, 100.0, 60))


@pytest.mark.parametrize(
    ("ledger", "limits", "figures", "because"),
    [
        (FLAT, {"deny_symbols": ("NEW",)}, {"symbol": "NEW"}, "NEW is denied"),
        (FLAT, {"allow_symbols": ("A",)}, {"symbol": "NEW"}, "NEW is not on the allow-list"),
        (FLAT, {"allow_symbols": ("A",), "deny_symbols": ("B",)}, {"symbol": "NEW"}, "NEW is not on the allow-list"),
        (
            FLAT,
            {"fee_fixed": 9_000.5},
            {"notional": 1000.0, "fees": 9000.5, "cost": 10_000.5, "cash": 10_000.0},
            "it costs 10,000.50 with fees, above the cash of 10,000.00",
        ),
        (
            HOLDING,
            {"max_positions": 1},
            {"open_positions": 1, "is_new": True},
            "1 positions are open and max_positions is 1",
        ),
        (
            FLAT,
            {"max_order_notional": 999.0},
            {"notional": 1000.0},
            "the order is 1,000.00, above max_order_notional 999.00",
        ),
        (
            SCALED,
            {"max_position_notional": 1499.0},
            {"held_quantity": 5.0, "position_notional": 1500.0},
            "the position would be 1,500.00, above max_position_notional 1,499.00",
        ),
        (
            LOST_TODAY,
            {"max_daily_loss": 499.0},
            {"realized_on_day": -500.0},
            "the day's realized P&L is -500.00, at or below -499.00",
        ),
        (
            LOST_TODAY,
            {"max_drawdown_pct": 4.0},
            {"peak_equity": 10_000.0, "equity_at_cost": 9500.0, "drawdown_pct": 5.0},
            "the account is 5.00 % below its peak, at or beyond max_drawdown_pct 4.00"
            "; with nothing open that is for good, until the limit is changed",
        ),
        (
            CLOSED,
            {"cooldown_minutes": 30.04},
            {"minutes_since_close": 30.0},
            "NEW was closed 30.00 minutes ago, less than 30.04",
        ),
        (
            CLOSED,
            {"cooldown_minutes": 45.0},
            {"minutes_since_close": 30.0},
            "NEW was closed 30.0 minutes ago, less than 45.0",
        ),
        (
            account(("NEW", BUY, 1, 100.0, 60), ("NEW", SELL, 1, 100.0, 0)),
            {"cooldown_minutes": 45.0},
            {"minutes_since_close": 0.0},
            "NEW was closed 0.0 minutes ago, less than 45.0",
        ),
    ],
)
def test_a_refusal_says_what_was_compared(
    ledger: Ledger, limits: dict[str, Any], figures: dict[str, Any], because: str
) -> None:
    decision = decide(ledger, 10, 100.0, **limits)
    verdict = decision.verdicts[-1]
    assert (verdict.verdict, verdict.figures, decision.because) == ("refuse", figures, because)


@pytest.mark.parametrize(
    ("state", "is_entry", "said"),
    [
        ("HALTED", True, "trading is HALTED: nothing is executed"),
        ("HALTED", False, "trading is HALTED: nothing is executed"),
        ("REDUCING", True, "trading is REDUCING: exits only"),
    ],
)
def test_a_trading_state_that_refuses_says_what_it_lets_through(state: str, is_entry: bool, said: str) -> None:
    found = decide(FLAT, 1, 100.0, TradingState(state)) if is_entry else decide_exit(TradingState(state))
    rule = {"rule": "trading_state", "verdict": "refuse", "limit": state, "because": said}
    assert found.payload() == {
        "approved": False,
        "rule": "trading_state",
        "because": said,
        "rules": [rule],
        "warnings": [],
    }


def test_an_exit_that_is_let_through_met_the_trading_state_alone() -> None:
    for state in ("ACTIVE", "REDUCING"):
        rule = {"rule": "trading_state", "verdict": "pass", "limit": state}
        assert decide_exit(TradingState(state)).payload()["rules"] == [rule]


def test_amounts_are_before_fees_in_all_rules_but_buying_power() -> None:
    limits = {"max_order_notional": 1000.0, "max_position_notional": 1000.0, "max_exposure_pct": 10.0}
    decision = decide(FLAT, 10, 100.0, fee_fixed=100.0, **limits)
    assert decision.approved
    assert decision.warnings == tuple(f"{key}: 100 % of the limit is used" for key in limits)
    assert decide(account(), 99.5, 100.0, fee_fixed=100.0).rule == "buying_power"


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
    assert decision.verdicts[-1].payload() == {
        "rule": "broken",
        "verdict": "error",
        "because": "RULE_ERROR: ZeroDivisionError: no luck",
    }


def with_equity(equity: float) -> Ledger:
    """An account whose equity at cost came to so much, whatever brought it there: 0.5 in cash, the rest held."""
    ledger = Ledger.fresh(10_000.0)
    apply_fills(ledger, [Fill(1, "X", BUY, UNIT, 1.0, 20_000.0, 0, 0)])
    ledger.cash = 0.5
    ledger.holdings["X"].avg_price = equity - 0.5
    return ledger


@pytest.mark.parametrize("equity", [-0.5, 0.0])
def test_exposure_is_refused_when_there_is_no_equity(equity: float) -> None:
    decision = decide(with_equity(equity), 0.001, 1.0, max_exposure_pct=1e6)
    assert decision.rule == "max_exposure_pct"
    assert decision.because == f"equity at cost is {equity:.2f}: there is nothing to be exposed with"
    assert decision.verdicts[-1].figures["exposure_pct"] is None


def test_a_little_equity_is_exposed_as_much_as_any() -> None:
    decision = decide(with_equity(0.75), 0.125, 1.0, max_exposure_pct=50.0)
    assert decision.verdicts[-1].figures["exposure_pct"] == (0.25 + 0.125) / 0.75 * 100 == 50.0
    assert decision.approved


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


def test_an_unknown_key_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidError, match="there is no policy key 'leverage'") as caught:
        Limits().changed({"leverage": "2"})
    assert caught.value.hint.startswith("one of allow_symbols, deny_symbols, max_positions, max_order_notional, ")
    assert caught.value.hint.endswith(", fee_bps, session_tz")


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
