"""Sweeps as files: what CSV, JSON and Parquet hold, formulas made harmless, files whole or not at all."""

from __future__ import annotations

import builtins
import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet

from engine.account.metrics import Metrics
from engine.errors import ConflictError, NotFoundError, SystemFault, UsageError
from tui.shared.files import as_csv, as_json, as_parquet, encoder_for, guarded, write_whole

METRICS = {
    "trade_count": 12,
    "starting_equity": 10000.0,
    "ending_equity": 9750.25,
    "return_pct": -2.4975,
    "max_drawdown_pct": 3.1,
    "win_rate": 0.25,
    "profit_factor": None,
    "gross_profit": 0.1 + 0.2,
    "gross_loss": 1e-17,
    "sharpe": None,
}


def result(variant: str, label: str, overrides: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "variant_id": variant,
        "label": label,
        "tags": ["grid"] if overrides else ["baseline"],
        "overrides": overrides,
        "status": "succeeded",
        "objective_score": -0.5,
        "metrics": METRICS,
        "workspace_id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "error": None,
        "skip_reason": None,
        "error_code": None,
        "refusals": {},
        **more,
    }


def document(*results: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_plan_id": "01a204b8-f96d-7644-9f22-9ab0ae407b6c",
        "fingerprint": "f" * 64,
        "dataset_sha256": "d" * 64,
        "objective": "sharpe_dd_penalty",
        "results": list(results),
    }


FAILED = {"status": "failed", "objective_score": None, "metrics": None, "workspace_id": None}
SWEEP = document(
    result("a" * 16, "baseline", {}),
    result("b" * 16, "days=20, stop=null", {"entry.days": 20, "exit.stop_loss_pct": None}),
    result("c" * 16, "days=30, stop=2.5", {"entry.days": 30, "exit.stop_loss_pct": 2.5}, **FAILED, error="it\nfailed"),
    result("d" * 16, "word==1", {"entry.word": "=1+1", "entry.loud": True}, **FAILED, skip_reason="=cmd|' /C calc'!A0"),
)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_csv_has_a_row_a_variant_and_a_column_a_parameter() -> None:
    assert as_csv(SWEEP).decode().splitlines()[0] == (
        "variant_id,label,tags,entry.days,exit.stop_loss_pct,entry.word,entry.loud,status,objective_score,"
        + ",".join(Metrics.model_fields)
        + ",workspace_id,error,skip_reason,refusals,held_back"
    )
    baseline, second, failed, skipped = rows(as_csv(SWEEP))
    assert (baseline["label"], baseline["tags"], baseline["entry.days"]) == ("baseline", "baseline", "")
    assert (second["entry.days"], second["exit.stop_loss_pct"], second["entry.word"]) == ("20", "null", "")
    assert (failed["status"], failed["return_pct"], failed["error"]) == ("failed", "", "it\nfailed")
    assert (skipped["entry.loud"], skipped["workspace_id"]) == ("true", "")


STOPPED = document(
    result(
        "a" * 16, "baseline", {}, refusals={"buying_power": 3, "max_positions": 1}, held_back={"lookback_partial": 5}
    ),
    result("b" * 16, "nothing", {}, held_back={}),
    result("c" * 16, "not counted", {}, held_back=None),
)
COUNTED = [("buying_power:3 max_positions:1", "lookback_partial:5"), ("", ""), ("", "")]


def test_what_kept_entries_from_being_filled_is_a_column_each() -> None:
    assert [(row["refusals"], row["held_back"]) for row in rows(as_csv(STOPPED))] == COUNTED
    table = parquet.read_table(io.BytesIO(as_parquet(STOPPED)))
    found = zip(table["refusals"].to_pylist(), table["held_back"].to_pylist(), strict=True)
    assert [(refused or "", held_back or "") for refused, held_back in found] == COUNTED


def test_csv_figures_read_back_as_they_are_and_are_never_guarded() -> None:
    first = rows(as_csv(SWEEP))[0]
    assert {name: None if first[name] == "" else float(first[name]) for name in METRICS} == METRICS
    assert first["return_pct"] == "-2.4975"
    assert first["objective_score"] == "-0.5"


def test_csv_guards_texts_that_a_spreadsheet_would_run() -> None:
    skipped = rows(as_csv(SWEEP))[3]
    assert skipped["label"] == "word==1"
    assert skipped["entry.word"] == "'=1+1"
    assert skipped["skip_reason"] == "'=cmd|' /C calc'!A0"


