"""`data`: market data files, before they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.commands.calls import Call, command
from tui.commands.progress import watching
from tui.commands.strategy.imports import ImportFlags
from tui.commands.strategy.imports import document_of as import_document
from tui.commands.strategy.imports import show as show_import
from tui.shared import figures
from tui.shared.inputs import source_of
from tui.shared.output import Table

if TYPE_CHECKING:
    from storage.market_files import DataReport
    from tui.shared.output import Page

NAME, PANEL = "data", "Data and installation"
HELP = "Market data files."
EXAMPLE = "papertape data check sample:AAPL"

app = typer.Typer()


@command(app, "check", example="papertape data check sample:AAPL", without_workspace=True)
def check(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="[SYMBOL=]FILE", help="The file to check.", show_default=False)],
    session_tz: Annotated[
        str, typer.Option("--session-tz", metavar="ZONE", help="The zone whose days are sessions.")
    ] = "UTC",
) -> None:
    """Is this file sound, and what does it hold?

    Every fault with its row and column, and what to know before trusting the data."""
    from storage.market_files import check_file

    with watching("reading the data") as watch:
        report = check_file(source_of(file), session_tz, watch)
    call.warn(report.warnings)
    call.answer(document_of(report), lambda page: _show(page, report))


@command(app, "import", example="papertape data import sample:IBM --to IBM.csv --dry-run", without_workspace=True)
def import_(
    call: Call,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[SYMBOL=]FILE", help="What a vendor wrote; several files are joined.", show_default=False
        ),
    ],
    to: Annotated[
        str,
        typer.Option("--to", metavar="OUT", help="The file to write: .csv, .csv.gz or .parquet.", show_default=False),
    ],
    flags: ImportFlags,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Make a file that papertape reads from what vendors write.

    The files are recognised by their content. What is taken, changed and left out is said."""
    from pathlib import Path

    from storage.market_files.importing import import_files
    from tui.shared.files import refuse_existing, write_whole

    sources, target = [source_of(file) for file in files], Path(to)
    if not dry_run and not force:
        refuse_existing(target)
    with watching("importing") as watch:
        imported = import_files([path for _, path in sources], target, flags.options(sources), watch)
    if not dry_run:
        write_whole(target, imported.content, force=force)
    document = import_document(imported, target, dry_run=dry_run)
    call.answer(document, lambda page: show_import(page, imported, target, dry_run=dry_run))


def document_of(report: DataReport) -> dict[str, Any]:
    """A sound file as JSON has it."""
    from engine.market.sessions import from_micros

    return {
        "success": True,
        "source": report.source,
        "sha256": report.sha256,
        "session_tz": report.session_tz,
        "timeframe": report.timeframe,
        "bar_count": report.bar_count,
        "symbols": [
            {
                "symbol": series.symbol,
                "bars": series.bars,
                "sessions": series.sessions,
                "first_ts": from_micros(series.first_ts),
                "last_ts": from_micros(series.last_ts),
                "timeframe": series.timeframe,
                "intraday": series.intraday,
            }
            for series in report.symbols
        ],
        "warnings": report.warnings,
    }


def _show(page: Page, report: DataReport) -> None:
    rows = document_of(report)["symbols"]
    warned = f"{figures.counted(len(report.warnings), 'warning')}, above" if report.warnings else "no warnings"
    page.line(f"{report.source} is sound: {figures.whole(report.bar_count)} bars, {report.timeframe}, {warned}")
    table = Table().text("symbol", [row["symbol"] for row in rows], shrinks=True)
    table.counts("bars", [row["bars"] for row in rows])
    table.counts("sessions", [row["sessions"] for row in rows])
    table.times("first (UTC)", [row["first_ts"] for row in rows])
    table.times("last (UTC)", [row["last_ts"] for row in rows])
    page.table(table.text("spacing", [row["timeframe"] for row in rows]))
    page.line(f"sha256 {report.sha256}")
