"""A sweep's result as a file: CSV or Parquet with a row a variant, or the whole JSON document.

A spreadsheet takes a text that starts with `=`, `+`, `-` or `@` for a formula, and labels come from strategies and
specs: in CSV such a text gets an apostrophe in front. Numbers are written as they are, and Parquet keeps all as it is.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.account.metrics import METRICS, Unit
from engine.errors import SystemFault, UsageError
from engine.numerals import value_text

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
