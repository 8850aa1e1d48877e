"""`strategy`: the strategies there are, and one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command
from tui.commands.strategy.inputs import class_in, key_in, load_any, names_code
from tui.shared.pages import Page, Table
from tui.shared.whole_files import write_new

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.strategies.base import Strategy
    from engine.strategies.registry import Registered
    from storage.strategies.check import StrategyCheck
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
    found = registry.all()
    call.warn(f"{fault.message}; {fault.hint}" for fault in registry.faults())
    call.answer([_summary(each) for each in found], lambda page: _show_list(page, found))


@command(app, "show", example="papertape strategy show breakout_52w_high", without_workspace=True)
def show(
    call: Call,
    name: Annotated[str, typer.Argument(metavar=NAMED, help="Which.", show_default=False)],
) -> None:
    """A strategy's parameters, with their defaults and bounds."""
    registry = registry_of(call)
    found = registry.entry(key_in(call, registry, name))
    parameters = parameters_of(found.strategy)
    document = {**_summary(found), "parameters": parameters}
    call.answer(document, lambda page: _show_one(page, found, parameters))


@command(app, "new", example="papertape strategy new dip", without_workspace=True)
def new(
    call: Call,
    name: Annotated[str, typer.Argument(help="Its name: letters, digits, underscores.", show_default=False)],
    to: Annotated[str | None, typer.Option("--to", metavar="FILE", help="Where to (NAME.py without).")] = None,
) -> None:
    """Write a file to start a strategy of your own from.

    It runs as it is. No file is overwritten.
    """
    from storage.strategies.files import new_strategy_text, rights_notice, strategy_key

    key = strategy_key(name)
    path = write_new(Path(to or f"{key}.py"), new_strategy_text(name))

    def show(page: Page) -> None:
        page.line(f"{path} written; `papertape strategy check {path}` proves that it does not look ahead")
        page.line(rights_notice(str(path)))

    call.answer({"success": True, "key": key, "path": path}, show)


@command(app, "check", example="papertape strategy check dip.py --data sample:GOOG", without_workspace=True)
def check(
    call: Call,
    name: Annotated[str, typer.Argument(metavar=NAMED, help="Which.", show_default=False)],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="[SYMBOL=]FILE", help="Bars to try it on (bundled ones without)."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="A parameter, such as entry.days=5 (its default without); may be repeated.",
        ),
    ] = None,
) -> None:
    """Prove a strategy on data: no look-ahead, the window it declares.

    Its parameters, its signals twice over, each row with later bars added and earlier ones cut. Exit 5 where it fails,
    and where it entered nowhere: nothing was proved. What is rounding is said to be, and files that it opens are named.
    """
    from storage.strategies.check import check_strategy

    dataset = load_any(call, data) if data else None
    found = check_strategy(lambda: _class_named(call, name), dataset, lambda kind: _entry(kind, sets or []))
    error = found.error()
    if error is None:
        _remember(call, found)
        call.answer({"success": True, **found.model_dump()}, lambda page: _show_check(page, found))
        return
    if not call.json:
        _show_check(Page(), found)
    error.details.update(found.model_dump())
    raise error


def _class_named(call: Call, name: str) -> type[Strategy[Any]]:
    """The class of a key, a file or a module."""
    return class_in(call, name) if names_code(name) else type(registry_of(call).get(name))


def _entry(kind: type[Strategy[Any]], sets: list[str]) -> Mapping[str, Any]:
    """What `--set` sets of a strategy's parameters, each in its type; USAGE, INVALID_SPEC."""
    from storage.spec_files import spec_from_flags
    from storage.strategies.files import make_registry

    others = [text for text in sets if not text.strip().startswith("entry.")]
    if others:
        raise UsageError(
            "USAGE", f"--set {others[0]!r}", hint="a check takes the strategy's own parameters, entry.NAME"
        )
    registry = make_registry()
    registry.add(kind, "the strategy checked")
    return spec_from_flags(kind.key, ["SYMBOL"], sets, None, registry).entry if sets else {}


def _remember(call: Call, found: StrategyCheck) -> None:
    """Note that the source passed, for `run` and `plan run` to know; what ships needs no note."""
    from engine.strategies.registry import BUILTIN
    from storage.strategies.known import KnownCode

    ships = found.sha256 in {kind.code_sha256 for kind in BUILTIN}
    if not ships and not KnownCode().add("checked", found.sha256):
        call.warn(["that it passed cannot be noted: your data directory cannot be written"])


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


def _show_list(page: Page, found: list[Registered]) -> None:
    table = Table().text("strategy", [each.strategy.key for each in found])
    table.text("exit", [each.strategy.default_exit for each in found])
    table.text("from", [each.origin for each in found], shrinks=True)
    page.table(table.text("what it does", [each.strategy.summary for each in found], shrinks=True))


def _show_one(page: Page, found: Registered, parameters: list[dict[str, Any]]) -> None:
    strategy = found.strategy
    page.heading(f"{strategy.key}  {found.origin}")
    page.paragraph(strategy.summary)
    page.line()
    if parameters:
        table = Table().text("parameter", [each["name"] for each in parameters])
        table.text("type", [each["type"] for each in parameters])
        table.text("default", ["required" if each["required"] else each["default"] for each in parameters], right=True)
        table.text("bounds", [_bounds(each["bounds"]) for each in parameters])
        page.table(table.text("what it is", [each["description"] for each in parameters], shrinks=True))
        page.line()
    kinds = "eod, signal or none" if strategy.has_exit else "eod or none"
    page.paragraph(
        f"exit.type is {strategy.default_exit} by default ({kinds}); with any of exit.stop_loss_pct,"
        " exit.take_profit_pct, exit.max_bars. risk.dollars_per_trade is 1000 and risk.max_positions 5 by default."
    )


def _bounds(bounds: dict[str, Any]) -> str:
    return ", ".join(f"{_BOUNDS[key]} {value:g}" for key, value in bounds.items())


def _summary(found: Registered) -> dict[str, Any]:
    strategy = found.strategy
    return {
        "key": strategy.key,
        "summary": strategy.summary,
        "origin": found.origin,
        "default_exit": strategy.default_exit,
        "has_exit": strategy.has_exit,
    }


def _show_check(page: Page, found: StrategyCheck) -> None:
    page.heading(f"{found.key}  {found.name}")
    page.line(f"its window: {_window(found.window)}")
    told = [*found.notes, *found.findings]
    said = {each.symbol: each.message if each.check == "proof" else f"{each.check}: {each.message}" for each in told}
    if None in said:
        page.paragraph(said[None])
    table = Table().text("symbol", found.bars)
    table.counts("bars", found.bars.values())
    table.counts("entries", [found.entries.get(symbol) for symbol in found.bars])
    page.table(table.text("found", [said.get(symbol, "sound") for symbol in found.bars], shrinks=True))
    for path in found.files:
        page.paragraph(f"it opens {path}: what that holds decides its results, and no fingerprint knows it")


def _window(window: dict[str, int | bool] | None) -> str:
    if window is None:
        return "not to be had"
    if window["anchored"]:
        return "everything since the first bar"
    parts = [f"{window[unit]} {unit}" for unit in ("bars", "sessions") if window[unit]]
    return " and ".join(parts) or "no bar"


def registry_of(call: Call) -> UserRegistry:
    """The strategies that the settings make, without opening a database."""
    from storage.strategies.files import make_registry

    return make_registry(call.settings().strategies)
