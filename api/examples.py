"""A sound request of each kind, for the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

_WORKSPACE = "3f0e4a52-9b1d-4c57-8f2e-6a7b8c9d0e1f"
_SPEC = {"strategy_id": "breakout_52w_high", "symbols": ["IBM"], "entry": {"lookback_days": 2}}
_CONSTRAINTS = {"sweep": {"entry.lookback_days": [2, 3]}, "include_ablations": True, "max_variants": 1000}

EXECUTE: dict[str, Any] = {
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

GENERATE: dict[str, Any] = {
    "workspace_id": _WORKSPACE,
    "base_spec": _SPEC,
    "dataset_ref": "IBM, daily",
    "constraints": _CONSTRAINTS,
    "objective": "return",
}

FORM: dict[str, Any] = {
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
}
