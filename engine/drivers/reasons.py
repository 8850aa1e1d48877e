"""Why so little was traded, in words: the commonest refusal, what held entries back, and what a person can do.

The codes, their meanings and remedies are where they are defined: `policy.rules.ENTRY_RULES`, `policy.decide` for the
trading state, `broker.paper.REMEDIES`, `strategies.held_back.CODES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.broker.paper import REMEDIES
from engine.drivers.bar_loop import Tally
from engine.drivers.short_history import ShortHistory, Unready
from engine.errors import CODES as ERRORS
from engine.policy import rules
from engine.policy.decide import TRADING_STATE, TRADING_STATE_REMEDY
from engine.policy.limits import Limits
from engine.policy.rules import Sizing
from engine.policy.workspace import Workspace
from engine.strategies import held_back as signal_codes
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import SizeRule

_EXITS_TOO = frozenset({TRADING_STATE, "INVALID_FILL_PRICE"})
"""What refuses exits as well as entries: a share of all orders."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a run: the size of its entries, the strategy's parameters by name, how many symbol-bars."""

    sizing: Sizing
    params: Mapping[str, Any]
    bars: int

    @classmethod
    def of(cls, spec: CompiledSpec, account: Workspace, cash: float, slippage_bps: float, bars: int) -> Asked:
        """Of a driver; `cash` is what the account had, `bars` what was decided on."""
        risk = spec.risk
        return cls(
            sizing_of(risk.size, risk.dollars_per_trade, cash, slippage_bps, account.limits),
            spec.params.model_dump(mode="json"),
            bars,
        )


@dataclass(frozen=True, slots=True)
class Stopped:
    """What came of a run: `orders` and, of them, `entries` that reached the broker, and what did not come through.

    `refusals` by policy rule or error code, `held_back` by signal code. `signalled`: the strategy would have entered
    where it could not, being held.
    """

    orders: int
    entries: int
    fills: int
    refusals: Mapping[str, int] = field(default_factory=dict)
    held_back: Mapping[str, int] = field(default_factory=dict)
    short_history: ShortHistory | None = None
    signalled: bool = False

    @classmethod
    def nothing(cls) -> Stopped:
        """Of a run that had nothing to do."""
        return cls(0, 0, 0)

    @classmethod
    def of_tally(cls, tally: Tally, unready: Unready, *, signalled: bool = False) -> Stopped:
        """Build from the counts that a driver keeps and the bars on which nothing could enter."""
        held_back = signal_codes.in_order({**unready.bars, **tally.held_back})
        counts = tally.intents, tally.entries, tally.fills, dict(tally.refusals), held_back, unready.short
        return cls(*counts, signalled=signalled)

    @classmethod
    def of_closed(
        cls, trades: int, refusals: Mapping[str, int], held_back: Mapping[str, int], short: ShortHistory | None
    ) -> Stopped:
        """Of a closed world: what is entered there is left there, and makes one trade."""
        refused = sum(refusals.values())
        return cls(2 * trades + refused, trades + refused, 2 * trades, refusals, held_back, short)

    @classmethod
    def together(cls, parts: Iterable[Stopped]) -> Stopped:
        """Several on the same bars, as one: which of the bars were idle is the first one's."""
        each = list(parts)
        idle = {code: count for code, count in each[0].held_back.items() if code not in each[0].dropped}
        return cls(
            sum(one.orders for one in each),
            sum(one.entries for one in each),
            sum(one.fills for one in each),
            _summed(one.refusals for one in each),
            {**idle, **_summed(one.dropped for one in each)},
            each[0].short_history,
        )

    def document(self) -> dict[str, Any]:
        """The counts, as the journal and JSON have them."""
        return {
            "refusals": dict(self.refusals),
            "held_back": dict(self.held_back),
            "short_history": None if self.short_history is None else self.short_history.model_dump(),
        }

    @property
    def dropped(self) -> dict[str, int]:
        """Entries that were signalled and held back, by code; not bars on which nothing could enter."""
        codes = signal_codes.CODES
        return {code: n for code, n in self.held_back.items() if code not in codes or not codes[code].is_of_bars}

    @property
    def idle_bars(self) -> int:
        """Symbol-bars on which nothing could enter."""
        return sum(self.held_back.values()) - sum(self.dropped.values())

    @property
    def cause(self) -> str:
        """The code that stopped most; empty where nothing did."""
        return commonest(self.refusals) or commonest(self.dropped) or commonest(self.held_back)


