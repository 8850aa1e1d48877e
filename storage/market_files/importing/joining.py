"""Parts of several files put together, symbol by symbol; where they overlap they must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.errors import DataError
from engine.market.bars import FloatArray, IntArray
from engine.market.sessions import iso
from storage.market_files.importing.columns import TextArray
from storage.market_files.importing.options import Counted, ImportOptions
from storage.market_files.importing.reading import Part
from storage.market_files.layout import FIGURES
from storage.market_files.table import KEPT

Column = TypeVar("Column", FloatArray, TextArray)


@dataclass(slots=True)
class Joined:
    """One symbol's bars, oldest first, shape (n,).

    `texts` are the decimals of open, high, low, close and volume as they will be written; `adjusted` the adjusted
    closes, None where there are none.
    """

    symbol: str | None
    ts: IntArray
    texts: list[TextArray]
    values: list[FloatArray]
    adjusted: FloatArray | None


@dataclass(slots=True)
class _Piece:
    """The rows of one symbol in one part, oldest first."""

    part: Part
    places: IntArray | slice
    count: int


def join(parts: Sequence[Part], options: ImportOptions) -> list[Joined]:
    """The bars of each symbol of all parts. Raises DataError where they do not agree."""
    pieces: dict[str | None, list[_Piece]] = {}
    for part in parts:
        for code, symbol in enumerate(part.symbols):
            piece = _piece(part, code)
            if piece.count:
                pieces.setdefault(symbol, []).append(piece)
    chosen = _chosen(pieces, options.symbol)
    if None in chosen and len(chosen) > 1:
        raise DataError("some files name their symbols and some do not", hint="import them one by one, or say --symbol")
    faults: list[str] = []
    joined = [_joined(symbol, own, faults) for symbol, own in chosen.items()]
    joined = [bars for bars in joined if len(bars.ts)]
    faults += [f"{bars.symbol or 'the file'} has 1 bar; at least 2 are needed" for bars in joined if len(bars.ts) < 2]
    if faults:
        counted = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
        raise DataError(f"{counted} in the data, nothing was written", faults=faults[:KEPT], fault_count=len(faults))
    return joined


def _piece(part: Part, code: int) -> _Piece:
    """The rows of one symbol of a part; all rows in order are a slice, which copies nothing."""
    if len(part.symbols) == 1 and np.all(part.ts[1:] > part.ts[:-1]):
        return _Piece(part, slice(None), len(part.rows))
    places = np.flatnonzero(part.codes == code)
    places = places[np.argsort(part.ts[places], kind="stable")]
    return _Piece(part, places, len(places))


def _chosen(pieces: dict[str | None, list[_Piece]], symbol: str) -> dict[str | None, list[_Piece]]:
    """The pieces to be kept: `--symbol` names the one symbol of the files, or picks one of several."""
    if not symbol:
        return pieces
    if symbol in pieces and len(pieces) > 1:
        for other, own in pieces.items():
            if other != symbol:
                for piece in own:
                    _count_left_out(piece)
        return {symbol: pieces[symbol]}
    if len(pieces) > 1:
        names = ", ".join(str(name) for name in list(pieces)[:8] if name is not None)
        raise DataError(
            f"--symbol {symbol} is none of the {len(pieces)} symbols in the data ({names})", hint="name one of them"
        )
    renamed = [(old, piece) for old, own in pieces.items() for piece in own]
    for old, piece in renamed:
        if old is not None and old != symbol:
            piece.part.report.changed.append(Counted(piece.count, f"the symbol {old} is called {symbol}"))
    return {symbol: [piece for _, piece in renamed]}


def _count_left_out(piece: _Piece) -> None:
    """One line for all symbols of a file that are left out."""
    dropped, what = piece.part.report.dropped, "of other symbols, by --symbol"
    before = next((each for each in dropped if each.what == what), None)
    if before is not None:
        dropped.remove(before)
    dropped.append(Counted(piece.count + (before.count if before else 0), what))


def _joined(symbol: str | None, pieces: Sequence[_Piece], faults: list[str]) -> Joined:
    source = np.concatenate([np.full(piece.count, at) for at, piece in enumerate(pieces)])
    ts = np.concatenate([piece.part.ts[piece.places] for piece in pieces])
    values = [_whole([piece.part.figures[at].values[piece.places] for piece in pieces]) for at in range(5)]
    texts = [_whole([piece.part.figures[at].texts[piece.places] for piece in pieces]) for at in range(5)]
    adjusted = _adjusted(pieces)
    if len(pieces) > 1:
        order = np.argsort(ts, kind="stable")
        keep = np.ones(len(order), np.bool_)
        again = np.flatnonzero(ts[order][1:] == ts[order][:-1]) + 1
        rows = np.concatenate([piece.part.rows[piece.places] for piece in pieces])
        for at in again.tolist():
            later, earlier = int(order[at]), int(order[at - 1])
            differs = [name for name, column in zip(FIGURES, values, strict=True) if column[later] != column[earlier]]
            if differs:
                faults.append(_disagreement(pieces, source, rows, earlier, later, int(ts[later]), differs[0], values))
            keep[at] = False
        order = order[keep]
        _tell_overlap(pieces, source, set(again.tolist()), order, len(ts))
        ts, values, texts = ts[order], [column[order] for column in values], [column[order] for column in texts]
        adjusted = None if adjusted is None else adjusted[order]
    return Joined(symbol, ts, texts, values, adjusted)


def _whole(columns: list[Column]) -> Column:
    """Columns as one; a lone one as it is."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _adjusted(pieces: Sequence[_Piece]) -> FloatArray | None:
    columns = [piece.part.adjusted.values[piece.places] for piece in pieces if piece.part.adjusted is not None]
    return np.concatenate(columns) if len(columns) == len(pieces) else None


def _disagreement(
    pieces: Sequence[_Piece],
    source: IntArray,
    rows: IntArray,
    earlier: int,
    later: int,
    ts: int,
    name: str,
    values: Sequence[FloatArray],
) -> str:
    column = values[FIGURES.index(name)]
    first, second = pieces[int(source[earlier])].part.report.file, pieces[int(source[later])].part.report.file
    return (
        f"{second}: row {rows[later]}: the {name} of {iso(ts)} is {column[later]}, and {column[earlier]} in row "
        f"{rows[earlier]} of {first}"
    )


def _tell_overlap(pieces: Sequence[_Piece], source: IntArray, again: set[int], order: IntArray, count: int) -> None:
    """Count, for each file, the bars that an earlier file has too."""
    kept = np.zeros(count, np.bool_)
    kept[order] = True
    for at, piece in enumerate(pieces):
        twice = int(np.count_nonzero(~kept & (source == at)))
        if twice:
            piece.part.report.dropped.append(Counted(twice, "in an earlier file too, and alike"))
