"""Payloads, read back: one that is not as papertape writes it is damage, and DATABASE_ERROR names the event.

A shape holds what is read of a payload, and of which type that is. What else stands there is let be: older and newer
versions write other things.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.errors import DamageFault
from engine.events import EventType
from engine.shapes import (
    ANYTHING,
    COUNT,
    FIGURE,
    FLAG,
    NOTHING,
    NUMBER,
    PARTS,
    TEXT,
    WORDS,
    Each,
    Maybe,
    Shape,
    Such,
    fault_in,
)


def _fault_in_drift(found: dict[str, list[Any]]) -> str:
    """Parts stand against parts, or against nothing; cash is a number on both sides."""
    for name, pair in found.items():
        kinds = {type(side) for side in pair if side is not None}
        if (dict in kinds and kinds != {dict}) or (name == "cash" and not kinds <= {int, float}):
            return f".{name} is {pair}"
    return ""


def _fault_in_paths(overrides: dict[str, Any]) -> str:
    """A dotted path leads to each value, and a list holds plain values and lists of them."""
    if wrong := next((f" has the path {path!r}" for path in overrides if "." not in path), ""):
        return wrong
    return next((f".{path} is {value}" for path, value in overrides.items() if _holds_object(value)), "")


def _holds_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_object, value)))


def _fault_in_best(ended: dict[str, Any]) -> str:
    """The best variant has a score."""
    is_said = [ended[name] is not None for name in ("best_variant_id", "best_score")]
    return "" if is_said[0] == is_said[1] else f".best_score is {ended['best_score']}"


def _fault_in_time(text: str) -> str:
    """A time as ISO 8601 has it, with its offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return f" is {text!r}"
    return "" if found.tzinfo is not None else f" is {text!r}"


def _fault_in_window(window: dict[str, Any] | None) -> str:
    """From one time to another, or nothing."""
    return "" if window is None else fault_in(window, dict.fromkeys(("from", "to"), Such(TEXT, _fault_in_time)))


def _fault_in_short_history(short: dict[str, Any] | None) -> str:
    """A symbol, how much past it has, how much is needed, or nothing."""
    units = frozenset({"bars", "sessions"})
    return "" if short is None else fault_in(short, {"symbol": TEXT, "have": COUNT, "needed": COUNT, "unit": units})


def _fault_in_benchmark(held: dict[str, Any] | None) -> str:
    """What buying and holding came to, or nothing."""
    return "" if held is None else fault_in(held, _HELD)


def _fault_in_statistics(said: dict[str, Any] | None) -> str:
    """What the best of a plan is worth, or nothing."""
    return "" if said is None else fault_in(said, _STATISTICS)


def _fault_in_neighbours(near: dict[str, Any] | None) -> str:
    """Those of the best, or nothing."""
    return "" if near is None else fault_in(near, {"count": COUNT, "mean_score": FIGURE, "beat_baseline": COUNT})


def _fault_in_walk_forward(walked: dict[str, Any] | None) -> str:
    """What came of a walk-forward, or nothing."""
    return "" if walked is None else fault_in(walked, _WALK_FORWARD)


def _fault_in_judged(said: dict[str, Any] | None) -> str:
    """What a verdict was made of, or nothing."""
    return "" if said is None else fault_in(said, dict.fromkeys(("entered_sessions", "losing_trades"), COUNT))


def _fault_in_holdout(held: dict[str, Any] | None) -> str:
    """Which sessions are kept from a sweep, or nothing."""
    return "" if held is None else fault_in(held, {"asked": TEXT, **_HOLDOUT, "dataset": _DATASET})


