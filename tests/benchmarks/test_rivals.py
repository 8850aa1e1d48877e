"""The rivals themselves, where the extra `bench` is installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from benchmarks.plans import Beside
from benchmarks.sweeps import beside
from benchmarks.work import Work, daily, minutes


@pytest.mark.parametrize("rival", ["vectorbt", "backtesting"])
@pytest.mark.parametrize("work", [daily(120, (1, 3)), minutes(2_000, (1, 3))], ids=lambda work: work.name)
def test_it_agrees_with_papertape(rival: str, work: Work) -> None:
    if find_spec(rival) is None:
        pytest.skip(f"{rival} is not installed")
    (found,) = beside(Beside(work), (rival,))["agreement"].values()
    assert found["holds"]
    assert found["compared"] == len(work.variants)
