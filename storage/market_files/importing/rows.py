"""The rows of one text, its times in UTC, and what of it is no bar: headers again, footers, dividends, empty lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND, date_to_day
from engine.symbols import check_symbol, quoted
from storage.market_files.dialects.base import Form
from storage.market_files.dialects.heads import Found
from storage.market_files.importing.columns import EVENTS, Lines, TextArray, read_lines
from storage.market_files.importing.numbers import read_figures
from storage.market_files.importing.opening import Text, refusal
from storage.market_files.importing.options import Counted, FileReport, ImportOptions
from storage.market_files.importing.times import AmbiguousDays, Clock, join_times, read_clock
from storage.market_files.importing.zones import Placed, place
from storage.market_files.table import UNREADABLE, FaultLog

FOOTER = 40
"""Lines at the end that may be a footer."""


@dataclass(slots=True)
class Rows:
    """The lines of a text that may be bars, their times (UTC microseconds) and their symbols' numbers, shape (n,)."""

    lines: Lines
    ts: IntArray
    codes: IntArray
    symbols: tuple[str | None, ...]

    def column(self, place: int) -> TextArray:
        """The cells of a column."""
        return self.lines.columns[place]


def read_rows(text: Text, found: Found, options: ImportOptions, report: FileReport, log: FaultLog) -> Rows:
    """The rows of a text. Times that cannot be read are logged; DataError if it cannot be said how to read them."""
    form = found.form
    lines = read_lines(text, found.separator, form.first, len(form.names), _places(form), _header(found))
    if text.from_table:
        lines.rows = lines.rows - form.first
    clock = _read_times(text, form, lines, options)
    clock = _take_out_unreadable(form, lines, clock, options, log)
    codes, symbols = _codes(form, lines, log)
    zone = form.zone or options.zone or "UTC"
    placed = place(clock, zone, options.ambiguous, codes)
    _tell_twice(form, lines, placed, zone, options, report, log)
    report.times = "; ".join(clock.forms) or "none"
    report.zone = _zone_said(clock, placed.days, form, options)
    return Rows(lines, placed.ts, codes, symbols)


def _places(form: Form) -> tuple[int, ...]:
    places = {*form.times, form.symbol}
    for series in form.series:
        places |= {*series.figures, series.adjusted}
    return tuple(sorted(place for place in places if place is not None))


def _header(found: Found) -> str:
    return "" if found.form.supplied else found.separator.join(found.head.row(found.form.first - 1))


def _read_times(text: Text, form: Form, lines: Lines, options: ImportOptions) -> Clock:
    cells = join_times([lines.columns[place] for place in form.times])
    if form.since_midnight and not options.time_format:
        return _since_midnight(text, form, cells)
    try:
        return read_clock(cells, options.time_format, form.order)
    except AmbiguousDays as error:
        raise refusal(
            text.name,
            f"the days may be day/month or month/day ({error}, and no number above 12 shows which)",
            "say it with --time-format '%d/%m/%Y' or '%m/%d/%Y'",
        ) from error


