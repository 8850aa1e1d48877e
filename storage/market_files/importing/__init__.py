"""Importing what vendors write: recognised by content, written in the form that papertape reads."""

from storage.market_files.importing.files import Import, ImportedSymbol, import_files
from storage.market_files.importing.options import Counted, FileReport, ImportOptions, read_columns

__all__ = ["Counted", "FileReport", "Import", "ImportOptions", "ImportedSymbol", "import_files", "read_columns"]
