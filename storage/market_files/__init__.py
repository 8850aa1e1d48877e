"""Market data files, CSV (also gzipped) and Parquet: read whole, refused with every fault named, written exactly."""

from storage.market_files.csv.write import write_csv
from storage.market_files.loading import (
    DataReport,
    SymbolReport,
    check_file,
    data_report,
    infer_timeframe,
    load_dataset,
)
from storage.market_files.looks import import_command
from storage.market_files.sources import Source, parse_source

__all__ = [
    "DataReport",
    "Source",
    "SymbolReport",
    "check_file",
    "data_report",
    "import_command",
    "infer_timeframe",
    "load_dataset",
    "parse_source",
    "write_csv",
]
