"""The words that events, commands and docs share, without anything heavy: help and completion load them too."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """Every type of event a journal holds, in the order in which people read of them.

    A new type is a line here, and an INSERT into `event_types` in a migration of its own.
    """

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
    BACKTEST_RECORDED = "BACKTEST_RECORDED"
    HISTORY_ACCEPTED = "HISTORY_ACCEPTED"
    STRATEGY_ACCEPTED = "STRATEGY_ACCEPTED"


class IntentAction(StrEnum):
    """What an intent asks for. The first two are executed, the others are known and refused."""

    OPEN_LONG = "OPEN_LONG"
    CLOSE_LONG = "CLOSE_LONG"
    OPEN_SHORT = "OPEN_SHORT"
    CLOSE_SHORT = "CLOSE_SHORT"
    SCALE_IN = "SCALE_IN"
    SCALE_OUT = "SCALE_OUT"
    CANCEL_ORDER = "CANCEL_ORDER"


class TradingState(StrEnum):
    """What an account may do: everything, exits only, or nothing (the kill switch)."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class FillModel(StrEnum):
    """Where what a strategy decides on a bar is filled: at its close, at the next bar's open, or at the worse end of
    the next bar.
    """

    CLOSE = "close"
    NEXT_OPEN = "next_open"
    PESSIMISTIC = "pessimistic"


class SizeRule(StrEnum):
    """What an entry's size is a share of: an amount, the equity at cost, or what is lost at the stop."""

    DOLLARS = "dollars"
    EQUITY = "equity"
    RISK = "risk"


class ShortOfCash(StrEnum):
    """What becomes of an entry that costs more than the cash: the policy refuses it, or it is made smaller."""

    REFUSE = "refuse"
    SCALE = "scale"


class JournalMode(StrEnum):
    """What a sweep keeps: every fill of every variant, or the results alone."""

    FULL = "full"
    SUMMARY = "summary"


class Objective(StrEnum):
    """What best means in a sweep; `engine.sweeps.objectives` has the formulas."""

    SHARPE = "sharpe"
    SHARPE_DD_PENALTY = "sharpe_dd_penalty"
    RETURN = "return"
    RETURN_DD_PENALTY = "return_dd_penalty"
    CALMAR = "calmar"


DEFAULT_OBJECTIVE = Objective.SHARPE_DD_PENALTY


class RunStatus(StrEnum):
    """How an execution of a run plan stands; `interrupted` is one without an end and without a live owner."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
