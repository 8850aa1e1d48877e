"""One identity of a strategy's code, wherever the class came from."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.strategies.builtin.sma_cross import SmaCross
from storage.strategies import identity
from storage.strategies.identity import strategy_code, strategy_source
from storage.strategies.loading import load_strategy_file
from tests.storage.strategies.folders import strategy, written


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_lone_file_is_the_sha256_of_its_text_and_tells_its_packages(tmp_path: Path) -> None:
    text = strategy("import pandas as pd\nfrom engine.errors import InvalidError")
    code = strategy_code(load_strategy_file(str(written(tmp_path, {"mine.py": text}))))
    assert (code.sha256, code.modules) == (sha(text), ())
    assert code.packages == ("engine", "numpy", "pandas", "papertape")
    assert code.distributions["numpy"] == importlib.metadata.version("numpy")
    assert code.distributions["pandas"] == importlib.metadata.version("pandas")
    assert "engine" not in code.distributions


def test_a_strategy_that_extends_a_built_in_one_is_hashed_by_its_own_file(tmp_path: Path) -> None:
    text = "from engine.strategies.builtin.sma_cross import SmaCross\n\n\nclass Mine(SmaCross):\n    key = 'mine'\n"
    kind = load_strategy_file(str(written(tmp_path, {"mine.py": text})))
    assert kind.code_sha256 == SmaCross.code_sha256  # what it inherits is not its own
    assert strategy_code(kind).sha256 == sha(text)


def test_moving_or_rewording_a_built_in_strategy_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.inspect, "getsource", lambda module: "another text")
    monkeypatch.setattr(identity, "_KNOWN", {})
    assert strategy_source(SmaCross) == ("another text", SmaCross.code_sha256)


def test_a_class_of_the_import_path_is_known_by_its_module_and_what_that_imports_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    text = strategy()
    written(
        tmp_path, {"lone_of_mine.py": text, "two_of_mine/a.py": strategy("from . import b"), "two_of_mine/b.py": ""}
    )
    lone, pair = (importlib.import_module(name).Mine for name in ("lone_of_mine", "two_of_mine.a"))
    assert strategy_code(lone).sha256 == sha(text)
    assert strategy_code(pair).modules == ("two_of_mine/b.py",)
    for name in ("lone_of_mine", "two_of_mine.a", "two_of_mine.b", "two_of_mine"):
        del sys.modules[name]


def test_the_code_of_an_imported_class_is_what_it_was_when_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    written(tmp_path, {"kept_of_mine.py": strategy()})
    kind = importlib.import_module("kept_of_mine").Mine
    before = strategy_code(kind).sha256
    written(tmp_path, {"kept_of_mine.py": strategy("import json")})
    assert strategy_code(kind).sha256 == before  # the old code runs on
    del sys.modules["kept_of_mine"]


def test_an_installed_package_tells_its_own_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    written(site, {"sold_by_x/s.py": strategy("from . import near"), "sold_by_x/near.py": ""})
    info = site / "x_strategies-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x-strategies\nVersion: 1.5\n")
    (info / "top_level.txt").write_text("sold_by_x\n")
    monkeypatch.syspath_prepend(str(site))
    code = strategy_code(importlib.import_module("sold_by_x.s").Mine)
    assert (code.sha256, code.modules) == (sha(strategy("from . import near")), ())
    assert code.distributions["x-strategies"] == "1.5"
    for name in ("sold_by_x.s", "sold_by_x.near", "sold_by_x"):
        del sys.modules[name]


def typed(text: str, filename: str) -> Any:
    """A class as a notebook or a prompt makes it: in `__main__`, which has no file."""
    module = ModuleType("__main__")
    exec(compile(text, filename, "exec"), module.__dict__)
    return module.__dict__["Mine"]


def test_a_class_of_a_notebook_is_known_by_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    text = strategy()
    monkeypatch.setitem(linecache.cache, "<ipython-input-1>", (len(text), None, text.splitlines(True), "<ipython>"))
    assert strategy_code(typed(text, "<ipython-input-1>")).sha256 == sha(text)


def test_a_class_typed_at_a_prompt_is_known_by_what_it_was_compiled_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    one, same, other = (typed(strategy(entry=entry), "<stdin>") for entry in ("a", "a", "b"))
    digests = [strategy_code(kind).sha256 for kind in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]
