"""Brokers and services that programs ask: Alpha Vantage, Polygon, Alpaca, Interactive Brokers, TradingView."""

from __future__ import annotations

from storage.market_files.dialects.base import Dialect, Form, Head
from storage.market_files.dialects.names import header

_NEW_YORK = "America/New_York"


def _one_time(_: Head, form: Form) -> Form | None:
    """TradingView writes one column of times; a date beside it is of somebody else."""
    return form if len(form.times) == 1 else None


DIALECTS: tuple[Dialect, ...] = (
    header(
        "Alpha Vantage, adjusted",
        "an Alpha Vantage file",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        ("timestamp", "open", "adjusted close"),
        custom=_NEW_YORK,
        note="newest first; `--adjusted` takes `adjusted_close`",
    ),
    header(
        "Polygon, flat files",
        "a Polygon flat file",
        "ticker,volume,open,close,high,low,window_start,transactions",
        ("ticker", "window start", "open"),
        note="nanoseconds; a file holds all symbols of a day: give many files and `--symbol`",
    ),
    header(
        "Alpaca",
        "an Alpaca file",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap",
        ("timestamp", "open", "trade count", "vwap"),
        note="the column `symbol` may be missing",
    ),
    header(
        "Polygon or Alpaca, as their interface names it",
        "what Polygon's or Alpaca's API gives",
        "t,o,h,l,c,v,vw,n",
        ("t", "o", "h", "l", "c", "v"),
    ),
    header(
        "Interactive Brokers",
        "an Interactive Brokers file",
        "date,open,high,low,close,volume,average,barCount ⏎ 20200102 09:30:00 US/Eastern,…",
        ("date", "open", "average", "barcount"),
        no_volume="-1",
        note="times with two spaces, or with a zone; a volume of -1 is none",
    ),
    header(
        "Interactive Brokers, older",
        "an Interactive Brokers file",
        "date,open,high,low,close,volume,barCount,WAP",
        ("date", "open", "barcount"),
        no_volume="-1",
    ),
    header(
        "TradingView",
        "a table with the names of TradingView",
        "time,open,high,low,close,Volume ⏎ 1577923200,74.06,…",
        ("time", "open", "close"),
        adapt=_one_time,
        note="seconds, or ISO with an offset; indicators beside the prices are left out",
    ),
    header(
        "Alpha Vantage",
        "a table with the names of Alpha Vantage",
        "timestamp,open,high,low,close,volume",
        ("timestamp", "open", "close"),
        note="newest first is turned round; times within days are of New York: `--timezone America/New_York`",
    ),
)
