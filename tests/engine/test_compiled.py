"""Kernels: plain until there is much work, compiled then, and plain for good where numba is missing."""

from __future__ import annotations

import builtins
import importlib
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


CALLER = """
from engine.compiled import Kernel
from callee_of_a_kernel import USED, used

def calls(value):
    return used(value) + 1.0

CALLS = Kernel(calls, uses=(USED,))
"""


def test_what_was_compiled_of_an_older_function_in_another_file_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert expect_much_work()
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "caller_of_a_kernel.py").write_text(CALLER, encoding="utf-8")
    for times in (2, 30, 30):
        source = (
            f"from engine.compiled import Kernel\n\nTIMES = {times}.0\n\n\ndef used(value):\n    return value * TIMES\n"
        )
        (tmp_path / "callee_of_a_kernel.py").write_text(f"{source}\nUSED = Kernel(used)\n", encoding="utf-8")
        for name in ("caller_of_a_kernel", "callee_of_a_kernel"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        compiled = importlib.import_module("caller_of_a_kernel").CALLS.compiled
        assert compiled(4.0) == 4 * times + 1.0
    assert sum(compiled.stats.cache_hits.values()) == 1, "the same functions are not compiled again"


def test_a_small_sweep_does_not_import_numba() -> None:
    script = (
        "import sys; from engine.sweeps.simulation.simulate import Simulation; import engine.strategies.registry;"
        " assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
