"""The page of the Python API runs as it stands, and names what is public."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import papertape
from tests.docs.pages import ROOT, code_blocks, codes, table_under, text_of

PAGE = text_of("python-api.md")


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = ROOT / "storage" / "samples" / "IBM_daily.csv.gz"
    (tmp_path / "IBM.csv").write_bytes(gzip.decompress(sample.read_bytes()))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "python_api"}
    for number, block in enumerate(code_blocks(PAGE, "python"), 1):
        exec(compile(block, f"block {number}", "exec"), names)


def test_every_public_name_is_there_once() -> None:
    named = [name for row in table_under(PAGE, "## Public names") for name in codes(row[1])]
    assert sorted(named) == sorted(papertape.__all__)
