"""From the form of a new sweep to a spec, the values to try, and a sweep that is ready to begin."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.errors import UsageError
from engine.numerals import value_text
from tui.dashboard.screens.typed import BASE, TRIED, FieldError, among_fields, at_field, number, whole_number, words
from tui.shared import figures
from tui.shared.inputs import SAMPLE, read_sweep, source_of, strategy_file, unchecked

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.policy.workspace import Workspace
    from engine.ports import Watch
    from engine.strategies.base import Strategy
    from engine.strategies.paths import Scalar
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.plan.generator import Generated
    from storage.market_files import Source
    from tui.dashboard.sweeps import Work

TYPES = {
    "integer": "int",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list, such as [[1,5],[30,3]]",
}
BOUNDS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "above {}",
    "maximum": "{} or less",
    "exclusiveMaximum": "below {}",
}
"""What a parameter's schema says of its values, in words."""
COUNTED = 1000
"""Variants that are made to be counted; how many more there are is arithmetic."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A line of the form: path, default as text (empty: none), description, and type with bounds."""

    path: str
    default: str
    why: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """The form's texts as they were typed; `base` and `tried` by path, empty ones left out."""

    strategy: str
    data: str = ""
    symbols: str = ""
    start: str = ""
    end: str = ""
    base: Mapping[str, str] = field(default_factory=dict)
    tried: Mapping[str, str] = field(default_factory=dict)
    objective: str = ""
    journal: str = "full"
    workers: str = "1"
    max_variants: str = "1000"
    slippage_bps: str = "0"
    ablations: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sweep whose data were read and whose variants were made: `work` executes it under its id.

    `notes` are what is to be said of its strategy.
    """

    run_plan_id: UUID
    work: Work
    notes: tuple[str, ...] = ()


def parameters(strategy: Strategy[Any]) -> list[Parameter]:
    """A strategy's parameters with their defaults, then exits, risk and execution."""
    from engine.strategies.paths import PARTS

    models = {"entry": strategy.params, **PARTS}
    schemas = {part: model.model_json_schema() for part, model in models.items()}
    known = [
        _parameter(f"{part}.{name}", field, schema.get("$defs", {}))
        for part, schema in schemas.items()
        for name, field in schema.get("properties", {}).items()
    ]
    return [
        Parameter(parameter.path, strategy.default_exit, "when a position is closed", "eod, signal or none")
        if parameter.path == "exit.type"
        else parameter
        for parameter in known
    ]


def spec_of(desk: Desk, entries: Entries) -> ExecutionSpec:
    """The base spec, as the command line would make it; INVALID_SPEC, STRATEGY_NOT_FOUND."""
    from storage.spec_files import spec_from_flags

    sets = [f"{path}={text}" for path, text in entries.base.items()]
    symbols = words(entries.symbols, "symbols")
    if not symbols:
        raise FieldError("symbols", "symbols: no symbol is named", "name one that the data have")
    with among_fields(entries.base, BASE):
        return spec_from_flags(entries.strategy, symbols, sets, None, desk.research.registry)


def values_of(desk: Desk, spec: ExecutionSpec, entries: Entries) -> dict[str, list[Scalar]]:
    """The values to try, read as the command line reads them."""
    compiled = desk.research.compile(spec)
    values: dict[str, list[Scalar]] = {}
    for path, text in entries.tried.items():
        with at_field(path, TRIED):
            values |= read_sweep(compiled, [f"{path}={text}"])
    return values


def generated(desk: Desk, entries: Entries) -> Generated:
    """Generate the first variants of the form and count the rest; nothing is executed or written."""
    spec = spec_of(desk, entries)
    return desk.plans.generate(
        spec,
        values_of(desk, spec, entries),
        include_ablations=entries.ablations,
        max_variants=min(COUNTED, most_variants(entries)),
    )


def count_words(plan: Generated, most: int) -> str:
    """`32 variants: the baseline, 30 of the grid, 1 ablation; 2 out of bounds, to be skipped`."""
    total = len(plan.variants) + plan.dropped
    sentence = figures.counted(min(total, most), "variant")
    if total > most:
        return f"{sentence} of {figures.whole(total)}; max variants drops the rest"
    if plan.dropped:
        return sentence
    tags = [tag for variant in plan.variants for tag in variant.tags]
    grid, ablations = tags.count("grid"), tags.count("ablation")
    sentence += ": the baseline"
    if grid:
        sentence += f", {figures.whole(grid)} of the grid, {figures.counted(ablations, 'ablation')}"
    skipped = sum(1 for variant in plan.variants if variant.skip_reason)
    return f"{sentence}; {figures.whole(skipped)} out of bounds, to be skipped" if skipped else sentence


