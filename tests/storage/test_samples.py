"""The bundled data is there, and is what its README says."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from engine.errors import NotFoundError
from storage.samples import SAMPLES, sample_path


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_a_gzipped_csv_beside_its_readme(name: str) -> None:
    path = sample_path(name)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[0] == "ts,open,high,low,close,volume"
    table = (path.parent / "README.md").read_text()
    assert f"| `{path.name}` | {len(lines) - 1:,} | {lines[1][:10]} | {lines[-1][:10]} |" in table


def test_the_bytes_of_the_samples_do_not_change() -> None:
    digest = hashlib.sha256(b"".join(sample_path(name).read_bytes() for name in SAMPLES)).hexdigest()
    assert digest == "0f979492c13e98435ea8ae3c8a3ca9252329365c4537d60d32d430a64d421c7d"


def test_a_sample_that_is_none() -> None:
    with pytest.raises(NotFoundError, match="no sample called 'MSFT'"):
        sample_path("MSFT")
    assert isinstance(sample_path("AAPL"), Path)
