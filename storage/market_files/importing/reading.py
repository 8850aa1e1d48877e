"""One text read into bars, column by column, with a report of all that was done to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import DataError
from engine.market.bars import BoolArray, IntArray
from engine.symbols import quoted
from engine.vocabulary import DropRows
from storage.market_files.dialects.base import Form, Series
from storage.market_files.dialects.heads import Found, find
from storage.market_files.dialects.unknown import describe
from storage.market_files.importing.columns import EVENTS, Lines
from storage.market_files.importing.numbers import Figures, decimal_sign, read_figures, wrong_number
from storage.market_files.importing.opening import Text, refusal
from storage.market_files.importing.options import Counted, FileReport, ImportOptions, separator_name
from storage.market_files.importing.rows import FOOTER, Rows, read_rows
from storage.market_files.layout import FIGURES, Layout
from storage.market_files.reading import check_bars
from storage.market_files.table import FaultLog, Table

_DECI_CENTS = -4
_CUT_OFF = re.compile(r"[^a-z*]*\d[^a-z*]*$", re.I)
"""A line without letters is no footer, but a bar that is cut off."""


@dataclass(slots=True)
class Part:
    """Bars of one text, in the order of the file, shape (n,): open, high, low, close and volume in `figures`.

    `symbols` has None where nothing names the one symbol; `codes` are places in it.
    """

    log: FaultLog
    report: FileReport
    rows: IntArray
    ts: IntArray
    codes: IntArray
    symbols: tuple[str | None, ...]
    figures: list[Figures]
    adjusted: Figures | None

    def keep(self, mask: BoolArray) -> None:
        """Keep the rows of the mask alone."""
        self.rows, self.ts, self.codes = self.rows[mask], self.ts[mask], self.codes[mask]
        for figures in (*self.figures, self.adjusted):
            if figures is not None:
                figures.keep(mask)


def read_text(text: Text, options: ImportOptions) -> list[Part]:
    """The bars of one text: a part for each symbol that its header names, else one. Raises DataError."""
    found = find(text.content, text.name, options.columns)
    if found is None:
        raise refusal(text.name, *describe(text.content, text.name, options.columns))
    form, log, report = found.form, FaultLog(text.name), _report_of(text, found)
    log.header_row, log.names = (0 if text.from_table else max(1, form.first)), form.names
    rows = read_rows(text, found, options, report, log)
    sign = _decimal_sign(text, found, rows, report)
    reader = _Reader(form, rows, sign, options, report, log)
    parts = [(reader.part(series), series) for series in form.series]
    _log_odd(rows.lines, log, len(form.names))
    for part, series in parts:
        _check(part, series, form)
    if not report.bars and not log.count:
        log.add(log.header_row, "there are no bars in the file")
    _refuse_faults(log, _hint(log, report))
    _tell(rows.lines, report)
    return [part for part, _ in parts]


def _decimal_sign(text: Text, found: Found, rows: Rows, report: FileReport) -> str:
    places = {place for series in found.form.series for place in series.figures if place is not None}
    sign = decimal_sign([rows.column(place) for place in sorted(places)], found.separator)
    if sign.conflict:
        raise refusal(
            text.name,
            f"some numbers have a decimal point ({sign.shown}) and some a decimal comma ({sign.conflict})",
            "write them all alike",
        )
    if sign.sign == ",":
        report.decimal = f"decimal comma ({sign.shown})"
    return sign.sign


class _Reader:
    """Reads the figures of one text, series by series."""

    def __init__(
        self, form: Form, rows: Rows, sign: str, options: ImportOptions, report: FileReport, log: FaultLog
    ) -> None:
        self._form, self._rows, self._sign = form, rows, sign
        self._options, self._report, self._log = options, report, log

    def part(self, series: Series) -> Part:
        """The bars of one series; what cannot be read is logged."""
        rows, power = self._rows, self._power(series)
        figures = [read_figures(rows.column(at), self._sign, power) for at in series.figures[:4] if at is not None]
        figures.append(self._volume(series))
        adjusted = None if series.adjusted is None else read_figures(rows.column(series.adjusted), self._sign)
        symbols = rows.symbols if series.symbol is None else (series.symbol,)
        part = Part(self._log, self._report, rows.lines.rows, rows.ts, rows.codes, symbols, figures, adjusted)
        self._take_out_events(part, series)
        self._take_out_nulls(part, series)
        self._mend_volume(part, series)
        self._log_wrong(part, series)
        if not power:
            self._tell_rewritten([*figures, adjusted])
        return part

    def _tell_rewritten(self, columns: Sequence[Figures | None]) -> None:
        """Count the numbers that had thousands, a currency or a suffix."""
        found = [figures.rewritten for figures in columns if figures is not None and figures.rewritten]
        if found:
            _, before, after = found[0]
            what = f"written plainly, such as {before} as {after}"
            self._report.changed.append(Counted(sum(count for count, _, _ in found), what, unit="number"))

    def _power(self, series: Series) -> int:
        """LEAN writes prices of shares in ten thousandths; where any price has a point, they are as they are."""
        if not self._form.whole_prices:
            return 0
        prices = [self._rows.column(at) for at in series.figures[:4]]
        if any(bool((np.char.find(column, b".") >= 0).any()) for column in prices):
            return 0
        what = "prices divided by 10,000, exactly: LEAN writes ten thousandths"
        self._report.changed.append(Counted(len(prices[0]), what))
        return _DECI_CENTS

    def _volume(self, series: Series) -> Figures:
        at, count = series.figures[4], len(self._rows.lines.rows)
        if at is not None:
            return read_figures(self._rows.column(at), self._sign)
        self._report.changed.append(Counted(count, "the file has no volume, 0 was written"))
        return Figures(np.full(count, b"0"), np.zeros(count), np.zeros(count, np.bool_), np.zeros(count, np.bool_))

    def _take_out_events(self, part: Part, series: Series) -> None:
        """Rows of dividends and splits that stand among the bars."""
        odd = np.logical_or.reduce([figures.wrong for figures in part.figures[:4]])
        if not odd.any():
            return
        events = np.zeros(len(odd), np.bool_)
        for i in np.flatnonzero(odd).tolist():
            cells = [self._rows.column(at)[i].decode(errors="replace") for at in series.figures if at is not None]
            if any(map(EVENTS.search, cells)):
                events[i] = True
                self._rows.lines.events.append((int(part.rows[i]), " ".join(cells)))
        if events.any():
            part.keep(~events)

    def _take_out_nulls(self, part: Part, series: Series) -> None:
        """Rows without any price: left out if that was asked for."""
        null = np.logical_and.reduce([figures.null for figures in part.figures[:4]])
        rows = part.rows[null]
        if not len(rows):
            return
        if DropRows.NULL_ROWS in self._options.drop:
            of = f" of {series.symbol}" if series.symbol else ""
            part.report.dropped.append(Counted(len(rows), f"no prices{of}, by --drop null-rows", int(rows[0])))
            part.keep(~null)
            return
        self._log.add_rows(rows, -1, lambda _: "has no prices; --drop null-rows leaves such rows out")
        for figures in part.figures[:4]:
            figures.null &= ~null

    def _mend_volume(self, part: Part, series: Series) -> None:
        volume = part.figures[4]
        absent = volume.null.copy()
        if self._form.no_volume:
            absent |= volume.texts == self._form.no_volume.encode()
        if series.figures[4] is not None and absent.any():
            what = "no volume, 0 was written"
            part.report.changed.append(Counted(int(absent.sum()), what, int(part.rows[absent][0])))
            volume.put(absent, "0")

    def _log_wrong(self, part: Part, series: Series) -> None:
        for figures, at in zip((*part.figures, part.adjusted), (*series.figures, series.adjusted), strict=True):
            if figures is None or at is None or (figures is part.adjusted and not self._options.adjusted):
                continue
            wrong, null = np.flatnonzero(figures.wrong), np.flatnonzero(figures.null)
            self._log.add_rows(part.rows[wrong], at, _reasons(figures, wrong))
            self._log.add_rows(part.rows[null], at, lambda _: "is empty")


def _reasons(figures: Figures, which: IntArray) -> Callable[[int], str]:
    return lambda i: wrong_number(figures.texts[which[i]].decode(errors="replace"))


def _check(part: Part, series: Series, form: Form) -> None:
    """The rules that every bar must meet, and the order of the rows."""
    opening, high, low, close, volume = (figures.values for figures in part.figures)
    names = tuple(symbol or "the file" for symbol in part.symbols)
    table = Table(part.rows, part.ts, part.codes, (opening, high, low, close, volume), names)
    first, at = series.figures[:4], series.figures[4]
    layout = Layout(form.names, form.times, (*first, first[0] if at is None else at), form.symbol)
    if check_bars(table, layout, part.log):
        part.report.order = "newest first, turned round"
    part.report.bars += len(part.rows)


def _log_odd(lines: Lines, log: FaultLog, width: int) -> None:
    """Lines that are no text, and lines that have more or fewer cells, if they cannot be a footer."""
    for row in lines.lost:
        log.add(row, "holds a NUL byte, or bytes that are no text")
    last = int(lines.rows[-1]) if len(lines.rows) else 0
    below = sum(row > last for row, _ in lines.odd)
    for row, shown in lines.odd:
        if row <= last or not last or below > FOOTER or _CUT_OFF.match(shown):
            log.add(row, f"has not {width} cells as the others have: {quoted(shown)}")


def _hint(log: FaultLog, report: FileReport) -> str:
    """What to do about the faults; a time that comes again may be an hour of clocks that went back."""
    if "none is stated" in report.zone and any(" again, after row " in sentence for sentence in log.sentences()):
        return "correct the file; if its times are those of a zone, say --timezone ZONE (and --ambiguous infer)"
    return "correct the file, or say how it is to be read"


def _refuse_faults(log: FaultLog, hint: str) -> None:
    if log.count:
        counted = "1 fault" if log.count == 1 else f"{log.count:,} faults"
        raise DataError(
            f"{log.file}: {counted} in the data, nothing was written",
            faults=log.sentences(),
            fault_count=log.count,
            hint=hint,
        )


def _tell(lines: Lines, report: FileReport) -> None:
    """Count what was left out."""
    if lines.blank:
        report.dropped.append(Counted(lines.blank, "empty"))
    told = ((lines.events, "dividends and splits"), (lines.headers, "the header again"), (lines.odd, "a footer"))
    for found, what in told:
        if found:
            row, shown = found[0]
            report.dropped.append(Counted(len(found), f"{what}, {quoted(shown)}", row))


def _report_of(text: Text, found: Found) -> FileReport:
    form, above = found.form, found.above
    header = "none: the columns are known by their order"
    if form.headers == 1:
        header = f"row {form.first}"
    elif form.headers:
        header = f"rows {form.first - form.headers + 1} to {form.first}"
    if above:
        lines = "1 line" if len(above) == 1 else f"{len(above)} lines"
        header += f"; {lines} above {'the first bar' if form.supplied else 'it'}, such as {quoted(above[0])}"
    columns, left = dict(_taken(form)), tuple(_left_out(form))
    symbols = tuple(series.symbol for series in form.series if series.symbol)
    return FileReport(
        text.name, form.called, text.notes, separator_name(found.separator), "", header, columns, left, symbols
    )


def _taken(form: Form) -> Iterator[tuple[str, str]]:
    def called(place: int) -> str:
        return f"column {place + 1}" if form.supplied else form.names[place]

    yield "ts", " ".join(map(called, form.times))
    if form.symbol is not None:
        yield "symbol", called(form.symbol)
    for field, place in zip((*FIGURES, "adj_close"), (*form.series[0].figures, form.series[0].adjusted), strict=True):
        if place is not None:
            yield field, called(place)


def _left_out(form: Form) -> Iterator[str]:
    used = {*form.times, form.symbol}
    for series in form.series:
        used |= {*series.figures, series.adjusted}
    return (name for place, name in enumerate(form.names) if place not in used and name)
