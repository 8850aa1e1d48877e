"""Files as vendors write them, from the vendors' descriptions and not from papertape's tables.

A writer takes bars and gives a file's name and content.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bar(NamedTuple):
    """A bar: its time in UTC and its figures as decimals."""

    when: datetime
    open: str
    high: str
    low: str
    close: str
    volume: str

    @property
    def micros(self) -> int:
        return (self.when - EPOCH) // timedelta(microseconds=1)

    @property
    def prices(self) -> list[str]:
        return [self.open, self.high, self.low, self.close]

    @property
    def ohlcv(self) -> list[str]:
        return [*self.prices, self.volume]


Written = tuple[str, bytes]
Write = Callable[[Sequence[Bar]], Written]


@dataclass(frozen=True)
class Vendor:
    """A vendor's writer.

    `zone` is that of its times, which must be told where `told`; `daily`: it holds days alone; `whole`: its volumes are
    whole; `cents`: prices have at most four decimals; `symbol` is the one in the file.
    """

    write: Write
    zone: str = "UTC"
    told: bool = False
    daily: bool = False
    whole: bool = False
    symbol: str = ""
    cents: bool = False
    volume: bool = True
    options: tuple[tuple[str, str], ...] = ()


def table(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\n", *, quoted: bool = False) -> str:
    out = io.StringIO()
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=style).writerows(rows)
    return out.getvalue()


def local(bar: Bar, zone: str, form: str) -> str:
    return bar.when.astimezone(ZoneInfo(zone)).strftime(form)


def plain(header: str, *, time: Callable[[Bar], str], cells: Callable[[Bar], list[str]], **how: object) -> Write:
    """A table: a time, then cells; the header's line first, if there is one."""

    def write(bars: Sequence[Bar]) -> Written:
        rows = [[*time(bar).split(","), *cells(bar)] for bar in bars]
        separator = str(how.get("separator", ","))
        text = table(rows[:: -1 if how.get("newest_first") else 1], separator, quoted=bool(how.get("quoted")))
        head = f"{header}\n" if header else ""
        return str(how.get("name", "bars.csv")), (str(how.get("above", "")) + head + text).encode(
            str(how.get("encoding", "utf-8"))
        )

    return write


