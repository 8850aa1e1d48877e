"""`StrategyRunner.evaluate`: every short code, and what a caller may give beside the bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.account.ledger import Holding, Ledger
from engine.account.state import Account, PaperState
from engine.errors import InvalidError, NotFoundError
from engine.market.sessions import to_micros
from engine.market.snapshot import Bar, MarketSnapshot
from engine.strategies.runner import StrategyEvaluation, StrategyRunner
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction

WORKSPACE = UUID("7b1f9d52-6c3e-4a6d-8f0e-2f6f1f0f7a01")
FIRST = datetime(2024, 3, 4, tzinfo=UTC)


def spec(**changes: Any) -> Any:
    document = {
        "strategy_id": "breakout_52w_high",
        "symbols": ["AAPL", "IBM"],
        "entry": {"lookback_days": 3},
        "risk": {"dollars_per_trade": 1000.0, "max_positions": 2},
    }
    return parse_spec(document | changes)


def days(*closes: float, symbol: str = "AAPL", **changes: Any) -> MarketSnapshot:
    """Daily bars that open, peak and end at their close, the last one its session's last."""
    bars = [flat(FIRST + timedelta(days=i), close) for i, close in enumerate(closes)]
    return MarketSnapshot(**{"symbol": symbol, "ts": bars[-1].ts, "bars": bars, "is_eod": True} | changes)


def flat(ts: datetime, price: float) -> Bar:
    return Bar(ts=ts, open=price, high=price, low=price, close=price)


def state(since: datetime = FIRST - timedelta(days=1), **held: float) -> PaperState:
    """Holding ten of each symbol named, at that price, since before the data if nothing else is said."""
    ledger = Ledger.fresh(10_000.0)
    opened = to_micros(since)
    ledger.holdings = {symbol: Holding(symbol, 10**9, 10.0, price, opened) for symbol, price in sorted(held.items())}
    return Account(WORKSPACE, ledger).state()


def evaluate(spec: Any, snapshot: MarketSnapshot, account: PaperState | None = None) -> StrategyEvaluation:
    return StrategyRunner().evaluate(spec, snapshot, account or state())


BREAKOUT = days(10, 11, 10, 12)


@pytest.mark.parametrize(
    ("code", "changes", "snapshot", "held"),
    [
        ("symbol_not_in_spec", {}, days(10, 11, 10, 12, symbol="GOOG"), {}),
        ("strategy_disabled", {"enabled": False}, BREAKOUT, {}),
        ("entry_blocked_max_positions", {}, BREAKOUT, {"GOOG": 5.0, "IBM": 6.0}),
        ("entry_skipped_zero_quantity", {"risk": {"dollars_per_trade": 1e-8}}, BREAKOUT, {}),
        ("lookback_partial_2_of_3", {}, days(10, 11, 12), {}),
        ("lookback_partial_1_of_3", {}, days(10, 11), {}),
        ("entry_skipped_invalid_price", {}, days(10, 11, 10, 12, last_price=0.0), {}),
        ("entry_skipped_invalid_price", {}, days(10, 11, 10, 12, last_price=-1.0), {}),
    ],
)
def test_an_entry_that_is_held_back(code: str, changes: dict[str, Any], snapshot: Any, held: dict[str, float]) -> None:
    found = evaluate(spec(**changes), snapshot, state(**held))
    assert found.signals == [code]
    assert found.intents == []


def test_no_history_at_all() -> None:
    bars = [flat(FIRST + timedelta(hours=hour), 10.0 + hour) for hour in (1, 2)]
    found = evaluate(spec(), MarketSnapshot(symbol="AAPL", ts=bars[-1].ts, bars=bars))
    assert found.signals == ["entry_skipped_no_history"]


def test_an_intraday_symbol_does_not_enter_on_its_sessions_last_bar() -> None:
    bars = [flat(FIRST + timedelta(days=day, hours=hour), 10.0 + day) for day in range(4) for hour in (1, 2)]
    bars[-1] = flat(bars[-1].ts, 20.0)
    ending = MarketSnapshot(symbol="AAPL", ts=bars[-1].ts, bars=bars, is_eod=True)
    assert evaluate(spec(), ending).signals == ["entry_skipped_eod"]
    for other in (spec(exit={"type": "none"}), spec(exit={"type": "none", "max_bars": 5})):
        assert evaluate(other, ending).signals == ["breakout_entry"]
    going_on = ending.model_copy(update={"is_eod": False})
    assert evaluate(spec(), going_on).signals == ["breakout_entry"]


def test_a_breakout_is_an_intent_with_the_evaluations_id() -> None:
    found = evaluate(spec(exit={"stop_loss_pct": 10.0, "take_profit_pct": 50.0}), BREAKOUT)
    (intent,) = found.intents
    assert found.signals == ["breakout_entry"]
    assert found.metadata == {"price": 12.0, "prior_high": 11.0}
    assert (intent.symbol, intent.action, intent.quantity) == ("AAPL", IntentAction.OPEN_LONG, 83.33333333)
    assert (intent.price, intent.stop_loss, intent.take_profit) == (12.0, 12.0 * 0.9, 18.0)
    assert intent.correlation_id == str(found.evaluation_id)
    assert (intent.reason, intent.strategy_id, intent.created_at) == (
        "breakout_entry",
        "breakout_52w_high",
        BREAKOUT.ts,
    )
    assert evaluate(spec(exit={"stop_loss_pct": 10.0, "take_profit_pct": 50.0}), BREAKOUT) == found