_SIZED_BY = {SizeRule.EQUITY: "risk.equity_pct", SizeRule.RISK: "risk.risk_pct"}


def sizing_of(size: SizeRule, dollars: float, cash: float, slippage_bps: float, limits: Limits) -> Sizing:
    """What is known of a spec's entries: their amount where `risk.size` is dollars, else only what they depend on."""
    if size is SizeRule.DOLLARS:
        return Sizing(dollars, cash, slippage_bps, limits)
    return Sizing(None, cash, slippage_bps, limits, _SIZED_BY[size])


def reasons(stopped: Stopped, asked: Asked) -> list[str]:
    """A sentence of what was refused most; where nothing was filled, one of what was held back more, or of silence."""
    told = []
    if stopped.refusals:
        told.append(_refused(stopped, asked.sizing))
    if stopped.fills == 0 and asked.bars and sum(stopped.dropped.values()) >= sum(stopped.refusals.values()):
        told += _unfilled(stopped, asked)
    return told


def commonest(counts: Mapping[str, int]) -> str:
    """The code that comes most often, the first of those that come as often; empty where there is none."""
    return max(counts, key=lambda code: counts[code], default="")


def _refused(stopped: Stopped, sizing: Sizing) -> str:
    code = commonest(stopped.refusals)
    count, others = stopped.refusals[code], {name: n for name, n in stopped.refusals.items() if name != code}
    what, total = ("orders", stopped.orders) if code in _EXITS_TOO else ("entries", stopped.entries)
    said = ": ".join(filter(None, (f"{count:,} of {total:,} {what} refused by {code}", _because(code, sizing))))
    also = ", ".join(f"{name} {n:,}" for name, n in others.items())
    return "; ".join(filter(None, (said, _remedy(code, sizing), f"also refused: {also}" if also else "")))


def _because(code: str, sizing: Sizing) -> str:
    for rule in rules.ENTRY_RULES:
        if rule.name == code:
            return rule.because_of(sizing)
    if code == TRADING_STATE:
        return "trading is not ACTIVE"
    meaning = ERRORS.get(code, "").removesuffix(".")
    return meaning[:1].lower() + meaning[1:]


def _remedy(code: str, sizing: Sizing) -> str:
    for rule in rules.ENTRY_RULES:
        if rule.name == code:
            return rule.remedy.format(size=sizing.field)
    return TRADING_STATE_REMEDY if code == TRADING_STATE else REMEDIES.get(code, "")


def _unfilled(stopped: Stopped, asked: Asked) -> Iterator[str]:
    dropped, idle = stopped.dropped, {code: n for code, n in stopped.held_back.items() if code not in stopped.dropped}
    if dropped:
        code = commonest(dropped)
        total = stopped.entries + sum(dropped.values())
        known = signal_codes.CODES.get(code)
        why = f": {known.meaning}; {known.remedy}" if known else ""
        yield f"{dropped[code]:,} of {total:,} entries held back by {code}{why}"
    elif signal_codes.DISABLED in idle:
        known = signal_codes.CODES[signal_codes.DISABLED]
        yield f"no entry was possible: {known.meaning}; {known.remedy}"
    elif not (stopped.entries or stopped.signalled):
        yield _impossible(stopped.short_history, asked) if idle and stopped.short_history else _silent(stopped, asked)


def _impossible(short: ShortHistory, asked: Asked) -> str:
    """No symbol ever had the past that an entry needs."""
    named = [f"entry.{name}" for name, value in asked.params.items() if value == short.needed]
    who = f"{named[0]} asks for" if len(named) == 1 else "the strategy needs"
    smaller = f" or a smaller {named[0]}" if len(named) == 1 else ""
    return (
        f"no entry was possible: {short.symbol} has {short.have:,} of the {short.needed:,} earlier {short.unit}"
        f" that {who}; give a longer file{smaller}"
    )


def _silent(stopped: Stopped, asked: Asked) -> str:
    bars, idle, short = asked.bars, stopped.idle_bars, stopped.short_history
    said = f"the strategy never signalled an entry on {bars:,} bar" + ("" if bars == 1 else "s")
    if idle:
        said += f"; on {idle:,} of them too few earlier ones were there"
    elif short is not None:
        said += f"; it looks back on {short.needed:,} earlier {short.unit}, and {short.symbol} has {short.have:,}"
    return said


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for code, count in part.items():
            total[code] = total.get(code, 0) + count
    return total
