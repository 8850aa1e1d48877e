"""The words that events, commands and docs share, without anything heavy: help and completion load them too."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """Every type of event in a journal, in the order of the docs; each member has a `meaning`, a phrase for the docs.

    A new type is a line here and an INSERT into `event_types` in a migration of its own.
    """

    meaning: str

    def __new__(cls, name: str, meaning: str) -> EventType:
        """A member whose value is its name; `meaning` is kept beside it."""
        member = str.__new__(cls, name)
        member._value_, member.meaning = name, meaning
        return member

    WORKSPACE_CREATED = "WORKSPACE_CREATED", "an account begins: name, kind, starting equity, limits"
    POLICY_CHANGED = "POLICY_CHANGED", "limits or fees changed: each key with its old and new value"
    TRADING_STATE_CHANGED = "TRADING_STATE_CHANGED", "`ACTIVE`, `REDUCING` or `HALTED`, from and to"
    INTENT_EMITTED = "INTENT_EMITTED", "the whole intent"
    POLICY_EVALUATED = (
        "POLICY_EVALUATED",
        "the decision: each rule evaluated, its verdict, limit and figures, and warnings",
    )
    INTENT_APPROVED = "INTENT_APPROVED", "the order that goes to the broker"
    INTENT_REJECTED = "INTENT_REJECTED", "the rule that refused, and why"
    ORDER_FILLED = "ORDER_FILLED", "side, lots, price, fees and day, in columns of their own"
    POSITION_OPENED = "POSITION_OPENED", "the position after a first buy"
    POSITION_SCALED = "POSITION_SCALED", "the position after a further buy"
    POSITION_CLOSED = "POSITION_CLOSED", "the round trip, with its P&L"
    STATE_RECONCILED = "STATE_RECONCILED", "the state was rebuilt: the report"
    STATE_RESET = "STATE_RESET", "the state was put back to its start"
    RUN_ADVANCED = "RUN_ADVANCED", "how far `run -w` has taken a spec"
    RUN_STARTED = "RUN_STARTED", "a run plan began: all of it, its owner, its data"
    RUN_RESUMED = "RUN_RESUMED", "a run plan was resumed"
    RUN_VARIANT_COMPLETED = "RUN_VARIANT_COMPLETED", "the result of one variant"
    RUN_CANCEL_REQUESTED = "RUN_CANCEL_REQUESTED", "a person asked a run plan to stop"
    RUN_COMPLETED = "RUN_COMPLETED", "every variant has a result: the counts and the best"
    RUN_FAILED = "RUN_FAILED", "an error ended a run plan"
    RUN_CANCELLED = "RUN_CANCELLED", "a run plan was stopped"
    RUN_HOLDOUT_OPENED = "RUN_HOLDOUT_OPENED", "a run plan's holdout was opened: what came of the best on it"
    RUN_NOISE_TESTED = "RUN_NOISE_TESTED", "a run plan was run again on shuffled bars: the best scores there"
    BACKTEST_RECORDED = "BACKTEST_RECORDED", "a backtest ended: what was run, on which bars"
    HISTORY_ACCEPTED = "HISTORY_ACCEPTED", "a person accepted that bars which the account had seen have changed"
    STRATEGY_ACCEPTED = "STRATEGY_ACCEPTED", "a person accepted that a strategy's code has changed"


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


class Ambiguous(StrEnum):
    """Which of two instants a local time is that comes twice, when the clocks go back; `infer` goes by the order."""

    FIRST = "first"
    SECOND = "second"
    INFER = "infer"


class DropRows(StrEnum):
    """Rows that an import leaves out when it is asked to: those without any price."""

    NULL_ROWS = "null-rows"


class JournalMode(StrEnum):
    """What a sweep keeps: every fill of every variant, or the results alone."""

    FULL = "full"
    SUMMARY = "summary"


class Objective(StrEnum):
    """What best means in a sweep; `engine.sweeps.objectives` has the formulas."""

    SHARPE_ANNUAL = "sharpe_annual"
    SORTINO_ANNUAL = "sortino_annual"
    CALMAR_ANNUAL = "calmar_annual"
    SHARPE = "sharpe"
    SHARPE_DD_PENALTY = "sharpe_dd_penalty"
    RETURN = "return"
    RETURN_DD_PENALTY = "return_dd_penalty"
    CALMAR = "calmar"


DEFAULT_OBJECTIVE = Objective.SHARPE_ANNUAL

NOISE_DRAWS = 200
"""Shuffles of a noise test, unless another number is asked for."""


class RunStatus(StrEnum):
    """How an execution of a run plan stands; `interrupted` is one without an end and without a live owner."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
