"""Files that people save from web sites: Yahoo, Stooq, Nasdaq, investing.com."""

from __future__ import annotations

from storage.market_files.dialects.base import DayOrder, Dialect
from storage.market_files.dialects.names import header

_INVESTING = "an investing.com export"

DIALECTS: tuple[Dialect, ...] = (
    header(
        "Yahoo",
        "a Yahoo file",
        "Date,Open,High,Low,Close,Adj Close,Volume",
        ("date", "open", "adj close", "volume"),
        note="`--adjusted` takes `Adj Close`; rows of `null` need `--drop null-rows`",
    ),
    header(
        "Yahoo, copied from the page",
        "a table copied from Yahoo's page",
        "Date⇥Open⇥High⇥Low⇥Close*⇥Adj Close**⇥Volume ⏎ Jan 02, 2020⇥…",
        ("date", "open", "close*"),
        own={"close": ("close*",), "adj_close": ("adj close**",)},
        note="rows of dividends and splits are left out",
    ),
    header(
        "yfinance",
        "what yfinance writes",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        ("date", "open", "dividends", "stock splits"),
        note="times with their offset",
    ),
    header(
        "yfinance, within days",
        "what yfinance writes",
        "Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        ("datetime", "open", "dividends", "stock splits"),
    ),
    header(
        "Stooq",
        "a Stooq file",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        ("ticker", "per", "date", "open"),
        note="with `Date,Open,High,Low,Close,Volume`, and the Polish names, too",
    ),
    header(
        "Stooq, in Polish", "a Stooq file", "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", ("data", "otwarcie")
    ),
    header(
        "Nasdaq",
        "a Nasdaq export",
        "Date,Close/Last,Volume,Open,High,Low ⏎ 01/02/2020,$75.0875,135647456,…",
        ("date", "close/last", "open"),
        order=DayOrder.MONTH_FIRST,
        note="newest first; `$` is taken off; the month comes first",
    ),
    header(
        "investing.com",
        _INVESTING,
        '"Date","Price","Open","High","Low","Vol.","Change %"',
        ("date", "price", "open", "change %"),
        note="`1.5M` is 1500000; editions write day and month differently, so `--time-format` may be asked for",
    ),
    header(
        "investing.com, in German",
        _INVESTING,
        '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"',
        ("datum", "zuletzt", "hoch"),
    ),
)
