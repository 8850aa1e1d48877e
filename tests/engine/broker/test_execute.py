"""One intent, one transaction: what is told, what is written, what is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from engine.account.state import PaperPosition
from engine.broker.execute import PaperBroker, Preview
from engine.errors import ConflictError, InvalidError, NotFoundError
from engine.intents import TradeIntent
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.vocabulary import IntentAction
from tests.support.memory_desks import START, counted_stamps
from tests.support.memory_store import MemoryStore, MemoryUnit

ID, OTHER = UUID(int=7), UUID(int=8)
OPEN, CLOSE = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG
AT = datetime(2024, 10, 4, 12, tzinfo=UTC)
HOME = Workspace(ID, "home", 10_000.0, 5, limits=Limits(fee_fixed=0.5, max_order_notional=500.0))


class CountingStore(MemoryStore):
    """Counts what is opened to write, and what is committed."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.commits = 0

    @contextmanager
    def write(self) -> Iterator[MemoryUnit]:
        self.opened += 1
        with super().write() as unit:
            yield unit
        self.commits = self.version


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def broker(store: CountingStore) -> PaperBroker:
    return PaperBroker(store, counted_stamps())


def intent(number: int, action: IntentAction, quantity: float, **parts: Any) -> TradeIntent:
    known = {"id": UUID(int=number), "workspace_id": ID, "symbol": "X", "created_at": AT}
    return TradeIntent(**{**known, **parts}, action=action, quantity=quantity)


def test_the_first_intent_of_a_workspace_that_nobody_saw_makes_it(store: CountingStore, broker: PaperBroker) -> None:
    result = broker.execute(intent(1, OPEN, 2.0, correlation_id="c1"), 100.0, to_create=HOME)
    position = PaperPosition(
        symbol="X",
        quantity=2.0,
        avg_price=100.0,
        opened_at=AT,
        mark=100.0,
        market_value=200.0,
        unrealized_pnl=0.0,
    )
    assert result.model_dump(exclude={"policy", "order_id", "position"}) == {
        "success": True,
        "intent_id": UUID(int=1),
        "fill_price": 100.0,
        "quantity_filled": 2.0,
        "fees": 0.5,
        "position_action": "opened",
        "events_recorded": 5,
        "correlation_id": "c1",
        "error": None,
        "error_code": None,
    }
    assert result.position == position
    assert result.policy["approved"] is True
    assert (store.opened, store.commits) == (1, 1)
    assert [row.event_type for row in store.journal][:2] == ["WORKSPACE_CREATED", "INTENT_EMITTED"]
    created = store.journal[0]
    assert (created.workspace_id, created.ts) == (str(ID), 5)
    assert created.payload == (
        '{"name":"home","kind":"account","starting_equity":10000.0,'
        '"policy":{"max_order_notional":500.0,"fee_fixed":0.5}}'
    )
    assert store.journal[-1].order_id == str(result.order_id)
    assert store.workspaces[ID] == HOME
    ledger = store.accounts[ID].ledger
    assert (ledger.cash, ledger.realized_by_session, store.accounts[ID].marks) == (9799.5, {20_000: -0.5}, {"X": 100.0})


def test_a_close_tells_of_no_position(store: CountingStore, broker: PaperBroker) -> None:
    broker.execute(intent(1, OPEN, 2.0), 100.0, to_create=HOME)
    result = broker.execute(intent(2, CLOSE, 2.0), 110.0)
    assert (result.success, result.position_action, result.position) == (True, "closed", None)
    assert (result.fill_price, result.quantity_filled, result.fees) == (110.0, 2.0, 0.5)
    assert (store.accounts[ID].ledger.holdings, store.accounts[ID].ledger.cash) == ({}, 10_019.0)


def test_a_refusal_of_the_policy_is_written_and_told(store: CountingStore, broker: PaperBroker) -> None:
    result = broker.execute(intent(1, OPEN, 6.0), 100.0, to_create=HOME)
    said = "max_order_notional: the order is 600.00, above max_order_notional 500.00"
    assert result.model_dump(exclude={"policy"}) == {
        "success": False,
        "intent_id": UUID(int=1),
        "order_id": None,
        "fill_price": None,
        "quantity_filled": None,
        "fees": None,
        "position_action": None,
        "position": None,
        "events_recorded": 3,
        "correlation_id": str(UUID(int=1)),
        "error": said,
        "error_code": "POLICY_REJECTED",
    }
    assert result.policy["rule"] == "max_order_notional"
    assert store.journal[-1].event_type == "INTENT_REJECTED"
    assert store.accounts[ID].ledger.cash == 10_000.0
    assert broker.execute(intent(1, OPEN, 5.0), 100.0).success, "a refused intent may be tried again"


def test_what_the_broker_refuses_is_raised_with_the_fields_of_a_result_and_nothing_is_written(
    store: CountingStore, broker: PaperBroker
) -> None:
    with pytest.raises(InvalidError) as caught:
        broker.execute(intent(1, CLOSE, 1.0, correlation_id="c1"), 100.0, to_create=HOME)
    assert (caught.value.code, store.commits, store.journal) == ("NO_POSITION", 0, [])
    nothing = dict.fromkeys(("order_id", "fill_price", "quantity_filled", "fees", "position_action", "position"))
    assert caught.value.details == {
        "intent_id": str(UUID(int=1)),
        **nothing,
        "events_recorded": 0,
        "correlation_id": "c1",
    }


