"""`data import`: files as vendors write them, made into one that papertape reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from engine.vocabulary import Ambiguous, DropRows
from tui.shared import figures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storage.market_files import Source
    from storage.market_files.importing import Counted, FileReport, Import, ImportOptions
    from tui.shared.output import Page


@dataclass(frozen=True)
class ImportFlags:
    """What a person says of the files, as options of the command."""

    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=NAME",
            help="Take this column as ts, date, time, open, high, low, close, volume, adj_close or symbol; without a"
            " header its number. Repeatable.",
            show_default=False,
        ),
    ] = None
    time_format: Annotated[
        str | None,
        typer.Option(
            "--time-format",
            metavar="FORMAT",
            help="How times are written, such as '%d/%m/%Y %H:%M'; s, ms, us or ns for an epoch.",
            show_default=False,
        ),
    ] = None
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", metavar="ZONE", help="The zone of times without an offset (else UTC).", show_default=False
        ),
    ] = None
    ambiguous: Annotated[
        Ambiguous | None,
        typer.Option(
            "--ambiguous", help="Which one an hour is that comes twice when the clocks go back.", show_default=False
        ),
    ] = None
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Take the adjusted close; open, high and low in proportion.")
    ] = False
    drop: Annotated[
        list[DropRows] | None, typer.Option("--drop", help="Leave out rows without prices.", show_default=False)
    ] = None
    timeframe: Annotated[
        str | None,
        typer.Option(
            "--timeframe", metavar="SPACING", help="Make longer bars: 5m, 1h, daily, weekly …", show_default=False
        ),
    ] = None
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol", metavar="SYMBOL", help="What the one symbol is called, or which of several to take.",
            show_default=False,
        ),
    ] = None  # fmt: skip

    def options(self, sources: Sequence[Source]) -> ImportOptions:
        """The options that the files are read with; a symbol before a file is that of all. Raises UsageError."""
        from storage.market_files.importing import ImportOptions, read_columns

        return ImportOptions(
            columns=read_columns(self.column or ()),
            time_format=self.time_format or "",
            zone=self.timezone or "",
            ambiguous=self.ambiguous,
            adjusted=self.adjusted,
            drop=frozenset(self.drop or ()),
            timeframe=self.timeframe or "",
            symbol=self._symbol(sources),
        )

    def _symbol(self, sources: Sequence[Source]) -> str:
        named = {symbol for symbol, _ in sources if symbol is not None} | ({self.symbol} if self.symbol else set())
        if len(named) > 1:
            said = ", ".join(sorted(named))
            raise UsageError(
                "USAGE", f"several symbols are named ({said})", hint="import the files of each by themselves"
            )
        return next(iter(named), "")


def document_of(imported: Import, to: Path, *, dry_run: bool) -> dict[str, Any]:
    """What was imported, as JSON has it."""
    from engine.market.sessions import from_micros

    return {
        "success": True,
        "to": str(to),
        "written": not dry_run,
        "sha256": imported.sha256,
        "timeframe": imported.timeframe,
        "bar_count": imported.bar_count,
        "symbols": [
            {
                "symbol": series.symbol,
                "bars": series.bars,
                "first_ts": from_micros(series.first_ts),
                "last_ts": from_micros(series.last_ts),
            }
            for series in imported.symbols
        ],
        "files": [_file_of(report) for report in imported.files],
        "computed": [_counted(each) for each in imported.computed],
    }


def _file_of(report: FileReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "kind": report.kind,
        "notes": report.notes,
        "separator": report.separator,
        "decimal_comma": bool(report.decimal),
        "header": report.header,
        "columns": report.columns,
        "left_out": report.left_out,
        "times": report.times,
        "zone": report.zone,
        "order": report.order,
        "bars": report.bars,
        "dropped": [_counted(each) for each in report.dropped],
        "changed": [_counted(each) for each in report.changed],
    }


def _counted(each: Counted) -> dict[str, Any]:
    return {"count": each.count, "unit": each.unit, "what": each.what, "first_row": each.row or None}


def show(page: Page, imported: Import, to: Path, *, dry_run: bool) -> None:
    """A line for each thing that was done to each file, and what came of it."""
    from engine.market.sessions import clock

    for report in imported.files:
        page.line(f"{report.file}: {figures.counted(report.bars, 'bar')}")
        page.fields(list(report.lines()))
    for each in imported.computed:
        page.line(f"computed: {each}")
    first = min(series.first_ts for series in imported.symbols)
    last = max(series.last_ts for series in imported.symbols)
    held = f"{figures.counted(imported.bar_count, 'bar')}, {imported.timeframe}, {clock(first)} to {clock(last)} UTC"
    if len(imported.symbols) > 1:
        held += f", {len(imported.symbols):,} symbols"
    page.line(f"{to}: {held}; nothing was written, as --dry-run says" if dry_run else f"{to}: {held}")
