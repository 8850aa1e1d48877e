"""`strategy`: the strategies there are, and one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command
from tui.commands.strategy.inputs import class_in, key_in, load_any, names_code
from tui.shared.output import Page, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.strategies.base import Strategy
    from engine.strategies.registry import Registered
    from storage.strategies.check import CheckFinding, StrategyCheck
    from storage.strategies.files import UserRegistry

NAME, PANEL = "strategy", "Strategies"
HELP = "The strategies there are, and one of your own."
EXAMPLE = "papertape strategy list"
NAMED = "NAME|FILE.py[:NAME]|MODULE:NAME"

app = typer.Typer()


@command(app, "list", example="papertape strategy list", without_workspace=True)
def list_all(call: Call) -> None:
    """Every strategy: built in, of packages, of listed files."""
    registry = registry_of(call)
    known = registry.all()
    call.warn(f"{fault.message}; {fault.hint}" for fault in registry.faults())
    call.answer([_summary(registered) for registered in known], lambda page: _show_list(page, known))


@command(app, "show", example="papertape strategy show breakout_52w_high", without_workspace=True)
def show(
    call: Call,
    name: Annotated[str, typer.Argument(metavar=NAMED, help="The strategy.", show_default=False)],
) -> None:
    """A strategy's parameters, with their defaults and bounds."""
    registry = registry_of(call)
    registered = registry.entry(key_in(call, registry, name))
    parameters = parameters_of(registered.strategy)
    document = {**_summary(registered), "parameters": parameters}
    call.answer(document, lambda page: _show_one(page, registered, parameters))


@command(app, "new", example="papertape strategy new dip", without_workspace=True)
def new(
    call: Call,
    name: Annotated[str, typer.Argument(help="Its name: letters, digits, underscores.", show_default=False)],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write (default: NAME.py).")
    ] = None,
    all_symbols: Annotated[
        bool, typer.Option("--all-symbols", help="One that compares symbols: a rotation into the strongest.")
    ] = False,
) -> None:
    """Write a file to start a strategy of your own from.

    It runs as it is. No file is overwritten.
    """
    from storage.strategies.files import new_strategy_text, rights_notice, strategy_key
    from tui.shared.files import write_new

    key = strategy_key(name)
    path = write_new(Path(to or f"{key}.py"), new_strategy_text(name, all_symbols=all_symbols))

    def show(page: Page) -> None:
        page.line(f"{path} written; `papertape strategy check {path}` proves that it does not look ahead")
        page.line(rights_notice(str(path)))

    call.answer({"success": True, "key": key, "path": path}, show)


@command(app, "check", example="papertape strategy check dip.py --data sample:GOOG", without_workspace=True)
def check(
    call: Call,
    name: Annotated[str, typer.Argument(metavar=NAMED, help="The strategy.", show_default=False)],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="[SYMBOL=]FILE", help="Bars to check it on (default: bundled ones)."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="A parameter, such as entry.days=5; may be repeated.",
        ),
    ] = None,
) -> None:
    """Prove a strategy on data: no look-ahead, the window it declares.

    Its parameters, its signals twice over, each row with later bars added and earlier ones cut; of one that compares
    symbols, with all of them cut at the same times. Exit 5 where it fails, and where it entered nowhere: nothing was
    proved. What is rounding is said to be, and files that it opens are named.
    """
    from storage.strategies.check import check_strategy

    dataset = load_any(call, data) if data else None
    checked = check_strategy(
        lambda: _class_named(call, name), dataset, lambda strategy_class: _entry(strategy_class, sets or [])
    )
    error = checked.error()
    if error is None:
        _remember(call, checked)
        call.answer({"success": True, **checked.model_dump()}, lambda page: _show_check(page, checked))
        return
    if not call.json:
        _show_check(Page(), checked)
    error.details.update(checked.model_dump())
    raise error


def _class_named(call: Call, name: str) -> type[Strategy[Any]]:
    """The class of a key, a file or a module."""
    return class_in(call, name) if names_code(name) else type(registry_of(call).get(name))


def _entry(strategy_class: type[Strategy[Any]], sets: list[str]) -> Mapping[str, Any]:
    """What `--set` sets of a strategy's parameters, each in its type; USAGE, INVALID_SPEC."""
    from storage.spec_files import spec_from_flags
    from storage.strategies.files import make_registry

    others = [text for text in sets if not text.strip().startswith("entry.")]
    if others:
        raise UsageError(
            "USAGE", f"--set {others[0]!r}", hint="a check takes the strategy's own parameters, entry.NAME"
        )
    registry = make_registry()
    registry.add(strategy_class, "the strategy checked")
    return spec_from_flags(strategy_class.key, ["SYMBOL"], sets, None, registry).entry if sets else {}


def _remember(call: Call, checked: StrategyCheck) -> None:
    """Store that the source passed, for `run` and `plan run` to ask; built-in strategies need no such note."""
    from engine.strategies.registry import BUILTIN
    from storage.strategies.identity import KnownCode

    ships = checked.sha256 in {strategy_class.code_sha256 for strategy_class in BUILTIN}
    if not ships and not KnownCode().add("checked", checked.sha256):
        call.warn(["the passed check cannot be recorded: your data directory cannot be written"])


