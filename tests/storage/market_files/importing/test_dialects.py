"""Every dialect: written as the vendor does, imported, compared bar for bar, decimals included."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.market_files import load_dataset
from storage.market_files.dialects.heads import find
from storage.market_files.dialects.table import DIALECTS
from storage.market_files.importing.opening import open_texts
from tests.storage.market_files.importing.bars import bars, expected, imported, rows_of, some
from tests.storage.market_files.importing.writers import VENDORS, Vendor

CALLED = {
    **dict.fromkeys(("Binance", "Binance in microseconds"), "a Binance kline file"),
    "Kraken": "a Kraken OHLCVT file",
    "ccxt": "what ccxt's fetch_ohlcv gives",
    "MetaTrader 4": "a MetaTrader 4 export",
    "MetaTrader 5": "a MetaTrader 5 export",
    "FirstRate": "a FirstRate Data file",
    "Kibot": "a Kibot file",
    **dict.fromkeys(("LEAN days", "LEAN minutes"), "a LEAN (QuantConnect) file"),
    "HistData": "a HistData file",
    "Yahoo": "a Yahoo file",
    "Yahoo's page": "a table copied from Yahoo's page",
    "yfinance": "what yfinance writes",
    "yfinance, three header rows": "what yfinance writes with several header rows",
    "Stooq": "a Stooq file",
    **dict.fromkeys(("TradingView", "TradingView in ISO"), "a table with the names of TradingView"),
    **dict.fromkeys(("Dukascopy", "Dukascopy, local times", "Dukascopy, a zone for a name"), "a Dukascopy export"),
    "Alpha Vantage": "a table with the names of Alpha Vantage",
    "Polygon": "what Polygon's or Alpaca's API gives",
    "Polygon, flat files": "a Polygon flat file",
    "Alpaca": "an Alpaca file",
    **dict.fromkeys(("Interactive Brokers", "Interactive Brokers, two spaces"), "an Interactive Brokers file"),
    "Nasdaq": "a Nasdaq export",
    "investing.com": "an investing.com export",
    "CryptoDataDownload": "a CryptoDataDownload file",
    "pandas, an index without a name": "a table of pandas",
    "a German broker": "a table with names in its first row",
    "pipes": "a table with the names of TradingView",
}

SEVERAL = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def options_of(vendor: Vendor) -> dict[str, str]:
    return dict(vendor.options) | ({"zone": vendor.zone} if vendor.told else {})


def alike(figure: str) -> Decimal:
    """A figure by its value: LEAN's prices and investing.com's volumes are written anew, and exactly."""
    return Decimal(figure)


@pytest.mark.parametrize("name", VENDORS)
@SEVERAL
@given(data=st.data())
def test_what_a_vendor_writes_comes_back_bar_for_bar(name: str, data: st.DataObject, tmp_path: Path) -> None:
    vendor = VENDORS[name]
    made = data.draw(bars(daily=vendor.daily, whole=vendor.whole, cents=vendor.cents))
    result = imported(tmp_path, vendor.write(made), **options_of(vendor))
    if not vendor.volume:
        made = [bar._replace(volume="0") for bar in made]
    front = 1 if vendor.symbol else 0
    wanted, rows = expected(made, vendor.symbol), rows_of(result)
    assert [row[: front + 1] for row in rows] == [row[: front + 1] for row in wanted]
    assert [list(map(alike, row[front + 1 :])) for row in rows] == [
        list(map(alike, row[front + 1 :])) for row in wanted
    ]
    if not vendor.cents and name != "investing.com":
        assert rows == wanted, "the decimals are those of the file"


@pytest.mark.parametrize("name", VENDORS)
def test_what_is_made_is_what_papertape_reads(name: str, tmp_path: Path) -> None:
    vendor = VENDORS[name]
    made = some(daily=vendor.daily)
    for to in ("out.csv", "out.csv.gz", "out.parquet"):
        result = imported(tmp_path, vendor.write(made), to=to, **options_of(vendor))
        (tmp_path / to).write_bytes(result.content)
        dataset = load_dataset([(None if vendor.symbol else "X", tmp_path / to)])
        (read,) = dataset.bars.values()
        assert read.ts.tolist() == [bar.micros for bar in made]
        assert read.close.tolist() == [float(bar.close) for bar in made]
        assert dataset.sha256 == result.sha256


def test_the_vendors_of_the_table_are_named_once() -> None:
    names = [dialect.vendor for dialect in DIALECTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_is_called_by_its_name(name: str) -> None:
    vendor = VENDORS[name]
    made = some(daily=vendor.daily)
    file, content = vendor.write(made)
    (text,) = open_texts(file, content)
    found = find(text.content, text.name)
    assert found is not None
    assert found.form.called == CALLED[name]
