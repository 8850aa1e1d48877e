"""A person's own strategies: loaded from files, registered, checked, and started from a template."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidError, NotFoundError, PapertapeError
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.registry import BUILTIN
from engine.strategies.spec import parse_spec
from storage.strategies.check import check_strategy_class, check_strategy_file
from storage.strategies.files import (
    UserRegistry,
    load_strategy_file,
    make_registry,
    new_strategy_text,
    rights_notice,
    strategy_key,
    strategy_source,
)
from storage.strategies.loading import load_strategy_source, split_ref
from storage.strategies.source import MAX_BYTES
from tests.support.memory_desks import memory_desk

HEAD = "import numpy as np\nfrom papertape import Bars, Params, Signals, Strategy, Window\n"
BODY = """
class {name}(Strategy[Params]):
    key = "{key}"
    def signals(self, bars, params):
        {signals}
    def window(self, params):
        return {window}
"""
RISES = "return Signals(np.r_[False, bars.close[1:] > bars.close[:-1]])"
DATA = Dataset({"SYN": synthetic_daily(300, seed=4)})


def source(name: str = "Mine", key: str = "mine", signals: str = RISES, window: str = "Window(bars=2)") -> str:
    return HEAD + BODY.format(name=name, key=key, signals=signals, window=window)


def written(folder: Path, text: str | bytes, name: str = "mine.py") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def refused(ref: str) -> PapertapeError:
    with pytest.raises(PapertapeError) as error:
        load_strategy_file(ref)
    return error.value


# loading


def test_a_file_works_like_a_built_in_strategy(tmp_path: Path) -> None:
    path = written(tmp_path, source())
    registry = make_registry()
    key = registry.add(load_strategy_file(f"{path}:Mine"), path).key
    assert key == "mine"
    assert registry.entry("mine").origin == path
    outcome = memory_desk(registry=registry).research.run(parse_spec({"strategy_id": "mine", "symbols": ["SYN"]}), DATA)
    assert outcome.metrics.trade_count > 10


def test_a_file_with_one_strategy_needs_no_name(tmp_path: Path) -> None:
    path = written(tmp_path, source() + "\nAlias = Mine\nfrom papertape import StrategyRunner\n")
    assert load_strategy_file(path) is load_strategy_file(f"{path}:Mine")


def test_an_abstract_base_beside_it_does_not_count(tmp_path: Path) -> None:
    base = "\nclass Base(Strategy[Params]):\n    def window(self, params):\n        return Window(bars=2)\n"
    mine = f"\nclass Mine(Base):\n    key = 'mine'\n    def signals(self, bars, params):\n        {RISES}\n"
    assert load_strategy_file(written(tmp_path, HEAD + base + mine)).__name__ == "Mine"


def test_loading_leaves_no_trace_but_a_module_of_its_own(tmp_path: Path) -> None:
    path_before, modules = list(sys.path), set(sys.modules)
    kind = load_strategy_file(written(tmp_path, source()))
    assert sys.path == path_before
    assert {name for name in set(sys.modules) - modules if "mine" in name} == set()
    assert kind.__module__.startswith("papertape_strategy_")
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"]


def test_a_file_that_fails_leaves_no_module_and_is_tried_again(tmp_path: Path) -> None:
    modules = set(sys.modules)
    path = written(tmp_path, "import json\n1/0")
    assert refused(path).message == refused(path).message
    assert not [name for name in set(sys.modules) - modules if name.startswith("papertape_strategy_")]


def test_two_files_of_one_name_are_two_modules_and_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one = load_strategy_file(written(tmp_path, source()))
    other = load_strategy_file(written(tmp_path / "a", source(key="other")))
    assert (one.key, other.key) == ("mine", "other")
    assert load_strategy_file(written(tmp_path, source(key="changed"))).key == "changed"
    assert one.key == "mine"


def test_annotations_written_as_text_are_found(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom typing import Annotated\nfrom pydantic import Field\n" + HEAD
    text += "class P(Params):\n    n: Annotated[int, Field(ge=1)] = 3\n" + BODY.format(
        name="Mine", key="mine", signals=RISES, window="Window(bars=2)"
    ).replace('key = "mine"', 'key = "mine"\n    params = P')
    kind = load_strategy_file(written(tmp_path, text))
    assert kind.params().model_dump() == {"n": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (1\n", "line 1: SyntaxError: '(' was never closed"),
        ("\n\n  x = 1\n", "line 3: IndentationError: unexpected indent"),
        ("a = 1\0", "null bytes"),
        ("\n1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('k')\n\nf()\n", "line 2: KeyError: 'k'"),
        ("import sys\nsys.exit(0)\n", "line 2: SystemExit: 0"),
        ("import nowhere_to_be_found\n", "line 1: ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("x = 1\n", "it defines no subclass of papertape.Strategy"),
        ("from papertape import Strategy\n", "it defines no subclass of papertape.Strategy"),
        (source() + BODY.format(name="B", key="b", signals=RISES, window="Window()"), "several strategies: Mine, B"),
        (source().replace("def window", "def widnow"), "it does not define window"),
        (
            source().replace("def signals", "def signal"),
            "it does not define signals (or signals_all, to compare symbols)",
        ),
        (source(key="Mine"), "its key 'Mine' is not lower-case"),
        (source().replace('key = "mine"', ""), "its key None is not"),
        (
            source().replace('key = "mine"', 'key = "mine"\n    default_exit = "signal"'),
            "default_exit 'signal' does not",
        ),
        (source().replace('key = "mine"', 'key = "mine"\n    params = dict'), "its params is not a pydantic model"),
        ("# -*- coding: klingon -*-\n", "it cannot be decoded: unknown encoding"),
        (b"x = '\xff'\n", "it cannot be decoded"),
        (b"#" * (MAX_BYTES + 1), "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_refused_says_where_and_why(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = written(tmp_path, text)
    error = refused(path)
    assert error.code == "INVALID_STRATEGY"
    assert path in error.message
    assert said in error.message
    assert error.hint


def test_a_file_or_class_that_is_not_there(tmp_path: Path) -> None:
    for ref in (str(tmp_path / "none.py"), f"{tmp_path}/none.py:Mine", str(tmp_path), "a\0.py"):
        assert refused(ref).code == "FILE_NOT_FOUND"
    path = written(tmp_path, source())
    error = refused(f"{path}:Mien")
    assert (error.code, error.hint) == ("INVALID_STRATEGY", "did you mean mine.py:Mine?")
    assert "it is not a subclass of papertape.Strategy" in refused(f"{path}:np").message


@pytest.mark.parametrize(
    ("ref", "parts"),
    [
        ("a.py", ("a.py", None)),
        ("a.py:B", ("a.py", "B")),
        ("C:/x/a.py", ("C:/x/a.py", None)),
        ("C:/x/a.py:B", ("C:/x/a.py", "B")),
        ("x:y/a.py", ("x:y/a.py", None)),
    ],
)
def test_a_reference_is_a_path_and_a_name(ref: str, parts: tuple[str, str | None]) -> None:
    assert split_ref(ref) == (Path(parts[0]), parts[1])


def test_the_source_is_kept_with_its_hash(tmp_path: Path) -> None:
    kind = load_strategy_file(written(tmp_path, source().replace("\n", "\r\n")))
    text, digest = strategy_source(kind)
    assert text == source()
    assert digest == hashlib.sha256(text.encode()).hexdigest()
    elsewhere = load_strategy_source(text, Path("/another/host/mine.py"), "Mine")
    assert (elsewhere.key, strategy_source(elsewhere)[1]) == ("mine", digest)
    assert len({strategy_source(each)[1] for each in BUILTIN}) == len(BUILTIN)


def test_what_fails_in_a_run_names_file_and_line(tmp_path: Path) -> None:
    registry = make_registry([written(tmp_path, source(signals="return self.helper(bars)"))])
    with pytest.raises(InvalidError) as error:
        memory_desk(registry=registry).research.run(parse_spec({"strategy_id": "mine", "symbols": ["SYN"]}), DATA)
    assert error.value.code == "INVALID_STRATEGY"
    assert "the strategy mine failed at mine.py:7: AttributeError" in error.value.message


# the registry


BUILT_IN = [kind.key for kind in BUILTIN]


def keys(registry: UserRegistry) -> list[str]:
    return [registered.strategy.key for registered in registry.all()]


def test_listed_files_come_after_the_built_in(tmp_path: Path) -> None:
    paths = [written(tmp_path, source()), written(tmp_path, source("B", "b"), "b.py") + ":B"]
    registry = make_registry(paths)
    assert keys(registry) == [*BUILT_IN, "mine", "b"]
    assert [each.origin for each in registry.all()][len(BUILT_IN) :] == paths
    assert registry.faults() == ()


def test_files_are_loaded_when_a_key_is_not_found_among_the_built_in(tmp_path: Path) -> None:
    mark = tmp_path / "loaded"
    path = written(tmp_path, f"open({str(mark)!r}, 'w').close()\n" + source())
    registry = make_registry([path])
    assert registry.get("sma_cross").key == "sma_cross"
    assert not mark.exists()
    assert registry.get("mine").key == "mine"
    assert mark.exists()


def test_a_broken_file_breaks_only_what_asks_for_it(tmp_path: Path) -> None:
    broken = written(tmp_path, "1/0", "broken.py")
    registry = make_registry([broken, str(tmp_path / "gone.py"), written(tmp_path, source())])
    assert registry.get("sma_cross").key == "sma_cross"
    assert registry.get("mine").key == "mine"
    assert keys(registry) == [*BUILT_IN, "mine"]
    with pytest.raises(InvalidError) as error:
        registry.get("theirs")
    assert error.value.code == "INVALID_STRATEGY"
    assert "no strategy 'theirs' among those that load" in error.value.message
    assert f"{broken}: line 1: ZeroDivisionError" in error.value.message
    faults = registry.faults()
    assert [fault.code for fault in faults] == ["INVALID_STRATEGY"] * 2
    assert "gone.py" in faults[1].message


def test_without_a_broken_file_a_missing_key_names_the_nearest(tmp_path: Path) -> None:
    registry = make_registry([written(tmp_path, source(key="mean_reversion"))])
    with pytest.raises(NotFoundError) as error:
        registry.get("mean_revresion")
    assert (error.value.code, error.value.hint) == ("STRATEGY_NOT_FOUND", "did you mean mean_reversion?")


def test_a_key_is_registered_once(tmp_path: Path) -> None:
    path, other = written(tmp_path, source()), written(tmp_path, source("B"), "b.py")
    registry = make_registry([path, other, f"{path}:Mine"])
    registry.add(load_strategy_file(path), path)
    assert keys(registry)[len(BUILT_IN) :] == ["mine"]
    (fault,) = registry.faults()
    assert f"the key 'mine' is taken ({path})" in fault.message
    with pytest.raises(InvalidError, match=r"the key 'sma_cross' is taken \(built in\)"):
        registry.add(load_strategy_file(written(tmp_path, source(key="sma_cross"), "c.py")), "c.py")


class FakePoint:
    """An installed package's entry point."""

    def __init__(self, name: str, found: Any) -> None:
        self.name, self.value, self._found = name, f"package:{name}", found

    def load(self) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def test_entry_points_are_loaded_and_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = load_strategy_file(written(tmp_path, source()))
    points = [FakePoint("mine", mine), FakePoint("bad", ImportError("no such thing")), FakePoint("none", 3)]
    groups = []

    def entry_points(*, group: str) -> list[FakePoint]:
        groups.append(group)
        return points

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    registry = make_registry([written(tmp_path, source("B", "b"), "b.py")])
    assert (registry.get("sma_cross").key, groups) == ("sma_cross", [])
    assert keys(registry)[len(BUILT_IN) :] == ["mine", "b"]
    assert groups == ["papertape.strategies"]
    assert registry.entry("mine").origin == "entry point mine = package:mine"
    failed, none = registry.faults()
    assert "entry point bad = package:bad cannot be loaded: ImportError: no such thing" in failed.message
    assert "entry point none = package:none" in none.message