def test_at_the_prior_high_is_not_above_it() -> None:
    found = evaluate(spec(), days(10, 12, 10, 12))
    assert (found.signals, found.intents) == ([], [])
    assert found.metadata == {"price": 12.0, "prior_high": 12.0}


def test_the_exit_goes_first_and_that_evaluation_does_not_enter() -> None:
    found = evaluate(spec(), BREAKOUT, state(AAPL=8.0))
    (intent,) = found.intents
    assert found.signals == ["eod_exit"]
    assert (intent.action, intent.quantity, intent.reason) == (IntentAction.CLOSE_LONG, 10.0, "eod_exit")
    assert (intent.stop_loss, intent.take_profit) == (None, None)


def test_exits_apply_from_the_bar_after_the_entry() -> None:
    leave = spec(exit={"type": "eod", "stop_loss_pct": 5.0, "take_profit_pct": 5.0, "max_bars": 1})
    assert evaluate(leave, BREAKOUT, state(BREAKOUT.ts, AAPL=12.0)).signals == []
    assert evaluate(leave, BREAKOUT, state(BREAKOUT.ts - timedelta(days=1), AAPL=12.0)).signals == ["eod_exit"]


def test_exits_are_never_dropped_for_want_of_slots() -> None:
    found = evaluate(spec(risk={"max_positions": 1}), BREAKOUT, state(AAPL=8.0, GOOG=5.0, IBM=6.0))
    assert found.signals == ["eod_exit"]


def test_a_price_that_is_none_keeps_nobody_in() -> None:
    (intent,) = evaluate(spec(), days(10, 11, 10, 12, last_price=0.0), state(AAPL=8.0)).intents
    assert (intent.action, intent.reason, intent.price) == (IntentAction.CLOSE_LONG, "eod_exit", 12.0)


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        ({"type": "none", "stop_loss_pct": 20.0}, "stop_loss_exit"),
        ({"type": "none", "take_profit_pct": 10.0}, "take_profit_exit"),
        ({"type": "none", "max_bars": 2}, "max_bars_exit"),
    ],
)
def test_the_other_exits_by_name(leave: dict[str, Any], code: str) -> None:
    paid = 20.0 if code == "stop_loss_exit" else 8.0
    assert evaluate(spec(exit=leave), BREAKOUT, state(AAPL=paid)).signals == [code]


def test_a_strategys_own_exit_by_name() -> None:
    cross = spec(strategy_id="sma_cross", entry={"fast_period": 1, "slow_period": 2})
    assert evaluate(cross, days(10, 11, 12, 9), state(AAPL=8.0)).signals == ["signal_exit"]
    assert evaluate(cross, days(10, 9, 12)).signals == ["sma_cross_entry"]
    assert evaluate(cross, days(10, 11)).signals == ["lookback_partial_1_of_2"]
    weak = spec(strategy_id="rsi_reversion", entry={"period": 2})
    assert evaluate(weak, days(10, 9, 8)).signals == ["rsi_reversion_entry"]
    assert evaluate(weak, days(8, 9, 10), state(AAPL=8.0)).signals == ["signal_exit"]


def test_a_given_last_price_is_the_price() -> None:
    below = days(10, 11, 10, 12, last_price=11.0)
    assert evaluate(spec(), below).signals == []
    above = evaluate(spec(), days(10, 11, 10, 9, last_price=12.5))
    assert above.signals == ["breakout_entry"]
    assert (above.intents[0].price, above.intents[0].quantity) == (12.5, 80.0)


def test_a_given_high_replaces_the_computed_one_and_the_history_checks() -> None:
    assert evaluate(spec(), days(10, 12, high_52w=11.5)).signals == ["breakout_entry"]
    assert evaluate(spec(), days(10, 11, 10, 12, high_52w=12.0)).signals == []
    assert evaluate(spec(), days(10, 11, 10, 12, high_52w=12.0)).metadata == {"price": 12.0, "prior_high": 12.0}


def test_specs_that_cannot_be_evaluated() -> None:
    for wrong in (
        spec(entry={"type": "sma_cross"}),
        spec(entry={"lookback_days": 0}),
        spec(entry={"lookback_dayz": 3}),
        spec(exit={"type": "signal"}),
    ):
        with pytest.raises(InvalidError) as error:
            evaluate(wrong, BREAKOUT)
        assert error.value.code == "INVALID_SPEC"
    with pytest.raises(NotFoundError) as missing:
        evaluate(spec(strategy_id="breakout_52w_hihg"), BREAKOUT)
    assert (missing.value.code, missing.value.hint) == ("STRATEGY_NOT_FOUND", "did you mean breakout_52w_high?")
