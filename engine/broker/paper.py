"""The paper broker's rules: an intent, at the caller's price, through every check into a fill.

`check` needs nothing but the intent; `place` reads and changes nothing but the account handed to it. `execute` in
`engine.broker.execute` wraps them in one write transaction; the drivers call them inside theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, SELL, Fill, Holding, Ledger, Trade
from engine.account.state import Account
from engine.errors import ConflictError, InvalidError
from engine.events import PAPER, EventRow, Execution, Filled, Stamps, execution_events
from engine.intents import MAX_LOTS, TradeIntent, to_quantity
from engine.market.sessions import iso, session_day
from engine.policy.decide import PolicyDecision, decide_entry, decide_exit, entry_figures
from engine.policy.workspace import Workspace
from engine.ports import PriorFill
from engine.symbols import readable
from engine.vocabulary import IntentAction

REMEDIES: Mapping[str, str] = {
    "INVALID_QUANTITY": "a smaller risk.dollars_per_trade buys a quantity that is taken",
    "INVALID_FILL_PRICE": "a smaller risk.dollars_per_trade makes smaller amounts; look at the data's prices too",
}
"""What a person can do where the broker refused a driver's intents, by error code."""

_SIDES = {IntentAction.OPEN_LONG: BUY, IntentAction.CLOSE_LONG: SELL}


