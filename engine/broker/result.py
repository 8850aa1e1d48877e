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
