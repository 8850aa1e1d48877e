"""Requests and answers: their envelopes as models, and what OpenAPI says of bodies, paths and refusals.

Every status that a route has is listed with all its codes. What is in the envelopes are the engine's own models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from api.answers import BROKER_REFUSALS, REFUSALS
from engine.errors import CODES
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
    sample: Annotated[int, Field(ge=1, le=MOST_VARIANTS)] | None = None


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


_WORKSPACE = "3f0e4a52-9b1d-4c57-8f2e-6a7b8c9d0e1f"
_SPEC = {"strategy_id": "breakout_52w_high", "symbols": ["IBM"], "entry": {"lookback_days": 2}}
_CONSTRAINTS = {"sweep": {"entry.lookback_days": [2, 3]}, "include_ablations": True, "max_variants": 1000}

EXECUTE_EXAMPLE: dict[str, Any] = {
    "intent": {
        "id": "7d9c1b6e-2f43-4a58-9e0d-1c2b3a4d5e6f",
        "workspace_id": _WORKSPACE,
        "symbol": "IBM",
        "action": "OPEN_LONG",
        "quantity": 4.0,
        "reason": "by hand",
    },
    "fill_price": 201.5,
    "mode": "paper",
}

GENERATE_EXAMPLE: dict[str, Any] = {
    "workspace_id": _WORKSPACE,
    "base_spec": _SPEC,
    "dataset_ref": "IBM, daily",
    "constraints": _CONSTRAINTS,
    "objective": "return",
}

FORM_EXAMPLE: dict[str, Any] = {
    "file": "ts,open,high,low,close,volume\n"
    "2024-01-02,10,10.5,9,10,100\n"
    "2024-01-03,10,10.5,9.5,10.25,100\n"
    "2024-01-04,10.25,11.25,10,11,100\n"
    "2024-01-05,11,11.25,10,10.5,100\n",
    "workspace_id": _WORKSPACE,
    "base_spec_json": json.dumps(_SPEC),
    "constraints_json": json.dumps(_CONSTRAINTS),
    "objective": "return",
    "slippage_bps": 5,
    "statistics": True,
    "holdout": "25%",
    "walk_forward": "train=2,test=1",
}


_REF = "#/components/schemas/{model}"
_BODIES = (ExecuteRequest, GenerateRequest, Constraints, ExecutionSpec)

ALWAYS: Mapping[int, tuple[str, ...]] = {
    401: ("TOKEN_MISSING",),
    403: ("TOKEN_WRONG",),
    500: ("INTERNAL", "DATABASE_ERROR", "DATABASE_MOVED", "DATABASE_TOO_NEW"),
    503: ("CANCELLED", "DATABASE_BUSY"),
}
JSON_BODY: Mapping[int, tuple[str, ...]] = {413: ("TOO_LARGE",), 422: ("INVALID_JSON",)}
INTENT: Mapping[int, tuple[str, ...]] = {
    400: BROKER_REFUSALS,
    409: ("ALREADY_EXECUTED", "INTENT_ID_REUSED", "WORKSPACE_EXISTS"),
    422: ("INVALID_INTENT",),
}
IN_PATH: Mapping[int, tuple[str, ...]] = {422: ("INVALID_REQUEST",)}
RESET: Mapping[int, tuple[str, ...]] = {400: ("WORKSPACE_CLOSED",), 403: ("FORBIDDEN_IN_PRODUCTION",)}
SPEC: Mapping[int, tuple[str, ...]] = {404: ("STRATEGY_NOT_FOUND",), 422: ("INVALID_SPEC", "INVALID_STRATEGY")}
SWEEP: Mapping[int, tuple[str, ...]] = {
    409: ("WORKSPACE_EXISTS", "RUN_TAKEN_OVER"),
    413: ("TOO_LARGE",),
    422: ("INVALID_REQUEST", "INVALID_JSON", "INVALID_DATA"),
    429: ("TOO_MANY_SWEEPS",),
}
OPEN: Mapping[int, tuple[str, ...]] = {
    404: ("RUN_PLAN_NOT_FOUND", "STRATEGY_NOT_FOUND", "FILE_NOT_FOUND"),
    409: ("HOLDOUT_NOT_OPENABLE", "RUN_NOT_RESUMABLE"),
    422: (
        "INVALID_REQUEST",
        "INVALID_DATA",
        "DATASET_CHANGED",
        "STRATEGY_CHANGED",
        "STRATEGY_UNTRUSTED",
        "INVALID_STRATEGY",
    ),
    429: ("TOO_MANY_SWEEPS",),
}
"""The codes of each status, route by route; a test holds them to the table of statuses."""


def _in_path(name: str, description: str) -> dict[str, Any]:
    """A UUID in the path."""
    schema = {"type": "string", "format": "uuid"}
    return {
        "parameters": [{"name": name, "in": "path", "required": True, "description": description, "schema": schema}]
    }


WORKSPACE = _in_path("workspace_id", "A UUID. One that nobody has seen is a fresh default account.")
RUN_PLAN = _in_path("run_plan_id", "The id of a run plan, whole.")

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "example": FORM_EXAMPLE,
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["file", "workspace_id", "base_spec_json"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "CSV, plain or gzipped."},
                        "workspace_id": {"type": "string", "format": "uuid"},
                        "base_spec_json": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": {"$ref": _REF.format(model=ExecutionSpec.__name__)},
                        },
                        "constraints_json": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": {"$ref": _REF.format(model=Constraints.__name__)},
                        },
                        "objective": {"type": "string"},
                        "slippage_bps": {"type": "number", "minimum": 0, "exclusiveMaximum": 10_000},
                        "statistics": {
                            "type": "boolean",
                            "default": True,
                            "description": "Whether to say what the best is worth.",
                        },
                        "holdout": {
                            "type": "string",
                            "description": "The last sessions, kept from the sweep: `20%`, or from a day on.",
                        },
                        "walk_forward": {
                            "type": "string",
                            "description": "`train=504,test=126[,step=126][,purge=0][,anchored]`, in sessions.",
                        },
                    },
                },
            }
        },
    }
}


def json_body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """A required JSON body of this model."""
    content = {"example": example, "schema": {"$ref": _REF.format(model=model.__name__)}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def body_schemas() -> dict[str, Any]:
    """The components that bodies refer to."""
    _, model_schemas = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    schemas: dict[str, Any] = model_schemas["$defs"]
    correlation = schemas[TradeIntent.__name__]["properties"]["correlation_id"]
    del correlation["default"]  # the model has one only until it is validated
    text = {name: correlation.pop(name) for name in ("type", "minLength", "maxLength")}
    correlation |= {"anyOf": [text, {"type": "null"}], "description": "The intent's id, unless it is given."}
    return schemas


def refusals(*tables: Mapping[int, tuple[str, ...]]) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that refuses with these codes by status, and with those that every route has."""
    by_status: dict[int, list[str]] = {}
    for status, codes in (item for some in (*tables, ALWAYS) for item in some.items()):
        by_status.setdefault(status, []).extend(codes)
    return {status: _refusal(codes) for status, codes in sorted(by_status.items())}


def _refusal(codes: list[str]) -> dict[str, Any]:
    lines = [f"`{code}`: {REFUSALS[code].meaning if code in REFUSALS else CODES[code]}" for code in codes]
    properties = {"error": {"type": "string"}, "error_code": {"type": "string", "enum": codes}}
    schema = {"type": "object", "required": ["error", "error_code"], "properties": properties}
    headers = {"Retry-After": {"schema": {"type": "string"}}} if {"TOO_MANY_SWEEPS", "DATABASE_BUSY"} & {*codes} else {}
    return {"description": "\n\n".join(lines), "content": {"application/json": {"schema": schema}}, "headers": headers}
