"""A fingerprint never moves: what was pointed out as run before stays so, whatever limits come later."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import Field

from engine.policy.limits import Limits, Positive
from engine.policy.workspace import Workspace
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from engine.sweeps.plan.fingerprint import fingerprint


class Later(Limits):
    """With a limit that today's do not have."""

    min_cash: Positive = Field(None, description="cash that an entry leaves")


def hashed(limits: Limits) -> str:
    spec = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["X"]})
    base = compile_spec(spec, Registry().get(spec.strategy_id))
    described = {"sha256": "0" * 64, "session_tz": "UTC", "bars": {}}
    account = Workspace(UUID(int=7), "plan", 10_000.0, 0, limits=limits)
    return fingerprint(base, [], described, account, 0.0, "1" * 64)


SOME = {"max_positions": 2, "deny_symbols": ("IBM",), "fee_bps": 1.5, "session_tz": "Europe/Paris"}


@pytest.mark.parametrize(
    ("limits", "known"),
    [
        ({}, "6240ce1558ff5b195fb8a0cc1ec29b2c0a769bc92cfa2652148e91b168943473"),
        (SOME, "a189a715bd968d15d62e32e690c6935bc5b5ff4932dcc7a093e647d90116ecd0"),
    ],
    ids=["off", "some"],
)
def test_limits_of_today_are_hashed_as_ever_and_later_ones_where_they_are_set(
    limits: dict[str, object], known: str
) -> None:
    assert hashed(Limits(**limits)) == hashed(Later(**limits)) == known  # type: ignore[arg-type]
    assert hashed(Later(**limits, min_cash=1.0)) != known  # type: ignore[arg-type]
