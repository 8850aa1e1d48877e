"""What is a strategy's own among its imports, and the digest of all of it; nothing runs while it is read."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from engine.errors import InvalidError, NotFoundError
from storage.strategies.source import MAX_MODULE_BYTES, Source, read_module, read_source
from tests.storage.strategies.folders import strategy, written

LOUD = "raise SystemExit('this must not run')\n"


def files_of(source: Source) -> list[str]:
    return [file for file, _ in source.helpers]


def read(room: Path, imports: str, files: dict[str, str] | None = None) -> Source:
    return read_source(written(room, {"mine.py": strategy(imports), **(files or {})}))


def test_a_lone_file_has_the_sha256_of_its_text(tmp_path: Path) -> None:
    text = strategy("import json, os.path\nfrom collections import abc\nimport pandas as pd\nfrom engine import errors")
    source = read_source(written(tmp_path, {"mine.py": text.replace("\n", "\r\n"), "unrelated.py": LOUD}))
    assert source.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert (source.modules, source.tops) == ({}, frozenset())
    assert source.packages == {"numpy", "pandas", "papertape", "engine"}


HELPERS = {
    "helpers.py": LOUD,
    "lib/__init__.py": "__all__ = ['c', 'no_module']\n",
    "lib/a.py": "from . import b\nfrom .. import beyond\n",
    "lib/b.py": LOUD,
    "lib/c.py": LOUD,
    "plain/x.py": "from .y import *\n",
    "plain/y.py": LOUD,
}


@pytest.mark.parametrize(
    ("imports", "files"),
    [
        ("import helpers", ["helpers.py"]),
        ("import helpers as h, json", ["helpers.py"]),
        ("from helpers import anything", ["helpers.py"]),
        ("from .helpers import anything", ["helpers.py"]),
        ("from . import helpers, nothing", ["helpers.py"]),
        ("def late():\n    import helpers", ["helpers.py"]),
        ("try:\n    import fast\nexcept ImportError:\n    import helpers", ["helpers.py"]),
        ("import importlib\nif 0:\n    importlib.import_module('helpers')", ["helpers.py"]),
        ("if 0:\n    __import__('lib.c')", ["lib/__init__.py", "lib/c.py"]),
        ("import lib", ["lib/__init__.py"]),
        ("import lib.a", ["lib/__init__.py", "lib/a.py", "lib/b.py"]),
        ("from lib import a", ["lib/__init__.py", "lib/a.py", "lib/b.py"]),
        ("from lib.a import f as g", ["lib/__init__.py", "lib/a.py", "lib/b.py"]),
        ("from lib import *", ["lib/__init__.py", "lib/c.py"]),
        ("from plain import x", ["plain/x.py", "plain/y.py"]),
        ("import plain.x", ["plain/x.py", "plain/y.py"]),
        ("import nowhere_at_all", []),
        ("from ..helpers import beyond", []),
    ],
)
def test_every_form_of_an_import_is_followed(tmp_path: Path, imports: str, files: list[str]) -> None:
    source = read(tmp_path, imports, HELPERS)
    assert files_of(source) == files
    lone = hashlib.sha256(source.text.encode()).hexdigest()
    assert (source.sha256 == lone) == (not files)


def test_the_digest_is_of_the_text_and_of_every_helper_wherever_they_lie(tmp_path: Path) -> None:
    source = read(tmp_path / "one", "import helpers, lib.b", HELPERS)
    listed = [["helpers.py", LOUD], ["lib/__init__.py", HELPERS["lib/__init__.py"]], ["lib/b.py", LOUD]]
    whole = json.dumps([source.text, listed], separators=(",", ":"))
    assert source.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert read(tmp_path / "two", "import helpers, lib.b", HELPERS).sha256 == source.sha256
    for name in ("helpers.py", "lib/__init__.py", "lib/b.py"):
        changed = read(tmp_path / name.replace("/", "_"), "import helpers, lib.b", {**HELPERS, name: "x = 1\n"})
        assert changed.sha256 != source.sha256
    assert read(tmp_path / "three", "import helpers, lib.b", {**HELPERS, "lib/c.py": ""}).sha256 == source.sha256


def test_a_helper_changes_the_digest_however_far_away_it_is_imported(tmp_path: Path) -> None:
    chain = {f"h{n}.py": f"import h{n + 1}\n" for n in range(40)}
    one = read(tmp_path / "one", "import h0", {**chain, "h40.py": "import h0\nx = 1\n"})
    other = read(tmp_path / "two", "import h0", {**chain, "h40.py": "import h0\nx = 2\n"})
    assert len(one.helpers) == 41
    assert one.sha256 != other.sha256


def test_a_file_beside_it_goes_before_an_installed_package_but_not_before_python_or_papertape(tmp_path: Path) -> None:
    beside = {"pandas.py": "", "random.py": LOUD, "papertape.py": LOUD, "engine/__init__.py": LOUD}
    source = read(tmp_path, "import pandas, random, engine.errors", beside)
    assert files_of(source) == ["pandas.py"]
    assert files_of(read(tmp_path, "from . import random", beside)) == ["random.py"]


def test_a_folder_without_code_does_not_hide_an_installed_package(tmp_path: Path) -> None:
    source = read(tmp_path, "import pandas.testing", {"pandas/testing.py": LOUD})
    assert (files_of(source), "pandas" in source.packages) == ([], True)


def test_a_module_elsewhere_on_the_import_path_is_their_own_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "lib", {"tools_of_mine/__init__.py": "from .sub import x\n", "tools_of_mine/sub.py": LOUD})
    written(tmp_path / "site-packages", {"installed_of_mine.py": LOUD, "parts_of_mine/a.py": LOUD})
    for place in ("lib", "site-packages"):
        monkeypatch.syspath_prepend(str(tmp_path / place))
    source = read(tmp_path / "s", "import tools_of_mine, installed_of_mine, parts_of_mine.a")
    assert files_of(source) == ["tools_of_mine/__init__.py", "tools_of_mine/sub.py"]
    assert source.packages >= {"installed_of_mine", "parts_of_mine"}
    assert not {"tools_of_mine", "installed_of_mine"} & set(sys.modules)


def test_helpers_are_found_beside_a_link_and_where_it_leads(tmp_path: Path) -> None:
    real = written(tmp_path / "real", {"mine.py": strategy("import near, far"), "far.py": ""})
    written(tmp_path / "links", {"near.py": ""})
    link = tmp_path / "links" / "mine.py"
    link.symlink_to(real)
    assert files_of(read_source(link)) == ["far.py", "near.py"]


def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.py cannot be read: No such file"):
        read_source(tmp_path / "gone.py")
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(NotFoundError, match=r"pipe\.py cannot be read: it is not a file"):
        read_source(tmp_path / "pipe.py")
    path = written(tmp_path, {"mine.py": strategy("import helpers")})
    (tmp_path / "helpers.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(InvalidError, match=r"helpers\.py: it cannot be decoded"):
        read_source(path)
    (tmp_path / "helpers.py").write_bytes(b"#" * (MAX_MODULE_BYTES + 1))
    with pytest.raises(InvalidError, match="larger than 16,000,000 bytes"):
        read_source(path)


def test_a_helper_that_is_no_python_is_hashed_all_the_same(tmp_path: Path) -> None:
    one = read(tmp_path, "import helpers", {"helpers.py": "def f(:\n"})
    assert files_of(one) == ["helpers.py"]
    assert read(tmp_path, "import helpers", {"helpers.py": "def g(:\n"}).sha256 != one.sha256


def test_a_module_of_the_import_path_is_read_without_importing_what_is_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = strategy("from .near import x")
    written(tmp_path, {"of_mine/__init__.py": LOUD, "of_mine/s.py": text.rstrip("\n"), "of_mine/near.py": LOUD})
    monkeypatch.syspath_prepend(str(tmp_path))
    source = read_module("of_mine.s")
    assert source is not None
    assert (source.text, source.path.name) == (text, "s.py")  # as inspect gives it: the last line ends
    assert files_of(source) == ["of_mine/__init__.py", "of_mine/near.py"]
    assert "of_mine" not in sys.modules
    assert [read_module(name) for name in ("of_mine.none", "nowhere_at_all", "of_mine.s.x", "not a name")] == [None] * 4


def test_compiled_code_of_its_own_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    digests = set()
    for content in (b"one", b"two"):
        path = written(tmp_path, {"mine.py": strategy("import fast")})
        (tmp_path / f"fast{EXTENSION_SUFFIXES[0]}").write_bytes(content)
        source = read_source(path)
        assert source.helpers == [(f"fast{EXTENSION_SUFFIXES[-1]}", hashlib.sha256(content).hexdigest())]
        digests.add(source.sha256)
    assert len(digests) == 2
