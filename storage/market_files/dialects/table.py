"""The table of all dialects, and which of them a file is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from storage.market_files.dialects import bulk, crypto, forex, frames, services, websites
from storage.market_files.dialects.base import FIELDS, Dialect, Form, Head, Series, is_number
from storage.market_files.dialects.names import Places, form_by_places, is_complete, places_of, trimmed

several, *usual = frames.DIALECTS

DIALECTS: tuple[Dialect, ...] = (
    several,
    *crypto.DIALECTS,
    *forex.DIALECTS,
    *bulk.DIALECTS,
    *websites.DIALECTS,
    *services.DIALECTS,
    *usual,
)
"""All dialects; the first that matches is meant."""

SEPARATORS = (",", "\t", ";", "|")


def recognise(head: Head, named: Mapping[str, str] | None = None) -> Form | None:
    """How to read a file that begins so: the first line that is some dialect's header, or its first bar.

    `named` are columns that a person named: by field, the name in the header, or the place from 1 where there is none.
    """
    if named:
        return _by_hand(head, named)
    for at, row in enumerate(head.rows):
        if len(row) < 4:
            continue
        for dialect in DIALECTS:
            form = dialect.match(head, at)
            if form is not None:
                return None if form.supplied and _has_names(head, at) else form
    return None


def _has_names(head: Head, at: int) -> bool:
    """Whether a line above the first bar names as many columns, in words that are not known."""
    width = len(head.row(at))
    return any(len(row) == width and sum(map(is_number, row)) <= 1 for row in head.rows[:at])


def _by_hand(head: Head, named: Mapping[str, str]) -> Form | None:
    for at, row in enumerate(head.rows):
        if not row:
            continue
        form = _named_at(head, at, named) or _counted_at(head, at, named)
        if form is not None:
            return form
    return None


def _named_at(head: Head, at: int, named: Mapping[str, str]) -> Form | None:
    """The form of a file whose header is this line, if it has all the names."""
    sample = head.row(at + 1)
    names = trimmed(head.row(at), len(sample)) if sample else tuple(head.row(at))
    lowered = [name.lower() for name in names]
    wanted = {field: name.strip().lower() for field, name in named.items()}
    if not set(wanted.values()) <= set(lowered):
        return None
    return _laid_over(head, at, names, {field: lowered.index(name) for field, name in wanted.items()})


def _laid_over(head: Head, at: int, names: tuple[str, ...], said: Places) -> Form | None:
    known = next((form for dialect in DIALECTS if (form := dialect.match(head, at)) is not None), None)
    places = places_of(names, head.row(at + 1)) if known is None else _places_of(known)
    if "ts" in said:
        places = {field: place for field, place in places.items() if field not in {"date", "time"}}
    if {"date", "time"} <= said.keys():
        places.pop("ts", None)
    places |= said
    if not is_complete(places):
        return None
    form = form_by_places("a table with columns named by hand", at + 1, names, places)
    if known is None or len(known.series) > 1:
        return form
    return replace(known, times=form.times, series=form.series, symbol=form.symbol)


def _counted_at(head: Head, at: int, named: Mapping[str, str]) -> Form | None:
    """The form of a file without a header, if this line is data and the columns are counted from 1."""
    row = head.row(at)
    if not all(name.strip().isdecimal() and 1 <= int(name) <= len(row) for name in named.values()):
        return None
    said = {field: int(name) - 1 for field, name in named.items()}
    known = next((form for dialect in DIALECTS if (form := dialect.match(head, at)) and form.supplied), None)
    places = said if known is None else _places_of(known) | said
    if known is None and not all(is_number(row[places[name]]) for name in ("open", "close") if name in places):
        return None
    if not is_complete(places):
        return None
    names = tuple(str(place) for place in range(1, len(row) + 1))
    return replace(form_by_places("a table without a header", at, names, places), headers=0)


def _places_of(form: Form) -> Places:
    series: Series = form.series[0]
    opening, high, low, close, volume = series.figures
    places: dict[str, int | None] = {
        "open": opening,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "adj_close": series.adjusted,
        "symbol": form.symbol,
    }
    places |= {"ts": form.times[0]} if len(form.times) == 1 else dict(zip(("date", "time"), form.times, strict=True))
    return {field: place for field in FIELDS if (place := places.get(field)) is not None}
