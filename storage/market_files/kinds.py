"""Recognise a file that is not text by its first bytes: archives, workbooks, other columnar files, UTF-16."""

from __future__ import annotations

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNPACK = "unpack it; CSV, CSV.gz and Parquet are read"
_CONVERT = "write it as CSV or Parquet"
_UTF_16 = "UTF-16; save it as UTF-8"

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xfd7zXZ\0", f"an xz archive; {_UNPACK}"),
    (b"BZh", f"a bzip2 archive; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a Zstandard archive; {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"an LZ4 archive; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a rar archive; {_UNPACK}"),
    (b"ARROW1", f"a Feather file (Arrow IPC); {_CONVERT}"),
    (b"FEA1", f"a Feather file (version 1); {_CONVERT}"),
    (b"\xff\xff\xff\xff", f"an Arrow IPC stream; {_CONVERT}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls); save its sheet as CSV"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV"),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file; {_CONVERT}"),
    (b"ORC", f"an ORC file; {_CONVERT}"),
    (b"Obj\x01", f"an Avro file; {_CONVERT}"),
    (b"\x93NUMPY", f"a NumPy file; {_CONVERT}"),
    (b"%PDF", "a PDF document; it holds no table that can be read"),
    (b"\x89PNG", "a PNG picture; it holds no bars"),
    (b"\xff\xd8\xff", "a JPEG picture; it holds no bars"),
    (b"\x1f\x8b", f"a gzip inside a gzip; {_UNPACK} once"),
    (b"PAR1", "a Parquet file inside a gzip; unpack it: Parquet is compressed by itself"),
    (b"\xff\xfe\0\0", "UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32; save it as UTF-8"),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
)
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_TAR, _TAR_AT = b"ustar", 257
_LOOKED_AT = 64


def kind_of(head: bytes) -> str | None:
    """What a file is that begins so, and what to do with it; None when it may be text.

    `head` is at least its first 4 KB, unpacked where it is a gzip, or all of it.
    """
    if head.startswith(_ZIP):
        return _zip(head)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return f"a tar archive; {_UNPACK}"
    if head.startswith(_PICKLES) and b"\0" in head[:_LOOKED_AT]:
        return f"a Python pickle; {_CONVERT}"
    return _UTF_16 if _is_utf_16(head[:_LOOKED_AT]) else None


def _zip(head: bytes) -> str:
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return "an Excel workbook (.xlsx); save its sheet as CSV"
    if b"opendocument.spreadsheet" in head:
        return "an OpenDocument sheet (.ods); save it as CSV"
    return f"a zip archive; {_UNPACK}"


def _is_utf_16(head: bytes) -> bool:
    """Without a mark: every other byte of Latin text is zero, on one side alone."""
    even, odd = head[0::2], head[1::2]
    return len(odd) >= 4 and ((not any(even) and all(odd)) or (not any(odd) and all(even[: len(odd)])))
