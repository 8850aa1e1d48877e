"""One rule for symbols, wherever they come from; what was taken before it can still be read and closed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.desk import Desk
from engine.errors import InvalidError
from engine.policy.limits import Limits
from engine.strategies.spec import parse_spec
from engine.symbols import check_held_symbol, check_symbol, quoted, readable
from engine.validation import STORED
from engine.vocabulary import IntentAction
from tests.support.desks import any_symbol_taken, open_test_desk

SOUND = (
    "AAPL", "NA", "TRUE", "NULL", "nan", "1", "007", "1e5", "BRK.B", "BRK B", "ES=F", "EURUSD=X", "^GSPC", "=A1", "A,B",
    "été", "e\u0301te", "株式", "A" * 32, "株" * 32, "$", "BTC/USDT:USDT", "M&M", "'A'", "-", "ÄÖÜ", "Яндекс", "🚀",
)  # fmt: skip

BROKEN = {
    "": "must not be empty",
    " ": "' ' must not be blank",
    "\u3000": "must not be blank",
    "AAPL ": "'AAPL ' must not have white space around it",
    " AAPL": "' AAPL' must not have white space around it",
    "AAPL\t": "'AAPL\\t' must not have white space around it",
    "\nAAPL": "'\\nAAPL' must not have white space around it",
    "AAPL\xa0": "'AAPL\\xa0' must not have white space around it",
    "BRK\xa0B": "'BRK\\xa0B' must not hold white space but plain spaces (U+00A0)",
    "BRK\u2009B": "must not hold white space but plain spaces (U+2009)",
    "A" * 33: "must not be longer than 32 characters",
    "A\x00B": "must not hold control characters",
    "A\x1b[31m": "'A\\x1b[31m' must not hold control characters",
    "A\x7f": "must not hold control characters",
    "A\x85B": "must not hold control characters",
    "A\ud800": "'A\\ud800' must not hold control characters",
    "A\u200b": "'A\\u200b' must not hold invisible characters (U+200B)",
    "\ufeffAAPL": "invisible characters (U+FEFF)",
    "A\u00adB": "invisible characters (U+00AD)",
    "A\u200d": "invisible characters (U+200D)",
    "A\u202eB": "invisible characters (U+202E)",
    "A\u2066B": "invisible characters (U+2066)",
    "A\u2028B": "invisible characters (U+2028)",
    "A\u2029B": "invisible characters (U+2029)",
    "A\U000e0041": "invisible characters (U+E0041)",
    "A\ufe0f": "'A\\ufe0f' must not hold invisible characters (U+FE0F)",
    "A\u034f": "'A\\u034f' must not hold invisible characters (U+034F)",
    "A\u3164": "'A\\u3164' must not hold invisible characters (U+3164)",
    "A\u2800": "'A\\u2800' must not hold invisible characters (U+2800)",
}


@pytest.mark.parametrize("symbol", SOUND)
def test_symbols(symbol: str) -> None:
    assert check_symbol(symbol) == symbol
    assert readable(symbol) == symbol


@pytest.mark.parametrize("symbol", BROKEN)
def test_what_is_no_symbol_is_shown_quoted(symbol: str) -> None:
    with pytest.raises(ValueError, match="must not") as refused:
        check_symbol(symbol)
    assert BROKEN[symbol] in str(refused.value)
    assert str(refused.value).startswith(quoted(symbol) if symbol else "must not be empty")
    assert str(refused.value).isprintable()
    assert readable(symbol) == quoted(symbol)


@given(st.text(max_size=40))
def test_what_is_a_symbol_can_be_held_and_seen(text: str) -> None:
    try:
        check_symbol(text)
    except ValueError:
        return
    assert check_held_symbol(text) == text.strip() == text
    assert all(char.isprintable() or not char.isspace() for char in text)


@pytest.mark.parametrize("symbol", ["AAPL ", "A\u200b"])
def test_specs_and_policies_take_no_other_symbols(symbol: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_spec({"strategy_id": "sma_cross", "symbols": [symbol]})
    assert f"symbols.0: {quoted(symbol)} must not" in refused.value.message
    stored = parse_spec({"strategy_id": "sma_cross", "symbols": [symbol]}, stored=True)
    assert stored.symbols == [symbol]


def test_a_policy_list_strips_its_parts_and_refuses_what_cannot_be_seen() -> None:
    assert Limits().changed({"allow_symbols": "A, B ,ES=F"}).allow_symbols == ("A", "B", "ES=F")
    with pytest.raises(InvalidError) as refused:
        Limits().changed({"deny_symbols": "A,B\u200b"})
    assert "deny_symbols.1: 'B\\u200b' must not hold invisible characters" in refused.value.message


def test_a_policy_that_an_older_papertape_stored_is_read_and_changed() -> None:
    stored = Limits.model_validate_json('{"deny_symbols": ["A\u200b"]}', context=STORED)
    changed = stored.changed({"max_positions": "3"})
    assert (changed.deny_symbols, changed.max_positions) == (("A\u200b",), 3)
    assert changed.changed({"deny_symbols": "off"}).deny_symbols is None


@pytest.fixture
def old(tmp_path: Path) -> Desk:
    """A desk whose account holds what an older papertape took: `AAPL`, and `AAPL ` beside it."""
    desk = open_test_desk(tmp_path / "old.db")
    with any_symbol_taken():
        for symbol in ("AAPL", "AAPL "):
            desk.trading.order(IntentAction.OPEN_LONG, symbol, 1, 10)
    return desk


def test_an_old_position_is_closed_by_its_own_text(old: Desk) -> None:
    assert sorted(old.accounts.state().positions) == ["AAPL", "AAPL "]
    with pytest.raises(InvalidError) as refused:
        old.trading.order(IntentAction.OPEN_LONG, "AAPL ", 1, 10)
    assert (refused.value.code, "'AAPL ' must not have white space" in refused.value.message) == (
        "INVALID_INTENT",
        True,
    )
    assert old.trading.order(IntentAction.CLOSE_LONG, "AAPL ", 1, 11).success
    assert list(old.accounts.state().positions) == ["AAPL"]
    assert old.accounts.reconcile(dry_run=True).drift == {}


def test_a_close_of_what_is_not_held_shows_it_quoted(old: Desk) -> None:
    with pytest.raises(InvalidError) as refused:
        old.trading.order(IntentAction.CLOSE_LONG, " AAPL", 1, 10)
    assert (refused.value.code, refused.value.message) == ("NO_POSITION", "' AAPL' is not held")


def test_an_old_position_can_be_marked_and_nothing_else_of_its_kind(old: Desk) -> None:
    assert old.accounts.mark("AAPL ", 12.5).positions["AAPL "].mark == 12.5
    with pytest.raises(InvalidError) as refused:
        old.accounts.mark(" AAPL", 12.5)
    assert "' AAPL' must not have white space around it" in refused.value.message


def test_a_refused_mark_makes_no_account(tmp_path: Path) -> None:
    desk = open_test_desk(tmp_path / "new.db")
    with pytest.raises(InvalidError):
        desk.accounts.mark("AAPL ", 1.0)
    assert desk.accounts.all() == []
