from __future__ import annotations

import math

import pytest

from benchmarks.agreement import EQUITY_TOLERANCE, compare

OURS = [(10, 500.0, 7, 10_004.25), (10, 1000.0, 7, 10_008.5), (20, 500.0, 3, 9_990.0)]


def test_the_same_agrees() -> None:
    found = compare(OURS, OURS)
    assert found.holds
    assert (found.compared, found.trades, found.counts_differ, found.worst_equity) == (3, 17, 0, 0.0)


def test_a_sample_in_any_order_is_compared_by_variant() -> None:
    found = compare(OURS, [OURS[2], OURS[0]])
    assert found.holds
    assert (found.compared, found.trades) == (2, 10)


def test_rounding_within_the_tolerance_agrees() -> None:
    assert compare(OURS, [(10, 500.0, 7, 10_004.25 + EQUITY_TOLERANCE / 2)]).holds


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param([(10, 500.0, 8, 10_004.25)], id="one trade more"),
        pytest.param([(10, 500.0, 7, 10_004.26)], id="a cent more"),
        pytest.param([(10, 500.0, 7, 10_004.24)], id="a cent less"),
        pytest.param([(10, 500.0, 7, math.nan)], id="no equity"),
        pytest.param([(11, 500.0, 7, 10_004.25)], id="a variant that we have not"),
        pytest.param([*OURS, (11, 500.0, 0, 10_000.0)], id="one variant more"),
        pytest.param([], id="nothing"),
    ],
)
def test_what_is_not_the_same_does_not_agree(theirs: list[tuple[float, ...]]) -> None:
    assert not compare(OURS, theirs).holds


def test_variants_without_a_trade_prove_nothing() -> None:
    idle = [(10, 500.0, 0, 10_000.0)]
    assert not compare(idle, idle).holds
