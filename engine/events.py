"""The journal's rows, the one builder of an execution's events, and the ids and times that they are stamped with."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from engine.intents import TradeIntent, to_quantity
from engine.jsontext import compact_json
from engine.market.sessions import iso
from engine.vocabulary import EventType, IntentAction

__all__ = [
    "PAPER",
    "CountedStamps",
    "EventRow",
    "EventType",
    "Execution",
    "FillEvents",
    "Filled",
    "LiveStamps",
    "Stamps",
    "account_event",
    "execution_events",
    "type_of",
]
_RANDOM_BITS = 74


def type_of(text: str) -> EventType:
    """The type of an event that was read; one that this program does not know keeps its text."""
    known = EventType._value2member_map_.get(text)
    if isinstance(known, EventType):
        return known
    unknown = str.__new__(EventType, text)
    unknown._name_, unknown._value_ = text, text
    return unknown


class EventRow(NamedTuple):
    """One event, before the journal gives it its `seq`. Times are UTC microseconds; `payload` is JSON text.

    `side` (1 buy, -1 sell), `lots`, `price`, `fees` and `session` are a fill's, and None on every other event.
    """

    event_id: str
    workspace_id: str
    event_type: str
    ts: int
    recorded_at: int
    correlation_id: str | None = None
    intent_id: str | None = None
    order_id: str | None = None
    mode: str | None = None
    symbol: str | None = None
    side: int | None = None
    lots: int | None = None
    price: float | None = None
    fees: float | None = None
    session: int | None = None
    payload: str = "{}"


_NO_FILL = (None,) * 5
PAPER = "paper"
"""The mode of every execution"""
_BUY, _SELL = 1, -1
_FILLED = EventType.ORDER_FILLED.value
_POSITION_EVENTS = {
    "opened": EventType.POSITION_OPENED,
    "scaled": EventType.POSITION_SCALED,
    "closed": EventType.POSITION_CLOSED,
}


class Stamps(Protocol):
    """Where ids and the wall clock come from: live ones, or a namespace and a counter."""

    def new_id(self) -> str:
        """A fresh id, in the text form of a UUID; ids of one source sort by age."""
        ...

    def now(self) -> int:
        """The wall clock, in UTC microseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Filled:
    """What the broker made of an approved intent."""

    order_id: str
    side: int
    lots: int
    price: float
    fees: float
    session: int
    position_action: str
    """`opened`, `scaled` or `closed`"""
    breadcrumb: Mapping[str, Any]
    """The position after it, for POSITION_*; never replayed"""


@dataclass(frozen=True, slots=True)
class Execution:
    """One pass of an intent through policy and broker, from which its events are built."""

    intent: TradeIntent
    mode: str
    ts: int
    decision: Mapping[str, Any]
    filled: Filled | None


def execution_events(execution: Execution, stamps: Stamps) -> list[EventRow]:
    """INTENT_EMITTED → POLICY_EVALUATED → INTENT_APPROVED → ORDER_FILLED → POSITION_*, or → INTENT_REJECTED."""
    intent, filled, decision = execution.intent, execution.filled, execution.decision
    recorded_at = stamps.now()
    workspace_id, intent_id = str(intent.workspace_id), str(intent.id)

    def row(kind: EventType, payload: str, order_id: str | None = None, fill: tuple[Any, ...] = _NO_FILL) -> EventRow:
        return EventRow(
            *(stamps.new_id(), workspace_id, kind.value, execution.ts, recorded_at, intent.correlation_id, intent_id),
            *(order_id, execution.mode, intent.symbol, *fill, payload),
        )

    rows = [
        row(EventType.INTENT_EMITTED, intent.model_dump_json(exclude_none=True)),
        row(EventType.POLICY_EVALUATED, compact_json(decision)),
    ]
    if filled is None:
        refusal = {"rule": decision["rule"], "because": decision["because"]}
        return [*rows, row(EventType.INTENT_REJECTED, compact_json(refusal))]
    order = {"action": intent.action.value, "quantity": to_quantity(filled.lots)}
    order_filled = {**order, "strategy_id": intent.strategy_id, "position_action": filled.position_action}
    fill = (filled.side, filled.lots, filled.price, filled.fees, filled.session)
    return [
        *rows,
        row(EventType.INTENT_APPROVED, compact_json(order)),
        row(EventType.ORDER_FILLED, compact_json(order_filled), filled.order_id, fill),
        row(_POSITION_EVENTS[filled.position_action], compact_json(filled.breadcrumb), filled.order_id),
    ]


_ROW = partial(tuple.__new__, EventRow)  # half the cost of EventRow._make
_time = lru_cache(maxsize=1 << 16)(iso)  # variants trade the same bars


