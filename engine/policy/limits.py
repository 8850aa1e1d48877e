"""A workspace's limits, fees and session zone, and its trading state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, Field, ValidationError

from engine.account.arithmetic import order_fees
from engine.errors import InvalidError
from engine.market.sessions import zone
from engine.numerals import plain_numeral
from engine.validation import StrictModel, Symbol, faults_of

OFF = "off"


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except InvalidError as error:
        raise ValueError(error.message) from error
    return name


Count = Annotated[int, Field(gt=0)] | None
Positive = Annotated[float, Field(gt=0)] | None
Symbols = tuple[Symbol, ...] | None


class Limits(StrictModel):
    """Every limit is off (None) until set. Amounts are in the account's currency; `fee_bps` is basis points.

    A field's description is what `policy show` and the docs say of it.
    """

    allow_symbols: Symbols = Field(None, description="entries in these symbols only")
    deny_symbols: Symbols = Field(None, description="no entries in these symbols")
    max_positions: Count = Field(None, description="open positions")
    max_order_notional: Positive = Field(None, description="quantity * price of one entry")
    max_position_notional: Positive = Field(None, description="a symbol's position after an entry")
    max_exposure_pct: Positive = Field(None, description="invested after an entry, % of equity at cost")
    max_daily_loss: Positive = Field(None, description="realized loss of a session, then no entries")
    max_drawdown_pct: Positive = Field(None, description="% below peak equity, then no entries")
    cooldown_minutes: Positive = Field(None, description="minutes from a symbol's close to its next entry")
    fee_fixed: Positive = Field(None, description="fee an order")
    fee_per_share: Positive = Field(None, description="fee a unit")
    fee_bps: Positive = Field(None, description="fee in basis points of the amount")
    session_tz: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="zone whose calendar days are sessions"
    )

    def fees(self, quantity: float, price: float) -> float:
        """The fees of an order of `quantity` at `price`, in the account's currency."""
        return order_fees(self.fee_fixed or 0.0, self.fee_per_share or 0.0, self.fee_bps or 0.0, quantity, price)

    def changed(self, settings: Mapping[str, str]) -> Limits:
        """These limits with `key=value` texts applied; `off` clears one. INVALID_POLICY names a bad key or value."""
        values: dict[str, Any] = {}
        for key, text in settings.items():
            if key not in Limits.model_fields:
                known = ", ".join(Limits.model_fields)
                raise InvalidError("INVALID_POLICY", f"there is no policy key {key!r}", hint=f"one of {known}")
            if not isinstance(text, str):
                raise InvalidError("INVALID_POLICY", f"{key}: {text!r} is not text", hint=f"such as {key}='3'")
            values[key] = _parse(key, text.strip())
        try:
            # only changed keys are checked: an older list may hold names that are no longer symbols
            given = Limits.model_validate(values)
            return self.model_copy(update={key: getattr(given, key) for key in values})
        except ValidationError as error:
            raise InvalidError(
                "INVALID_POLICY", f"the policy is refused: {faults_of(error)}", hint="nothing was changed"
            ) from error


OF_NO_RULE = ("fee_fixed", "fee_per_share", "fee_bps", "session_tz")
"""What is set as limits are and refuses nothing: what an order costs, and when a day begins. Every other field belongs
to a rule of `engine.policy.rules.ENTRY_RULES`, in its `keys`."""


def kind_of(key: str) -> type:
    """The type of a `Limits` field when it is set: `int`, `float`, `str`, or `tuple` (of symbols)."""
    annotation = Limits.model_fields[key].annotation
    held: Any = next(iter(get_args(annotation)), annotation)  # the X of `X | None`
    if get_origin(held) is Annotated:
        held = get_args(held)[0]
    kind: type = get_origin(held) or held
    return kind


_READERS: dict[type, Callable[[str], Any]] = {
    int: lambda text: int(plain_numeral(text)),
    float: lambda text: float(plain_numeral(text)),
    str: str,
    tuple: lambda text: tuple(part.strip() for part in text.split(",")),
}


def _parse(key: str, text: str) -> Any:
    if text.lower() == OFF:
        return Limits.model_fields[key].default
    if not text:  # an unset variable in a script must not switch a limit off
        raise InvalidError("INVALID_POLICY", f"{key} has no value", hint=f"nothing was changed; `{key}=off` clears it")
    kind = kind_of(key)
    try:
        return _READERS[kind](text)
    except ValueError as error:
        number = "a whole number" if kind is int else "a number"
        raise InvalidError("INVALID_POLICY", f"{key}: {text!r} is not {number}", hint="nothing was changed") from error
