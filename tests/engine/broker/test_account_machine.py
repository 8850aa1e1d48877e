"""Replay equals live, and no fill is lost or doubled, after any sequence of what can happen to an account."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.errors import PapertapeError
from engine.vocabulary import IntentAction, TradingState
from tests.support.desks import TickingClock, open_test_desk

NAMESPACE = UUID("5b7d7a7e-3f43-4f0e-9f59-0d1f0c8b9a10")
SYMBOLS = st.sampled_from(["AAPL", "IBM", "Z", "é", "[bold]"])
LOTS = st.integers(1, 40 * 10**8)
PRICES = st.floats(0.5, 300.0)
START = 10_000.0


@dataclass
class Order:
    intent_id: UUID
    action: str
    symbol: str
    quantity: float
    order_id: str = ""


@dataclass
class Model:
    """An account in plain loops, from the ledger's formulas as they are written down."""

    cash: float = START
    realized: float = 0.0
    held: dict[str, tuple[int, float]] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    trades: int = 0
    fee: float = 0.0

    def buy(self, symbol: str, lots: int, price: float) -> None:
        quantity = lots / 1e8
        self.cash = self.cash - (quantity * price + self.fee)
        self.realized = self.realized - self.fee
        if symbol in self.held:
            had, average = self.held[symbol]
            average = (average * (had / 1e8) + price * quantity) / (had / 1e8 + quantity)
            self.held[symbol] = (had + lots, average)
        else:
            self.held[symbol] = (lots, price)

    def sell(self, symbol: str, price: float) -> None:
        lots, average = self.held.pop(symbol)
        quantity = lots / 1e8
        self.cash = self.cash + (quantity * price - self.fee)
        self.realized = self.realized + ((price - average) * quantity - self.fee)
        self.trades += 1


class AccountMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = tempfile.TemporaryDirectory()
        self.path = Path(self.room.name) / "papertape.db"
        self.clock = TickingClock()
        self.model = Model()
        self.count = 0
        self.trading = TradingState.ACTIVE

    @initialize()
    def open(self) -> None:
        self.desk = open_test_desk(self.path, self.clock)
        self.other = open_test_desk(self.path, self.clock)
        self.desk.accounts.require()

    def teardown(self) -> None:
        self.desk.close()
        self.other.close()
        self.room.cleanup()

    def fresh_id(self) -> UUID:
        self.count += 1
        return uuid5(NAMESPACE, str(self.count))

    def submit(self, order: Order, price: float, *, elsewhere: bool = False) -> str | None:
        """Execute on one of the two desks; the error code, or None when it filled."""
        desk = self.other if elsewhere else self.desk
        try:
            result = desk.trading.order(
                IntentAction(order.action), order.symbol, order.quantity, price, intent_id=order.intent_id
            )
        except PapertapeError as error:
            return error.code
        order.order_id = str(result.order_id)
        return result.error_code

    @rule(symbol=SYMBOLS, lots=LOTS, price=PRICES, elsewhere=st.booleans())
    def buy(self, symbol: str, lots: int, price: float, elsewhere: bool) -> None:
        order = Order(self.fresh_id(), "OPEN_LONG", symbol, lots / 1e8)
        affordable = order.quantity * price + self.model.fee <= self.model.cash
        code = self.submit(order, price, elsewhere=elsewhere)
        if self.trading is TradingState.ACTIVE and affordable:
            assert code is None
            self.model.buy(symbol, lots, price)
            self.model.orders.append(order)
        else:
            assert code == "POLICY_REJECTED"

    @rule(symbol=SYMBOLS, price=PRICES, elsewhere=st.booleans())
    def close(self, symbol: str, price: float, elsewhere: bool) -> None:
        lots = self.model.held.get(symbol, (10**8, 0.0))[0]
        order = Order(self.fresh_id(), "CLOSE_LONG", symbol, lots / 1e8)
        code = self.submit(order, price, elsewhere=elsewhere)
        if symbol not in self.model.held:
            assert code == "NO_POSITION"
        elif self.trading is TradingState.HALTED:
            assert code == "POLICY_REJECTED"
        else:
            assert code is None
            self.model.sell(symbol, price)
            self.model.orders.append(order)

    @precondition(lambda self: self.model.held)
    @rule(price=PRICES, more=st.booleans(), data=st.data())
    def close_a_part(self, price: float, more: bool, data: st.DataObject) -> None:
        symbol = data.draw(st.sampled_from(sorted(self.model.held)))
        lots = self.model.held[symbol][0] + (1 if more else -1)
        code = self.submit(Order(self.fresh_id(), "CLOSE_LONG", symbol, lots / 1e8), price)
        assert code == ("INVALID_QUANTITY" if lots == 0 else "PARTIAL_CLOSE_NOT_SUPPORTED")

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), price=PRICES, elsewhere=st.booleans())
    def again(self, data: st.DataObject, price: float, elsewhere: bool) -> None:
        first = data.draw(st.sampled_from(self.model.orders))
        repeated = Order(first.intent_id, first.action, first.symbol, first.quantity)
        assert self.submit(repeated, price, elsewhere=elsewhere) == "ALREADY_EXECUTED"

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), price=PRICES)
    def the_same_id_for_another_order(self, data: st.DataObject, price: float) -> None:
        first = data.draw(st.sampled_from(self.model.orders))
        other = Order(first.intent_id, first.action, first.symbol, first.quantity + 1e-8)
        assert self.submit(other, price) == "INTENT_ID_REUSED"

    @rule(symbol=SYMBOLS, price=st.sampled_from([0.0, -1.0, math.inf, math.nan]))
    def a_price_that_is_none(self, symbol: str, price: float) -> None:
        assert self.submit(Order(self.fresh_id(), "OPEN_LONG", symbol, 1.0), price) == "INVALID_FILL_PRICE"

    @rule(action=st.sampled_from(["OPEN_SHORT", "CLOSE_SHORT", "SCALE_IN", "SCALE_OUT", "CANCEL_ORDER"]))
    def an_action_that_is_not_executed(self, action: str) -> None:
        assert self.submit(Order(self.fresh_id(), action, "AAPL", 1.0), 1.0) == "UNSUPPORTED_ACTION"

    @rule(state=st.sampled_from(TradingState))
    def change_the_trading_state(self, state: TradingState) -> None:
        self.other.accounts.set_trading_state(state)
        self.trading = state

    @rule(fee=st.sampled_from([0.25, 1.0, None]))
    def change_the_fee(self, fee: float | None) -> None:
        self.desk.accounts.set_policy({"fee_fixed": "off" if fee is None else str(fee)})
        self.model.fee = fee or 0.0

    @rule(symbol=SYMBOLS, price=PRICES)
    def mark(self, symbol: str, price: float) -> None:
        assert self.other.accounts.mark(symbol, price).marks[symbol] == price

    @rule()
    def restart(self) -> None:
        self.desk.close()
        self.desk = open_test_desk(self.path, self.clock)

    @rule()
    def reconcile(self) -> None:
        before = self.desk.accounts.state()
        report = self.other.accounts.reconcile()
        assert report.drift == {}
        after = self.desk.accounts.state()
        ignored = {"last_seq", "last_event_at", "reconciled_at"}
        assert after.model_dump(exclude=ignored) == before.model_dump(exclude=ignored)

    @invariant()
    def replay_equals_live_equals_the_model(self) -> None:
        if not hasattr(self, "desk"):
            return
        model = self.model
        for desk in (self.desk, self.other):
            state = desk.accounts.state()
            assert state.cash == model.cash
            assert state.realized_pnl == model.realized
            held = {symbol: (p.quantity, p.avg_price) for symbol, p in state.positions.items()}
            assert held == {symbol: (lots / 1e8, average) for symbol, (lots, average) in sorted(model.held.items())}
            assert (state.orders_count, state.trades_count) == (len(model.orders), model.trades)
        report = self.desk.accounts.reconcile(dry_run=True)
        assert (report.drift, report.errors, report.duplicates_skipped) == ({}, [], 0)
        assert report.events_replayed == len(model.orders)


AccountMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAccountMachine = pytest.mark.filterwarnings("error")(AccountMachine.TestCase)
