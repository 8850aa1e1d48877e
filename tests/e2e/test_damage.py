"""Single bits of a desk's file flipped: `doctor` notices, or nothing that is read has changed, or it is the text of a
payload, a bar that an account saw, or a time, that nothing else repeats: those take a chain of hashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.damage import Trial, build, content_of, flipped, try_out

FLIPS = 120
ONCE = {
    "INTENT_EMITTED",
    "POLICY_EVALUATED",
    "POLICY_CHANGED",
    "WORKSPACE_CREATED",
    "STATE_RECONCILED",
    "STATE_RESET",
    "RUN_ADVANCED",
    "RUN_STARTED",
    "RUN_VARIANT_COMPLETED",
    "RUN_COMPLETED",
    "BACKTEST_RECORDED",
}
"""Types whose payload says something that is said nowhere else."""


def is_said_once(what: str) -> bool:
    column, _, kind = what.partition(" of ")
    return (column == "trade_events.payload" and kind in ONCE) or column in {
        "trade_events.ts",
        "trade_events.recorded_at",
        "workspaces.created_at",
        "account_symbols.mark",
        "recordings.bars",
        "trials.specs",
    }


def test_a_flipped_bit_is_noticed_or_harmless_or_in_what_is_said_once(tmp_path: Path) -> None:
    found = try_out(FLIPS, 5, tmp_path)
    assert found.raised == []
    assert found.flips == FLIPS
    assert [what for what in found.silent if not is_said_once(what)] == []
    silent, noticed = sum(found.silent.values()), sum(found.noticed.values())
    assert noticed > FLIPS / 2
    assert silent < FLIPS / 10


def places_of(content: bytes, text: bytes) -> Iterator[int]:
    """Every byte of every place where a text stands; some are left from before a page was split."""
    start = content.find(text)
    while start >= 0:
        yield from range(start, start + len(text))
        start = content.find(text, start + 1)


@pytest.mark.parametrize("text", [b'"quantity":6.75', b'"position_action":"closed"', b"AAPL"])
def test_every_byte_of_what_a_fill_says_is_noticed(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "desk.db"
    build(path, orders=1)
    content, before, found = path.read_bytes(), content_of(path), Trial()
    assert before is not None
    for place in places_of(content, text):
        path.write_bytes(flipped(content, place, place % 7))
        found.look(path, before, (place, place % 7))
    assert found.raised == []
    assert found.silent.keys() <= {"trade_events.payload of STATE_RECONCILED"}  # what had drifted
    assert sum(found.noticed.values()) >= len(text)
