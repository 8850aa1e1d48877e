"""The envelopes of requests and answers; what is in them are the engine's own models."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from engine.events import PAPER
from engine.intents import TradeIntent
from engine.strategies.spec import ExecutionSpec
from engine.sweeps.plan.request import MAX_VARIANTS
from engine.validation import LongText, ShortText, StrictModel
from engine.vocabulary import DEFAULT_OBJECTIVE

MOST_VARIANTS = 10_000


class Health(StrictModel):
    """That the service lives, and its version."""

    status: str
    version: str


class ExecuteRequest(StrictModel):
    """An intent, and the price to fill it at."""

    intent: TradeIntent
    fill_price: float
    mode: ShortText = PAPER


Value = str | int | float | bool | list[Any] | None
"""A value to try; a list where the field is one, such as `[[1, 5], [30, 3]]`."""


class Constraints(StrictModel):
    """Which variants: parameters (`entry.lookback_days`) to the values to try, every combination of them.

    A value is a list where the parameter is one (`exit.take_profit_by_bars`).
    """

    sweep: dict[ShortText, list[Value]] = Field(default_factory=dict)
    include_ablations: bool = True
    max_variants: Annotated[int, Field(ge=1, le=MOST_VARIANTS)] = MAX_VARIANTS


class GenerateRequest(StrictModel):
    """A sweep to be looked at. `dataset_ref` is a label, and is never opened."""

    workspace_id: UUID
    base_spec: ExecutionSpec
    dataset_ref: LongText | None = None
    constraints: Constraints = Constraints()
    objective: ShortText = DEFAULT_OBJECTIVE


class GeneratedVariant(StrictModel):
    """A variant; `skip_reason` says why it would not be run."""

    variant_id: str
    label: str
    tags: list[str]
    overrides: dict[str, Any]
    skip_reason: str | None


class GeneratedPlan(StrictModel):
    """Variants in plan order, the baseline first. The id is fresh, and no run has it."""

    run_plan_id: UUID
    workspace_id: UUID
    n_variants: int
    variants_dropped: int
    objective: str
    variants: list[GeneratedVariant]