def _fault_in_day(text: str) -> str:
    """A day as ISO 8601 has it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return f" is {text!r}"
    return ""


def _fault_in_metrics(metrics: dict[str, Any] | None) -> str:
    """Figures by name, or nothing."""
    return "" if metrics is None else fault_in(metrics, Each(FIGURE, of=dict))


_PAIR = Each(ANYTHING, length=2)
_TIMES = Each(Such(TEXT, _fault_in_time), of=dict)
_SIGNALS = {
    "entry": FLAG,
    "exit": (bool, NOTHING),
    "levels": Each(FIGURE, of=dict),
    **dict.fromkeys(("stop_distance", "target_distance", "size", "score"), Maybe(FIGURE)),
    "ts": Maybe(Such(TEXT, _fault_in_time)),
}
_ORDER = {"action": TEXT, "quantity": NUMBER}
_POSITION = {"quantity": NUMBER, "avg_price": NUMBER}
_OWNER = {"host": TEXT, "pid": COUNT, "started": TEXT, "claim": COUNT}
_LISTED = {"strategy_id": TEXT, "objective": TEXT, "journal": TEXT, "variants_count": COUNT, "fingerprint": TEXT}
_RULE = {
    "rule": TEXT,
    "verdict": TEXT,
    "figures": Maybe({"notional": Maybe(FIGURE)}),
    "because": Maybe(WORDS),
}
_DECISION = {
    "rule": Maybe(WORDS),
    "because": Maybe(WORDS),
    "rules": Maybe(Each(_RULE)),
    "warnings": Maybe(Each(TEXT)),
}
_VARIANT = {
    "variant_id": TEXT,
    "label": TEXT,
    "tags": Each(TEXT),
    "overrides": Such(Each((str, int, float, bool, list, NOTHING), of=dict), _fault_in_paths),
    "skip_reason": WORDS,
}
_STOPPED = {
    "held_back": Maybe(Each(COUNT, of=dict)),
    "short_history": Maybe(Such((dict, NOTHING), _fault_in_short_history)),
}
"""What kept entries from becoming orders; older versions did not count it"""
_BASE = {"symbols": Each(TEXT), **dict.fromkeys(("entry", "exit", "risk"), PARTS), "execution": Maybe(PARTS)}
_DATASET = {
    "sha256": TEXT,
    "session_tz": TEXT,
    "bar_count": COUNT,
    "bars": Each(Each(ANYTHING, length=3), of=dict),
    "sources": Each(ANYTHING),
    "history": Maybe(Each(Each(ANYTHING, length=3), of=dict)),
}
_HELD: Shape = {
    "return_pct": NUMBER,
    **dict.fromkeys(("cagr_pct", "sharpe_annual", "volatility_pct", "max_drawdown_marked_pct"), FIGURE),
}
_BY_VALUE: Shape = {"value": ANYTHING, "median_score": FIGURE, "variants": COUNT}
_FILLED: Shape = dict.fromkeys(("best", "baseline"), Such((dict, NOTHING), _fault_in_metrics))
_STATISTICS: Shape = {
    "sessions": COUNT,
    **dict.fromkeys(("sessions_a_year", "dsr", "pbo", "p_plan", "p_luck"), FIGURE),
    **dict.fromkeys(("verdict", "because"), TEXT),
    "sensitivity": {
        "parameters": Each(Each(_BY_VALUE), of=dict),
        "neighbours": Such((dict, NOTHING), _fault_in_neighbours),
    },
    "costs": {"breakeven_bps": FIGURE, "fills": Each(_FILLED, of=dict)},
}
_DAY = Such(TEXT, _fault_in_day)
_METRICS = Such((dict, NOTHING), _fault_in_metrics)
_HOLDOUT: dict[str, Shape] = {
    "from": _DAY,
    "to": _DAY,
    "window": dict.fromkeys(("from", "to"), Such(TEXT, _fault_in_time)),
    "bars_sha256": Each(TEXT, of=dict),
}
_WALK_FORWARD: Shape = {
    "folds": Each(
        {
            **dict.fromkeys(("train_from", "train_to", "test_from", "test_to"), _DAY),
            "best_variant_id": TEXT,
            "score": FIGURE,
            "metrics": _METRICS,
        }
    ),
    "out_of_sample": Each(FIGURE, of=dict),
    "efficiency": FIGURE,
    "chosen": Each(Each({"value": ANYTHING, "folds": COUNT}), of=dict),
}
_WORTH = {
    "benchmark": Maybe(Such((dict, NOTHING), _fault_in_benchmark)),
    "statistics": Maybe(Such((dict, NOTHING), _fault_in_statistics)),
    "walk_forward": Maybe(Such((dict, NOTHING), _fault_in_walk_forward)),
    "judged": Maybe(Such((dict, NOTHING), _fault_in_judged)),
}
"""What a completed plan's best is worth; older versions did not say it"""
_ENDED = Such(
    {
        **_LISTED,
        **dict.fromkeys(("done", "failed", "skipped", "verified"), COUNT),
        **dict.fromkeys(("best_variant_id", "error", "error_code"), WORDS),
        "best_score": FIGURE,
        "worked_s": NUMBER,
        "differs_from": Maybe(Each(COUNT, of=dict)),
        **_WORTH,
    },
    _fault_in_best,
)