# `strategy new` and `strategy check`


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("channel", "channel", "Channel"),
        ("MyBreakout2", "my_breakout_2", "MyBreakout2"),
        ("rsi-fast", "rsi_fast", "RsiFast"),
        ("None", "none", "NoneStrategy"),
        ("signals", "signals", "SignalsStrategy"),
    ],
)
def test_a_new_file_runs_as_it_is_and_is_sound(tmp_path: Path, name: str, key: str, kind: str) -> None:
    text = new_strategy_text(name)
    assert 20 <= len(text.splitlines()) <= 36
    path = written(tmp_path, text)
    check = check_strategy_file(path, DATA)
    assert (check.key, check.name, strategy_key(name)) == (key, kind, key)
    assert (check.findings, check.error_code, check.error()) == ([], None, None)
    assert check.entries["SYN"] > 0
    outcome = memory_desk(registry=make_registry([path])).research.run(
        parse_spec({"strategy_id": key, "symbols": ["SYN"]}), DATA
    )
    assert outcome.metrics.trade_count > 0


def test_a_new_file_that_compares_symbols_runs_as_it_is_and_is_sound(tmp_path: Path) -> None:
    path = written(tmp_path, new_strategy_text("rotate", all_symbols=True))
    check = check_strategy_file(path)
    assert (check.findings, check.error_code) == ([], None)
    assert (check.signals_all, check.columns, check.proved) == (True, ["exit", "score"], True)
    data = Dataset({f"S{seed}": synthetic_daily(300, seed=seed, symbol=f"S{seed}") for seed in (1, 2, 3)})
    outcome = memory_desk(registry=make_registry([path])).research.run(
        parse_spec({"strategy_id": "rotate", "symbols": list(data.symbols)}), data
    )
    assert outcome.metrics.trade_count > 20