@dataclass(frozen=True, slots=True)
class FillEvents:
    """ORDER_FILLED and POSITION_* of fills without an intent of their own, fast: a sweep makes millions.

    The payloads are those that `execution_events` makes, written out, since a JSON encoder would cost as much as the
    database; a test compares them. Ids are the prefix and a counter: an intent's, an order's, and the two events'.
    """

    workspace_id: str
    prefix: str
    strategy: str
    """The strategy's id as JSON text"""
    recorded_at: int

    def opened(
        self, counter: int, symbol: str, lots: int, price: float, fees: float, ts: int, session: int
    ) -> tuple[EventRow, EventRow]:
        """Of a buy that opened a position; ids count from `counter` + 1."""
        quantity = repr(to_quantity(lots))
        position = f'{{"quantity":{quantity},"avg_price":{price!r},"opened_at":"{_time(ts)}"}}'
        order = self._order(IntentAction.OPEN_LONG.value, quantity, "opened")
        fill = (_BUY, lots, price, fees, session)
        return self._rows(counter, EventType.POSITION_OPENED, symbol, fill, ts, order, position)

    def closed(
        self,
        counter: int,
        symbol: str,
        lots: int,
        price: float,
        fees: float,
        ts: int,
        session: int,
        trade: tuple[Any, ...],
    ) -> tuple[EventRow, EventRow]:
        """Of a sale that closed one; `trade` is (entry_ts, entry_price, exit_price, fees, pnl)."""
        quantity = repr(to_quantity(lots))
        entry_ts, entry_price, exit_price, paid, pnl = trade
        position = (
            f'{{"quantity":{quantity},"entry_ts":"{_time(entry_ts)}","entry_price":{entry_price!r},'
            f'"exit_price":{exit_price!r},"fees":{paid!r},"pnl":{pnl!r}}}'
        )
        order = self._order(IntentAction.CLOSE_LONG.value, quantity, "closed")
        fill = (_SELL, lots, price, fees, session)
        return self._rows(counter, EventType.POSITION_CLOSED, symbol, fill, ts, order, position)

    def _order(self, action: str, quantity: str, became: str) -> str:
        return (
            f'{{"action":"{action}","quantity":{quantity},"strategy_id":{self.strategy},"position_action":"{became}"}}'
        )

    def _rows(
        self,
        counter: int,
        kind: EventType,
        symbol: str,
        fill: tuple[Any, ...],
        ts: int,
        order: str,
        position: str,
    ) -> tuple[EventRow, EventRow]:
        prefix, workspace_id, recorded_at = self.prefix, self.workspace_id, self.recorded_at
        intent_id, order_id = f"{prefix}{counter + 1:012x}", f"{prefix}{counter + 2:012x}"
        first, second = f"{prefix}{counter + 3:012x}", f"{prefix}{counter + 4:012x}"
        both = (ts, recorded_at, None, intent_id, order_id, PAPER, symbol)
        return (
            _ROW((first, workspace_id, _FILLED, *both, *fill, order)),
            _ROW((second, workspace_id, kind.value, *both, *_NO_FILL, position)),
        )


def account_event(
    kind: EventType, workspace_id: str, stamps: Stamps, payload: Mapping[str, Any], ts: int | None = None
) -> EventRow:
    """An event of the account itself (created, policy changed, reconciled …); `ts` defaults to the wall clock."""
    now = stamps.now()
    return EventRow(
        event_id=stamps.new_id(),
        workspace_id=workspace_id,
        event_type=kind.value,
        ts=now if ts is None else ts,
        recorded_at=now,
        payload=compact_json(payload),
    )


class LiveStamps:
    """UUIDv7 (RFC 9562: 48 bits of Unix milliseconds, then random) and the wall clock it is given."""

    def __init__(self, clock: Callable[[], int], random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = (0, 0)
        self._lock = threading.Lock()

    def now(self) -> int:
        """The wall clock, in UTC microseconds."""
        return self._clock()

    def new_id(self) -> str:
        """A UUIDv7; within a millisecond the random part counts up (RFC 9562, 6.2), so that ids sort by age."""
        with self._lock:  # the service's threads must not count on from the same id
            millis, random = self._last = self._next()
        high, low = random >> 62, random & ((1 << 62) - 1)
        digits = f"{(millis & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _next(self) -> tuple[int, int]:
        millis = self._clock() // 1000
        last_millis, last_random = self._last
        # a clock that was set back does not matter: ids count on from the last one until it has caught up
        if millis > last_millis:
            return millis, self._random_bits(_RANDOM_BITS - 1)  # one bit less, which leaves room to count up
        if (last_random + 1) >> _RANDOM_BITS:
            return last_millis + 1, self._random_bits(_RANDOM_BITS - 1)
        return last_millis, last_random + 1


class CountedStamps:
    """Ids that are a namespace and a counter: deterministic, and in order of arrival."""

    def __init__(self, namespace: UUID, clock: Callable[[], int], start: int = 0) -> None:
        digest = hashlib.sha256(namespace.bytes).hexdigest()
        # version 8 (RFC 9562: custom) and the variant bits, then 12 hex digits for the counter
        self._prefix = f"{digest[:8]}-{digest[8:12]}-8{digest[12:15]}-8{digest[15:18]}-"
        self._clock = clock
        self._count = start

    def now(self) -> int:
        """The wall clock, in UTC microseconds."""
        return self._clock()

    def new_id(self) -> str:
        """The next id: the namespace's prefix and a counter in 12 hex digits."""
        self._count += 1
        return f"{self._prefix}{self._count:012x}"
