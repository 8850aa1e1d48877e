"""`desk.research.run` beside the plain loops of this package: trades, intents, metrics, refusals, all bit for bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.account.state import Account
from engine.desk import Desk, DeskConfig
from engine.drivers.backtest import RunOutcome
from engine.events import EventType
from engine.market.bars import Bound
from engine.market.sessions import day_to_date, to_micros
from engine.ports import EventFilter, Store
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from tests.oracles.account import units
from tests.oracles.backtest import Backtest
from tests.oracles.rows import Row, rows_of
from tests.oracles.signals import Signal
from tests.oracles.worth import assert_worth, worth_of
from tests.support.memory_desks import counted_stamps
from tests.support.memory_store import MemoryStore
from tests.support.worlds import Window, World

CODES = {
    "stop": "stop_loss_exit",
    "trail": "trail_exit",
    "breakeven": "breakeven_exit",
    "target": "take_profit_exit",
    "eod": "eod_exit",
    "signal": "signal_exit",
    "max_bars": "max_bars_exit",
    "end_of_data": "end_of_data_exit",
}
"""What the plain loops call an exit, and its code."""

Script = dict[str, list[Signal]]
"""Signals for every row of each symbol, in place of a strategy's."""


def engines(
    world: World, store: Store, registry: Registry | None = None
) -> tuple[RunOutcome, Account, list[dict[str, Any]]]:
    """The engine's outcome, the account it left, and the payloads of its refusals and emitted intents."""
    desk = Desk(store, counted_stamps(), DeskConfig(), registry or Registry())
    desk.accounts.create("like", world.starting_equity)
    texts = {name: ",".join(v) if isinstance(v, list) else repr(v) for name, v in world.limits.items()}
    desk.accounts.set_policy(texts, "like")
    outcome = desk.research.run(parse_spec(world.spec), world.dataset, like="like", slippage_bps=world.slippage_bps)
    types = (EventType.INTENT_REJECTED.value, EventType.INTENT_EMITTED.value)
    events = desk.journal.events(outcome.workspace_id, where=EventFilter(types=types))
    assert desk.accounts.reconcile(outcome.workspace_id, dry_run=True).drift == {}
    with store.read() as views:
        account = views.account(desk.accounts.require(outcome.workspace_id))
    return (
        outcome,
        account,
        [
            {"type": event.event_type.value, "ts": to_micros(event.ts), "symbol": event.symbol, **event.payload}
            for event in events
        ],
    )


def loops(world: World, script: Script | None = None, window: Window | None = None) -> Backtest:
    """The plain loops, made ready and not yet run: over the bars up to a window's end, deciding from its start."""
    start, end = (window.start, window.end) if window else (None, None)
    rows = {symbol: rows_of(world.dataset.bars[symbol], world.zone) for symbol in world.spec["symbols"]}
    return Backtest(
        world.spec,
        {symbol: [row for row in each if not _is_after(row, end)] for symbol, each in rows.items()},
        world.zone,
        world.limits,
        world.starting_equity,
        world.slippage_bps,
        start=to_micros(start) if isinstance(start, datetime) else start,
        script=script,
    )


def compare(
    world: World,
    store: Store | None = None,
    registry: Registry | None = None,
    script: Script | None = None,
    window: Window | None = None,
) -> list[dict[str, Any]]:
    """The engine's events, once all is the same. With a `script` the registry's strategy must give those signals."""
    inside = replace(world, dataset=world.dataset.window(window.start, window.end)) if window else world
    ours, account, events = engines(inside, store or MemoryStore(), registry)
    plain = loops(world, script, window)
    theirs = plain.run()
    assert [_by_quantity(trade._asdict()) for trade in ours.trades] == [_by_quantity(each) for each in theirs["trades"]]
    metrics = ours.metrics.model_dump()
    assert {name: metrics[name] for name in theirs["metrics"]} == theirs["metrics"]
    assert_worth(metrics, worth_of(plain))
    rejected = [event for event in events if event["type"] == "INTENT_REJECTED"]
    assert [(event["ts"], event["symbol"], event["rule"]) for event in rejected] == theirs["refusals"]
    assert [_emitted(event) for event in events if event["type"] == "INTENT_EMITTED"] == [
        (each.ts, each.symbol, each.buys, units(each.lots), CODES.get(each.reason, "")) for each in theirs["emitted"]
    ]
    assert (ours.tally.intents, ours.tally.fills) == (theirs["intents"], theirs["fills"])
    assert ours.tally.rejected == len(theirs["refusals"]) + theirs["too_many"]
    assert ours.tally.refusals.get("INVALID_QUANTITY", 0) == theirs["too_many"]
    assert {code: n for code, n in ours.tally.held_back.items() if not _is_of_history(code)} == theirs["held_back"]
    _compare_ledgers(account, theirs)
    return events


def _compare_ledgers(account: Account, theirs: dict[str, Any]) -> None:
    ledger = account.ledger
    for name in ("cash", "realized_pnl", "peak_equity"):
        assert getattr(ledger, name) == theirs[name]
    assert {day_to_date(day): gain for day, gain in ledger.realized_by_session.items()} == theirs["realized_by_day"]


def _is_after(row: Row, end: Bound | None) -> bool:
    if end is None:
        return False
    return row.ts > to_micros(end) if isinstance(end, datetime) else row.day > end


def _by_quantity(trade: dict[str, Any]) -> dict[str, Any]:
    """Above 2^53 lots several are one quantity: what is the same float is the same quantity."""
    return {**trade, "lots": units(trade["lots"])}


def _is_of_history(code: str) -> bool:
    """Too short a past shows in a strategy's own signals, which the plain loops only have as they come out."""
    return code.startswith("lookback_partial") or code == "entry_skipped_no_history"


def _emitted(event: dict[str, Any]) -> tuple[int, str, bool, float, str]:
    buys = event["action"] == "OPEN_LONG"
    return (event["ts"], event["symbol"], buys, event["quantity"], "" if buys else event["reason"])
