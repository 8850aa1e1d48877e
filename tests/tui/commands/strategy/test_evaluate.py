"""`evaluate`: fills that are not known yet, the account's fees, and the other symbols of those that compare them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.console import Console

BUYS = ("--strategy", "rotate.py", "--symbol", "AAPL", "--symbol", "IBM")
DATA = ("--data", "sample:AAPL", "--data", "sample:IBM")


def of(evaluations: Any, symbol: str) -> Any:
    (found,) = [each for each in evaluations if each["symbol"] == symbol]
    return found


@pytest.fixture
def rotation(console: Console) -> Console:
    console.ok("strategy", "new", "rotate", "--all-symbols")
    return console


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        ("close", None),
        ("next_open", "quantity estimated at the last close: filled at the next open"),
        ("pessimistic", "quantity estimated at the last close: filled at the next bar's high"),
    ],
)
def test_what_the_next_bar_fills_is_an_estimate(rotation: Console, fill: str, said: str | None) -> None:
    asked = ("evaluate", *BUYS, *DATA, "--set", f"execution.fill={fill}")
    assert of(rotation.json(*asked), "IBM")["estimated"] is (said is not None)
    assert of(rotation.json(*asked), "AAPL")["estimated"] is False
    out = rotation.ok(*asked).out
    assert "would OPEN_LONG 4.92829333 IBM at 202.91" in out
    assert said is None or said in out
    assert out.count("estimated") == (said is not None)


def test_symbols_are_compared_at_the_time_asked_for(rotation: Console) -> None:
    """Each symbol is compared with what was known of the others then."""
    at = rotation.json("evaluate", *BUYS, *DATA, "--at", "2012-06-15")
    cut = rotation.json("evaluate", *BUYS, *DATA, "--to", "2012-06-15")
    assert at == cut
    for day in ("2010-03-01", "2011-07-05", "2012-10-01"):
        evaluations = rotation.json("evaluate", *BUYS, *DATA, "--at", day)
        gains = {each["symbol"]: each["metadata"]["gain"] for each in evaluations}
        assert [each["symbol"] for each in evaluations if each["intents"]] == [max(gains, key=lambda s: gains[s])]


def test_an_order_that_is_scaled_to_the_cash_leaves_room_for_the_accounts_fees(rotation: Console) -> None:
    rotation.ok("workspace", "create", "costly")
    rotation.ok("policy", "set", "-w", "costly", "fee_bps=100", "fee_fixed=5")
    sets = ("--set", "risk.dollars_per_trade=10000", "--set", "risk.short_of_cash=scale")
    plain, costly = (
        of(rotation.json("evaluate", "-w", account, *BUYS, *DATA, *sets), "IBM")["intents"][0]
        for account in ("default", "costly")
    )
    cost = costly["quantity"] * costly["price"]
    assert plain["quantity"] * plain["price"] == pytest.approx(10_000)
    assert cost * 1.01 + 5 == pytest.approx(10_000)
    assert cost * 1.01 + 5 <= 10_000