@given(st.text())
def test_no_text_of_a_csv_starts_a_formula(text: str) -> None:
    shown = guarded(text)
    assert shown in (text, f"'{text}")
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert shown == text or text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=4))
@example(["\r", 'a"b', "a,b", "\n", "a\rb"])
def test_hostile_labels_come_back_from_a_csv(labels: list[str]) -> None:
    found = rows(as_csv(document(*(result(f"{n:016x}", label, {}) for n, label in enumerate(labels)))))
    assert [row["label"] for row in found] == [guarded(label) for label in labels]


def test_json_is_the_document() -> None:
    assert json.loads(as_json(SWEEP)) == SWEEP
    assert "日本" in as_json(document(result("a" * 16, "日本", {}))).decode()


def test_parquet_has_types_and_keeps_texts_as_they_are(tmp_path: Path) -> None:
    table = parquet.read_table(pa.BufferReader(as_parquet(SWEEP)))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["entry.days"] == "int64"
    assert types["exit.stop_loss_pct"] == "double"
    assert types["entry.loud"] == "bool"
    assert types["tags"] == "list<element: string>"
    assert types["trade_count"] == "int64"
    assert types["sharpe"] == "double"  # though no variant has one
    assert table["entry.days"].to_pylist() == [None, 20, 30, None]
    assert table["entry.word"].to_pylist() == [None, None, None, "=1+1"]
    assert table["gross_profit"].to_pylist()[0] == METRICS["gross_profit"]
    assert table.column_names == list(rows(as_csv(SWEEP))[0])
    assert table.schema.metadata[b"run_plan_id"] == b"01a204b8-f96d-7644-9f22-9ab0ae407b6c"


@pytest.mark.parametrize(
    ("given_values", "kind", "expected"),
    [
        ([1, None], "int64", [1, None]),
        ([2**70, 1], "string", [str(2**70), "1"]),
        (["eod", None], "string", ["eod", None]),
        ([1, "x"], "string", ["1", "x"]),
        ([None, None], "string", [None, None]),
        ([True, False], "bool", [True, False]),
    ],
)
def test_a_parameters_column_has_the_type_of_its_values(
    given_values: list[Any], kind: str, expected: list[Any]
) -> None:
    sweep = document(*(result(f"{n:016x}", "x", {"entry.p": value}) for n, value in enumerate(given_values)))
    column = parquet.read_table(pa.BufferReader(as_parquet(sweep)))["entry.p"]
    assert (str(column.type), column.to_pylist()) == (kind, expected)


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemFault) as missing:
        as_parquet(SWEEP)
    assert missing.value.code == "EXTRA_MISSING"
    assert "papertape[parquet]" in missing.value.hint


def test_the_ending_says_how_it_is_written() -> None:
    assert encoder_for(Path("a.CSV")) is as_csv
    assert encoder_for(Path("a.b.json")) is as_json
    assert encoder_for(Path("a.parquet")) is as_parquet
    for name in ("a.xlsx", "a", "csv", ".csv"):
        with pytest.raises(UsageError, match="--to"):
            encoder_for(Path(name))


def test_a_file_is_written_whole_beside_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_whole(path, b"one")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["out.csv"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(ConflictError) as refused:
        write_whole(path, b"new")
    assert (refused.value.code, path.read_bytes()) == ("FILE_EXISTS", b"old")
    assert "--force" in refused.value.sentence
    write_whole(path, b"new", force=True)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"new", ["out.csv"])


def test_a_writing_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SystemFault, match="No space left") as told:
        write_whole(path, b"new", force=True)
    assert told.value.code == "FILE_NOT_WRITTEN"
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["out.csv"])


def test_where_files_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlinked(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unlinked)
    path = tmp_path / "out.csv"
    write_whole(path, b"one")
    with pytest.raises(ConflictError):
        write_whole(path, b"two")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"one", ["out.csv"])


@pytest.mark.parametrize("name", ["absent/out.csv", "out\x00.csv", "file/out.csv"])
def test_a_place_that_cannot_be_written_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotFoundError) as refused:
        write_whole(tmp_path / name, b"one")
    assert refused.value.code == "FILE_NOT_FOUND"
