"""The rules that bars must meet to be traded on, checked on a file's columns, however they were read."""

from __future__ import annotations

import numpy as np

from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import iso
from storage.market_files.faults import FaultLog
from storage.market_files.layout import FIGURES, Layout
from storage.market_files.table import UNREADABLE, Table


def check(table: Table, layout: Layout, log: FaultLog) -> bool:
    """Log what the rules refuse, after what reading found, and return whether the file is newest-first."""
    if not len(table) and not log.count:
        log.add(log.header_row, "there are no bars in the file")
    _check_figures(table, layout, log)
    _check_enclosing(table, layout, log)
    _check_counts(table, layout, log)
    return _check_order(table, layout, log)


def _check_figures(table: Table, layout: Layout, log: FaultLog) -> None:
    for name, place, column in zip(FIGURES, layout.figures, table.figures, strict=True):
        if name == "volume":
            _refuse(table, column < 0, log, place, "{} is below zero", column)
        else:
            _refuse(table, column <= 0, log, place, "{} is not above zero", column)


def _check_enclosing(table: Table, layout: Layout, log: FaultLog) -> None:
    """The high is at or above open and close, the low at or below them. NaN compares false: no second fault."""
    opening, high, low, close, _ = table.figures
    top, bottom = np.fmax(opening, close), np.fmin(opening, close)
    _refuse(table, high < top, log, layout.figures[1], "the high {} is below {}, the open or close", high, top)
    _refuse(table, low > bottom, log, layout.figures[2], "the low {} is above {}, the open or close", low, bottom)


def _refuse(table: Table, wrong: BoolArray, log: FaultLog, place: int, sentence: str, *shown: FloatArray) -> None:
    """A fault for each row of the mask: `sentence` with the figures of the columns `shown`."""
    places = np.flatnonzero(wrong)
    log.add_rows(table.rows[places], place, lambda i: sentence.format(*(column[places[i]] for column in shown)))


def _check_counts(table: Table, layout: Layout, log: FaultLog) -> None:
    """Every symbol has two rows or more. Not checked if a row was lost, since it could be the second one."""
    if log.dropped:
        return
    counts = np.bincount(table.codes[table.codes >= 0], minlength=len(table.symbols))
    alone = np.flatnonzero((table.codes >= 0) & (np.append(counts, 0)[table.codes] == 1))

    def describe(i: int) -> str:
        return f"{table.symbols[int(table.codes[alone[i]])]!r} has 1 bar in the file; at least 2 are needed"

    log.add_rows(table.rows[alone], -1 if layout.symbol is None else layout.symbol, describe)


def _check_order(table: Table, layout: Layout, log: FaultLog) -> bool:
    """Times rise within each symbol, or all fall: the direction of most steps is the file's, the others are faults."""
    before, after = _neighbours(table)
    step = table.ts[after] - table.ts[before]
    newest_first = bool(np.count_nonzero(step < 0) > np.count_nonzero(step > 0))
    wrong = _wrong(step, newest_first)
    order = np.argsort(after[wrong])
    before, after = before[wrong][order], after[wrong][order]

    def describe(i: int) -> str:
        earlier, later = int(before[i]), int(after[i])
        symbol, row = table.symbols[int(table.codes[later])], int(table.rows[earlier])
        ts, previous = int(table.ts[later]), int(table.ts[earlier])
        if ts == previous:
            return f"{symbol!r} has the time {iso(ts)} again, after row {row}"
        direction = "later" if newest_first else "earlier"
        newest = " in a file that is newest-first" if newest_first else ""
        return f"{symbol!r} is out of order{newest}: {iso(ts)} is {direction} than {iso(previous)} in row {row}"

    log.add_rows(table.rows[after], layout.times[0], describe)
    return newest_first


def _wrong(step: IntArray, newest_first: bool) -> BoolArray:
    return step >= 0 if newest_first else step <= 0


def _neighbours(table: Table) -> tuple[IntArray, IntArray]:
    """Pairs of rows that follow each other within a symbol: the places of the earlier and of the later rows."""
    places = np.flatnonzero((table.ts != UNREADABLE) & (table.codes >= 0))
    if len(table.symbols) > 1:
        places = places[np.argsort(table.codes[places], kind="stable")]
    same = table.codes[places[1:]] == table.codes[places[:-1]]
    return places[:-1][same], places[1:][same]