def _since_midnight(text: Text, form: Form, cells: TextArray) -> Clock:
    if form.day is None:
        raise refusal(
            text.name,
            "the times are milliseconds since midnight, and the file's name does not say of which day",
            "name it as LEAN does, such as 20200102_trade.zip",
        )
    clock, millis = Clock.unread(len(cells)), read_figures(cells, ".")
    readable = ~millis.wrong & ~millis.null & (millis.values >= 0) & (millis.values < MICROS_PER_DAY // 1000)
    midnight = date_to_day(form.day) * MICROS_PER_DAY
    clock.local[readable] = midnight + millis.values[readable].astype(np.int64) * (MICROS_PER_SECOND // 1000)
    clock.timed[:] = True
    clock.say(f"milliseconds since midnight of {form.day.isoformat()}, from the file's name")
    return clock


def _take_out_unreadable(form: Form, lines: Lines, clock: Clock, options: ImportOptions, log: FaultLog) -> Clock:
    """Take out rows that are no bars, and log the times that cannot be read."""
    unreadable = clock.local == UNREADABLE
    keep = np.ones(len(unreadable), np.bool_)
    last = int(np.flatnonzero(~unreadable)[-1]) if not unreadable.all() else -1
    for i in np.flatnonzero(unreadable).tolist():
        footer = 0 <= last < i and len(unreadable) - i <= FOOTER
        if _is_no_bar(form, lines, i, footer=footer):
            keep[i] = False
        else:
            log.add(int(lines.rows[i]), _time_reason(form, lines, i, options.time_format), form.times[0])
    if not keep.all():
        lines.keep(keep)
        clock.keep(keep)
    return clock


def _is_no_bar(form: Form, lines: Lines, i: int, *, footer: bool) -> bool:
    """Whether a row without a time is empty, a header, a dividend or a footer; it is then noted as that."""
    cells = [_decode(column[i]) for column in lines.columns.values()]
    row, at = int(lines.rows[i]), form.times[0]
    time = _decode(lines.columns[at][i])
    if not any(cells):
        lines.blank += 1
    elif not form.supplied and time.lower() == form.names[at].lower():
        lines.headers.append((row, time))
    elif any(map(EVENTS.search, cells)):
        lines.events.append((row, " ".join(cells)))
    elif footer and sum(map(bool, cells)) <= 1:
        lines.odd.append((row, "".join(cells)))
    else:
        return False
    return True


def _decode(cell: bytes) -> str:
    return cell.decode(errors="replace")


def _time_reason(form: Form, lines: Lines, i: int, time_format: str) -> str:
    text = " ".join(_decode(lines.columns[place][i]) for place in form.times)
    if not text.strip():
        return "is empty"
    if time_format:
        return f"{quoted(text)} cannot be read by --time-format {quoted(time_format)}"
    return f"{quoted(text)} cannot be read as a time; --time-format says how it is written"


def _codes(form: Form, lines: Lines, log: FaultLog) -> tuple[IntArray, tuple[str | None, ...]]:
    """Each row's symbol by its number, in the order of the file; texts that cannot be symbols are logged."""
    count = len(lines.rows)
    if form.symbol is None or not count:
        return np.zeros(count, np.int64), (None,)
    column = lines.columns[form.symbol]
    distinct, firsts, inverse = np.unique(column, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    names = [_decode(distinct[which]) for which in order.tolist()]
    for name, which in zip(names, order.tolist(), strict=True):
        try:
            check_symbol(name)
        except ValueError as error:
            log.add(int(lines.rows[firsts[which]]), str(error) if name else "is empty", form.symbol)
    return ranks[inverse.reshape(-1)], tuple(names)


def _tell_twice(
    form: Form, lines: Lines, placed: Placed, zone: str, options: ImportOptions, report: FileReport, log: FaultLog
) -> None:
    """Log hours that come twice, unless it was said which they are, and hours that never come."""
    rows, cells = lines.rows, join_times([lines.columns[place] for place in form.times])
    unsure, never = np.flatnonzero(placed.unsure), np.flatnonzero(placed.never)
    tried = "the order of the rows does not show which it is; " if options.ambiguous else ""
    log.add_rows(
        rows[unsure],
        form.times[0],
        lambda i: (
            f"{quoted(_decode(cells[unsure[i]]))} comes twice in {zone}, when the clocks go back; {tried}"
            "--ambiguous first, second or infer says which it is"
        ),
    )
    log.add_rows(
        rows[never],
        form.times[0],
        lambda i: (
            f"{quoted(_decode(cells[never[i]]))} never comes in {zone}, when the clocks go forward: is it the zone?"
        ),
    )
    decided = placed.twice & ~placed.unsure
    if decided.any():
        what = f"hours that come twice in {zone}, read as --ambiguous {options.ambiguous} says"
        report.changed.append(Counted(int(decided.sum()), what, int(rows[decided][0])))


def _zone_said(clock: Clock, days: BoolArray, form: Form, options: ImportOptions) -> str:
    named: BoolArray = np.logical_or.reduce([*clock.zones.values(), np.zeros(len(days), np.bool_)])
    unstated = bool((~(clock.stated | named | days)).any())
    said: list[str] = []
    if clock.stated.any():
        is_epoch = any(how.startswith("an epoch") for how in clock.forms)
        said.append("UTC, as epochs are" if is_epoch else "the times state their offset from UTC")
    if clock.zones:
        said.append(f"the times name it: {', '.join(clock.zones)}")
    if days.any():
        said.append("none: days without a time of day are written as 00:00 UTC")
    if unstated and form.zone:
        said.append(f"{form.zone}, as the header says")
    elif unstated and options.zone:
        said.append(f"{options.zone}, by --timezone")
    elif unstated:
        hint = f"; this vendor's times are of {form.custom}: --timezone {form.custom}" if form.custom else ""
        said.append(f"none is stated: taken as UTC{hint}")
    if options.zone and (form.zone or not unstated):
        said.append("--timezone changes nothing")
    return "; ".join(said) or "none"
