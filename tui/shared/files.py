"""Files that are written: a sweep's result as CSV, Parquet or JSON, and any file completely or not at all.

Each is written beside its path, then moved there. A spreadsheet takes a text that starts with `=`, `+`, `-` or `@` for
a formula, and labels come from strategies and specs: in CSV such a text gets an apostrophe in front. Numbers are
written as they are, and Parquet keeps all as it is.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from engine.account.metrics import METRICS, Unit
from engine.errors import ConflictError, NotFoundError, SystemFault, UsageError
from engine.numerals import value_text

_FORCE = "say --force to replace it"
_DISK_FAILED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
Document = Mapping[str, Any]
"""A sweep's result as `plan run --json` prints it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NULL = "null"
"""How CSV shows an override that is null, as `--sweep` takes it; a cell is empty where a variant does not override."""
_SPECIAL = re.compile(r'[,"\r\n]')
_AT_FRONT = ("variant_id", "label", "tags")
_SCORED = ("status", "objective_score")
_AT_END = ("workspace_id", "error", "skip_reason")
_COUNTED = ("refusals", "held_back")
"""Counts by code, as `buying_power:3 max_positions:1`; a cell is empty where nothing was counted"""


def write_new(path: Path, text: str) -> Path:
    """Write a new text file for a command that replaces none; return its path."""
    write_whole(path, text.encode(), instead="remove it")
    return path


def write_whole(path: Path, content: bytes, *, force: bool = False, instead: str = _FORCE) -> None:
    """Write a file that is not there yet, or with `force` in place of the one that is.

    FILE_EXISTS when it is there and may not be replaced (`instead` is what one may do about it), FILE_NOT_FOUND when
    its place cannot be written to, FILE_NOT_WRITTEN when the disk is full or failed. Whoever reads the path meanwhile
    finds what was there before, or all of the new.
    """
    beside = path.parent / f".{path.name}.{token_hex(4)}.tmp"
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else the name may be on the disk before the content when the power fails
        _put(beside, path, force=force)
    except FileExistsError as error:
        raise _exists(path, instead) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        if getattr(error, "errno", None) in _DISK_FAILED:
            raise SystemFault(
                "FILE_NOT_WRITTEN",
                f"{path} could not be written: {reason}",
                hint="free some space or name another place with --to; nothing was written",
            ) from error
        raise NotFoundError(
            "FILE_NOT_FOUND", f"{path} cannot be written: {reason}", hint="name another place with --to"
        ) from error
    finally:
        _forget(beside)


def refuse_existing(path: Path) -> None:
    """Raise FILE_EXISTS for a file that is there, before work that would be in vain."""
    if os.path.lexists(path):
        raise _exists(path, _FORCE)


def _exists(path: Path, instead: str) -> ConflictError:
    return ConflictError("FILE_EXISTS", f"{path} exists", hint=f"name another file with --to, or {instead}")