@dataclass(frozen=True, slots=True)
class Order:
    """An intent that passed the checks which need no account."""

    intent: TradeIntent
    side: int
    lots: int
    quantity: float
    price: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What `place` did: the decision, the events to append, and the fill, or None when the policy refused."""

    order: Order
    decision: PolicyDecision
    policy: dict[str, Any]
    """The decision as the journal has it"""
    events: list[EventRow]
    fill: Fill | None = None
    order_id: str | None = None
    position_action: str | None = None
    trade: Trade | None = None


def check(intent: TradeIntent, fill_price: float, mode: str = PAPER) -> Order:
    """Checks 1 to 4: the mode, the action, the fill price, the quantity. Raises `InvalidError`."""
    if mode != PAPER:
        raise InvalidError("UNSUPPORTED_MODE", f"the mode {mode!r} is not executed", hint="use mode 'paper'")
    side = _SIDES.get(intent.action)
    if side is None:
        raise InvalidError(
            "UNSUPPORTED_ACTION",
            f"the action {intent.action.value} is not executed",
            hint="use OPEN_LONG (it scales a held position) or CLOSE_LONG",
        )
    if not math.isfinite(fill_price) or fill_price <= 0:
        raise _bad_price(f"the fill price {fill_price!r} is not a finite number above zero")
    lots = intent.lots
    if not 1 <= lots <= MAX_LOTS:
        raise _bad_quantity(f"the quantity {intent.quantity!r} is not between 0.00000001 and {to_quantity(MAX_LOTS)!r}")
    quantity = to_quantity(lots)
    if not math.isfinite(quantity * fill_price):
        raise _bad_price(f"{quantity!r} at {fill_price!r} is not a finite amount")
    return Order(intent, side, lots, quantity, fill_price)


def place(
    order: Order, account: Account, workspace: Workspace, ts: int, stamps: Stamps, prior: PriorFill | None = None
) -> Placement:
    """Checks 5 to 7, then the fold: `account` changes only if the order fills.

    `prior` is the fill that this intent id has already; `ts` is the trading time in UTC microseconds. Raises
    `ConflictError` or `InvalidError` with nothing to write; a policy refusal is a `Placement` without a fill.
    """
    # before the position is looked at: a repeated intent is told of its order whatever is held by now
    _check_prior(order, prior)
    ledger = account.ledger
    held = ledger.holdings.get(order.intent.symbol)
    _check_position(order, held)
    decision = _decide(order, ledger, workspace, ts)
    intent, policy = order.intent, decision.payload()
    if not decision.approved:
        refused = Execution(intent, PAPER, ts, policy, None)
        return Placement(order, decision, policy, execution_events(refused, stamps))
    if held is not None and order.side == SELL:
        # sell exactly the lots that are held: the order's float may stand for several
        order = replace(order, lots=held.lots, quantity=held.quantity)
    fees = workspace.limits.fees(order.quantity, order.price)
    # kept with the fill: a zone that is set later does not move it to another day (decision 2)
    session = session_day(ts, workspace.limits.session_tz)
    fill = Fill(ledger.last_seq, intent.symbol, order.side, order.lots, order.price, fees, ts, session)
    _check_amounts(order, fees, ledger)
    trades: list[Trade] = []
    apply_fills(ledger, (fill,), trades)
    # a mark that would make an amount infinite is left out: the position is then valued at cost
    account.value_at({intent.symbol: order.price})
    action = "closed" if order.side == SELL else "opened" if held is None else "scaled"
    order_id = stamps.new_id()
    trade = trades[0] if trades else None
    filled = Filled(
        order_id, order.side, order.lots, order.price, fees, session, action, breadcrumb(ledger, intent.symbol, trade)
    )
    events = execution_events(Execution(intent, PAPER, ts, policy, filled), stamps)
    return Placement(order, decision, policy, events, fill, order_id, action, trade)


def _check_prior(order: Order, prior: PriorFill | None) -> None:
    if prior is None:
        return
    intent = order.intent
    first = {"order_id": prior.order_id, "correlation_id": prior.correlation_id}
    details = {**first, "first_order": first}
    if (prior.action, prior.symbol) == (intent.action.value, intent.symbol) and _same_quantity(prior.lots, order):
        raise ConflictError(
            "ALREADY_EXECUTED",
            f"intent {intent.id} was executed before,"
            f" as order {prior.order_id} (correlation id {prior.correlation_id})",
            hint="nothing is left to do",
            details=details,
        )
    raise ConflictError(
        "INTENT_ID_REUSED",
        f"intent {intent.id} was executed before as {prior.action} of {to_quantity(prior.lots)!r} {prior.symbol},"
        f" order {prior.order_id} (correlation id {prior.correlation_id})",
        hint="give a new intent its own id",
        details=details,
    )


def _check_position(order: Order, held: Holding | None) -> None:
    symbol = order.intent.symbol
    if order.side == BUY:
        if held is not None and held.lots + order.lots > MAX_LOTS:
            raise _bad_quantity(
                f"with the {held.quantity!r} {readable(symbol)} held, the position would exceed 2^62 lots"
            )
        return
    if held is None:
        raise InvalidError("NO_POSITION", f"{readable(symbol)} is not held", hint="`positions` lists what is held")
    if not _same_quantity(held.lots, order):
        raise InvalidError(
            "PARTIAL_CLOSE_NOT_SUPPORTED",
            f"sells are all or nothing: {held.quantity!r} {readable(symbol)}",
            hint=f"close all {held.quantity!r}",
        )


def _same_quantity(lots: int, order: Order) -> bool:
    """Whether two quantities are the same as floats: beyond 2^26 units a float cannot tell adjacent lots apart."""
    return lots == order.lots or to_quantity(lots) == order.intent.quantity


def _decide(order: Order, ledger: Ledger, workspace: Workspace, ts: int) -> PolicyDecision:
    if order.side == SELL:
        return decide_exit(workspace.trading_state)
    figures = entry_figures(ledger, workspace.limits, order.intent.symbol, ts, order.quantity, order.price)
    if not (math.isfinite(figures.cost) and math.isfinite(figures.position_notional)):
        raise _bad_price(f"{order.quantity!r} at {order.price!r} is not a finite amount")
    return decide_entry(workspace.limits, workspace.trading_state, figures)


def _check_amounts(order: Order, fees: float, ledger: Ledger) -> None:
    """Raise INVALID_FILL_PRICE unless fees and cash stay finite."""
    proceeds = order.quantity * order.price - fees
    if not (math.isfinite(fees) and math.isfinite(ledger.cash + proceeds)):
        raise _bad_price(f"{order.quantity!r} at {order.price!r} makes an amount that is not finite")


def breadcrumb(ledger: Ledger, symbol: str, trade: Trade | None) -> dict[str, Any]:
    """The payload of POSITION_* after a fill: the round trip that it closed, else the position."""
    if trade is not None:
        return {
            "quantity": to_quantity(trade.lots),
            "entry_ts": iso(trade.entry_ts),
            "entry_price": trade.entry_price,
            "exit_price": trade.exit_price,
            "fees": trade.fees,
            "pnl": trade.pnl,
        }
    held = ledger.holdings[symbol]
    return {"quantity": held.quantity, "avg_price": held.avg_price, "opened_at": iso(held.opened_at)}


def _bad_price(why: str) -> InvalidError:
    return InvalidError("INVALID_FILL_PRICE", why, hint="give the price at which the order is to be filled")


def _bad_quantity(why: str) -> InvalidError:
    return InvalidError("INVALID_QUANTITY", why, hint="quantities are counted in lots of 0.00000001")
