"""A run plan: a base spec, its variants, an objective, a dataset, and all else that decides its results."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from engine.drivers.trial import TrialCount
from engine.jsontext import canonical_json
from engine.policy.workspace import Workspace
from engine.strategies.spec import CompiledSpec
from engine.sweeps.out_of_sample.sealed import SealedHoldout
from engine.sweeps.plan.overrides import Overrides
from engine.sweeps.plan.request import SweepRequest

BASELINE, GRID, ABLATION = "baseline", "grid", "ablation"

VARIANT_NS = UUID("6d1f3b0a-93c5-5b8e-8f63-2f7c1f0e9a57")
"""The namespace of variants' workspaces; it never changes."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The base spec with some parameters overridden. `spec` is None when a value is out of bounds: it is skipped."""

    variant_id: str
    label: str
    tags: tuple[str, ...]
    overrides: Overrides
    spec: CompiledSpec | None
    skip_reason: str | None = None

    @property
    def compiled(self) -> CompiledSpec:
        """The spec of one that is not skipped."""
        assert self.spec is not None  # noqa: S101 - for the type checker: whoever asks has left the skipped ones out
        return self.spec

    def payload(self) -> dict[str, Any]:
        """As the journal and JSON have it."""
        return {
            "variant_id": self.variant_id,
            "label": self.label,
            "tags": self.tags,
            "overrides": self.overrides,
            "skip_reason": self.skip_reason,
        }


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is executed: variants in plan order, the baseline first.

    `request` is what was asked for, its values to try in the spec's types. `account` is what every variant begins with:
    equity, limits, fees, and the session zone of the data. `dataset` says which data these are.
    """

    request: SweepRequest
    base: CompiledSpec
    variants: tuple[Variant, ...]
    variants_dropped: int
    account: Workspace
    dataset: dict[str, Any]
    fingerprint: str
    strategy_sha256: str
    duplicate_of: tuple[str, ...] = ()
    origin: str = "built in"
    """Where the strategy came from: `built in`, a file, an entry point"""
    bars_sha256: dict[str, str] = field(default_factory=dict)
    """Of each symbol's bars; empty of a plan that was begun before tries were counted"""
    first_ts: int | None = None
    """The first timestamp that is traded, and the last one (UTC microseconds)"""
    last_ts: int | None = None
    trials: TrialCount | None = None
    distributions: dict[str, str] = field(default_factory=dict)
    """The installed packages that the strategy imports, with their versions: told, and part of no fingerprint"""
    holdout: SealedHoldout | None = None
    """The sessions after those that `dataset` describes"""


def variant_id(base: dict[str, Any], overrides: Overrides) -> str:
    """The first 16 hex digits of the sha256 of the canonical base and overrides: the same variant, the same id."""
    text = canonical_json({"base": base, "overrides": overrides})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def variant_workspace_id(run_plan_id: UUID, variant: str) -> UUID:
    """The workspace that a variant of an execution trades in."""
    return uuid5(VARIANT_NS, f"{run_plan_id}:{variant}")