def test_a_repeated_intent_names_its_first_order(store: CountingStore, broker: PaperBroker) -> None:
    first = broker.execute(intent(1, OPEN, 2.0, correlation_id="c1"), 100.0, to_create=HOME)
    with pytest.raises(ConflictError) as caught:
        broker.execute(intent(1, OPEN, 2.0, correlation_id="other"), 1.0)
    assert (caught.value.code, store.commits) == ("ALREADY_EXECUTED", 1)
    assert (caught.value.details["order_id"], caught.value.details["correlation_id"]) == (str(first.order_id), "c1")
    assert caught.value.details["events_recorded"] == 0


def test_the_same_id_in_another_workspace_is_another_order(store: CountingStore, broker: PaperBroker) -> None:
    broker.execute(intent(1, OPEN, 2.0), 100.0, to_create=HOME)
    other = Workspace(OTHER, "other", 10_000.0, 5)
    assert broker.execute(intent(1, OPEN, 2.0, workspace_id=OTHER), 100.0, to_create=other).success
    assert [account.ledger.cash for account in store.accounts.values()] == [9799.5, 9800.0]


def test_a_workspace_that_there_is_not_is_told_of(store: CountingStore, broker: PaperBroker) -> None:
    for ask in (broker.execute, broker.preview):
        with pytest.raises(NotFoundError) as caught:
            ask(intent(1, OPEN, 1.0), 1.0)
        assert (caught.value.code, caught.value.message) == ("WORKSPACE_NOT_FOUND", f"there is no workspace {ID}")
    with pytest.raises(InvalidError, match="the mode 'live' is not executed"):
        broker.execute(intent(1, OPEN, 1.0), 1.0, "live")
    with pytest.raises(InvalidError, match="the mode 'live' is not executed"):
        broker.preview(intent(1, OPEN, 1.0), 1.0, "live")
    assert (store.opened, store.commits) == (1, 0)


def test_a_finished_result_takes_no_order(store: CountingStore, broker: PaperBroker) -> None:
    closed = Workspace(OTHER, "closed", 1.0, 0, WorkspaceKind.CLOSED)
    with store.write() as unit:
        unit.add_workspace(closed)
        unit.commit()
    for ask in (broker.execute, broker.preview):
        with pytest.raises(InvalidError) as caught:
            ask(intent(1, OPEN, 1.0, workspace_id=OTHER), 1.0)
        assert caught.value.code == "WORKSPACE_CLOSED"


def test_an_intent_without_a_time_is_of_now(store: CountingStore, broker: PaperBroker) -> None:
    broker.execute(intent(1, OPEN, 1.0, created_at=None), 100.0, to_create=HOME)
    times = {row.ts for row in store.journal[1:]}
    assert len(times) == 1
    assert START <= times.pop() <= START + 10


def test_a_preview_is_what_the_order_would_come_to(store: CountingStore, broker: PaperBroker) -> None:
    broker.execute(intent(1, OPEN, 2.0), 100.0, to_create=HOME)
    before = store.version
    held = PaperPosition(
        symbol="X",
        quantity=2.0,
        avg_price=100.0,
        opened_at=AT,
        mark=100.0,
        market_value=200.0,
        unrealized_pnl=0.0,
    )
    more = held.model_copy(
        update={"quantity": 3.0, "avg_price": 110.0, "mark": 130.0, "market_value": 390.0, "unrealized_pnl": 60.0}
    )
    seen = broker.preview(intent(2, OPEN, 1.0), 130.0)
    assert seen == Preview(
        success=True,
        intent_id=UUID(int=2),
        symbol="X",
        quantity=1.0,
        fill_price=130.0,
        notional=130.0,
        fees=0.5,
        cash_before=9799.5,
        cash_after=9669.0,
        realized_pnl=-0.5,
        position_action="scaled",
        position_before=held,
        position_after=more,
        policy=seen.policy,
    )
    refused = broker.preview(intent(2, OPEN, 10.0), 130.0)
    assert (refused.success, refused.error_code, refused.position_action) == (False, "POLICY_REJECTED", None)
    assert refused.error == "max_order_notional: the order is 1,300.00, above max_order_notional 500.00"
    assert (refused.notional, refused.cash_after, refused.realized_pnl) == (1300.0, 9799.5, 0.0)
    assert refused.position_before == refused.position_after == held
    with pytest.raises(ConflictError):
        broker.preview(intent(1, OPEN, 2.0), 130.0)
    assert store.version == before


def test_a_preview_of_a_close_of_many_units_is_of_what_is_held(broker: PaperBroker) -> None:
    """Three thirds of a quantity whose float names another lot."""
    rich = Workspace(ID, "rich", 1e12, 0, limits=Limits(fee_per_share=0.3))
    third = 91730216.77453855
    for number in range(3):
        broker.execute(intent(number, OPEN, third), 1.0, to_create=rich)
    seen = broker.preview(intent(9, CLOSE, 275190650.32361567), 1.0)
    done = broker.execute(intent(9, CLOSE, 275190650.32361567), 1.0)
    assert seen.quantity == done.quantity_filled == 275190650.32361567
    assert (seen.fees, seen.notional) == (0.3 * seen.quantity, seen.quantity)
    assert done.fees == seen.fees
