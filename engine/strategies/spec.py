"""Execution specs: which strategy, on which symbols, with which parameters, exits and risk.

An `ExecutionSpec` is runtime configuration as a person writes it; a `CompiledSpec` is one whose strategy was found,
whose parameters are typed and whose defaults are written out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from engine.errors import InvalidError
from engine.jsontext import canonical_json
from engine.strategies.base import ExitType, Strategy
from engine.strategies.guard import columns_given, users_code
from engine.validation import JsonObject, LongText, ShortText, StrictModel, Symbol, UtcTime, parse_model
from engine.vocabulary import FillModel, ShortOfCash, SizeRule


def _each_once(symbols: list[str]) -> list[str]:
    twice = {symbol for symbol, count in Counter(symbols).items() if count > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))} named twice")
    return symbols


Step = tuple[Annotated[int, Field(ge=0)], Annotated[float, Field(ge=0)]]
"""From how many held bars on, and what percentage is then enough."""


def as_tuples(value: Any) -> Any:
    """JSON's lists, at any depth: a strict tuple takes them from JSON text alone, and overrides are parsed already."""
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def _rising(steps: tuple[Step, ...] | None) -> tuple[Step, ...] | None:
    if steps == ():
        raise ValueError("there must be at least one pair of a number of bars and a percentage")
    if steps is not None and any(after[0] <= before[0] for before, after in pairwise(steps)):
        raise ValueError("the numbers of bars must rise from pair to pair")
    return steps


_BY_NAME = Field(strict=False)
"""Of an enum: its value will do, as it does in JSON text"""


class SpecPart(StrictModel):
    """A table of a spec. Fields in `LATER` are written out only where they are not at their defaults.

    They came after the others: a spec that does not use them keeps the key and the ids that it had before.
    """

    LATER: ClassVar[frozenset[str]] = frozenset()

    def written(self) -> dict[str, Any]:
        """The part as `CompiledSpec.base` has it, plain JSON values."""
        fields = type(self).model_fields
        document = self.model_dump(mode="json")
        return {
            name: value
            for name, value in document.items()
            if name not in self.LATER or getattr(self, name) != fields[name].default
        }


class ExecutionPart(SpecPart):
    """How decisions are filled."""

    LATER = frozenset({"fill"})

    fill: Annotated[FillModel, _BY_NAME] = FillModel.CLOSE


class ExitSpec(SpecPart):
    """`type` is the strategy's default when it is not given; percentages are of the average price.

    `trail_pct` is of the highest high since the entry, or the average price if that is higher.
    """

    LATER = frozenset({"trail_pct", "trail", "breakeven_pct", "take_profit_by_bars"})

    type: ExitType | None = None
    stop_loss_pct: Annotated[float, Field(gt=0, lt=100)] | None = None
    take_profit_pct: Annotated[float, Field(gt=0)] | None = None
    max_bars: Annotated[int, Field(ge=1)] | None = None
    trail_pct: Annotated[float, Field(gt=0, lt=100)] | None = None
    trail: bool = False
    breakeven_pct: Annotated[float, Field(gt=0)] | None = None
    take_profit_by_bars: Annotated[tuple[Step, ...] | None, BeforeValidator(as_tuples), AfterValidator(_rising)] = None

    @property
    def follows_peak(self) -> bool:
        """Whether a stop moves with the highest high since the entry."""
        return self.trail_pct is not None or self.trail or self.breakeven_pct is not None

    @property
    def looks_back(self) -> bool:
        """Whether an exit depends on the bars since the entry, not on the current one alone."""
        return self.follows_peak or self.max_bars is not None or self.take_profit_by_bars is not None


class RiskSpec(SpecPart):
    """How much an entry buys, in the account's currency, and beyond how many open positions none is made.

    `size` says what `dollars_per_trade` (an amount), `equity_pct` (of the equity at cost before the order) or
    `risk_pct` (of it, lost between price and stop) is taken. An order below `min_dollars` is not made.
    """

    LATER = frozenset({"size", "equity_pct", "risk_pct", "short_of_cash", "min_dollars"})

    dollars_per_trade: Annotated[float, Field(gt=0)] = 1000.0
    max_positions: Annotated[int, Field(ge=1)] = 5
    size: Annotated[SizeRule, _BY_NAME] = SizeRule.DOLLARS
    equity_pct: Annotated[float, Field(gt=0)] | None = None
    risk_pct: Annotated[float, Field(gt=0)] | None = None
    short_of_cash: Annotated[ShortOfCash, _BY_NAME] = ShortOfCash.REFUSE
    min_dollars: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_its_share(self) -> RiskSpec:
        for rule, share, name in (
            (SizeRule.EQUITY, self.equity_pct, "equity_pct"),
            (SizeRule.RISK, self.risk_pct, "risk_pct"),
        ):
            if self.size is rule and share is None:
                raise ValueError(f"size {rule.value!r} needs {name}")
        return self


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
    execution: ExecutionPart = ExecutionPart()
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
        """The spec's position sizing and its limit on open positions."""
        return self.spec.risk

    @property
    def fill(self) -> FillModel:
        """Where what a bar decides is filled."""
        return self.spec.execution.fill

    def base(self) -> dict[str, Any]:
        """All that decides what the spec does, defaults written out (but see `SpecPart`); no ids, names or dates."""
        execution = self.spec.execution.written()
        return {
            "strategy_id": self.spec.strategy_id,
            "symbols": list(self.spec.symbols),
            "timeframe": self.timeframe,
            "entry": {"type": self.spec.strategy_id, **self.params.model_dump(mode="json")},
            "exit": self.exit.written(),
            "risk": self.spec.risk.written(),
            **({"execution": execution} if execution else {}),
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
    compiled = CompiledSpec(spec, strategy, params, typed_exit(spec.exit, strategy), spec.timeframe or timeframe)
    check_distances(compiled)
    return compiled


def typed_exit(leave: ExitSpec, strategy: Strategy[Any]) -> ExitSpec:
    """Exits with their type written out; INVALID_SPEC for `signal` where the strategy has no exit of its own."""
    exit_type: ExitType = leave.type or strategy.default_exit
    if exit_type == "signal" and not strategy.has_exit:
        raise _invalid(
            f"exit.type is 'signal', and {strategy.key} has no exit of its own", "use exit.type 'eod' or 'none'"
        )
    return leave.model_copy(update={"type": exit_type})


def check_distances(spec: CompiledSpec) -> None:
    """INVALID_SPEC where a size or an exit asks for a stop that neither the spec nor its strategy gives."""
    leave, strategy = spec.exit, spec.strategy
    sized_by_stop = spec.risk.size is SizeRule.RISK and leave.stop_loss_pct is None and leave.trail_pct is None
    if not (leave.trail or sized_by_stop) or "stop_distance" in columns_given(strategy, spec.params, spec.symbols):
        return
    if leave.trail:
        raise _invalid(
            f"exit.trail is true, and {strategy.key} gives no stop_distance", "use exit.trail_pct, or leave it out"
        )
    raise _invalid(
        f"risk.size is 'risk', and there is no stop: {strategy.key} gives no stop_distance",
        "set exit.stop_loss_pct or exit.trail_pct",
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def _invalid(why: str, hint: str) -> InvalidError:
    return InvalidError("INVALID_SPEC", why, hint=hint)
