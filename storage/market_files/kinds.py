"""What a file is by its first bytes, where it is neither text nor Parquet."""

from __future__ import annotations

from typing import NamedTuple

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNPACK = "unpack it; CSV, CSV.gz and Parquet are read"
_CONVERT = "write it as CSV or Parquet"
_ENCODE = "save it as UTF-8"


class Kind(NamedTuple):
    """What a file is, and what to do with it by hand; `imported` if `data import` reads such a file."""

    what: str
    remedy: str
    imported: bool = False

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


_UTF_16 = Kind("UTF-16", _ENCODE, imported=True)
_BEGINNINGS: tuple[tuple[bytes, Kind], ...] = (
    (b"\xfd7zXZ\0", Kind("an xz archive", _UNPACK, imported=True)),
    (b"BZh", Kind("a bzip2 archive", _UNPACK, imported=True)),
    (b"\x28\xb5\x2f\xfd", Kind("a Zstandard archive", _UNPACK)),
    (b"\x04\x22\x4d\x18", Kind("an LZ4 archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("a rar archive", _UNPACK)),
    (b"ARROW1", Kind("a Feather file (Arrow IPC)", _CONVERT, imported=True)),
    (b"FEA1", Kind("a Feather file (version 1)", _CONVERT)),
    (b"\xff\xff\xff\xff", Kind("an Arrow IPC stream", _CONVERT)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an Excel workbook (.xls)", "save its sheet as CSV")),
    (b"SQLite format 3\0", Kind("an SQLite database", "export the table as CSV")),
    (b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", _CONVERT)),
    (b"ORC", Kind("an ORC file", _CONVERT)),
    (b"Obj\x01", Kind("an Avro file", _CONVERT)),
    (b"\x93NUMPY", Kind("a NumPy file", _CONVERT)),
    (b"%PDF", Kind("a PDF document", "it holds no table that can be read")),
    (b"\x89PNG", Kind("a PNG picture", "it holds no bars")),
    (b"\xff\xd8\xff", Kind("a JPEG picture", "it holds no bars")),
    (b"\x1f\x8b", Kind("a gzip inside a gzip", _UNPACK, imported=True)),
    (b"PAR1", Kind("a Parquet file inside a gzip", "unpack it: Parquet is compressed by itself", imported=True)),
    (b"\xff\xfe\0\0", Kind("UTF-32", _ENCODE, imported=True)),
    (b"\0\0\xfe\xff", Kind("UTF-32", _ENCODE, imported=True)),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
)
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_TAR, _TAR_AT = b"ustar", 257
_LOOKED_AT = 64


def kind_of(head: bytes) -> Kind | None:
    """What a file is that begins with `head`, and what to do with it; None if it may be text.

    `head` is at least its first 4 KB (of a gzip: unpacked), or all of it.
    """
    if head.startswith(_ZIP):
        return _zip(head)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return Kind("a tar archive", _UNPACK)
    if head.startswith(_PICKLES) and b"\0" in head[:_LOOKED_AT]:
        return Kind("a Python pickle", _CONVERT)
    return _UTF_16 if _is_utf_16(head[:_LOOKED_AT]) else None


def _zip(head: bytes) -> Kind:
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return Kind("an Excel workbook (.xlsx)", "save its sheet as CSV")
    if b"opendocument.spreadsheet" in head:
        return Kind("an OpenDocument sheet (.ods)", "save it as CSV")
    return Kind("a zip archive", _UNPACK, imported=True)


def _is_utf_16(head: bytes) -> bool:
    """Whether it is UTF-16 without a byte order mark: in Latin text every other byte is zero, always on one side."""
    even, odd = head[0::2], head[1::2]
    return len(odd) >= 4 and ((not any(even) and all(odd)) or (not any(odd) and all(even[: len(odd)])))
