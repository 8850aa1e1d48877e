"""Variants of no plan: what a test simulates without one."""

from __future__ import annotations

from collections.abc import Iterable

from engine.strategies.spec import CompiledSpec
from engine.sweeps.plan.run_plan import Variant


def variant_of(spec: CompiledSpec) -> Variant:
    """A spec that no plan has named."""
    return Variant("", "", (), {}, spec)


def each_of(specs: Iterable[CompiledSpec]) -> list[Variant]:
    """Specs that no plan has named."""
    return [variant_of(spec) for spec in specs]