HEADING: Shape = {"owner": _OWNER, **_LISTED}
"""Of RUN_STARTED, what a list of run plans shows."""

SHAPES: Mapping[str, Shape] = {
    EventType.WORKSPACE_CREATED: {"name": Maybe(TEXT), "starting_equity": Maybe(NUMBER), "policy": Maybe(PARTS)},
    EventType.POLICY_CHANGED: Each(_PAIR, of=dict),
    EventType.INTENT_EMITTED: {
        **_ORDER,
        "strategy_id": TEXT,
        "reason": Maybe(WORDS),
        "metadata": Maybe(PARTS),
    },
    EventType.POLICY_EVALUATED: _DECISION,
    EventType.INTENT_APPROVED: _ORDER,
    EventType.INTENT_REJECTED: _DECISION,
    # replay reads the columns
    EventType.ORDER_FILLED: {
        **{name: Maybe(shape) for name, shape in _ORDER.items()},
        **dict.fromkeys(("strategy_id", "position_action"), Maybe(TEXT)),
    },
    EventType.POSITION_OPENED: _POSITION,
    EventType.POSITION_SCALED: _POSITION,
    EventType.POSITION_CLOSED: {"quantity": NUMBER, "pnl": NUMBER},
    EventType.STATE_RECONCILED: {
        **dict.fromkeys(("events_replayed", "duplicates_skipped"), Maybe(COUNT)),
        "errors": Maybe(Each(ANYTHING)),
        "drift": Maybe(Such(Each(_PAIR, of=dict), _fault_in_drift)),
    },
    EventType.RUN_ADVANCED: {
        "spec_key": TEXT,
        "ts": Such(TEXT, _fault_in_time),
        "settled": Maybe(_TIMES),
        "strategy_sha256": Maybe(TEXT),
        "marks": Maybe(Each(NUMBER, of=dict)),
        "signals": Maybe(Each(_SIGNALS, of=dict)),
    },
    EventType.BACKTEST_RECORDED: {
        "spec": PARTS,
        "fills": COUNT,
        "metrics": {"trade_count": COUNT, "ending_equity": NUMBER},
        "refusals": Maybe(Each(COUNT, of=dict)),
        **_STOPPED,
    },
    EventType.HISTORY_ACCEPTED: {
        "spec_key": TEXT,
        "timeframe": TEXT,
        "symbols": Each({"ts": TEXT, "kind": TEXT}, of=dict),
        "settled": Each(_TIMES, of=dict),
    },
    EventType.STRATEGY_ACCEPTED: dict.fromkeys(("spec_key", "strategy_id", "from", "to"), TEXT),
    EventType.RUN_STARTED: {
        **_LISTED,
        "owner": _OWNER,
        **dict.fromkeys(("strategy_origin", "strategy_sha256", "timeframe"), TEXT),
        **dict.fromkeys(("variants_dropped", "created_at", "verify", "max_variants"), COUNT),
        **dict.fromkeys(("starting_equity", "slippage_bps"), NUMBER),
        **dict.fromkeys(("limits", "spec"), PARTS),
        "base": _BASE,
        "include_ablations": FLAG,
        "duplicate_of": Each(TEXT),
        "sweep": Each(Each(ANYTHING), of=dict),
        "dataset": _DATASET,
        "data": {"warnings": Maybe(Each(TEXT)), "strategy_file": Maybe(WORDS)},
        "variants": Each(_VARIANT),
        "distributions": Maybe(Each(TEXT, of=dict)),
        "bars_sha256": Maybe(Each(TEXT, of=dict)),
        "window": Maybe(Such((dict, NOTHING), _fault_in_window)),
        "trials": Maybe(dict.fromkeys(("in_plan", "on_these_data", "not_countable"), COUNT)),
        "statistics": Maybe(FLAG),
        "holdout": Maybe(Such((dict, NOTHING), _fault_in_holdout)),
        "walk_forward": Maybe(WORDS),
        "sample": Maybe((int, NOTHING)),
        "refines": Maybe(WORDS),
    },
    EventType.RUN_HOLDOUT_OPENED: {
        **_HOLDOUT,
        "run_plan_id": TEXT,
        **dict.fromkeys(("opened_before", "seen_by_trials"), COUNT),
        "best_variant_id": WORDS,
        "best": _METRICS,
        "baseline": _METRICS,
    },
    EventType.RUN_RESUMED: {"owner": _OWNER, "worked_s": NUMBER, "distributions": Maybe(Each(TEXT, of=dict))},
    EventType.RUN_VARIANT_COMPLETED: {
        "index": COUNT,
        "variant_id": TEXT,
        "status": frozenset({"succeeded", "failed", "skipped"}),
        "objective_score": FIGURE,
        "metrics": (dict, type(None)),
        "refusals": Each(COUNT, of=dict),
        **_STOPPED,
        **dict.fromkeys(("error", "error_code"), WORDS),
    },
    EventType.RUN_NOISE_TESTED: {
        "owner": Maybe(_OWNER),
        **dict.fromkeys(("draws", "first"), COUNT),
        "best_variant_id": TEXT,
        "best_score": NUMBER,
        "scores": Each(FIGURE),
        "p_noise": FIGURE,
    },
    EventType.RUN_COMPLETED: _ENDED,
    EventType.RUN_FAILED: _ENDED,
    EventType.RUN_CANCELLED: _ENDED,
}
"""By the type of event; of another one any object is a payload."""


