"""One file, CSV or Parquet, read into a table and held to the rules that bars must meet to be traded on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from engine.errors import PapertapeError
from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import iso
from storage.market_files.csv.careful import read_carefully
from storage.market_files.csv.fast import Tokenizer, read_fast
from storage.market_files.csv.lines import BOM, Tick, UnreadableBytes, first_bytes, line_blocks, read_header
from storage.market_files.kinds import Kind, kind_of
from storage.market_files.layout import FIGURES, Layout
from storage.market_files.looks import import_command, import_remedy, look_of
from storage.market_files.parquet import MAGIC, Naming, read_parquet
from storage.market_files.sources import Source
from storage.market_files.table import UNREADABLE, FaultLog, SymbolCodes, Table, read_symbol

_PARQUET_ENDINGS = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Reading:
    """One file's faults and digest, and its rows; no table if the columns could not be told."""

    log: FaultLog
    sha256: str
    table: Table | None = None
    newest_first: bool = False


def read_source(
    source: Source,
    raw: bytes,
    only_symbol: str | None,
    tick: Tick,
    tokenizer: Tokenizer = read_fast,
    symbol_of: Callable[[str], str] = read_symbol,
) -> Reading:
    """The rows and the faults of one file with the bytes `raw`.

    `only_symbol` names the symbol of a file that has no symbol column and whose source names none. `symbol_of` turns a
    field into a symbol, or raises ValueError.
    """
    symbol, path = source
    log = FaultLog(str(path))
    sha256 = hashlib.sha256(raw).hexdigest()

    def naming(layout: Layout) -> SymbolCodes | None:
        if layout.symbol is not None:
            return SymbolCodes(read=symbol_of)
        if symbol or only_symbol:
            return SymbolCodes(symbol or only_symbol)
        log.add(log.header_row, "has no symbol column; add it, or name the one symbol that the file holds")
        return None

    if raw.startswith(MAGIC):
        read = read_parquet(raw, naming, log, tick)
    elif path.suffix.lower() in _PARQUET_ENDINGS:
        kind = kind_of(raw)
        it_is = f": it is {_told(kind, log.file)}" if kind else ""
        log.add(0, f"is not a Parquet file, whatever its name says{it_is}")
        read = None
    else:
        read = _read_csv(raw, naming, log, tick, tokenizer)
    if read is None:
        return Reading(log, sha256)
    layout, table = read
    newest_first = check_rules(table, layout, log)
    if symbol and layout.symbol is not None:
        _check_named(symbol, table, layout, log)
    return Reading(log, sha256, table, newest_first)


def _read_csv(
    raw: bytes, naming: Naming, log: FaultLog, tick: Tick, tokenizer: Tokenizer
) -> tuple[Layout, Table] | None:
    kind = kind_of(first_bytes(raw))
    if kind is not None:
        log.add(1, f"the file is {_told(kind, log.file)}")
        return None
    try:
        header, body = _open(raw, tick)
    except UnreadableBytes as error:
        log.add(1, str(error))
        return None
    if not header:
        log.add(1, "the file is empty")
        return None
    layout = _layout(header, raw, log)
    symbols = None if layout is None else naming(layout)
    if layout is None or symbols is None:
        return None
    attempt = log.anew()
    try:
        table = tokenizer(body, layout, symbols, attempt)
    except PapertapeError:
        raise  # the watch has requested a stop
    except Exception:  # whatever went wrong, the careful pass finds the words for it
        attempt = log.anew()
        table = read_carefully(_open(raw, tick)[1], layout, naming(layout) or symbols, attempt)
    log.take(attempt)
    return layout, table


def has_foreign_form(raw: bytes, file: str) -> bool:
    """Whether the header of these bytes is refused, whatever the rows below it are."""
    if raw.startswith(MAGIC):
        return False
    head = first_bytes(raw)
    header, _, rest = head.removeprefix(BOM).partition(b"\n")
    return kind_of(head) is not None or read_header(header, FaultLog(file), rest.partition(b"\n")[0]) is None


def _told(kind: Kind, file: str) -> str:
    """What a file is, and the command that imports it, where one does."""
    return f"{kind.what}; {import_command(file)} makes a file that is read" if kind.imported else str(kind)


def _layout(header: bytes, raw: bytes, log: FaultLog) -> Layout | None:
    """The layout; None, with the fault that says what the file is, or with what its header lacks."""
    head = first_bytes(raw)
    header_log = FaultLog(log.file)
    layout = read_header(header, header_log, head.partition(b"\n")[2].partition(b"\n")[0])
    look = None if layout is not None else look_of(head.removeprefix(BOM), log.file)
    if look is None and header_log.count == 1:
        header_log.go_on(import_remedy(head, log.file))
    if look is None:
        log.take(header_log)
    else:
        log.add(look.row, look.text)
    return layout


def _open(raw: bytes, tick: Tick) -> tuple[bytes, Iterable[bytes]]:
    """The first line, and the blocks of lines below it."""
    blocks = line_blocks(raw, tick)
    header, end, rest = next(blocks, b"").partition(b"\n")
    return header + end, chain([rest] if rest else [], blocks)


def _check_named(symbol: str, table: Table, layout: Layout, log: FaultLog) -> None:
    """Log a fault for every other symbol in a file whose source names one."""
    for name, row in table.first_rows().items():
        if name != symbol:
            text = f"{name!r} is not the {symbol!r} that was named; leave the name out to read every symbol"
            log.add(row, text, -1 if layout.symbol is None else layout.symbol)
            return


def check_rules(table: Table, layout: Layout, log: FaultLog) -> bool:
    """Log what the rules refuse, after what reading found, and return whether the file is newest-first."""
    if not len(table) and not log.count:
        log.add(log.header_row, "there are no bars in the file")
    _check_counts(table, layout, log)
    return check_bars(table, layout, log)


def check_bars(table: Table, layout: Layout, log: FaultLog) -> bool:
    """Log what the rules refuse of each bar and of their order, and return whether the file is newest-first.

    How many bars a symbol has is not looked at: a file may be one of several that are put together.
    """
    _check_figures(table, layout, log)
    _check_enclosing(table, layout, log)
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
