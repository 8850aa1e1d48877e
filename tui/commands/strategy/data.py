"""`data`: market data files, before they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.commands.calls import Call, command
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.pages import Table
from tui.shared.sources import source_of

if TYPE_CHECKING:
    from storage.market_files import DataReport
    from tui.shared.pages import Page

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
                "symbol": each.symbol,
                "bars": each.bars,
                "sessions": each.sessions,
                "first_ts": from_micros(each.first_ts),
                "last_ts": from_micros(each.last_ts),
                "timeframe": each.timeframe,
                "intraday": each.intraday,
            }
            for each in report.symbols
        ],
        "warnings": report.warnings,
    }


def _show(page: Page, report: DataReport) -> None:
    found = document_of(report)["symbols"]
    warned = f"{figures.counted(len(report.warnings), 'warning')}, above" if report.warnings else "no warnings"
    page.line(f"{report.source} is sound: {figures.whole(report.bar_count)} bars, {report.timeframe}, {warned}")
    table = Table().text("symbol", [each["symbol"] for each in found], shrinks=True)
    table.counts("bars", [each["bars"] for each in found])
    table.counts("sessions", [each["sessions"] for each in found])
    table.times("first (UTC)", [each["first_ts"] for each in found])
    table.times("last (UTC)", [each["last_ts"] for each in found])
    page.table(table.text("spacing", [each["timeframe"] for each in found]))
    page.line(f"sha256 {report.sha256}")
