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


class EventKind(StrEnum):
    """`engine.events.EventType`."""

    WORKSPACE_CREATED = "WORKSPACE_CREATED"
    POLICY_CHANGED = "POLICY_CHANGED"
    TRADING_STATE_CHANGED = "TRADING_STATE_CHANGED"
    INTENT_EMITTED = "INTENT_EMITTED"
    POLICY_EVALUATED = "POLICY_EVALUATED"
    INTENT_APPROVED = "INTENT_APPROVED"
    INTENT_REJECTED = "INTENT_REJECTED"
    ORDER_FILLED = "ORDER_FILLED"
    POSITION_OPENED = "POSITION_OPENED"
    POSITION_SCALED = "POSITION_SCALED"
    POSITION_CLOSED = "POSITION_CLOSED"
    STATE_RECONCILED = "STATE_RECONCILED"
    STATE_RESET = "STATE_RESET"
    RUN_ADVANCED = "RUN_ADVANCED"
    RUN_STARTED = "RUN_STARTED"
    RUN_RESUMED = "RUN_RESUMED"
    RUN_VARIANT_COMPLETED = "RUN_VARIANT_COMPLETED"
    RUN_CANCEL_REQUESTED = "RUN_CANCEL_REQUESTED"
    RUN_COMPLETED = "RUN_COMPLETED"
    RUN_FAILED = "RUN_FAILED"
    RUN_CANCELLED = "RUN_CANCELLED"


class JournalMode(StrEnum):
    """`engine.sweeps.plan.JournalMode`."""

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
