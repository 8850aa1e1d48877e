"""What every strict model shares: its configuration, its field types, and how its faults read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
)

from engine.errors import InvalidError
from engine.jsontext import TOO_DEEP, compact_json, is_too_deep, parse_json
from engine.symbols import check_held_symbol, check_symbol, check_text

STORED = {"stored": True}
"""The context in which a strict model reads what papertape itself stored, perhaps before a rule was as it is."""

Model = TypeVar("Model", bound=BaseModel)


class StrictModel(BaseModel):
    """Types as they are, unknown fields refused, NaN and infinity refused, frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    def __str__(self) -> str:
        """As `repr` has it, which may be shorter than all fields."""
        return repr(self)


# a day from the ends of the calendar: every time has its day in every zone
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)
_NO_DAY = "must lie between the years 1 and 9999 in every time zone"


def _aware(value: Any) -> Any:
    """Naive times are UTC, whether they come as text or as datetimes."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value  # pydantic says what is wrong with it
    if isinstance(value, datetime):
        try:
            value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(_NO_DAY) from error
        if not EARLIEST <= value <= LATEST:
            raise ValueError(_NO_DAY)
    return value


def _finite_throughout(value: Any) -> Any:
    """NaN and infinity are refused at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not hold NaN or infinity")
    if isinstance(value, Mapping):
        for item in value.values():
            _finite_throughout(item)
    elif isinstance(value, list):
        for item in value:
            _finite_throughout(item)
    return value


def _symbol(text: str, info: ValidationInfo) -> str:
    return text if info.context == STORED else check_symbol(text)


Symbol = Annotated[str, AfterValidator(_symbol)]
HeldSymbol = Annotated[str, AfterValidator(check_held_symbol)]
ShortText = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(check_text)]
LongText = Annotated[str, Field(max_length=2000)]
UtcTime = Annotated[
    AwareDatetime,
    BeforeValidator(_aware),
    # pydantic would write Z, and every document of papertape has +00:00
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
]
JsonObject = Annotated[dict[str, Any], AfterValidator(_finite_throughout)]
Price = Annotated[float, Field(gt=0)]


def parse_model(
    model: type[Model], source: str | bytes | Mapping[str, Any], *, code: str, what: str, stored: bool = False
) -> Model:
    """A strict model from a JSON text or from its parsed object; the error `code` with every fault named.

    `stored`: papertape wrote it itself, and its symbols were taken then.
    """
    if isinstance(source, (str, bytes)):
        source = parse_json(source, what=what)
    try:
        text = compact_json(source)
        if is_too_deep(text, source):
            raise ValueError(TOO_DEEP)
        return model.model_validate_json(text, context=STORED if stored else None)
    except ValidationError as error:
        raise InvalidError(code, f"{what} is refused: {faults_of(error)}", hint="correct it and try again") from error
    except RecursionError as error:
        raise InvalidError(code, f"{what} is refused: {TOO_DEEP}", hint="correct it and try again") from error
    except (ValueError, TypeError) as error:  # what is not JSON at all: NaN, bytes, a set
        raise InvalidError(code, f"{what} is refused: {error}", hint="correct it and try again") from error


def trusted(model: type[Model], values: dict[str, Any]) -> Model:
    """A model of values that are known to be whole and valid: `model_construct` at a quarter of its cost.

    `values` has every field in order and becomes the model's own. A sweep makes thousands of models.
    """
    made, put = model.__new__(model), object.__setattr__  # the models are frozen
    put(made, "__dict__", values)
    put(made, "__pydantic_fields_set__", set(values))
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


def faults_of(error: ValidationError) -> str:
    """Every fault of a validation in one line: where, and what is wrong."""
    parts = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        where, said = ".".join(str(part) for part in fault["loc"]), fault["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {said}" if where else said)  # without a place it is of the whole
    return "; ".join(parts)