def millis(bar: Bar) -> str:
    return str(bar.micros // 1000)


def seconds(bar: Bar) -> str:
    return str(bar.micros // 1_000_000)


def german(text: str) -> str:
    """A number with a decimal comma, and points between thousands."""
    whole, _, rest = text.partition(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{grouped},{rest}" if rest else grouped


def american(text: str) -> str:
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def short(text: str) -> str:
    """A volume as investing.com has it: 1234500 is 1.2345M."""
    value = Decimal(text)
    for power, letter in ((9, "B"), (6, "M"), (3, "K")):
        if value >= 10**power:
            return f"{format(value.scaleb(-power).normalize(), 'f')}{letter}"
    return text


def kline(bar: Bar) -> list[str]:
    return [*bar.ohlcv, str(bar.micros // 1000 + 59_999), "1.5", "12", "0.5", "0.75", "0"]


def deci_cents(bar: Bar) -> list[str]:
    return [str(int(Decimal(price) * 10_000)) for price in bar.prices] + [bar.volume]


def lean_minutes(bars: Sequence[Bar]) -> Written:
    """A day's minutes: milliseconds since midnight, in a zip whose member is named by the day."""
    day = bars[0].when.astimezone(ZoneInfo("America/New_York"))
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [[str((bar.when - midnight) // timedelta(milliseconds=1)), *deci_cents(bar)] for bar in bars]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{day:%Y%m%d}_spy_minute_trade.csv", table(rows))
    return f"{day:%Y%m%d}_trade.zip", out.getvalue()


def yfinance_three(bars: Sequence[Bar]) -> Written:
    head = [["Price", "Close", "High", "Low", "Open", "Volume"], ["Ticker", *["MSFT"] * 5], ["Date", *[""] * 5]]
    rows = [[f"{bar.when:%Y-%m-%d}", bar.close, bar.high, bar.low, bar.open, bar.volume] for bar in bars]
    return "msft.csv", table([*head, *rows]).encode()


def polygon_flat(bars: Sequence[Bar]) -> Written:
    head = ["ticker", "volume", "open", "close", "high", "low", "window_start", "transactions"]
    rows = [["SPY", bar.volume, bar.open, bar.close, bar.high, bar.low, str(bar.micros * 1000), "7"] for bar in bars]
    return "2020-01-02.csv", table([head, *rows]).encode()


def nasdaq(bars: Sequence[Bar]) -> Written:
    rows = [
        [f"{bar.when:%m/%d/%Y}", f"${bar.close}", bar.volume, f"${bar.open}", f"${bar.high}", f"${bar.low}"]
        for bar in reversed(bars)
    ]
    return "HistoricalData_1.csv", table([["Date", "Close/Last", "Volume", "Open", "High", "Low"], *rows]).encode()


def investing(bars: Sequence[Bar]) -> Written:
    head = ["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"]
    rows = [
        [f"{bar.when:%m/%d/%Y}", *map(american, (bar.close, bar.open, bar.high, bar.low)), short(bar.volume), "0.84%"]
        for bar in reversed(bars)
    ]
    return "AAPL Historical Data.csv", ("\ufeff" + table([head, *rows], quoted=True)).encode()


def crypto_data_download(bars: Sequence[Bar]) -> Written:
    head = ["unix", "date", "symbol", "open", "high", "low", "close", "Volume BTC", "Volume USDT", "tradecount"]
    rows = [
        [millis(bar), f"{bar.when:%Y-%m-%d %H:%M:%S}", "BTC/USDT", *bar.ohlcv, "88000", "5"] for bar in reversed(bars)
    ]
    return "Binance_BTCUSDT_1h.csv", ("https://www.CryptoDataDownload.com\n" + table([head, *rows])).encode()


def stooq(bars: Sequence[Bar]) -> Written:
    names = ("TICKER", "PER", "DATE", "TIME", "OPEN", "HIGH", "LOW", "CLOSE", "VOL", "OPENINT")
    rows = [["AAPL.US", "5", f"{bar.when:%Y%m%d}", f"{bar.when:%H%M%S}", *bar.ohlcv, "0"] for bar in bars]
    return "aapl.us.txt", table([[f"<{name}>" for name in names], *rows], end="\r\n").encode()


def metatrader_5(bars: Sequence[Bar]) -> Written:
    names = ("DATE", "TIME", "OPEN", "HIGH", "LOW", "CLOSE", "TICKVOL", "VOL", "SPREAD")
    rows = [[f"{bar.when:%Y.%m.%d}", f"{bar.when:%H:%M:%S}", *bar.ohlcv, "0", "12"] for bar in bars]
    return "EURUSD_H1.csv", table([[f"<{name}>" for name in names], *rows], "\t", "\r\n").encode("utf-16")


def german_broker(bars: Sequence[Bar]) -> Written:
    head = ["Datum", "Eröffnung", "Hoch", "Tief", "Schluss", "Volumen"]
    rows = [[f"{bar.when:%d.%m.%Y}", *map(german, bar.ohlcv)] for bar in bars]
    return "kurse.csv", ("sep=;\r\n" + table([head, *rows], ";", "\r\n")).encode("cp1252")


def yahoo_page(bars: Sequence[Bar]) -> Written:
    head = ["Date", "Open", "High", "Low", "Close*", "Adj Close**", "Volume"]
    rows = [
        [f"{bar.when:%b %d, %Y}", *map(american, bar.prices), bar.close, american(bar.volume)] for bar in reversed(bars)
    ]
    rows.insert(1, [f"{bars[0].when:%b %d, %Y}", "0.77 Dividend"])
    footer = "*Close price adjusted for splits.\n"
    return "yahoo.tsv", (table([head, *rows], "\t") + footer).encode()


def _extra(*more: str) -> Callable[[Bar], list[str]]:
    return lambda bar: [*bar.ohlcv, *more]


_OHLCV = "Open,High,Low,Close,Volume"
_NY = "America/New_York"

VENDORS: dict[str, Vendor] = {
    "Binance": Vendor(plain("", time=millis, cells=kline)),
    "Binance in microseconds": Vendor(plain("", time=lambda bar: str(bar.micros), cells=kline)),
    "Kraken": Vendor(plain("", time=seconds, cells=_extra("9"))),
    "ccxt": Vendor(plain("", time=millis, cells=_extra())),
    "MetaTrader 4": Vendor(
        plain("", time=lambda b: f"{b.when:%Y.%m.%d},{b.when:%H:%M}", cells=_extra()), whole=True
    ),
    "MetaTrader 5": Vendor(metatrader_5, whole=True),
    "FirstRate": Vendor(
        plain("", time=lambda b: local(b, _NY, "%Y-%m-%d %H:%M:%S"), cells=_extra()), zone=_NY, told=True
    ),
    "Kibot": Vendor(plain("", time=lambda b: local(b, _NY, "%m/%d/%Y,%H:%M"), cells=_extra()), zone=_NY, told=True),
    "LEAN days": Vendor(
        plain("", time=lambda b: f"{b.when:%Y%m%d %H:%M}", cells=deci_cents), daily=True, whole=True, cents=True
    ),
    "LEAN minutes": Vendor(lean_minutes, zone=_NY, told=True, whole=True, cents=True),
    "HistData": Vendor(
        plain("", time=lambda b: local(b, "Etc/GMT+5", "%Y%m%d %H%M%S"), cells=_extra(), separator=";"),
        zone="Etc/GMT+5", told=True, whole=True,
    ),
    "Yahoo": Vendor(
        plain("Date,Open,High,Low,Close,Adj Close,Volume", time=lambda b: f"{b.when:%Y-%m-%d}",
              cells=lambda b: [*b.prices, b.close, b.volume]),
        daily=True, whole=True,
    ),
    "Yahoo's page": Vendor(yahoo_page, daily=True, whole=True),
    "yfinance": Vendor(
        plain(f"Date,{_OHLCV},Dividends,Stock Splits", time=lambda b: local(b, _NY, "%Y-%m-%d %H:%M:%S%z"),
              cells=_extra("0.0", "0.0")),
        whole=True,
    ),
    "yfinance, three header rows": Vendor(yfinance_three, daily=True, whole=True, symbol="MSFT"),
    "Stooq": Vendor(stooq, whole=True, symbol="AAPL.US"),
    "TradingView": Vendor(plain("time,open,high,low,close,Volume,Volume MA", time=seconds, cells=_extra("3.5"))),
    "TradingView in ISO": Vendor(
        plain("time,open,high,low,close", time=lambda b: f"{b.when:%Y-%m-%dT%H:%M:%SZ}", cells=lambda b: b.prices),
        volume=False,
    ),
    "Dukascopy": Vendor(plain(f"Gmt time,{_OHLCV}", time=lambda b: f"{b.when:%d.%m.%Y %H:%M:%S}.000", cells=_extra())),
    "Dukascopy, local times": Vendor(
        plain(f"Local time,{_OHLCV}", time=lambda b: local(b, "Europe/Zurich", "%d.%m.%Y %H:%M:%S.000 GMT%z"),
              cells=_extra())
    ),
    "Dukascopy, a zone for a name": Vendor(
        plain(f"Europe/Zurich,{_OHLCV}", time=lambda b: local(b, "Europe/Zurich", "%Y.%m.%d %H:%M:%S"), cells=_extra())
    ),
    "Alpha Vantage": Vendor(
        plain("timestamp,open,high,low,close,volume", time=lambda b: local(b, _NY, "%Y-%m-%d %H:%M:%S"), cells=_extra(),
              newest_first=True),
        zone=_NY, told=True, whole=True,
    ),
    "Polygon": Vendor(
        plain("t,o,h,l,c,v,vw,n", time=millis, cells=_extra("1.5", "3")),
    ),
    "Polygon, flat files": Vendor(polygon_flat, symbol="SPY"),
    "Alpaca": Vendor(
        plain("timestamp,open,high,low,close,volume,trade_count,vwap", time=lambda b: f"{b.when:%Y-%m-%dT%H:%M:%SZ}",
              cells=_extra("10", "1.5"))
    ),
    "Interactive Brokers": Vendor(
        plain("date,open,high,low,close,volume,average,barCount",
              time=lambda b: local(b, _NY, "%Y%m%d %H:%M:%S US/Eastern"), cells=_extra("1.5", "3")),
        zone=_NY,
    ),
    "Interactive Brokers, two spaces": Vendor(
        plain("date,open,high,low,close,volume,barCount,WAP", time=lambda b: local(b, _NY, "%Y%m%d  %H:%M:%S"),
              cells=_extra("3", "1.5")),
        zone=_NY, told=True,
    ),
    "Nasdaq": Vendor(nasdaq, daily=True, whole=True),
    "investing.com": Vendor(investing, daily=True, whole=True, options=(("time_format", "%m/%d/%Y"),)),
    "CryptoDataDownload": Vendor(crypto_data_download, symbol="BTC/USDT"),
    "pandas, an index without a name": Vendor(
        plain(f",{_OHLCV}", time=lambda b: f"{b.when:%Y-%m-%d %H:%M:%S}", cells=_extra())
    ),
    "a German broker": Vendor(german_broker, daily=True),
    "pipes": Vendor(
        plain("time|open|high|low|close|volume", time=seconds, cells=_extra(), separator="|", above="# bars\n\n")
    ),
}  # fmt: skip
"""By name, the vendors whose files are written."""
