"""Kernels: plain until there is much work, compiled then, and plain for good where numba is missing."""

from __future__ import annotations

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.compiled import Kernel, expect_much_work, is_loaded

ROOT = Path(__file__).parents[2]


def half(value: float) -> float:
    return value / 2


def halves(values: Any) -> float:
    total = 0.0
    for index in range(len(values)):
        total += half(values[index])
    return total


HALF = Kernel(half)
HALVES = Kernel(halves, uses=(HALF,))


def test_a_kernel_and_what_it_calls_are_compiled_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "_worthwhile", False)
    assert HALVES.compiled is None
    assert HALVES.plain([1.0, 2.0]) == 1.5
    assert expect_much_work()
    assert is_loaded()
    import numpy as np

    assert HALVES.compiled is not None
    assert HALVES.compiled(np.array([1.0, 2.0])) == 1.5
    assert HALVES.compiled.signatures


def test_without_numba_kernels_stay_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "_worthwhile", False)
    real = builtins.__import__

    def without(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name == "numba":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    assert not expect_much_work()
    assert HALVES.compiled is None


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert expect_much_work()
    real = Kernel._numba

    class NoPlace:
        @staticmethod
        def njit(**options: Any) -> Any:
            if options.get("cache"):
                raise RuntimeError("cannot cache function: no locator available")
            return real.njit(**options)

    monkeypatch.setattr(Kernel, "_numba", NoPlace)
    assert Kernel(half).compiled(3.0) == 1.5  # type: ignore[misc]


def test_a_small_sweep_does_not_import_numba() -> None:
    script = (
        "import sys; from engine.sweeps.simulation.simulate import Simulation; import engine.strategies.registry;"
        " assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
