"""Spec files in, spec files out, specs from flags."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from engine.errors import InvalidError, NotFoundError, PapertapeError
from engine.market.bars import Bars
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import Registry
from engine.strategies.spec import ExecutionPart, ExecutionSpec, ExitSpec, RiskSpec, compile_spec, parse_spec
from storage.spec_files import MAX_BYTES, new_spec_text, read_spec, spec_from_flags

DOCUMENT = {
    "strategy_id": "sma_cross",
    "symbols": ["AAPL", "IBM"],
    "entry": {"type": "sma_cross", "fast_period": 10},
    "exit": {"stop_loss_pct": 5},
    "risk": {"dollars_per_trade": 500.0},
}
TOML = """
strategy_id = "sma_cross"
symbols = ["AAPL", "IBM"]
entry = { type = "sma_cross", fast_period = 10 }
exit.stop_loss_pct = 5
[risk]
dollars_per_trade = 500.0
"""


def written(folder: Path, text: str | bytes, name: str = "spec.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("spec.toml", TOML),
        ("spec.json", json.dumps(DOCUMENT)),
        ("SPEC.JSON", "\n" + json.dumps(DOCUMENT)),
        ("spec", json.dumps(DOCUMENT)),
        ("spec.txt", TOML),
        ("spec", "\ufeff" + TOML),
        ("spec.toml", TOML.replace("\n", "\r\n")),
    ],
)
def test_toml_and_json_are_one_spec(tmp_path: Path, name: str, text: str) -> None:
    assert read_spec(written(tmp_path, text, name)) == parse_spec(DOCUMENT)
    assert read_spec(str(tmp_path / name)).exit.stop_loss_pct == 5.0


@pytest.mark.parametrize("time", ["2024-05-06T07:08:09Z", "2024-05-06T09:08:09+02:00", "2024-05-06T07:08:09"])
def test_a_toml_time_is_a_time(tmp_path: Path, time: str) -> None:
    spec = read_spec(written(tmp_path, f"created_at = {time}\n{TOML}"))
    assert spec.created_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


JSON = json.dumps(DOCUMENT)


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("a.toml", TOML + "\nmax_position = 3", "INVALID_SPEC", "risk.max_position: Extra inputs"),
        ("a.toml", "stratgy_id = 'x'\n" + TOML, "INVALID_SPEC", "stratgy_id: Extra inputs"),
        ("a.toml", TOML.replace("500.0", "nan"), "INVALID_SPEC", "risk.dollars_per_trade: nan is not a finite"),
        ("a.toml", TOML.replace("500.0", "-inf"), "INVALID_SPEC", "risk.dollars_per_trade: -inf is not a finite"),
        ("a.toml", TOML.replace("= 10", "= [1, inf]"), "INVALID_SPEC", "entry.fast_period[1]: inf is not a finite"),
        ("a.toml", TOML.replace("500.0", "-1.0"), "INVALID_SPEC", "risk.dollars_per_trade: Input should be greater"),
        ("a.toml", TOML.replace("500.0", "true"), "INVALID_SPEC", "risk.dollars_per_trade: Input should be a valid"),
        ("a.toml", TOML.replace("500.0", '"500"'), "INVALID_SPEC", "risk.dollars_per_trade: Input should be a valid"),
        ("a.toml", TOML.replace("500.0", "9" * 400), "INVALID_SPEC", "risk.dollars_per_trade"),
        ("a.toml", TOML + "dollars_per_trade = 3", "INVALID_SPEC", "Cannot overwrite a value"),
        ("a.toml", TOML.replace('"IBM"', '"AAPL"'), "INVALID_SPEC", "symbols: AAPL named twice"),
        ("a.toml", TOML.replace('"AAPL", "IBM"', ""), "INVALID_SPEC", "symbols: List should have at least 1"),
        ("a.toml", TOML.replace("AAPL", "A\\u0007"), "INVALID_SPEC", "must not hold control"),
        ("a.toml", "symbols = ['A']", "INVALID_SPEC", "strategy_id: Field required"),
        ("a.toml", "strategy_id = ", "INVALID_SPEC", "not valid TOML: Invalid value (at"),
        ("a.toml", "a = " + "[" * 5000, "INVALID_SPEC", "not valid TOML"),
        ("a.toml", JSON, "INVALID_SPEC", "not valid TOML"),
        ("a.toml", TOML.encode("utf-16"), "INVALID_SPEC", "not UTF-8: byte 0 is 0xff"),
        ("a.toml", b"#" * (MAX_BYTES + 1), "INVALID_SPEC", "larger than 1,000,000 bytes"),
        ("a.yaml", "strategy_id: sma_cross", "INVALID_SPEC", "is YAML"),
        ("a.json", JSON.replace("500.0", "NaN"), "INVALID_JSON", "NaN is not a finite number"),
        ("a.json", JSON.replace("500.0", "1e999"), "INVALID_JSON", "1e999 is not a finite number"),
        ("a.json", JSON[:-1] + ', "symbols": ["X"]}', "INVALID_JSON", "'symbols' stands twice"),
        ("a.json", JSON[:-1], "INVALID_JSON", "is not valid JSON"),
        ("a.json", "[1]", "INVALID_SPEC", "holds list, not an object"),
        ("a.json", "", "INVALID_JSON", "is not valid JSON"),
        ("a.json", JSON.replace("sma_cross", "", 1), "INVALID_SPEC", "strategy_id: String should have at least 1"),
        ("a.json", JSON.replace('"stop_loss_pct": 5', '"type": "never"'), "INVALID_SPEC", "exit.type: Input should be"),
        ("a.json", JSON.replace('"stop_loss_pct": 5', '"max_bars": 0'), "INVALID_SPEC", "exit.max_bars: Input should"),
        (
            "a.json",
            JSON.replace('"stop_loss_pct": 5', '"max_bars": 2.5'),
            "INVALID_SPEC",
            "exit.max_bars: Input should",
        ),
        ("a.json", JSON.replace('_pct": 5', '_pct": 100'), "INVALID_SPEC", "exit.stop_loss_pct: Input should be less"),
    ],
)
def test_a_spec_that_is_refused_names_file_and_field(
    tmp_path: Path, name: str, text: str | bytes, code: str, said: str
) -> None:
    path = written(tmp_path, text, name)
    with pytest.raises(InvalidError) as error:
        read_spec(path)
    assert error.value.code == code
    assert str(path) in error.value.message
    assert said in error.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path, Path("a\0b.toml")):
        with pytest.raises(NotFoundError) as error:
            read_spec(path)
        assert error.value.code == "FILE_NOT_FOUND"


class Kind(StrEnum):
    CLOSE = "close"
    HIGH = "high"


class ManyParams(Params):
    whole: Annotated[int, Field(ge=1, lt=9, description="a whole\nnumber\x07")] = 3
    part: Annotated[float, Field(gt=0)] = 1e-12
    large: float = 1e22
    on: bool = False
    text: str = 'say "\x7f\\ é\n'
    of: Kind = Kind.HIGH
    some: Annotated[int, Field(ge=2)] | None = None
    weights: list[float] = Field(default_factory=lambda: [0.5, 2.0], description="by age")
    by_name: dict[str, int] = Field(default={"a": 1})


class Many(Strategy[ManyParams]):
    key = "many"
    summary = "Has a parameter\nof every kind."
    params = ManyParams

    def signals(self, bars: Bars, params: ManyParams) -> Signals:
        raise NotImplementedError

    def window(self, params: ManyParams) -> Window:
        raise NotImplementedError


class NeedyParams(Params):
    period: Annotated[int, Field(description="no default fits")]


class Needy(Many):
    key = "needy"
    params = NeedyParams


@pytest.mark.parametrize("strategy", [*(each.strategy for each in Registry().all()), Many()], ids=lambda s: s.key)
def test_a_new_spec_reads_back_as_the_defaults(strategy: Strategy[Any], tmp_path: Path) -> None:
    symbols = ["AAPL", 'q"u\\o', "été"]
    text = new_spec_text(strategy, symbols)
    assert max(len(line) for line in text.splitlines()) <= 120
    spec = read_spec(written(tmp_path, text))
    plain = ExecutionSpec(strategy_id=strategy.key, symbols=symbols)
    assert compile_spec(spec, strategy).base() == compile_spec(plain, strategy).base()
    for name in strategy.params.model_fields:
        assert name in text


OFFERED = {"exit": ExitSpec, "risk": RiskSpec, "execution": ExecutionPart}
NEEDS = {"risk.size": {"equity_pct": 10.0}}


def offered(text: str) -> dict[str, dict[str, Any]]:
    """The fields of a new spec that stand in comments, by table, with the values that they would have."""
    found: dict[str, dict[str, Any]] = {}
    part = ""
    for line in text.splitlines():
        if line.startswith("["):
            part = line[1 : line.index("]")]
        elif re.match(r"# [a-z_]+ = [^ ]", line) and part:
            found.setdefault(part, {}).update(tomllib.loads(line[2:]))
    return found


@pytest.mark.parametrize("part", OFFERED)
def test_a_new_spec_offers_every_field_with_a_value_that_can_be_taken(part: str) -> None:
    text = new_spec_text(Registry().get("sma_cross"), ["A"])
    written_out = tomllib.loads(text)
    fields = offered(text).get(part, {})
    assert {*fields, *written_out[part]} == set(OFFERED[part].model_fields)
    for name, value in fields.items():
        needed = NEEDS.get(f"{part}.{name}", {})
        spec = parse_spec({**written_out, part: {**written_out[part], **needed, name: value}})
        made = getattr(getattr(spec, part), name)
        assert made is not None
        assert made != OFFERED[part].model_fields[name].default


def test_a_new_spec_says_what_a_parameter_is() -> None:
    text = new_spec_text(Many(), ["A"])
    assert "# many: Has a parameter of every kind." in text
    assert "whole = 3  # a whole number; at least 1; below 9\n" in text
    assert 'of = "high"  # one of "close", "high"\n' in text
    assert "# some is null unless given; at least 2\n" in text
    assert "weights = [0.5, 2.0]  # by age\n" in text
    assert '# by_name is {"a": 1} unless given\n' in text


def test_a_parameter_without_a_default_is_asked_for() -> None:
    text = new_spec_text(Needy(), ["A"])
    assert "# period =   # required; no default fits\n" in text
    with pytest.raises(InvalidError, match="period: Field required"):
        compile_spec(parse_spec(tomllib.loads(text)), Needy())


def test_a_new_spec_refuses_symbols_that_are_none() -> None:
    with pytest.raises(InvalidError, match=r"symbols\.0"):
        new_spec_text(Many(), ["a\nb"])


def test_flags_make_the_spec_that_a_file_would() -> None:
    sets = [
        "entry.fast_period=10",
        "exit.stop_loss_pct=5",
        "exit.type=none",
        "exit.max_bars=off",
        "risk.dollars_per_trade=500",
    ]
    spec = spec_from_flags("sma_cross", ["AAPL", "IBM"], sets, "1h")
    expected = parse_spec(
        {
            "strategy_id": "sma_cross",
            "symbols": ["AAPL", "IBM"],
            "timeframe": "1h",
            "entry": {"fast_period": 10},
            "exit": {"stop_loss_pct": 5.0, "type": "none"},
            "risk": {"dollars_per_trade": 500.0},
        }
    )
    sma = Registry().get("sma_cross")
    assert compile_spec(spec, sma).base() == compile_spec(expected, sma).base()


def test_flags_read_values_in_their_fields_type() -> None:
    registry = Registry((Many,))
    sets = ["entry.on=TRUE", "entry.text=12", "entry.part=2", "entry.whole=4", "entry.some=7", "entry.of=close"]
    entry = spec_from_flags("many", ["A"], sets, registry=registry).entry
    assert entry == {"on": True, "text": "12", "part": 2.0, "whole": 4, "some": 7, "of": "close"}
    assert [type(value) for value in entry.values()] == [bool, str, float, int, int, str]


def test_flags_take_values_that_only_fit_together() -> None:
    spec = spec_from_flags("sma_cross", ["A"], ["entry.fast_period=60", "entry.slow_period=90"])
    assert spec.entry == {"fast_period": 60, "slow_period": 90}
    assert spec_from_flags("needy", ["A"], ["entry.period=2"], registry=Registry((Needy,))).entry == {"period": 2}


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["entry.lookback_dys=3"], "did you mean entry.lookback_days?"),
        (["exit.stop_loss=3"], "did you mean exit.stop_loss_pct?"),
        (["lookback_days=3"], "did you mean entry.lookback_days?"),
        (["entry.lookback_days=ten"], "entry.lookback_days: 'ten'"),
        (["entry.lookback_days=2.5"], "entry.lookback_days: '2.5'"),
        (["entry.lookback_days="], "entry.lookback_days: ''"),
        (["entry.lookback_days=0"], "lookback_days: Input should be greater"),
        (["entry.lookback_days=1", "entry.lookback_days=2"], "names entry.lookback_days twice"),
        (["risk.dollars_per_trade=nan"], "risk.dollars_per_trade: nan is not a finite number"),
        ([f"risk.dollars_per_trade={'9' * 400}"], "risk.dollars_per_trade"),
        (["risk.dollars_per_trade=0"], "risk.dollars_per_trade: Input should be greater than 0"),
        (["exit.type=sometimes"], "exit.type: Input should be"),
        (["exit.type=signal"], "has no exit of its own"),
    ],
)
def test_flags_that_are_refused(sets: list[str], said: str) -> None:
    with pytest.raises(InvalidError) as error:
        spec_from_flags("breakout_52w_high", ["A"], sets)
    assert error.value.code == "INVALID_SPEC"
    assert said in error.value.sentence


def test_flags_for_a_strategy_that_is_not_there() -> None:
    with pytest.raises(PapertapeError) as error:
        spec_from_flags("sma_crss", ["A"])
    assert (error.value.code, error.value.hint) == ("STRATEGY_NOT_FOUND", "did you mean sma_cross?")


DEEP = {
    "lists.toml": "entry.period = " + "[" * 500 + "]" * 500,
    "tables.toml": "entry = " + "{a = " * 500 + "1" + "}" * 500,
    "header.toml": "[entry." + ".".join("a" * 500) + "]\nx = 1",
    "key.toml": ".".join("a" * 100_000) + " = 1",  # `tomllib` would take gigabytes
    "quoted.toml": " . ".join(['"a b"', "'c'"] * 300) + " = 1",
    "lists.json": '{"entry": ' + "[" * 500 + "]" * 500 + "}",
    "objects.json": '{"entry": ' + '{"a": ' * 500 + "1" + "}" * 500 + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_a_spec_nested_without_reason_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidError, match=f"the spec .*{name} is not valid .*: it is nested deeper than 100 levels"):
        read_spec(written(tmp_path, DEEP[name], name))


def test_many_numbers_and_long_words_are_no_depth(tmp_path: Path) -> None:
    document = {**DOCUMENT, "entry": {"levels": [1.5] * 500, "note": "a.b " * 500, "word": "x" * 100_000}}
    text = (
        'strategy_id = "sma_cross"\nsymbols = ["AAPL", "IBM"]\nexit.stop_loss_pct = 5\nrisk.dollars_per_trade = 500.0'
    )
    entry = f"levels = {document['entry']['levels']}\nnote = {json.dumps('a.b ' * 500)}\nword = '{'x' * 100_000}'"
    assert read_spec(written(tmp_path, f"{text}\n[entry]\n{entry}")) == parse_spec(document)


@pytest.mark.parametrize("depth", [150, 400, 900])
def test_a_deep_object_from_python_is_refused_too(depth: int) -> None:
    entry: dict[str, Any] = {}
    for _ in range(depth):
        entry = {"a": entry}
    with pytest.raises(InvalidError, match="the spec is refused: it is nested deeper than 100 levels"):
        parse_spec({**DOCUMENT, "entry": entry})
