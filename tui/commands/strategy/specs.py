"""`spec`: files that say what is to be run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.commands.calls import Call, command
from tui.commands.strategy.inputs import key_in
from tui.commands.strategy.strategies import registry_of

if TYPE_CHECKING:
    from tui.shared.output import Page

NAME, PANEL = "spec", "Strategies"
HELP = "Files that say what is to be run."
EXAMPLE = "papertape spec new --to paper.toml"

app = typer.Typer()


@command(app, "new", example="papertape spec new --to paper.toml", without_workspace=True)
def new(
    call: Call,
    strategy: Annotated[
        str, typer.Option("--strategy", metavar="NAME|FILE.py[:NAME]", help="For this strategy.")
    ] = "breakout_52w_high",
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", metavar="SYMBOL", help="On this symbol; may be repeated.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write (default: print it).")
    ] = None,
) -> None:
    """A commented spec file to start from. No file is overwritten."""
    from storage.spec_files import new_spec_text
    from tui.shared.files import write_new

    registry, symbols = registry_of(call), symbol or ["GOOG"]
    text = new_spec_text(registry.get(key_in(call, registry, strategy)), symbols)
    path = None if to is None else write_new(Path(to), text)

    def show(page: Page) -> None:
        if path is None:
            page.raw(text.rstrip("\n"))
        else:
            page.line(f"{path} written; `papertape run --spec {path} --data {symbols[0]}=FILE` runs it")

    call.answer({"success": True, "path": path, "text": text}, show)