def most_variants(entries: Entries) -> int:
    """The number in the field `max variants`."""
    return whole_number(entries.max_variants, "max_variants")


def sources_of(text: str, symbols: Sequence[str] = ()) -> list[Source]:
    """Files and samples separated by spaces; quotes protect a space.

    `symbols` are the spec's.
    """
    named = words(text, "data")
    if not named:
        raise FieldError("data", "data: no data are named", "choose a file, or a sample such as sample:GOOG")
    return [source_of(name, symbols) for name in named]


def symbols_in(text: str) -> str:
    """The symbols that the names of the data suggest; empty when there are none or a quote is still open."""
    try:
        named = words(text, "data")
    except FieldError:
        return ""
    return " ".join(shlex.quote(source) for source in dict.fromkeys(map(_suggested, named)) if source)


def _suggested(named: str) -> str | None:
    """The symbol that one entry of the data suggests so far."""
    from storage.market_files.sources import parse_source, stem_symbol

    if named.startswith(SAMPLE):
        return named.removeprefix(SAMPLE)
    try:
        symbol, path = parse_source(named)
    except UsageError:
        return named.partition("=")[0]
    return symbol or stem_symbol(path)


def prepare(
    desk: Desk, entries: Entries, workspace: Workspace, run_plan_id: UUID, watch: Watch | None = None
) -> Prepared:
    """Read the data and make the variants; raises before anything is written. Blocks."""
    from engine.drivers.bar_loop import check_slippage
    from engine.sweeps.plan.request import SweepRequest
    from storage.datasets import load_again, loading
    from storage.market_files import infer_timeframe

    spec = spec_of(desk, entries)
    values = values_of(desk, spec, entries)
    generated(desk, entries)
    workers = whole_number(entries.workers, "workers")
    slippage_bps = number(entries.slippage_bps, "slippage_bps")
    check_slippage(slippage_bps)
    told = loading(
        sources_of(entries.data, spec.symbols),
        symbols=spec.symbols,
        session_tz=workspace.limits.session_tz,
        start=entries.start.strip() or None,
        end=entries.end.strip() or None,
    )
    dataset = load_again(told, watch)

    request = SweepRequest(
        spec=spec,
        sweep=values,
        timeframe=infer_timeframe(dataset),
        workspace=workspace.id,
        objective=entries.objective,
        slippage_bps=slippage_bps,
        include_ablations=entries.ablations,
        max_variants=most_variants(entries),
        journal=entries.journal,
        data={**told, "strategy_file": strategy_file(desk, entries.strategy), "warnings": list(dataset.warnings)},
        run_plan_id=run_plan_id,
    )

    def work(desk: Desk, watch: Watch) -> Any:
        return desk.plans.execute(request, dataset, workers=workers, watch=watch)

    return Prepared(run_plan_id, work, tuple(unchecked(desk.research.registry, spec.strategy_id)))


def _parameter(path: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Parameter:
    default, type_words = schema.get("default"), _kind_of(schema, definitions)
    why = "; ".join(filter(None, (schema.get("description"), type_words)))
    return Parameter(path, "" if default is None else value_text(default), why, type_words)


def _kind_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """`int, 1 or more`, of the value itself where it may also be null: then `or off`."""
    options = [_meant(option, definitions) for option in schema.get("anyOf", [schema])]
    types = [part for option in options for part in _said_of(option)]
    may_lack = any(option.get("type") == "null" for option in options)
    return ", ".join(types) + (", or off" if may_lack else "")


def _meant(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference of a schema stands for."""
    named = option.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = definitions.get(named, option)
    return found


def _said_of(option: Mapping[str, Any]) -> list[str]:
    if "enum" in option:
        return [f"one of {', '.join(map(str, option['enum']))}"]
    if option.get("type") not in TYPES:
        return []
    bounds = [bound.format(f"{option[name]:g}") for name, bound in BOUNDS.items() if name in option]
    return [TYPES[option["type"]], *bounds]
