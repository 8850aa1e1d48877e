"""What pandas writes: an index without a name, header rows of several levels, and any table with the usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storage.market_files.dialects.base import Dialect, Form, Head, Series, is_number, key_of
from storage.market_files.dialects.names import form_by_places, is_complete, places_of, trimmed
from storage.market_files.layout import is_time

_YFINANCE = "what yfinance writes with several header rows"
_PRICES = frozenset({"open", "high", "low", "close", "volume", "adj close"})


def _several_rows(head: Head, at: int) -> Form | None:
    """Header rows of prices and of tickers, either above the other, and perhaps one with the name of the index."""
    upper, lower = head.row(at), head.row(at + 1)
    if len(upper) < 5 or len(lower) != len(upper):
        return None
    if _are_prices(upper[1:]) and lower[0] and not any(lower[1:]):
        return _by_name(head, at + 2, upper)
    for prices, tickers in ((upper, lower), (lower, upper)):
        if _are_prices(prices[1:]) and _are_tickers(tickers[1:]):
            return _by_ticker(head, at + 2, prices, tickers)
    return None


def _are_prices(cells: Sequence[str]) -> bool:
    return {key_of(cell) for cell in cells} <= _PRICES and len(cells) >= 4


def _are_tickers(cells: Sequence[str]) -> bool:
    return all(cells) and not any(map(is_number, cells)) and not _are_prices(cells)


def _by_name(head: Head, first: int, prices: Sequence[str]) -> Form | None:
    """One header row, and one with the index's name alone below it."""
    names = ("ts", *prices[1:])
    places = places_of(names, head.row(first))
    return replace(form_by_places(_YFINANCE, first, names, places), headers=2) if is_complete(places) else None


def _by_ticker(head: Head, first: int, prices: Sequence[str], tickers: Sequence[str]) -> Form | None:
    at, index = first - 2, head.row(first)
    if index and not any(index[1:]):  # the row that holds the index's name alone
        first += 1
    if not head.row(first) or not is_time(head.row(first)[0]):
        return None
    series = []
    for ticker in dict.fromkeys(tickers[1:]):
        own = {key_of(prices[at]): at for at in range(1, len(prices)) if tickers[at] == ticker}
        if not {"open", "high", "low", "close"} <= own.keys():
            return None
        figures = (own["open"], own["high"], own["low"], own["close"], own.get("volume"))
        series.append(Series(figures, own.get("adj close"), ticker))
    names = ("ts", *(f"{price} {ticker}" for price, ticker in zip(prices[1:], tickers[1:], strict=True)))
    return Form(_YFINANCE, first, names, (0,), tuple(series), headers=first - at)


def _usual_names(called: str, *, nameless: bool) -> Dialect:
    def match(head: Head, at: int) -> Form | None:
        sample = head.row(at + 1)
        names = trimmed(head.row(at), len(sample)) if sample else tuple(head.row(at))
        places = places_of(names, sample)
        if not is_complete(places) or (nameless and key_of(names[places.get("ts", 0)]) in {"ts", "date", "time"}):
            return None
        if nameless and (places.get("ts") != 0 or names[0] not in {"", "Unnamed: 0", "index", "__index_level_0__"}):
            return None
        return form_by_places(called, at + 1, names, places)

    if nameless:
        example, vendor = ",Open,High,Low,Close,Volume ⏎ 2020-01-02,…", "pandas, an index without a name"
        return Dialect(vendor, called, example, match, "of CSV, Parquet and Feather")
    example, vendor = "Datum;Erster;Hoch;Tief;Schlusskurs;Volumen ⏎ 02.01.2020;171,50;…", "any other file with a header"
    note = "the usual names in several languages; `--column` says what is not told"
    return Dialect(vendor, called, example, match, note)


DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "yfinance, two or three header rows",
        _YFINANCE,
        "Price,Close,High,Low,Open,Volume ⏎ Ticker,MSFT,MSFT,… ⏎ Date,,,,, ⏎ 2023-02-17,…",
        _several_rows,
        "each ticker becomes a symbol",
    ),
    _usual_names("a table of pandas", nameless=True),
    _usual_names("a table with names in its first row", nameless=False),
)
