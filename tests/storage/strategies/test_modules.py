"""Strategies with helpers, run: each with its own, the very text that was read, and no trace for anybody else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidError
from engine.market.synthetic import synthetic_daily
from storage.strategies.identity import strategy_code
from storage.strategies.loading import PREFIX, anew, load_source, load_strategy_file, run_anew
from storage.strategies.source import read_source
from tests.storage.strategies.folders import strategy, written

BARS = synthetic_daily(20, seed=1)
NEVER, ALWAYS = "import numpy as np\nFIRES = np.False_\n", "import numpy as np\nFIRES = np.True_\n"
ASKS = strategy("import helpers", entry="np.full(len(bars), helpers.FIRES)")


def fires(path: Path) -> bool:
    return entries(load_strategy_file(str(path))) == [True] * len(BARS)


def entries(kind: Any) -> list[bool]:
    found: list[bool] = kind().signals(BARS, kind.params()).entry.tolist()
    return found


def test_two_strategies_have_each_their_own_helpers_and_nobody_else_sees_them(tmp_path: Path) -> None:
    path_before, modules = list(sys.path), set(sys.modules)
    one = written(tmp_path / "a", {"mine.py": ASKS, "helpers.py": ALWAYS})
    other = written(tmp_path / "b", {"mine.py": ASKS, "helpers.py": NEVER})
    assert (fires(one), fires(other), fires(one)) == (True, False, True)
    assert sys.path == path_before
    assert {name for name in set(sys.modules) - modules if not name.startswith(PREFIX)} <= {"papertape"}
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["a/helpers.py", "a/mine.py", "b/helpers.py", "b/mine.py"]


def test_a_changed_helper_is_seen_in_the_same_process_and_an_unchanged_one_is_run_once(tmp_path: Path) -> None:
    path = written(tmp_path, {"mine.py": ASKS, "helpers.py": ALWAYS})
    before = load_strategy_file(str(path))
    assert load_strategy_file(str(path)) is before
    written(tmp_path, {"helpers.py": NEVER})
    after = load_strategy_file(str(path))
    assert (entries(before)[0], entries(after)[0]) == (True, False)
    assert strategy_code(before).sha256 != strategy_code(after).sha256


def test_what_runs_is_what_was_read_whatever_the_files_hold_by_then(tmp_path: Path) -> None:
    late = strategy("", entry="np.full(len(bars), helpers.FIRES)", first="import helpers")
    path = written(tmp_path, {"mine.py": late, "helpers.py": ALWAYS})
    source = read_source(path)
    written(tmp_path, {"mine.py": "raise SystemExit", "helpers.py": NEVER})
    assert entries(load_source(source)) == [True] * len(BARS)
    assert load_source(source).__module__.startswith(PREFIX)


def test_what_was_not_read_is_not_imported(tmp_path: Path) -> None:
    hidden = strategy("import lib", entry="np.full(len(bars), __import__('li' + 'b.hidden').FIRES)")
    path = written(tmp_path, {"mine.py": hidden, "lib/__init__.py": "", "lib/hidden.py": ALWAYS})
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'lib\.hidden'"):
        entries(load_strategy_file(str(path)))


@pytest.mark.parametrize(
    "imports",
    [
        "import lib.a\nFIRES = lib.a.FIRES",
        "import lib.a as a\nFIRES = a.FIRES",
        "from lib import a\nFIRES = a.FIRES",
        "from lib.a import FIRES",
        "from lib.a import *",
        "from lib import *\nFIRES = a.FIRES",
        "from .lib.a import FIRES",
        "from . import lib\nFIRES = lib.FIRES",
        "from plain.b import FIRES",
        "FIRES = __import__('lib').FIRES",
        "from sma import sma as FIRES",
    ],
)
def test_every_form_of_an_import_works_as_in_a_script(tmp_path: Path, imports: str) -> None:
    files = {
        "mine.py": strategy(imports, entry="np.full(len(bars), FIRES)"),
        "lib/__init__.py": "from .a import FIRES\n__all__ = ['a']\n",
        "lib/a.py": "from ..settings import FIRES\n",
        "plain/b.py": "import settings\nFIRES = settings.FIRES\n",
        "sma.py": "from settings import FIRES as sma\n",
        "settings.py": ALWAYS,
    }
    assert fires(written(tmp_path, files))


def test_a_helper_does_not_take_the_place_of_a_name_in_the_strategy(tmp_path: Path) -> None:
    files = {
        "mine.py": strategy("FIRES = np.True_", first="import helpers", entry="np.full(len(bars), FIRES)"),
        "helpers.py": "import FIRES\n",
        "FIRES.py": "",
    }
    assert fires(written(tmp_path, files))


MODELS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from papertape import Params
import circle

Number = int


class P(Params):
    n: Number = 3


@dataclass
class D:
    kind: ClassVar[int] = 1
    n: int = 0
"""


