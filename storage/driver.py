"""The SQLite driver: Python's own, or the `pysqlite3` wheel where it is installed, which brings its own SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    try:
        from pysqlite3 import dbapi2 as sqlite
    except ImportError:
        import sqlite3 as sqlite

_FIRST_WITH_WAL = (3, 7, 0)
_WAL_MENDED = (3, 51, 3)


def sqlite_version() -> str:
    """The version of the SQLite in use."""
    return sqlite.sqlite_version


def has_wal_fault() -> bool:
    """Whether this SQLite has the WAL fault that several writing connections can meet (3.7.0 to 3.51.2)."""
    return _FIRST_WITH_WAL <= sqlite.sqlite_version_info < _WAL_MENDED


__all__ = ["has_wal_fault", "sqlite", "sqlite_version"]
