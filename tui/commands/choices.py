"""What options may be, as light copies of the engine's enums: help and completion must not load the engine.

A test holds them to the originals.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """`engine.intents.IntentAction`."""

    OPEN_LONG = "OPEN_LONG"
    CLOSE_LONG = "CLOSE_LONG"
    OPEN_SHORT = "OPEN_SHORT"
    CLOSE_SHORT = "CLOSE_SHORT"
    SCALE_IN = "SCALE_IN"
    SCALE_OUT = "SCALE_OUT"
    CANCEL_ORDER = "CANCEL_ORDER"


class Trading(StrEnum):
    """`engine.policy.limits.TradingState`."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class JournalMode(StrEnum):
    """`engine.sweeps.plan.run_plan.JournalMode`."""

    FULL = "full"
    SUMMARY = "summary"


class Objective(StrEnum):
    """The keys of `engine.sweeps.objectives.OBJECTIVES`."""

    SHARPE = "sharpe"
    SHARPE_DD_PENALTY = "sharpe_dd_penalty"
    RETURN = "return"
    RETURN_DD_PENALTY = "return_dd_penalty"
    CALMAR = "calmar"


class PlanStatus(StrEnum):
    """`engine.sweeps.results.RunStatus`."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
