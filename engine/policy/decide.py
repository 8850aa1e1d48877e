"""The policy's decision: rules in order up to the first refusal, each named with its verdict and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.account.ledger import Ledger
from engine.market.sessions import session_day
from engine.policy import rules as policy_rules
from engine.policy.limits import Limits
from engine.policy.rules import EntryFigures, Rule
from engine.vocabulary import TradingState

TRADING_STATE = "trading_state"
TRADING_STATE_REMEDY = "`trading-state ACTIVE` lets orders through"
"""What a person can do where the trading state refused."""

WARN_AT = 0.9
"""A limit used to this share is warned of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of one rule: `pass`, `refuse` or `error`, with the limit and the figures it compared."""

    rule: str
    verdict: str
    limit: Any = None
    figures: dict[str, Any] = field(default_factory=dict)
    because: str = ""
    warning: str = ""
    """That the limit is nearly used, where it is"""

    def payload(self) -> dict[str, Any]:
        """The verdict as a JSON object, for the journal and `--json`."""
        shown: dict[str, Any] = {"rule": self.rule, "verdict": self.verdict}
        if self.limit is not None:
            shown["limit"] = self.limit
        if self.figures:
            shown["figures"] = self.figures
        if self.because:
            shown["because"] = self.because
        return shown


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """Whether an order may go to the broker. `rule` and `because` name the refusal."""

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        """Whether every rule that was evaluated let the order pass."""
        return self.verdicts[-1].verdict == "pass"

    @property
    def rule(self) -> str | None:
        """The name of the rule that refused; None when the intent was approved."""
        return None if self.approved else self.verdicts[-1].rule

    @property
    def because(self) -> str:
        """One sentence that explains the last verdict."""
        return self.verdicts[-1].because

    def payload(self) -> dict[str, Any]:
        """The decision as a JSON object, for the journal and `--json`."""
        return {
            "approved": self.approved,
            "rule": self.rule,
            "because": self.because or None,
            "rules": [verdict.payload() for verdict in self.verdicts],
            "warnings": list(self.warnings),
        }


def decide_exit(trading_state: TradingState) -> PolicyDecision:
    """The decision on an exit: only the trading state is asked."""
    # a limit may keep money out of a position, never in one
    return PolicyDecision((_trading_state(trading_state, is_entry=False),))


def decide_entry(
    limits: Limits,
    trading_state: TradingState,
    figures: EntryFigures,
    rules: Sequence[Rule] | None = None,
) -> PolicyDecision:
    """The decision on an entry: the trading state, then every rule that is on, by default of `ENTRY_RULES`."""
    verdicts = [_trading_state(trading_state, is_entry=True)]
    if verdicts[0].verdict != "pass":
        return PolicyDecision(tuple(verdicts))
    for rule in policy_rules.ENTRY_RULES if rules is None else rules:
        verdict = _evaluate(rule, limits, figures)
        if verdict is None:
            continue
        verdicts.append(verdict)
        if verdict.verdict != "pass":
            return PolicyDecision(tuple(verdicts))
    return PolicyDecision(tuple(verdicts), tuple(verdict.warning for verdict in verdicts if verdict.warning))


def entry_figures(ledger: Ledger, limits: Limits, symbol: str, ts: int, quantity: float, price: float) -> EntryFigures:
    """The figures of an entry of `quantity` at the fill price `price`, on the account before it."""
    held = ledger.holdings.get(symbol)
    held_quantity = held.quantity if held else 0.0
    notional = quantity * price
    fees = limits.fees(quantity, price)
    return EntryFigures(
        symbol=symbol,
        ts=ts,
        notional=notional,
        fees=fees,
        cost=notional + fees,
        held_quantity=held_quantity,
        position_notional=(held_quantity + quantity) * price,
        is_new=held is None,
        open_positions=len(ledger.holdings),
        cash=ledger.cash,
        invested=ledger.invested,
        equity_at_cost=ledger.equity_at_cost,
        peak_equity=ledger.peak_equity,
        # that of the order's own day: orders may come out of trading time (decision 2)
        realized_on_day=ledger.realized_by_session.get(session_day(ts, limits.session_tz), 0.0),
        last_closed_at=ledger.last_closed_at.get(symbol),
    )


def _trading_state(trading_state: TradingState, *, is_entry: bool) -> Verdict:
    if trading_state is TradingState.HALTED:
        return Verdict(TRADING_STATE, "refuse", trading_state.value, because="trading is HALTED: nothing is executed")
    if trading_state is TradingState.REDUCING and is_entry:
        return Verdict(TRADING_STATE, "refuse", trading_state.value, because="trading is REDUCING: exits only")
    return Verdict(TRADING_STATE, "pass", trading_state.value)


def _evaluate(rule: Rule, limits: Limits, figures: EntryFigures) -> Verdict | None:
    try:
        limit = rule.limit(limits)
        if limit is None:
            return None
        shown = None if isinstance(limit, (Limits, bool)) else limit
        if rule.refuses(figures, limit):
            return Verdict(rule.name, "refuse", shown, rule.figures(figures), rule.because(figures, limit))
        return Verdict(rule.name, "pass", shown, rule.figures(figures), warning=_warning(rule, limit, figures))
    except Exception as error:  # a rule that cannot decide must not let an entry through
        return Verdict(rule.name, "error", because=f"RULE_ERROR: {type(error).__name__}: {error}")


def _warning(rule: Rule, limit: Any, figures: EntryFigures) -> str:
    used = rule.used(figures)
    if used is not None and used >= WARN_AT * limit:
        return f"{rule.name}: {used / limit * 100:.0f} % of the limit is used"
    return ""
