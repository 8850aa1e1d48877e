"""Columns told by their names: those of a vendor first, then the names that many use, in several languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from storage.market_files.dialects.base import FIELDS, Dialect, Form, Head, Series, key_of
from storage.market_files.layout import FIGURES, INDEX, is_time

USUAL: Mapping[str, tuple[str, ...]] = {
    "ts": (
        *("ts", "window start", "unix", "unix timestamp", "unix time", "timestamp", "datetime", "date time"),
        *("date/time", "open time", "opentime", "time utc", "gmt time", "local time", "time eet", "t", "begin"),
        *("timestamp utc", "date gmt", "candle begin time", "start time", "bar time"),
    ),
    "date": ("date", "datum", "data", "fecha", "tarih", "dtyyyymmdd"),
    "time": ("time", "zeit", "uhrzeit", "hora", "heure", "ora", "saat"),
    "open": ("open", "o", "open price", "erster", "eröffnung", "eröffn", "eröffnungskurs", "ouverture", "ouv",
             "apertura", "abertura", "otwarcie", "first"),
    "high": ("high", "h", "high price", "hoch", "tageshoch", "haut", "plus haut", "max", "massimo", "máximo", "máxima",
             "maximo", "najwyzszy", "yüksek"),
    "low": ("low", "l", "low price", "tief", "tagestief", "bas", "plus bas", "min", "minimo", "mínimo", "mínima",
            "najnizszy", "düşük"),
    "close": ("close", "c", "close/last", "close price", "schlusskurs", "schluss", "zuletzt", "clôture", "cloture",
              "dernier", "chiusura", "ultimo", "cierre", "último", "zamkniecie", "şimdi", "last", "price"),
    "volume": ("vol", "volume", "v", "stück", "stuecke", "volumen", "wolumen", "tickvol", "tick volume", "qty",
               "base volume", "hacim"),
    "adj_close": ("adj close", "adjclose", "adjusted close", "adj close**", "adjusted"),
    "symbol": ("symbol", "ticker", "instrument", "name", "tic", "code"),
}  # fmt: skip
"""By field, the names that mean it, the one to be preferred first."""
_NAMELESS = frozenset({"", "unnamed: 0", "index", key_of(INDEX)})
_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
"""A time of day alone."""

Places = dict[str, int]
"""The places of columns by their field."""


def places_of(names: Sequence[str], sample: Sequence[str], own: Mapping[str, Sequence[str]] | None = None) -> Places:
    """The columns that can be told by name; `own` are a vendor's names, `sample` is the first row below the header.

    A doubled name is told as none, so that a person says which is meant.
    """
    keys = [key_of(name) for name in names]
    places: Places = {}
    for field in FIELDS:
        for name in (*(own or {}).get(field, ()), *USUAL.get(field, ())):
            if keys.count(name) == 1:
                places[field] = keys.index(name)
                break
            if name in keys:
                break
    _choose_volume(keys, sample, places)
    return _choose_time(keys, sample, places)


def _choose_time(keys: Sequence[str], sample: Sequence[str], places: Places) -> Places:
    """One time column, or a date with a time: an epoch or a whole time is preferred to a date that is beside it."""
    if "ts" in places:
        at = places["ts"]
        if "date" in places and at < len(sample) and _OF_DAY.fullmatch(sample[at]):
            return {"time": at} | _without(places, "ts", "time")
        return _without(places, "date", "time")
    if "date" in places and "time" in places:
        return places
    for field in ("date", "time"):
        if field in places:
            return {"ts": places[field]} | _without(places, "date", "time")
    if keys and keys[0] in _NAMELESS and sample and is_time(sample[0]):
        return {"ts": 0} | places
    return places


def _without(places: Places, *fields: str) -> Places:
    return {field: place for field, place in places.items() if field not in fields}


def _choose_volume(keys: Sequence[str], sample: Sequence[str], places: Places) -> None:
    """Of several volumes, the one in the base currency: `Volume BTC` of BTC/USDT, else the first."""
    volumes = [place for place, key in enumerate(keys) if key.startswith("volume ") and "ma" not in key.split()]
    if "volume" in places or not volumes:
        return
    at = places.get("symbol")
    symbol = sample[at].lower() if at is not None and at < len(sample) else ""
    based = [place for place in volumes if symbol.startswith(keys[place].removeprefix("volume "))]
    places["volume"] = (based or volumes)[0]


def is_complete(places: Places) -> bool:
    """Whether the columns of a bar are all told; a volume may be missing."""
    return all(name in places for name in FIGURES[:4]) and ("ts" in places or {"date", "time"} <= places.keys())


def form_by_places(called: str, first: int, names: Sequence[str], places: Places) -> Form:
    """The form of a file whose columns were told; call it for a complete set."""
    times = (places["ts"],) if "ts" in places else (places["date"], places["time"])
    opening, high, low, close = (places[name] for name in FIGURES[:4])
    series = Series((opening, high, low, close, places.get("volume")), places.get("adj_close"))
    return Form(called, first, tuple(names), times, (series,), places.get("symbol"))


def trimmed(names: Sequence[str], width: int) -> tuple[str, ...]:
    """A header as wide as its rows, where one of them ends in a separator and the other does not."""
    if len(names) == width + 1 and not names[-1]:
        return tuple(names[:-1])
    return (*names, "") if len(names) == width - 1 else tuple(names)


def header(
    vendor: str,
    called: str,
    example: str,
    has: Sequence[str],
    *,
    own: Mapping[str, Sequence[str]] | None = None,
    adapt: Callable[[Head, Form], Form | None] | None = None,
    note: str = "",
    **more: object,
) -> Dialect:
    """A dialect told by the names in its header: all of `has` (as `key_of` gives them) are there."""

    def match(head: Head, at: int) -> Form | None:
        sample = head.row(at + 1)
        names = trimmed(head.row(at), len(sample)) if sample else tuple(head.row(at))
        if not {*has} <= {key_of(name) for name in names}:
            return None
        places = places_of(names, sample, own)
        if not is_complete(places):
            return None
        form = replace(form_by_places(called, at + 1, names, places), **more)  # type: ignore[arg-type]
        return adapt(head, form) if adapt else form

    return Dialect(vendor, called, example, match, note)
