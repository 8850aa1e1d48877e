"""One intent in one write transaction: its events and the new account state are committed together or not at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine.account.state import Account, PaperPosition
from engine.broker.paper import Order, Placement, check, place
from engine.errors import NotFoundError, PapertapeError
from engine.events import PAPER, EventType, Stamps, account_event
from engine.intents import TradeIntent, to_quantity
from engine.market.sessions import to_micros
from engine.policy.workspace import Workspace, check_open
from engine.ports import Store, UnitOfWork, Views
from engine.validation import StrictModel


class ExecutionResult(StrictModel):
    """The outcome of one intent: filled, or refused by the policy (`success` false, `error_code` POLICY_REJECTED).

    `position` is the position after the fill, null if it was closed. `policy` is the decision, rule by rule.
    """

    success: bool
    intent_id: UUID
    order_id: UUID | None = None
    fill_price: float | None = None
    quantity_filled: float | None = None
    fees: float | None = None
    position_action: str | None = None
    position: PaperPosition | None = None
    events_recorded: int
    correlation_id: str
    error: str | None = None
    error_code: str | None = None
    policy: dict[str, Any]


class Preview(StrictModel):
    """The outcome that an execution would have on the account as it is now; nothing was written.

    Amounts are in the account's currency; `notional` and `fees` are the order's, refused or not. If the policy refuses
    (`success` false, `error` and `error_code` as an execution has them), cash and position are unchanged.
    """

    success: bool
    intent_id: UUID
    symbol: str
    quantity: float
    fill_price: float
    notional: float
    fees: float
    cash_before: float
    cash_after: float
    realized_pnl: float
    """What the order itself realizes: its fees, and of a close the profit or loss"""
    position_action: str | None = None
    position_before: PaperPosition | None
    position_after: PaperPosition | None
    error: str | None = None
    error_code: str | None = None
    policy: dict[str, Any]


class PaperBroker:
    """Executes intents on the accounts of a store."""

    def __init__(self, store: Store, stamps: Stamps) -> None:
        self._store = store
        self._stamps = stamps

    def execute(
        self, intent: TradeIntent, fill_price: float, mode: str = PAPER, *, to_create: Workspace | None = None
    ) -> ExecutionResult:
        """Fill an intent at the caller's price, or say why not.

        `to_create` is stored first if the intent's workspace is missing. Success is returned after the commit. A policy
        refusal is journaled and returned; every other refusal raises a `PapertapeError`, with nothing written.
        """
        try:
            return self._execute(intent, fill_price, mode, to_create)
        except PapertapeError as error:
            error.details = {**nothing_filled(str(intent.id), intent.correlation_id), **error.details}
            raise

    def preview(
        self, intent: TradeIntent, fill_price: float, mode: str = PAPER, *, to_create: Workspace | None = None
    ) -> Preview:
        """What `execute` would do with this intent now, by the same checks in the same order; nothing is written.

        A policy refusal is returned; every other refusal raises what `execute` would raise.
        """
        order = check(intent, fill_price, mode)
        with self._store.read() as views:
            workspace = views.workspace(intent.workspace_id) or to_create
            if workspace is None:
                raise _no_workspace(intent)
            check_open(workspace)
            account = views.account(workspace)
            cash, realized = account.ledger.cash, account.ledger.realized_pnl
            held = account.position(intent.symbol)
            placement = self._place(views, order, account, workspace, mode)
        result, order = result_of(placement, account), placement.order
        return Preview(
            success=result.success,
            intent_id=intent.id,
            symbol=intent.symbol,
            quantity=order.quantity,
            fill_price=order.price,
            notional=order.quantity * order.price,
            fees=workspace.limits.fees(order.quantity, order.price),
            cash_before=cash,
            cash_after=account.ledger.cash,
            realized_pnl=account.ledger.realized_pnl - realized,
            position_action=result.position_action,
            position_before=held,
            position_after=account.position(intent.symbol),
            error=result.error,
            error_code=result.error_code,
            policy=result.policy,
        )

    def _execute(
        self, intent: TradeIntent, fill_price: float, mode: str, to_create: Workspace | None
    ) -> ExecutionResult:
        order = check(intent, fill_price, mode)
        with self._store.write() as unit:
            # a workspace created here is rolled back with a refusal that raises
            workspace = self._workspace(unit, order, to_create)
            account = unit.account(workspace)
            placement = self._place(unit, order, account, workspace, mode)
            record(unit, account, placement)
            result = result_of(placement, account)
            unit.commit()
        return result

    def _place(self, views: Views, order: Order, account: Account, workspace: Workspace, mode: str) -> Placement:
        intent = order.intent
        prior = views.prior_fill(workspace.id, intent.id, mode)
        ts = self._stamps.now() if intent.created_at is None else to_micros(intent.created_at)
        return place(order, account, workspace, ts, self._stamps, prior)

    def _workspace(self, unit: UnitOfWork, order: Order, to_create: Workspace | None) -> Workspace:
        workspace = unit.workspace(order.intent.workspace_id)
        if workspace is not None:
            return check_open(workspace)
        if to_create is None:
            raise _no_workspace(order.intent)
        create(unit, to_create, self._stamps)
        return to_create


def _no_workspace(intent: TradeIntent) -> NotFoundError:
    return NotFoundError(
        "WORKSPACE_NOT_FOUND",
        f"there is no workspace {intent.workspace_id}",
        hint="`workspace list` shows the workspaces, `workspace create` makes one",
    )


def nothing_filled(intent_id: str, correlation_id: str) -> dict[str, Any]:
    """The result fields that a refusal has too, all empty; a conflict fills in the first order's ids."""
    without = dict.fromkeys(("order_id", "fill_price", "quantity_filled", "fees", "position_action", "position"))
    return {"intent_id": intent_id, **without, "events_recorded": 0, "correlation_id": correlation_id}


def create(unit: UnitOfWork, workspace: Workspace, stamps: Stamps) -> None:
    """Store a workspace and append WORKSPACE_CREATED."""
    unit.add_workspace(workspace)
    payload = {
        "name": workspace.name,
        "kind": workspace.kind.value,
        "starting_equity": workspace.starting_equity,
        "policy": workspace.limits.model_dump(mode="json", exclude_defaults=True),
    }
    unit.append([account_event(EventType.WORKSPACE_CREATED, str(workspace.id), stamps, payload, workspace.created_at)])


def record(unit: UnitOfWork, account: Account, placement: Placement) -> int:
    """Append a placement's events and store what its fill changed; the last event's `seq`. The caller commits."""
    last = unit.append(placement.events)
    if placement.fill is not None:
        unit.save(account, (placement.fill.symbol,), (placement.fill.session,))
    return last


def result_of(placement: Placement, account: Account) -> ExecutionResult:
    """The result of a placement; `account` is the account after it."""
    intent, fill = placement.order.intent, placement.fill
    filled = fill is not None
    refusal = None if filled else f"{placement.decision.rule}: {placement.decision.because}"
    return ExecutionResult(
        success=filled,
        intent_id=intent.id,
        order_id=UUID(placement.order_id) if placement.order_id else None,
        fill_price=fill.price if fill else None,
        quantity_filled=to_quantity(fill.lots) if fill else None,
        fees=fill.fees if fill else None,
        position_action=placement.position_action,
        position=account.position(fill.symbol) if fill else None,
        events_recorded=len(placement.events),
        correlation_id=intent.correlation_id,
        error=refusal,
        error_code=None if filled else "POLICY_REJECTED",
        policy=placement.policy,
    )
