"""The notebook runs from its first cell to its last, in order, and is kept without what one run printed."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS

NOTEBOOK = DOCS / "sweep.ipynb"
DOCUMENT = json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def cells(kind: str) -> list[dict[str, Any]]:
    return [cell for cell in DOCUMENT["cells"] if cell["cell_type"] == kind]


def run(source: str, names: dict[str, Any], name: str) -> Any:
    """Run a cell as a notebook does; the value of its last line where that is an expression."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), name, "eval"), names)


def test_every_cell_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what a cell ends with can be shown."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells("code"), 1):
        shown = run("".join(cell["source"]), names, f"code cell {number}")
        if hasattr(shown, "_repr_html_"):
            assert shown._repr_html_().startswith(("<table", "<div", "<style"))
    assert (tmp_path / "sweep.html").stat().st_size > 1_000_000


def test_it_is_kept_without_outputs() -> None:
    assert (DOCUMENT["nbformat"], DOCUMENT["nbformat_minor"]) == (4, 5)
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells("code"))
    ids = [cell["id"] for cell in DOCUMENT["cells"]]
    assert len(set(ids)) == len(ids)


def test_its_links_lead_somewhere() -> None:
    text = "".join(line for cell in cells("markdown") for line in cell["source"])
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert targets
    assert all((DOCS / target.partition("#")[0]).exists() for target in targets)