def parameters_of(strategy: Strategy[Any]) -> list[dict[str, Any]]:
    """A strategy's parameters: name, type, default, bounds, what it is."""
    schema = strategy.params.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": f"entry.{name}",
            "type": field.get("type", "any"),
            "default": field.get("default"),
            "required": name in required,
            "bounds": {key: field[key] for key in _BOUNDS if key in field},
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _show_list(page: Page, known: list[Registered]) -> None:
    table = Table().text("strategy", [registered.strategy.key for registered in known])
    table.text("exit", [registered.strategy.default_exit for registered in known])
    table.text("signals", [_signals(registered.strategy) for registered in known])
    table.text("from", [registered.origin for registered in known], shrinks=True)
    page.table(table.text("what it does", [registered.strategy.summary for registered in known], shrinks=True))


def _show_one(page: Page, registered: Registered, parameters: list[dict[str, Any]]) -> None:
    strategy = registered.strategy
    page.heading(f"{strategy.key}  {registered.origin}")
    page.paragraph(strategy.summary)
    page.line(f"its signals: {_signals(strategy)}")
    page.line()
    if parameters:
        table = Table().text("parameter", [row["name"] for row in parameters])
        table.text("type", [row["type"] for row in parameters])
        table.text("default", ["required" if row["required"] else row["default"] for row in parameters], right=True)
        table.text("bounds", [_bounds(row["bounds"]) for row in parameters])
        page.table(table.text("what it is", [row["description"] for row in parameters], shrinks=True))
        page.line()
    for sentence in _fields(strategy):
        page.paragraph(sentence)


def _fields(strategy: Strategy[Any]) -> list[str]:
    """What a spec may set beside the strategy's own parameters."""
    from engine.strategies.spec import ExitSpec, RiskSpec
    from engine.vocabulary import FillModel, SizeRule

    gives_stops = "stop_distance" in (columns_of(strategy) or ())
    exits = [f"exit.{name}" for name in ExitSpec.model_fields if name != "type" and (name != "trail" or gives_stops)]
    kinds = "eod, signal or none" if strategy.has_exit else "eod or none"
    risk = RiskSpec()
    return [
        f"exit.type is {strategy.default_exit} by default ({kinds}); with any of {', '.join(exits)}.",
        f"risk.dollars_per_trade is {risk.dollars_per_trade:g} and risk.max_positions {risk.max_positions} by default;"
        f" risk.size is {risk.size.value} ({', '.join(SizeRule)}).",
        f"execution.fill is {FillModel.CLOSE.value} by default ({', '.join(FillModel)}).",
    ]


def columns_of(strategy: Strategy[Any]) -> list[str] | None:
    """The columns that its signals have beside `entry`, at its defaults; None where it does not run with them."""
    from engine.errors import PapertapeError
    from engine.strategies.base import OF_ENTRIES
    from engine.strategies.guard import columns_given, users_code

    try:
        with users_code(strategy):
            params = strategy.params()
        given = columns_given(strategy, params, ["FIRST", "SECOND"])
    except PapertapeError:
        return None
    return [*(["exit"] if strategy.has_exit else []), *(name for name in OF_ENTRIES if name in given)]


def _signals(strategy: Strategy[Any]) -> str:
    """What it gives, in a few words."""
    columns = columns_of(strategy)
    return "not known" if columns is None else _named(columns, strategy.compares_symbols())


def _named(columns: list[str], of_all: bool) -> str:
    names = ", ".join(["entry", *columns])
    return f"{names}; of all symbols at once" if of_all else names


def _bounds(bounds: dict[str, Any]) -> str:
    return ", ".join(f"{_BOUNDS[key]} {value:g}" for key, value in bounds.items())


def _summary(registered: Registered) -> dict[str, Any]:
    strategy = registered.strategy
    return {
        "key": strategy.key,
        "summary": strategy.summary,
        "origin": registered.origin,
        "default_exit": strategy.default_exit,
        "has_exit": strategy.has_exit,
        "columns": columns_of(strategy),
        "signals_all": strategy.compares_symbols(),
    }


def _show_check(page: Page, checked: StrategyCheck) -> None:
    page.heading(f"{checked.key}  {checked.name}")
    page.line(f"its window: {_window(checked.window, checked.signals_all)}")
    page.line(
        f"its signals: {', '.join(['entry', *checked.columns])}" + ("; of all symbols at once" * checked.signals_all)
    )
    told = [*checked.notes, *checked.findings]
    messages = {finding.symbol: _said(finding) for finding in told}
    for finding in told:
        if finding.symbol is None:
            page.paragraph(_said(finding))
    table = Table().text("symbol", checked.bars)
    table.counts("bars", checked.bars.values())
    table.counts("entries", [checked.entries.get(symbol) for symbol in checked.bars])
    page.table(table.text("found", [messages.get(symbol, "sound") for symbol in checked.bars], shrinks=True))
    for path in checked.files:
        page.paragraph(f"it opens {path}: what that holds decides its results, and no fingerprint knows it")


def _said(finding: CheckFinding) -> str:
    return finding.message if finding.check == "proof" else f"{finding.check}: {finding.message}"


def _window(window: dict[str, int | bool] | None, of_all: bool) -> str:
    if window is None:
        return "not to be had"
    if window["anchored"]:
        return "everything since the first bar"
    names = {"bars": "rows of the panel" if of_all else "bars", "sessions": "sessions"}
    parts = [f"{window[unit]} {name}" for unit, name in names.items() if window[unit]]
    return " and ".join(parts) or "no bar"


def registry_of(call: Call) -> UserRegistry:
    """The strategies that the settings make, without opening a database."""
    from storage.strategies.files import make_registry

    return make_registry(call.settings().strategies)
