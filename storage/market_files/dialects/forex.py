"""Platforms and collections of foreign exchange: MetaTrader, Dukascopy, HistData."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import available_timezones

from storage.market_files.dialects.base import DayOrder, Dialect, Form, Head, Series, key_of, layout
from storage.market_files.dialects.names import form_by_places, header, is_complete, places_of

_ZONE = re.compile(r"\((UTC|GMT|EET)\)", re.I)
_ZONE_NAME = re.compile(r"[A-Z][A-Za-z]+(/[A-Za-z_]+)?")
_DUKASCOPY = "a Dukascopy export"
_BARS = "open high low close volume"


def _traded_volume(head: Head, form: Form) -> Form:
    """MetaTrader 5 writes two volumes; the traded one is 0 throughout where the broker knows only ticks."""
    keys = [key_of(name) for name in form.names]
    if not {"vol", "tickvol"} <= {*keys}:
        return form
    traded = [row[keys.index("vol")] for row in head.rows[form.first :] if len(row) == len(keys)]
    volume = keys.index("vol") if any(cell.strip("0.") for cell in traded) else keys.index("tickvol")
    (series,) = form.series
    opening, high, low, close, _ = series.figures
    return replace(form, series=(Series((opening, high, low, close, volume), series.adjusted),))


def _in_gmt(_: Head, form: Form) -> Form:
    return replace(form, zone="UTC")


def _in_named_zone(_: Head, form: Form) -> Form | None:
    """The header says in which zone the times are; without that it is none of Dukascopy's."""
    named = _ZONE.search(form.names[form.times[0]])
    return None if named is None else replace(form, zone="EET" if named[1].upper() == "EET" else "UTC")


def _zone_for_a_name(head: Head, at: int) -> Form | None:
    """The column of times is called by the zone alone: `Etc/UTC`."""
    names = head.row(at)
    if not names or not _ZONE_NAME.fullmatch(names[0]) or names[0] not in available_timezones():
        return None
    places = places_of(("ts", *names[1:]), head.row(at + 1))
    form = form_by_places(_DUKASCOPY, at + 1, names, places) if is_complete(places) else None
    return None if form is None else replace(form, zone=names[0], order=DayOrder.DAY_FIRST)


DIALECTS: tuple[Dialect, ...] = (
    layout(
        "MetaTrader 4",
        "a MetaTrader 4 export",
        "2020.01.02,00:00,1.12120,1.12145,1.12110,1.12130,532",
        {"dtnnnni": f"date time {_BARS}", "dnnnni": "ts open high low close volume"},
        separators=",\t;",
        note="no header; times of the broker's server",
    ),
    header(
        "MetaTrader 5",
        "a MetaTrader 5 export",
        "<DATE>⇥<TIME>⇥<OPEN>⇥<HIGH>⇥<LOW>⇥<CLOSE>⇥<TICKVOL>⇥<VOL>⇥<SPREAD>",
        ("date", "open", "close", "tickvol"),
        adapt=_traded_volume,
        note="tabs; the volume is `<VOL>`, or `<TICKVOL>` where that is 0; times of the broker's server",
    ),
    header(
        "Dukascopy",
        _DUKASCOPY,
        "Gmt time,Open,High,Low,Close,Volume ⏎ 01.01.2020 00:00:00.000,…",
        ("gmt time", "open"),
        adapt=_in_gmt,
        order=DayOrder.DAY_FIRST,
    ),
    header(
        "Dukascopy, local times",
        _DUKASCOPY,
        "Local time,Open,High,Low,Close,Volume ⏎ 01.01.2020 00:00:00.000 GMT+0100,…",
        ("local time", "open"),
        order=DayOrder.DAY_FIRST,
    ),
    header(
        "Dukascopy, a named zone",
        _DUKASCOPY,
        "Time (EET),Open,High,Low,Close,Volume ⏎ 2020.01.01 00:00:00,…",
        ("time", "open"),
        adapt=_in_named_zone,
        order=DayOrder.DAY_FIRST,
    ),
    Dialect(
        "Dukascopy, a zone for a name",
        _DUKASCOPY,
        "Etc/UTC,Open,High,Low,Close,Volume ⏎ 2020.01.01 00:00:00,…",
        _zone_for_a_name,
    ),
    layout(
        "HistData",
        "a HistData file",
        "20200102 170000;1.12120;1.12145;1.12110;1.12130;0",
        {"hnnnni": "ts open high low close volume"},
        separators=";,",
        custom="Etc/GMT+5",
        note="no header; times of New York without summer time: `--timezone Etc/GMT+5`",
    ),
)
