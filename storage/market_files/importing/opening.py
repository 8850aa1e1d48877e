"""Files opened: unpacked, decoded, and as text whatever they were, with a note of each step."""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from engine.errors import DataError, SystemFault
from engine.symbols import quoted
from storage.market_files.kinds import kind_of
from storage.market_files.layout import INDEX

_MOST_TIMES, _NEVER_TOO_MUCH = 200, 256 << 20
_DEPTH = 3
_CHUNK = 1 << 20
_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_BOM = b"\xef\xbb\xbf"
_ARROW_FILE, _PARQUET = b"ARROW1", b"PAR1"
_PAIR = re.compile(r"\('.*', '.*'\)")
_ENDINGS = (".csv", ".txt", ".tsv", ".parquet", ".feather", ".gz", ".bz2", ".xz", ".zip", ".prn", ".asc", "")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one file, or of one member of an archive: UTF-8, lines ending in LF.

    `name` is what sentences call it; `notes` are what was done to get at it: "gzip", "UTF-16"; `from_table` says that
    it was made from Parquet or Feather, so that row 1 is the first bar.
    """

    name: str
    content: bytes
    notes: tuple[str, ...] = ()
    from_table: bool = False


def open_texts(name: str, raw: bytes) -> list[Text]:
    """The texts in a file: one, or as many as a zip archive has tables. Raises DataError if it holds none."""
    texts = list(_unpacked(name, raw, (), 0))
    if not texts:
        raise refusal(name, "the archive holds no CSV, text, Parquet or Feather file")
    return texts


def refusal(name: str, what: str, hint: str = "nothing was written") -> DataError:
    """The error of a file with one fault."""
    return DataError(f"{name}: {what}", faults=[f"{name}: {what}"], hint=hint)


def _unpacked(name: str, raw: bytes, notes: tuple[str, ...], depth: int) -> Iterator[Text]:
    packed = _packed(raw)
    if packed is not None and depth == _DEPTH:
        raise refusal(name, "is packed more than three times over")
    if packed == "zip" and b"xl/workbook.xml" not in raw:
        for member, content in _members(name, raw):
            yield from _unpacked(member, content, (*notes, "zip"), depth + 1)
    elif packed in _OPENERS:
        yield from _unpacked(name, _inflated(name, raw, packed), (*notes, packed), depth + 1)
    elif raw.startswith((_ARROW_FILE, _PARQUET)):
        yield _table_text(name, raw, notes)
    else:
        yield _decoded(name, raw, notes)


def _packed(raw: bytes) -> str | None:
    beginnings = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
    return next((kind for beginning, kind in beginnings.items() if raw.startswith(beginning)), None)


_OPENERS: dict[str, Any] = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}
_DAMAGED = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def _inflated(name: str, raw: bytes, kind: str) -> bytes:
    stream = io.BytesIO(raw)
    try:
        with gzip.GzipFile(fileobj=stream) if kind == "gzip" else _OPENERS[kind](stream) as opened:
            return _read(name, opened, len(raw))
    except _DAMAGED as error:
        raise refusal(name, f"the {kind} data is cut off or damaged ({error})") from error


def _read(name: str, stream: Any, packed: int) -> bytes:
    """All of a stream, unless it is far more than a file of bars can be."""
    most = max(_NEVER_TOO_MUCH, _MOST_TIMES * packed)
    parts, size = [], 0
    while chunk := stream.read(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            said = f"{_MOST_TIMES} times its size and {_NEVER_TOO_MUCH >> 20} MiB"
            raise refusal(name, f"unpacks to more than {said}, as no file of bars does")
    return b"".join(parts)


def _members(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The tables in a zip archive, by name; not the text that some vendors put beside them."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if _is_table(info)]
            tables = [info for info in infos if not info.filename.lower().endswith(".txt")] or infos
            for info in sorted(tables, key=lambda info: info.filename):
                with archive.open(info) as opened:
                    yield f"{name}/{info.filename}", _read(name, opened, len(raw))
    except _DAMAGED as error:
        raise refusal(name, f"the zip archive is damaged, or locked with a password ({error})") from error


def _is_table(info: zipfile.ZipInfo) -> bool:
    path = PurePath(info.filename)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not info.is_dir() and not hidden and path.suffix.lower() in _ENDINGS


def _decoded(name: str, raw: bytes, notes: tuple[str, ...]) -> Text:
    content, encoding = _utf8(raw)
    kind = kind_of(content[:4096])
    if kind is not None:
        raise refusal(name, f"the file is {kind}")
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    if not content[:4096].strip() and not content.strip():
        raise refusal(name, "the file is empty")
    return Text(name, content, notes if encoding == "UTF-8" else (*notes, encoding))


def _utf8(raw: bytes) -> tuple[bytes, str]:
    """The text as UTF-8, and what it was."""
    for mark, codec in _MARKS.items():
        if raw.startswith(mark):
            return raw.decode(codec, errors="replace").encode(), codec.upper()
    zeros = [not any(raw[side:64:2]) for side in (0, 1)]
    if len(raw) >= 8 and zeros[0] != zeros[1]:  # Latin text: every other byte is zero
        return raw.decode("utf-16-be" if zeros[0] else "utf-16-le", errors="replace").encode(), "UTF-16"
    if raw.startswith(_BOM):
        return raw.removeprefix(_BOM), "UTF-8 with a byte order mark"
    try:
        if not raw.isascii():
            raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace").encode(), "Windows-1252"
    return raw, "UTF-8"


def _table_text(name: str, raw: bytes, notes: tuple[str, ...]) -> Text:
    """Parquet or Feather as the text of a table, each value with all its digits."""
    kind = "Parquet" if raw.startswith(_PARQUET) else "Feather"
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        from pyarrow import csv, feather, parquet  # noqa: PLC0415
    except ImportError as error:
        raise SystemFault(
            "EXTRA_MISSING",
            f"{kind} files need pyarrow, which is not installed",
            hint="pip install 'papertape[parquet]'",
        ) from error
    try:
        source = pa.BufferReader(raw)
        table = parquet.read_table(source) if kind == "Parquet" else feather.read_table(source)
        order = _index_first(table.column_names)
        names = ["" if table.column_names[place] == INDEX else table.column_names[place] for place in order]
        columns = [_as_text(pa, table.column(place)) for place in order]
        rows, out = pa.table(columns, names=[str(place) for place in order]), io.BytesIO()
        csv.write_csv(rows, out, csv.WriteOptions(include_header=False, quoting_style="needed"))
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise refusal(name, f"cannot be read as {kind}: {quoted(str(error))}") from error
    return Text(name, _header_rows(names) + out.getvalue(), (*notes, kind), from_table=True)


def _as_text(pa: Any, column: Any) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind):
        mark = "Z" if kind.tz else ""
        plain = column.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.timestamp(kind.unit)) if kind.tz else column
        return pc.binary_join_element_wise(plain.cast(pa.string()), mark, "")
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([""] * len(column), pa.string())  # a nested type is no column of bars


def _index_first(names: list[str]) -> list[int]:
    """The places of the columns, that of pandas' index in front: pandas writes it last."""
    pairs = [_PAIR.fullmatch(name) is not None for name in names]
    first = [place for place, name in enumerate(names) if name == INDEX or (any(pairs) and not pairs[place])]
    return [*first, *(place for place in range(len(names)) if place not in first)]


def _header_rows(names: list[str]) -> bytes:
    """The names as header rows: two where pandas wrote columns of two levels, whose names are pairs."""
    pairs = [ast.literal_eval(name) if _PAIR.fullmatch(name) else ("", "") for name in names]
    if not any(any(pair) for pair in pairs):
        return _line(names)
    return _line([str(pair[0]) for pair in pairs]) + _line([str(pair[1]) for pair in pairs])


def _line(cells: list[str]) -> bytes:
    return (",".join('"' + cell.replace('"', '""').replace("\n", " ") + '"' for cell in cells) + "\n").encode()
