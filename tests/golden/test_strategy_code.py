"""What built-in strategies are known by, frozen: journals of plans and fingerprints rest on it.

A digest here is changed on purpose only, and only when a result of the strategy moves; then it is the sha256 of
anything new. Rewording or moving a built-in strategy leaves it alone.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.desk import Desk, DeskConfig
from engine.strategies.registry import BUILTIN
from engine.strategies.spec import parse_spec
from storage.strategies.files import make_registry
from storage.strategies.identity import strategy_code, strategy_source
from tests.support.memory_desks import counted_stamps
from tests.support.memory_store import MemoryStore
from tests.support.samples import sample_dataset

CODE = {
    "breakout_52w_high": "61034fbde6aa3e72d16dea3532efef99a8a4c1ae43111b77afb1ba69567995df",
    "sma_cross": "d5cd9cae88565662f7b4b9ffc9cabdf4528ca9751d025fa2d2547d292a04b42e",
    "rsi_reversion": "1e792e24400860bec645e289cb944392927f21968cee419f7309f98bcc99cf5d",
    "momentum_rotation": "179eddc68c683e0e54fecb776af7ebabc5f5d28677d9acac555715c2a930c23c",
    "atr_trend": "9faa711d12b932960c8c63f271a49fbb366ec73d70a3dd2873ffca8f6b997f85",
}
FINGERPRINTS: list[tuple[str, dict[str, list[Any]], str]] = [
    (
        "breakout_52w_high",
        {"entry.lookback_days": [20, 55]},
        "8d382edda67ce952bc6a9c21d7cd81eca91ce62fe4a7807f44864988e7840b41",
    ),
    (
        "sma_cross",
        {"entry.fast_period": [5, 10]},
        "db725abc2668c1577231a6e89ef56fa9957e4adfacd0666eb468baa5e14a00fb",
    ),
    (
        "rsi_reversion",
        {"entry.period": [7, 14]},
        "7fcaa51e1041a06a8d5cdac8e52727bfe9ef9ea66c33c84e31de0ba2e7f942de",
    ),
    (
        "momentum_rotation",
        {"entry.hold": [1, 2]},
        "ae3a2a6e24c18505ea25773559f6d179edebc7058983b6c316d9960d7f2a324a",
    ),
    (
        "atr_trend",
        {"entry.entry_period": [20, 55]},
        "ccecc6e01bdcfdcd574436fd253fced971b7764b7e4d4df22f9f5b16f402c021",
    ),
]


def test_built_in_strategies_are_known_by_frozen_digests() -> None:
    frozen = [kind for kind in BUILTIN if kind.key in CODE]
    assert {kind.key: strategy_code(kind).sha256 for kind in frozen} == CODE
    assert {kind.key: strategy_source(kind)[1] for kind in frozen} == CODE


def test_every_built_in_strategy_declares_a_digest_of_its_own() -> None:
    digests = [kind.code_sha256 for kind in BUILTIN]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert len(set(digests)) == len(BUILTIN)


@pytest.mark.parametrize(("key", "sweep", "fingerprint"), FINGERPRINTS)
def test_a_sweep_of_a_built_in_strategy_has_the_fingerprint_that_it_always_had(
    key: str, sweep: dict[str, list[Any]], fingerprint: str
) -> None:
    desk = Desk(
        MemoryStore(),
        counted_stamps(),
        DeskConfig(),
        make_registry(),
        source_sha256=lambda kind: strategy_code(kind).sha256,
    )
    spec = parse_spec({"strategy_id": key, "symbols": ["GOOG"]})
    assert desk.plans.run(spec, sample_dataset("GOOG"), sweep).fingerprint == fingerprint
