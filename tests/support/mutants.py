"""A pytest plugin for `make mutants`: which tests a mutant meets, and how.

mutmut runs every test that comes through a mutated function; of a function that everything comes through, that is every
test for each of its mutants. Here a mutant meets the tests of its own module first, then those of its package and of a
few others.
"""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings

TESTED_BY = {
    "account": ("account", "broker", "drivers"),
    "broker": ("broker", "desk", "drivers"),
    "drivers": ("drivers",),
    "policy": ("policy", "broker", "desk"),
    "sweeps": ("sweeps",),
}
"""Packages of `engine`, and those whose tests their mutants meet."""

# kernels stay plain: what numba compiles, and keeps in files, would be the code without the mutation
sys.modules["numba"] = None  # type: ignore[assignment]

# that an example fails is enough: the smallest one that does takes a hundred times as long to find
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
os.environ["HYPOTHESIS_PROFILE"] = "mutants"


def pytest_configure(config: pytest.Config) -> None:
    """Narrow the tests that mutmut names to those of the mutant's packages, its own first."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "").split(".")
    if mutant[0] != "engine":  # mutmut looks which tests come through what
        return
    package, module = mutant[1:3]
    rooms = [f"tests/engine/{name}/" for name in TESTED_BY[package]]
    own = f"tests/engine/{package}/test_{module}.py"
    tests = sorted(config.args, key=lambda test: (not test.startswith(own), test))
    chosen = [test for room in rooms for test in tests if test.startswith(room)]
    config.args[:] = chosen or config.args
