"""A workspace's limits, fees and session zone, and its trading state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from engine.account.arithmetic import order_fees
from engine.errors import InvalidError
from engine.market.sessions import zone
from engine.numerals import plain_numeral
from engine.validation import StrictModel, Symbol, faults_of

OFF = "off"


class TradingState(StrEnum):
    """What an account may do: everything, exits only, or nothing (the kill switch)."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except InvalidError as error:
        raise ValueError(error.message) from error
    return name


Positive = Annotated[float, Field(gt=0)] | None
Symbols = tuple[Symbol, ...] | None


class Limits(StrictModel):
    """Every limit is off (None) until set. Amounts are in the account's currency; `fee_bps` is basis points."""

    allow_symbols: Symbols = None
    deny_symbols: Symbols = None
    max_positions: Annotated[int, Field(gt=0)] | None = None
    max_order_notional: Positive = None
    max_position_notional: Positive = None
    max_exposure_pct: Positive = None
    max_daily_loss: Positive = None
    max_drawdown_pct: Positive = None
    cooldown_minutes: Positive = None
    fee_fixed: Positive = None
    fee_per_share: Positive = None
    fee_bps: Positive = None
    session_tz: Annotated[str, AfterValidator(_known_zone)] = "UTC"

    def fees(self, quantity: float, price: float) -> float:
        """What an order of `quantity` at `price` costs beside its notional."""
        return order_fees(self.fee_fixed or 0.0, self.fee_per_share or 0.0, self.fee_bps or 0.0, quantity, price)

    def changed(self, settings: Mapping[str, str]) -> Limits:
        """These limits with `key=value` texts applied; `off` clears one. INVALID_POLICY names a bad key or value."""
        values: dict[str, Any] = {}
        for key, text in settings.items():
            if key not in Limits.model_fields:
                known = ", ".join(Limits.model_fields)
                raise InvalidError("INVALID_POLICY", f"there is no policy key {key!r}", hint=f"one of {known}")
            if not isinstance(text, str):
                raise InvalidError("INVALID_POLICY", f"{key}: {text!r} is not a text", hint=f"such as {key}='3'")
            values[key] = _parse(key, text.strip())
        try:
            # only what changes is looked at: a list that was set before may name what is no symbol any more
            given = Limits.model_validate(values)
            return self.model_copy(update={key: getattr(given, key) for key in values})
        except ValidationError as error:
            raise InvalidError(
                "INVALID_POLICY", f"the policy is refused: {faults_of(error)}", hint="nothing was changed"
            ) from error


def _parse(key: str, text: str) -> Any:
    if text.lower() == OFF:
        return Limits.model_fields[key].default
    if not text:  # an unset variable in a script must not put a limit off
        raise InvalidError("INVALID_POLICY", f"{key} has no value", hint=f"nothing was changed; `{key}=off` clears it")
    if key == "session_tz":
        return text
    if key.endswith("_symbols"):
        return tuple(part.strip() for part in text.split(","))
    try:
        return int(plain_numeral(text)) if key == "max_positions" else float(plain_numeral(text))
    except ValueError as error:
        kind = "a whole number" if key == "max_positions" else "a number"
        raise InvalidError("INVALID_POLICY", f"{key}: {text!r} is not {kind}", hint="nothing was changed") from error
