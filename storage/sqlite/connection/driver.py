"""The SQLite driver: Python's own, or that of the `pysqlite3` wheel, whichever has the newer SQLite.

No other module imports either. Two copies of SQLite in one process must not open the same file: when one of them closes
it, the locks that the other holds are released (POSIX locks belong to the process).
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3 as sqlite  # noqa: TID251 - this is its place

_FIRST_WITH_WAL = (3, 7, 0)
_WAL_MENDED = (3, 51, 3)


def newest(*drivers: ModuleType) -> ModuleType:
    """The driver with the newest SQLite; the first of those that are equally new."""
    newest_driver: ModuleType = max(drivers, key=lambda driver: driver.sqlite_version_info)
    return newest_driver


def _installed() -> list[ModuleType]:
    """The drivers that can be loaded, Python's own first. A wheel that does not load on this machine is left out."""
    import sqlite3 as own  # noqa: PLC0415, TID251

    try:
        from pysqlite3 import dbapi2 as brought  # noqa: PLC0415, TID251
    except ImportError:
        return [own]
    return [own, brought]


if not TYPE_CHECKING:
    sqlite = newest(*_installed())
    # to bind a None, both drivers look for an adapter in three places, and the wheel raises an error in two of them.
    # An event has eight, and that was a quarter of the cost of appending it. This adapter is found first.
    sqlite.register_adapter(type(None), {}.get)


def sqlite_version() -> str:
    """The version of the SQLite in use, such as `3.51.3`."""
    return sqlite.sqlite_version


def driver_name() -> str:
    """The module that provides SQLite: `sqlite3` (Python's own) or `pysqlite3`."""
    return sqlite.__name__.partition(".")[0]


def has_wal_fault() -> bool:
    """Whether this SQLite has the WAL fault that several writing connections can meet (3.7.0 to 3.51.2)."""
    return _FIRST_WITH_WAL <= sqlite.sqlite_version_info < _WAL_MENDED


__all__ = ["driver_name", "has_wal_fault", "newest", "sqlite", "sqlite_version"]
