"""Execution specs: which strategy, on which symbols, with which parameters, exits and risk.

An `ExecutionSpec` is runtime configuration as a person writes it; a `CompiledSpec` is one whose strategy was found,
whose parameters are typed and whose defaults are written out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from engine.errors import InvalidError
from engine.jsontext import canonical_json
from engine.strategies.base import ExitType, Strategy
from engine.strategies.guard import users_code
from engine.validation import JsonObject, LongText, ShortText, StrictModel, Symbol, UtcTime, parse_model


def _each_once(symbols: list[str]) -> list[str]:
    twice = {symbol for symbol, count in Counter(symbols).items() if count > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))} named twice")
    return symbols


class ExitSpec(StrictModel):
    """`type` is the strategy's default when it is not given; percentages are of the average price."""

    type: ExitType | None = None
    stop_loss_pct: Annotated[float, Field(gt=0, lt=100)] | None = None
    take_profit_pct: Annotated[float, Field(gt=0)] | None = None
    max_bars: Annotated[int, Field(ge=1)] | None = None


class RiskSpec(StrictModel):
    """How much an entry buys, in the account's currency, and beyond how many open positions none is made."""

    dollars_per_trade: Annotated[float, Field(gt=0)] = 1000.0
    max_positions: Annotated[int, Field(ge=1)] = 5


class ExecutionSpec(StrictModel):
    """A spec as it is written. `entry` holds `type` (the `strategy_id`, if given) and the strategy's parameters."""

    strategy_id: ShortText
    symbols: Annotated[list[Symbol], Field(min_length=1), AfterValidator(_each_once)]
    instance_id: UUID | None = None
    name: ShortText | None = None
    workspace_id: UUID | None = None
    timeframe: ShortText | None = None
    entry: JsonObject = Field(default_factory=dict)
    exit: ExitSpec = ExitSpec()
    risk: RiskSpec = RiskSpec()
    enabled: bool = True
    created_at: UtcTime | None = None
    description: LongText | None = None


@dataclass(frozen=True, slots=True)
class CompiledSpec:
    """A spec ready to be evaluated."""

    spec: ExecutionSpec
    strategy: Strategy[Any]
    params: BaseModel
    exit: ExitSpec
    timeframe: str

    @property
    def symbols(self) -> list[str]:
        """The symbols, in the order that decides who trades first."""
        return self.spec.symbols

    @property
    def risk(self) -> RiskSpec:
        """The spec's position sizing (dollars) and its limit on open positions."""
        return self.spec.risk

    def base(self) -> dict[str, Any]:
        """All that decides what the spec does, every default written out; no ids, names or dates."""
        return {
            "strategy_id": self.spec.strategy_id,
            "symbols": list(self.spec.symbols),
            "timeframe": self.timeframe,
            "entry": {"type": self.spec.strategy_id, **self.params.model_dump(mode="json")},
            "exit": self.exit.model_dump(mode="json"),
            "risk": self.spec.risk.model_dump(mode="json"),
        }

    @property
    def key(self) -> str:
        """The spec key: the first 16 hex digits of the sha256 of its canonical base."""
        return _digest(self.base())

    @property
    def untimed_key(self) -> str:
        """The spec key without the timeframe, which may be the data's."""
        return _digest({name: value for name, value in self.base().items() if name != "timeframe"})


def parse_spec(
    document: str | bytes | Mapping[str, Any], what: str = "the spec", *, stored: bool = False
) -> ExecutionSpec:
    """A spec from JSON text or a parsed TOML or JSON document, or one that the journal has (`stored`).

    INVALID_SPEC with every fault named.
    """
    return parse_model(ExecutionSpec, document, code="INVALID_SPEC", what=what, stored=stored)


def compile_spec(spec: ExecutionSpec, strategy: Strategy[Any], timeframe: str = "daily") -> CompiledSpec:
    """Type the parameters and write the defaults out; `timeframe` is the data's, used when the spec names none."""
    entry = dict(spec.entry)
    kind = entry.pop("type", spec.strategy_id)
    if kind != spec.strategy_id:
        raise _invalid(f"entry.type is {kind!r} and strategy_id is {spec.strategy_id!r}", "they name the same strategy")
    with users_code(strategy):  # a schema may bring validators of its own
        params = parse_model(strategy.params, entry, code="INVALID_SPEC", what="the spec's entry")
    exit_type: ExitType = spec.exit.type or strategy.default_exit
    if exit_type == "signal" and not strategy.has_exit:
        raise _invalid(
            f"exit.type is 'signal', and {strategy.key} has no exit of its own", "use exit.type 'eod' or 'none'"
        )
    leave = spec.exit.model_copy(update={"type": exit_type})
    return CompiledSpec(spec, strategy, params, leave, spec.timeframe or timeframe)


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def _invalid(why: str, hint: str) -> InvalidError:
    return InvalidError("INVALID_SPEC", why, hint=hint)