def _put(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        beside.replace(path)
        return
    try:
        path.hardlink_to(beside)  # unlike a renaming, it refuses when somebody made the file meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(str(path)) from None
        beside.replace(path)


def _forget(beside: Path) -> None:
    try:
        beside.unlink(missing_ok=True)
    except (OSError, ValueError):  # what could not be made need not be removed
        return


def encoder_for(path: Path) -> Callable[[Document], bytes]:
    """The encoder for a file of this name; UsageError for an ending other than .csv, .json or .parquet."""
    encode = _ENCODERS.get(path.suffix.lower())
    if encode is None:
        ends = path.suffix or "nothing that says how"
        raise UsageError("USAGE", f"--to {path} ends in {ends}", hint="name a .csv, .json or .parquet file")
    return encode


def as_json(document: Document) -> bytes:
    """The document as indented JSON."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def as_csv(document: Document) -> bytes:
    """A header and a row a variant, in plan order; lines end in \\n, tags are joined by spaces."""
    paths = swept_paths(document)
    lines = [",".join([*_AT_FRONT, *paths, *_SCORED, *METRICS, *_AT_END, *_COUNTED])]
    for result in document["results"]:
        overrides, metrics = result["overrides"], result["metrics"] or {}
        cells = [result["variant_id"], result["label"], " ".join(result["tags"])]
        cells += [NULL if overrides.get(path, "") is None else _plain(overrides.get(path)) for path in paths]
        cells += [result[name] for name in _SCORED]
        cells += [metrics.get(name) for name in METRICS]
        cells += [_said(result[name]) for name in _AT_END]
        lines.append(",".join(map(_cell, [*cells, *(_by_code(result.get(name)) for name in _COUNTED)])))
    return "".join(f"{line}\n" for line in lines).encode()


def as_parquet(document: Document) -> bytes:
    """A row a variant, each column of its own type; the plan's ids are in the file's metadata."""
    pa, parquet = _pyarrow()
    results = document["results"]
    metrics = [result["metrics"] or {} for result in results]
    columns = {name: pa.array([result[name] for result in results], _type(pa, name)) for name in _AT_FRONT}
    for path in swept_paths(document):
        columns[path] = _override_column(pa, [_plain(result["overrides"].get(path)) for result in results])
    columns |= {name: pa.array([result[name] for result in results], _type(pa, name)) for name in _SCORED}
    for name, metric in METRICS.items():
        arrow_type = pa.int64() if metric.unit is Unit.COUNT else pa.float64()
        columns[name] = pa.array([row.get(name) for row in metrics], arrow_type)
    columns |= {name: pa.array([_said(result[name]) for result in results], pa.string()) for name in _AT_END}
    columns |= {name: pa.array([_by_code(result.get(name)) for result in results], pa.string()) for name in _COUNTED}
    plan = {name: str(document[name]) for name in ("run_plan_id", "fingerprint", "dataset_sha256", "objective")}
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns).replace_schema_metadata(plan), sink)
    return sink.getvalue()


_ENCODERS: Mapping[str, Callable[[Document], bytes]] = {".csv": as_csv, ".json": as_json, ".parquet": as_parquet}


def swept_paths(document: Document) -> list[str]:
    """Every path that a variant overrides, in the order they first appear."""
    return list(dict.fromkeys(path for result in document["results"] for path in result["overrides"]))


def _plain(value: object) -> object:
    """An override, a list as the text that `--sweep` takes."""
    return value_text(value) if isinstance(value, (list, tuple)) else value


def guarded(text: str) -> str:
    """The text, with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _cell(value: object) -> str:
    """What stands in a CSV cell: text guarded and quoted, figures as the shortest decimals that read back as they are.

    Python's own writer leaves a lone carriage return unquoted, and readers take it for the end of the row.
    """
    if isinstance(value, (list, tuple)):
        return _cell(value_text(value))
    if isinstance(value, str):
        text = guarded(value)
        return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else repr(value)


def _said(value: object) -> str | None:
    """An id, or an error that may have parts, as one text."""
    if isinstance(value, Mapping):
        return ": ".join(str(part) for part in value.values() if part)
    return None if value is None else str(value)


def _by_code(counts: Mapping[str, int] | None) -> str | None:
    """Counts in one text; None where there are none, or nobody counted."""
    return " ".join(f"{code}:{count}" for code, count in counts.items()) if counts else None


def _type(pa: Any, name: str) -> Any:
    return {"tags": pa.list_(pa.string()), "objective_score": pa.float64()}.get(name, pa.string())


def _override_column(pa: Any, values: list[Any]) -> Any:
    """Whole numbers, figures, truths or texts; texts of all where they are mixed."""
    kinds = {type(value) for value in values if value is not None}
    for python_type, arrow in ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if kinds == {python_type}:
            return _fitting(pa, values, arrow)
    return pa.array([None if value is None else _as_text(value) for value in values], pa.string())


def _as_text(value: object) -> str:
    return value_text(value) if isinstance(value, (list, tuple)) else str(value)


def _fitting(pa: Any, values: list[Any], arrow: Any) -> Any:
    try:
        return pa.array(values, arrow)
    except (OverflowError, pa.ArrowInvalid):  # a whole number beyond 64 bits
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise SystemFault(
            "EXTRA_MISSING",
            "a Parquet file needs pyarrow, which is not installed",
            hint="pip install 'papertape[parquet]', or export to .csv",
        ) from error
    return pa, parquet
