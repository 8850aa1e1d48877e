"""Exchanges of coins and who collects from them: Binance, Kraken, ccxt, CryptoDataDownload."""

from __future__ import annotations

from storage.market_files.dialects.base import Dialect, layout
from storage.market_files.dialects.names import header

_KLINE = "ts open high low close volume close_time quote_volume count taker_buy_volume taker_buy_quote_volume ignore"

DIALECTS: tuple[Dialect, ...] = (
    layout(
        "Binance",
        "a Binance kline file",
        "1577836800000,7195.24,7196.25,7183.14,7186.68,51.64,1577836859999,…",
        {"mnnnnnmninnn": _KLINE, "mnnnnnmninn": _KLINE.removesuffix(" ignore")},
        note="no header; milliseconds, from 2025 on microseconds",
    ),
    header(
        "Binance, with its header",
        "a Binance kline file",
        "open_time,open,high,low,close,volume,close_time,…",
        ("open time", "open", "close time"),
    ),
    layout(
        "Kraken",
        "a Kraken OHLCVT file",
        "1577836800,7168.5,7170.1,7168.5,7169.9,1.52,12",
        {
            "snnnnni": "ts open high low close volume trades",
            "snnnnnni": "ts open high low close vwap volume trades",
        },
        note="no header; seconds, then volume and trades",
    ),
    layout(
        "ccxt",
        "what ccxt's fetch_ohlcv gives",
        "1577836800000,7195.24,7196.25,7183.14,7186.68,51.64",
        {"mnnnnn": "ts open high low close volume"},
        note="rows of [ms, open, high, low, close, volume] without a header",
    ),
    header(
        "CryptoDataDownload",
        "a CryptoDataDownload file",
        "https://www.CryptoDataDownload.com ⏎ Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD",
        ("unix", "date", "symbol", "open"),
        note="the address in the first line is passed over; `Unix` is the time, the volume that of the coin",
    ),
    header(
        "CryptoDataDownload, older",
        "a CryptoDataDownload file",
        "https://www.CryptoDataDownload.com ⏎ Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD",
        ("date", "symbol", "open", "volume usd"),
        note="hours such as `2019-10-17 09-AM` are read",
    ),
    header(
        "Gemini, by CryptoDataDownload",
        "a CryptoDataDownload file",
        "Unix Timestamp,Date,Symbol,Open,High,Low,Close,Volume",
        ("unix timestamp", "date", "symbol", "open"),
    ),
)