@pytest.mark.parametrize("name", ["", " ", "2fast", "été", "a/b", "x" * 65, "sma_cross", "SmaCross", "_", "a\n"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(InvalidError) as error:
        new_strategy_text(name)
    assert error.value.code == "INVALID_STRATEGY"


def test_a_check_without_data_runs_on_real_days_and_made_up_minutes(tmp_path: Path) -> None:
    check = check_strategy_file(written(tmp_path, source()))
    assert set(check.bars) == {"AAPL", "GOOG", "IBM", "SYN"}
    assert check.findings == []
    assert check.window == {"bars": 2, "sessions": 0, "anchored": False}
    assert check.parameters["type"] == "object"


@pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.key)
def test_the_built_in_strategies_are_sound(kind: Any) -> None:
    assert check_strategy_class(kind, DATA).findings == []


TOMORROW = "return Signals(np.r_[bars.close[1:] > bars.close[:-1], False])"
RANDOM = "return Signals(np.random.default_rng().random(len(bars)) > 0.5)"


@pytest.mark.parametrize(
    ("signals", "window", "check", "said"),
    [
        (TOMORROW, "Window(bars=2)", "look-ahead", "it looks ahead (bar "),
        (RISES, "Window(bars=1)", "window", "its window is longer"),
        (RISES, "2", "signals", "window() gave int, not Window"),
        ("return 1 / 0", "Window(bars=1)", "signals", "failed at mine.py:7: ZeroDivisionError"),
        ("return Signals(bars.close)", "Window(bars=1)", "signals", "entry holds float64, not bool"),
        (RANDOM, "Window(bars=1)", "deterministic", "other signals the second time"),
    ],
)
def test_a_check_finds_what_is_wrong(tmp_path: Path, signals: str, window: str, check: str, said: str) -> None:
    code = "STRATEGY_LOOKS_AHEAD" if check == "look-ahead" else "INVALID_STRATEGY"
    found = check_strategy_file(written(tmp_path, source(signals=signals, window=window)), DATA)
    (finding,) = found.findings
    assert (finding.check, finding.symbol, found.error_code) == (check, "SYN", code)
    assert said in finding.message
    error = found.error()
    assert error is not None
    assert error.code == code
    assert said in error.message


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("n: int", "n: Field required"),
        ("n: int = 'three'", "n: Input should be a valid integer"),
        ("n: Annotated[int, Field(ge=1)] = 0", "n: Input should be greater than or equal to 1"),
        ("n: float = float('nan')", "not JSON compliant"),
        ("n: Any = Field(default_factory=object)", "Unable to serialize"),
    ],
)
def test_a_check_finds_parameters_whose_defaults_do_not_fit(tmp_path: Path, params: str, said: str) -> None:
    head = f"from typing import Annotated, Any\nfrom pydantic import Field\n{HEAD}class P(Params):\n    {params}\n"
    body = source().removeprefix(HEAD).replace('key = "mine"', 'key = "mine"\n    params = P')
    found = check_strategy_file(written(tmp_path, head + body), DATA)
    (finding,) = found.findings
    assert (finding.check, finding.symbol, found.error_code) == ("parameters", None, "INVALID_STRATEGY")
    assert said in finding.message


def test_the_notice_says_whose_rights_a_file_has() -> None:
    assert rights_notice("mine.py") == "mine.py is a program and runs with your rights: load only files you trust"