def damaged(where: str, why: str) -> DamageFault:
    """DATABASE_ERROR: something that was stored cannot be as it was written."""
    return DamageFault(
        "DATABASE_ERROR",
        f"{where} is damaged: {why}",
        hint="`papertape doctor` looks at the rest; restore the database from a backup, and look after the disk",
    )


def event_named(seq: int, kind: str = "") -> str:
    """An event, as errors name it."""
    return f"event {seq} of the journal ({kind})" if kind else f"event {seq} of the journal"


def read_payload(text: str, kind: str, seq: int) -> dict[str, Any]:
    """The payload of an event; DATABASE_ERROR when it is no JSON object, or not of its type's shape."""
    return stored_object(text, SHAPES.get(kind, PARTS), event_named(seq, kind), "its payload")


def stored_object(text: str, shape: Shape, where: str, what: str = "what it says") -> dict[str, Any]:
    """A JSON object of a shape that was stored; DATABASE_ERROR says `where` and `what` is none."""
    try:
        found: dict[str, Any] = _decoded(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(where, f"{what} is not JSON ({error})") from error
    if why := fault_in(found, shape):
        raise damaged(where, f"{what}{why}")
    return found


def stored_uuid(text: str, where: str) -> UUID:
    """A UUID that was stored; DATABASE_ERROR."""
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(where, f"{text!r} is not a UUID") from error


def _decoded(text: str) -> Any:
    """As `_JSON.decode`, at two thirds of its cost where no white space stands around the document."""
    found, end = _JSON.raw_decode(text) if text[:1] == "{" else (None, -1)
    return found if end == len(text) else _JSON.decode(text)


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal} is not a finite number")
    return number


_JSON = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
