"""Intents, and quantities in lots."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from engine.symbols import check_symbol
from engine.validation import HeldSymbol, JsonObject, LongText, ShortText, StrictModel, UtcTime
from engine.vocabulary import IntentAction

LOTS_PER_UNIT = 100_000_000
MAX_LOTS = 2**62
"""SQLite and numpy count in 63 bits. Beyond 2^53 lots several share one float, and are one quantity."""
_LOT = Decimal(LOTS_PER_UNIT)
_EXACT = 2**53
"""Up to here every whole number is a float64."""


class TradeIntent(StrictModel):
    """What a strategy or a person wants done. `price`, `stop_loss` and `take_profit` are recorded, never executed.

    A CLOSE_LONG may name whatever is held, by the same text: an account may hold what is no symbol any more.
    """

    id: UUID
    workspace_id: UUID
    symbol: HeldSymbol
    action: IntentAction
    quantity: float
    strategy_id: ShortText = "manual"
    timeframe: ShortText = "daily"
    correlation_id: ShortText = ""
    price: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    signal_strength: Annotated[float, Field(ge=0, le=1)] | None = None
    reason: LongText | None = None
    metadata: JsonObject = Field(default_factory=dict)
    created_at: UtcTime | None = None

    @model_validator(mode="before")
    @classmethod
    def _correlate(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("correlation_id") is None and "id" in data:
            return {**data, "correlation_id": str(data["id"])}
        return data

    @model_validator(mode="after")
    def _names_a_symbol(self) -> TradeIntent:
        if self.action is not IntentAction.CLOSE_LONG:
            try:
                check_symbol(self.symbol)
            except ValueError as error:
                raise ValueError(f"symbol: {error}") from error
        return self

    @property
    def lots(self) -> int:
        """The quantity in lots; it may lie outside what the broker takes."""
        return to_lots(self.quantity)

    def at(self, now: datetime) -> datetime:
        """Its trading time: when it was created, else `now`."""
        return self.created_at or now


def to_lots(quantity: float) -> int:
    """The nearest whole number of lots, ties to even, of the quantity as it is written (its shortest decimal).

    Above 2^53 several lots have one quantity. There it is a number of lots that `to_quantity` turns into the same float
    again: one that a float64 holds if there is such a one.
    """
    exact = Decimal(repr(quantity)) * _LOT
    lots = int(exact.to_integral_value(ROUND_HALF_EVEN))
    if abs(lots) <= _EXACT:
        return lots
    held = int(float(exact))
    return held if to_quantity(held) == quantity else lots


def was_filled_with(quantity: float, lots: int) -> bool:
    """Whether a fill of `lots` is of an intent of `quantity`, also in a journal of an earlier release.

    Earlier releases took the float64 nearest to the lots, even where that is another quantity.
    """
    return lots == to_lots(quantity) or (lots > _EXACT and lots == int(float(Decimal(repr(quantity)) * _LOT)))


def to_quantity(lots: int) -> float:
    """The quantity of a number of lots: the float64 nearest to lots / 1e8, one division of whole numbers."""
    return lots / LOTS_PER_UNIT


def lots_for(dollars: float, price: float) -> int:
    """The whole lots that so many dollars buy at a price, rounded down; beyond counting: more than the broker takes."""
    lots = dollars / price * LOTS_PER_UNIT
    return math.floor(lots) if math.isfinite(lots) else 2 * MAX_LOTS