def test_helpers_may_hold_models_dataclasses_and_circles(tmp_path: Path) -> None:
    text = strategy("from helpers import P, D", entry="np.full(len(bars), P().n == 3 and D(2).n == 2)")
    assert fires(written(tmp_path, {"mine.py": text, "helpers.py": MODELS, "circle.py": "import helpers\n"}))


def test_a_strategy_may_be_defined_in_a_helper(tmp_path: Path) -> None:
    text = strategy()
    path = written(tmp_path, {"mine.py": "from theirs import Mine\n", "theirs.py": text})
    kind = load_strategy_file(f"{path}:Mine")
    assert kind.key == "mine"
    assert strategy_code(kind).modules == ("theirs.py",)
    assert strategy_code(kind).sha256 == read_source(path).sha256


@pytest.mark.parametrize(
    ("helper", "said"),
    [
        ("\n\n1 / 0\n", "helpers.py, line 3: ZeroDivisionError: division by zero"),
        ("x = (1\n", "helpers.py, line 1: SyntaxError: '(' was never closed"),
        ("from lib import nothing\n", "helpers.py, line 1: ImportError: cannot import name 'nothing' from 'lib'"),
        ("import nowhere_at_all\n", "helpers.py, line 1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import lib.none\n", "helpers.py, line 1: ModuleNotFoundError: No module named 'lib.none'"),
    ],
)
def test_a_helper_that_fails_is_named_with_its_line(tmp_path: Path, helper: str, said: str) -> None:
    path = written(tmp_path, {"mine.py": ASKS, "helpers.py": helper, "lib.py": ""})
    modules = set(sys.modules)
    with pytest.raises(InvalidError) as error:
        load_strategy_file(str(path))
    assert (error.value.code, said in error.value.message) == ("INVALID_STRATEGY", True), error.value.message
    assert not [name for name in set(sys.modules) - modules if name.startswith(PREFIX)]


def test_a_module_on_the_import_path_is_the_strategys_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "lib", {"helpers_of_mine.py": ALWAYS})
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    path = written(tmp_path / "s", {"mine.py": ASKS.replace("helpers", "helpers_of_mine")})
    assert fires(path)
    assert "helpers_of_mine" not in sys.modules
    written(tmp_path / "lib", {"helpers_of_mine.py": NEVER})
    assert not fires(path)


def test_data_beside_a_helper_are_found(tmp_path: Path) -> None:
    reads = "from importlib.resources import files\nFIRES = files(__package__).joinpath('x.txt').read_text() == 'x'\n"
    path = written(tmp_path, {"mine.py": strategy("from lib.a import FIRES", entry="np.full(len(bars), FIRES)")})
    written(tmp_path, {"lib/__init__.py": "", "lib/a.py": reads, "lib/x.txt": "x"})
    assert fires(path)


def test_run_anew_keeps_nothing(tmp_path: Path) -> None:
    counting = "SEEN = []\ndef count():\n    SEEN.append(1)\n    return len(SEEN)\n"
    path = written(
        tmp_path, {"mine.py": strategy("import h", entry="np.full(len(bars), h.count() == 1)"), "h.py": counting}
    )
    kind = load_strategy_file(str(path))
    assert (entries(kind)[0], entries(kind)[0]) == (True, False)
    modules = set(sys.modules)
    with anew(kind) as new:
        assert (new is kind, entries(new)[0], entries(new)[0]) == (False, True, False)
    with run_anew(read_source(path)) as module:
        assert entries(module.Mine)[0]
    assert set(sys.modules) == modules
