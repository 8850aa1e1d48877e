"""What an execution tells its caller."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine.account.state import PaperPosition
from engine.validation import StrictModel


class ExecutionResult(StrictModel):
    """The outcome of one intent: filled, or refused by the policy (`success` false, `error_code` POLICY_REJECTED).

    `position` is the position after the fill, null when it was closed. `policy` is the decision, rule by rule.
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
    """What an execution would come to on the account as of now; nothing was written.

    Amounts are in the account's currency; `notional` and `fees` are the order's, refused or not. Refused by the policy
    (`success` false, `error` and `error_code` as an execution has them), cash and position stay what they are.
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
