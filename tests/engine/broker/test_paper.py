"""The paper broker's checks and fills, on an account in memory."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.account.state import Account
from engine.broker.paper import Placement, check, place
from engine.errors import ConflictError, InvalidError
from engine.intents import MAX_LOTS, TradeIntent, to_lots, to_quantity
from engine.market.sessions import MICROS_PER_DAY
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.ports import PriorFill
from engine.vocabulary import IntentAction, TradingState
from tests.support.memory_desks import counted_stamps

ID = UUID(int=7)


def account(*fills: tuple[str, int, float], cash: float = 10_000.0) -> Account:
    """An account that bought (symbol, lots, price), without fees."""
    made = Account(ID, Ledger.fresh(cash))
    bought = [Fill(0, symbol, BUY, lots, price, 0.0, 1, 0) for symbol, lots, price in fills]
    assert apply_fills(made.ledger, bought) == []
    return made


OPEN, CLOSE = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG
NOON = 20_000 * MICROS_PER_DAY + MICROS_PER_DAY // 2


def intent(action: IntentAction, quantity: float) -> TradeIntent:
    return TradeIntent(id=UUID(int=1), workspace_id=ID, symbol="X", action=action, quantity=quantity)


def submit(
    on: Account,
    action: IntentAction,
    quantity: float,
    price: float,
    prior: PriorFill | None = None,
    state: TradingState = TradingState.ACTIVE,
    **limits: Any,
) -> Placement:
    workspace = Workspace(ID, "w", on.ledger.starting_equity, 0, limits=Limits(**limits), trading_state=state)
    return place(check(intent(action, quantity), price), on, workspace, NOON, counted_stamps(), prior)


@pytest.mark.parametrize("quantity", [1e-8, 1.0, to_quantity(MAX_LOTS)])
def test_an_order_is_the_lots_of_its_intent(quantity: float) -> None:
    order = check(intent(OPEN, quantity), 0.5)
    assert (order.side, order.lots, order.quantity, order.price) == (1, to_lots(quantity), quantity, 0.5)
    assert check(intent(CLOSE, quantity), 0.5) == replace(order, side=-1, intent=intent(CLOSE, quantity))


@pytest.mark.parametrize(
    ("action", "quantity", "price", "mode", "code", "said"),
    [
        ("OPEN_SHORT", 0.0, -1.0, "live", "UNSUPPORTED_MODE", "the mode 'live' is not executed"),
        ("OPEN_SHORT", 0.0, -1.0, "paper", "UNSUPPORTED_ACTION", "the action OPEN_SHORT is not executed"),
        ("OPEN_LONG", 0.0, 0.0, "paper", "INVALID_FILL_PRICE", "the fill price 0.0 is not a finite number above zero"),
        (
            "OPEN_LONG",
            0.0,
            -0.5,
            "paper",
            "INVALID_FILL_PRICE",
            "the fill price -0.5 is not a finite number above zero",
        ),
        (
            "OPEN_LONG",
            1.0,
            math.inf,
            "paper",
            "INVALID_FILL_PRICE",
            "the fill price inf is not a finite number above zero",
        ),
        (
            "OPEN_LONG",
            1.0,
            math.nan,
            "paper",
            "INVALID_FILL_PRICE",
            "the fill price nan is not a finite number above zero",
        ),
        (
            "CLOSE_LONG",
            4e-9,
            1.0,
            "paper",
            "INVALID_QUANTITY",
            f"the quantity 4e-09 is not between 0.00000001 and {to_quantity(MAX_LOTS)!r}",
        ),
        (
            "OPEN_LONG",
            to_quantity(MAX_LOTS) * 2,
            1.0,
            "paper",
            "INVALID_QUANTITY",
            f"the quantity {to_quantity(MAX_LOTS) * 2!r} is not between 0.00000001 and {to_quantity(MAX_LOTS)!r}",
        ),
        ("OPEN_LONG", 2.0, 1.7e308, "paper", "INVALID_FILL_PRICE", "2.0 at 1.7e+308 is not a finite amount"),
    ],
)
def test_what_needs_no_account_is_checked_first_and_in_this_order(
    action: str, quantity: float, price: float, mode: str, code: str, said: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        check(intent(IntentAction(action), quantity), price, mode)
    assert (caught.value.code, caught.value.message) == (code, said)


def test_an_intent_that_opens() -> None:
    flat = account()
    placement = submit(flat, OPEN, 2.0, 50.0, fee_fixed=0.5, session_tz="Asia/Tokyo")
    assert placement.fill == Fill(0, "X", BUY, 200_000_000, 50.0, 0.5, NOON, 20_000)
    assert (placement.position_action, placement.trade, placement.decision.approved) == ("opened", None, True)
    assert placement.policy == placement.decision.payload()
    assert (flat.ledger.cash, flat.marks) == (10_000.0 - 100.5, {"X": 50.0})
    kinds = ["INTENT_EMITTED", "POLICY_EVALUATED", "INTENT_APPROVED", "ORDER_FILLED", "POSITION_OPENED"]
    assert [event.event_type for event in placement.events] == kinds
    assert {event.ts for event in placement.events} == {NOON}
    filled, opened = placement.events[3:]
    assert filled.order_id == opened.order_id == placement.order_id
    assert (filled.side, filled.lots, filled.price, filled.fees, filled.session) == (1, 200_000_000, 50.0, 0.5, 20_000)
    opened_at = "2024-10-04T12:00:00+00:00"
    assert json.loads(opened.payload) == {"quantity": 2.0, "avg_price": 50.0, "opened_at": opened_at}


def test_an_intent_that_scales_and_one_that_closes() -> None:
    held = account(("X", 200_000_000, 50.0), ("Y", 100_000_000, 1.0))
    scaled = submit(held, OPEN, 2.0, 60.0)
    assert scaled.position_action == "scaled"
    position = {"quantity": 4.0, "avg_price": 55.0, "opened_at": "1970-01-01T00:00:00.000001+00:00"}
    assert json.loads(scaled.events[-1].payload) == position
    closed = submit(held, CLOSE, 4.0, 57.5, fee_fixed=2.0)
    assert (closed.position_action, closed.fill and closed.fill.side) == ("closed", -1)
    assert (closed.trade and closed.trade.pnl, list(held.ledger.holdings)) == ((57.5 - 55.0) * 4.0 - 2.0, ["Y"])
    assert closed.events[-1].event_type == "POSITION_CLOSED"
    assert json.loads(closed.events[-1].payload) == {
        "quantity": 4.0,
        "entry_ts": "1970-01-01T00:00:00.000001+00:00",
        "entry_price": 55.0,
        "exit_price": 57.5,
        "fees": 2.0,
        "pnl": 8.0,
    }


def test_a_day_is_that_of_the_session_zone() -> None:
    late = Workspace(ID, "w", 1e4, 0, limits=Limits(session_tz="Pacific/Auckland"))
    placement = place(check(intent(OPEN, 1.0), 1.0), account(), late, NOON, counted_stamps())
    assert placement.fill is not None
    assert placement.fill.session == 20_001


def test_an_intent_that_the_policy_refuses_changes_nothing() -> None:
    held = account(("X", 100_000_000, 50.0))
    before = held.ledger.copy()
    refused = submit(held, OPEN, 2.0, 50.0, max_order_notional=99.0)
    assert (refused.fill, refused.order_id, refused.position_action, refused.trade) == (None, None, None, None)
    assert [event.event_type for event in refused.events] == ["INTENT_EMITTED", "POLICY_EVALUATED", "INTENT_REJECTED"]
    assert {event.mode for event in refused.events} == {"paper"}
    said = {"rule": "max_order_notional", "because": "the order is 100.00, above max_order_notional 99.00"}
    assert json.loads(refused.events[-1].payload) == said
    assert refused.policy == refused.decision.payload()
    assert (held.ledger, held.marks) == (before, {})
    halted = submit(held, CLOSE, 1.0, 50.0, state=TradingState.HALTED)
    assert (halted.fill, halted.decision.rule) == (None, "trading_state")
    assert submit(held, CLOSE, 1.0, 50.0, state=TradingState.REDUCING, deny_symbols=("X",)).fill is not None


def test_what_was_executed_is_not_executed_again() -> None:
    prior = PriorFill("order-1", "correlation-1", "OPEN_LONG", "X", 200_000_000)
    with pytest.raises(ConflictError) as caught:
        submit(account(), OPEN, 2.0, 50.0, prior)
    first = {"order_id": "order-1", "correlation_id": "correlation-1"}
    assert caught.value.code == "ALREADY_EXECUTED"
    assert caught.value.details == {**first, "first_order": first}
    which = "as order order-1 (correlation id correlation-1)"
    assert caught.value.message == f"intent {UUID(int=1)} was executed before, {which}"


@pytest.mark.parametrize(
    ("action", "symbol", "lots", "was"),
    [
        ("CLOSE_LONG", "X", 200_000_000, "CLOSE_LONG of 2.0 X"),
        ("OPEN_LONG", "Y", 200_000_000, "OPEN_LONG of 2.0 Y"),
        ("OPEN_LONG", "X", 200_000_001, "OPEN_LONG of 2.00000001 X"),
    ],
)
def test_an_id_that_another_order_had_is_refused(action: str, symbol: str, lots: int, was: str) -> None:
    with pytest.raises(ConflictError) as caught:
        submit(account(), OPEN, 2.0, 50.0, PriorFill("order-1", "correlation-1", action, symbol, lots))
    assert caught.value.code == "INTENT_ID_REUSED"
    which = "order order-1 (correlation id correlation-1)"
    assert caught.value.message == f"intent {UUID(int=1)} was executed before as {was}, {which}"
    first = {"order_id": "order-1", "correlation_id": "correlation-1"}
    assert caught.value.details == {**first, "first_order": first}


@pytest.mark.parametrize(
    ("held", "action", "quantity", "code", "said"),
    [
        (None, CLOSE, 1.0, "NO_POSITION", "X is not held"),
        (200_000_000, CLOSE, 1.0, "PARTIAL_CLOSE_NOT_SUPPORTED", "sells are all or nothing: 2.0 X"),
        (200_000_000, CLOSE, 2.5, "PARTIAL_CLOSE_NOT_SUPPORTED", "sells are all or nothing: 2.0 X"),
        (
            MAX_LOTS,
            OPEN,
            1.0,
            "INVALID_QUANTITY",
            f"with the {to_quantity(MAX_LOTS)!r} X held, the position would exceed 2^62 lots",
        ),
    ],
)
def test_the_position_must_be_there_and_fit(
    held: int | None, action: IntentAction, quantity: float, code: str, said: str
) -> None:
    on = account() if held is None else account(("X", held, 1e-6))
    with pytest.raises(InvalidError) as caught:
        submit(on, action, quantity, 1.0)
    assert (caught.value.code, caught.value.message) == (code, said)


def test_a_position_may_grow_to_the_most() -> None:
    held = account(("X", MAX_LOTS - 100_000_000, 1e-9))
    assert submit(held, OPEN, 1.0, 1e-9).position_action == "scaled"
    assert held.ledger.holdings["X"].lots == MAX_LOTS


@pytest.mark.parametrize(
    ("lots", "limits", "said"),
    [
        (100_000_000, {"fee_bps": 1e308}, "1.0 at 1000000000.0 is not a finite amount"),
        (10**17, {}, "1.0 at 1e+300 is not a finite amount"),
    ],
    ids=["fees", "position"],
)
def test_an_entry_whose_cost_or_position_is_no_finite_number_is_refused(
    lots: int, limits: dict[str, float], said: str
) -> None:
    held = account(("X", lots, 1.0), cash=1e300)
    price = 1e9 if limits else 1e300
    with pytest.raises(InvalidError, match="is not a finite amount") as caught:
        submit(held, OPEN, 1.0, price, **limits)
    assert (caught.value.code, caught.value.message) == ("INVALID_FILL_PRICE", said)


@pytest.mark.parametrize("lots", [9_173_021_677_453_854, MAX_LOTS - 300])
def test_a_close_sells_the_lots_that_are_held_and_pays_for_those(lots: int) -> None:
    """Beyond 2^26 units a quantity's shortest decimal may name other lots than those it came from."""
    quantity = to_quantity(lots)
    assert to_lots(quantity) != lots
    held = account(("X", lots, 1.0), cash=1e12)
    placement = submit(held, CLOSE, quantity, 1.5, fee_per_share=0.3)
    assert placement.fill is not None
    assert (placement.fill.lots, placement.fill.fees) == (lots, 0.3 * quantity)
    assert placement.trade is not None
    assert (placement.trade.lots, placement.trade.pnl) == (lots, (1.5 - 1.0) * quantity - 0.3 * quantity)
    assert (held.ledger.holdings, held.ledger.trades_count) == ({}, 1)
    filled = next(event for event in placement.events if event.event_type == "ORDER_FILLED")
    assert (filled.lots, filled.fees) == (lots, 0.3 * quantity)


@pytest.mark.parametrize(
    ("quantity", "price", "limits"),
    [(1.0, 1e308, {}), (1.0, 1.0, {"fee_per_share": 1e308, "fee_fixed": 1e308}), (10.0, 1.0, {"fee_per_share": 1e308})],
    ids=["cash and proceeds", "fees", "fees of ten"],
)
def test_a_close_that_makes_cash_no_finite_number_is_refused_and_changes_nothing(
    quantity: float, price: float, limits: dict[str, float]
) -> None:
    held = account(("X", to_lots(quantity), 1.0), cash=1e308)
    before = held.ledger.copy()
    with pytest.raises(InvalidError, match="makes an amount that is not finite") as caught:
        submit(held, CLOSE, quantity, price, **limits)
    assert caught.value.code == "INVALID_FILL_PRICE"
    assert (held.ledger, held.marks) == (before, {})


def test_a_close_whose_fees_take_what_it_brings_is_finite() -> None:
    held = account(("X", 100_000_000, 1.0), cash=1e308)
    assert submit(held, CLOSE, 1.0, 1e308, fee_fixed=1e308).fill is not None
    assert held.ledger.cash == 1e308
