"""The conditions of `--fail-if`: read by Python's `ast`, worth what Python says, unknown as Kleene has it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine.errors import UsageError
from tui.commands.plan.fail_if import MAX_DEPTH, MAX_LENGTH, read_condition

NAMES = ("best.return_pct", "best.sharpe", "best.trade_count", "baseline.return_pct", "baseline.sharpe")
FIGURES = {
    "best.return_pct": -2.5,
    "best.sharpe": None,
    "best.trade_count": 12,
    "baseline.return_pct": 4.0,
    "baseline.sharpe": 0.25,
}


def holds(text: str, figures: dict[str, Any] = FIGURES) -> bool | None:
    return read_condition(text, NAMES).test(figures).holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("best.return_pct < 0", True),
        ("best.return_pct<0", True),
        ("best.return_pct >= 0", False),
        ("best.return_pct < baseline.return_pct", True),
        ("best.return_pct == -2.5", True),
        ("best.return_pct != -2.5", False),
        ("best.trade_count == 12", True),
        ("0 < baseline.sharpe < 1", True),
        ("0 < baseline.sharpe < .25", False),
        ("not best.return_pct < 0", False),
        ("not not best.return_pct < 0", True),
        ("best.return_pct > 0 or best.trade_count > 10", True),
        ("best.return_pct > 0 and best.trade_count > 10", False),
        ("1 > 2 and 1 > 2 or 1 < 2", True),
        ("1 > 2 and (1 > 2 or 1 < 2)", False),
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("2 - 3 - 4 == -5", True),
        ("8 / 4 / 2 == 1", True),
        ("- -3 == +3", True),
        ("-best.return_pct * 2 == 5e0", True),
        ("((((1 < 2))))", True),
        # unknown
        ("best.sharpe < 0", None),
        ("not best.sharpe < 0", None),
        ("best.sharpe == best.sharpe", None),
        ("best.sharpe + 1 < 0", None),
        ("-best.sharpe < 0", None),
        ("1 / 0 < 1", None),
        ("0 * (1 / 0) == 0", None),
        ("1e308 * 10 > 1", None),
        ("best.sharpe < 0 or 1 < 2", True),
        ("1 < 2 or best.sharpe < 0", True),
        ("best.sharpe < 0 or 2 < 1", None),
        ("best.sharpe < 0 and 2 < 1", False),
        ("best.trade_count > 20 and best.sharpe < 0", False),
        ("best.sharpe < 0 and 1 < 2", None),
        ("best.sharpe < 3 < 2", False),
    ],
)
def test_a_condition_is_worth(text: str, expected: bool | None) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "why", "at"),
    [
        ("", "ends too early", 1),
        ("   ", "ends too early", 1),
        ("best.return_pct", "is a number, not a condition", 1),
        ("best.return_pct <", "ends too early", 18),
        ("< 0", "'<'", 1),
        ("best.return_pct < 0 0", "'0' does not belong here", 21),
        ("best.return_pct < 0)", "')' does not belong here", 20),
        ("(best.return_pct < 0", "not closed", 1),
        ("()", "a number, a figure or a condition", 1),
        ("best.retrn_pct < 0", "there is no figure 'best.retrn_pct'; did you mean best.return_pct?", 1),
        ("return_pct < 0", "there is no figure 'return_pct'", 1),
        ("best < 0", "there is no figure 'best'", 1),
        ("best.return_pct.real < 0", "there is no", 1),
        ("best.return_pct = 0", "'=' means nothing here; write '=='", 17),
        ("1 < 2 && 2 < 3", "'&' means nothing here; write 'and'", 7),
        ("1 < 2 || 2 < 3", "write 'or'", 7),
        ("!(1 < 2)", "write 'not'", 1),
        ("1 < 2 AND 2 < 3", "'AND' does not belong here", 7),
        ("5 % 2 == 1", "'%' means nothing here", 3),
        ("best.return_pct < 5%", "'%' means nothing here", 20),
        ("2 ** 3 == 8", "only + - * / combine numbers", 6),
        ("8 // 3 == 2", "only + - * / combine numbers", 6),
        ("1j < 2", "1j is not a number", 1),
        ("True < 2", "True is not a number", 1),
        ("1 is 1", "numbers are compared with", 1),
        ("1 in (1, 2)", "means nothing here", 8),
        ("best.return_pct() < 1", "belongs here", 1),
        ("1 < 2 if 1 < 2 else 2 < 1", "belongs here", 1),
        ("9" * 400 + " < 2", "too large", 1),
        ("1e999 < 2", "too large", 1),
        ("(1 < 2) + 1 < 3", "a condition stands where a number belongs", 2),
        ("1 + (1 < 2) < 3", "a condition stands where a number belongs", 6),
        ("(1 < 2) == (2 < 3)", "a condition stands where a number belongs", 2),
        ("1 == (2 < 3)", "a condition stands where a number belongs", 7),
        ("-(1 < 2) < 3", "a condition stands where a number belongs", 3),
        ("not 1", "a number, not a condition", 5),
        ("1 or 2 < 3", "the left of 'or' is a number", 1),
        ("2 < 3 and 1", "the right of 'and' is a number", 11),
        ("and 1 < 2", "'and'", 1),
        ("1 < not 2", "'not'", 5),
        ("__import__('os').system('x') < 0", "means nothing here", 12),
        ("best.return_pct < 0; 1 < 2", "';' means nothing here", 20),
        ("best.return_pct < 0\x00", "'\\x00' means nothing here", 20),
        ("1 < \uff12", "means nothing here", 5),
        ("(" * (MAX_DEPTH + 1) + "1 < 2" + ")" * (MAX_DEPTH + 1), "parentheses", MAX_DEPTH + 1),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(text: str, why: str, at: int) -> None:
    with pytest.raises(UsageError) as refused:
        read_condition(text, NAMES)
    assert refused.value.code == "USAGE"
    assert why in refused.value.sentence
    assert f"character {at}: " in refused.value.sentence


def test_a_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(UsageError, match="longer than"):
        read_condition("1 < 2 " * MAX_LENGTH, NAMES)


@pytest.mark.parametrize(
    "text", ["not " * 248 + "1 < 2", "-" * 990 + "1 < 2", "1" + "+1" * 495 + "< 2", "1<2<" * 245 + "9"]
)
def test_length_alone_does_not_exhaust_the_stack(text: str) -> None:
    assert len(text) <= MAX_LENGTH
    assert holds(text) in (True, False)


def test_the_deepest_that_is_read() -> None:
    assert holds("(" * MAX_DEPTH + "1 < 2" + ")" * MAX_DEPTH) is True


def test_the_figures_that_decided_are_named() -> None:
    read = read_condition("best.return_pct < baseline.return_pct or best.return_pct < 0", NAMES)
    assert read.names == ("best.return_pct", "baseline.return_pct")
    assert read.test(FIGURES) == (
        True,
        "'best.return_pct < baseline.return_pct or best.return_pct < 0' is true:"
        " best.return_pct is -2.5, baseline.return_pct is 4",
    )
    assert read_condition("1 < 2", NAMES).test(FIGURES).because == "'1 < 2' is true"
    unknown = read_condition("best.sharpe < 0", NAMES).test(FIGURES)
    assert unknown == (None, "'best.sharpe < 0' cannot be told: best.sharpe has no value")
    assert "divides by zero" in read_condition("1 / 0 < 2", NAMES).test(FIGURES).because
    decided = read_condition("best.sharpe < 0 or 1 < 2", NAMES).test(FIGURES)
    assert decided.because == "'best.sharpe < 0 or 1 < 2' is true: best.sharpe is without a value"


# Python's own reading of the same text is the oracle

numbers = st.one_of(
    st.integers(0, 40).map(str),
    st.floats(0, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["0.1", "3.", ".5", "1e3"]),
)
figures = st.fixed_dictionaries(
    {name: st.one_of(st.integers(-40, 40), st.floats(-1e6, 1e6, allow_nan=False)) for name in NAMES}
)
amounts = st.recursive(
    st.one_of(numbers, st.sampled_from(NAMES)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from("+-"), inner).map("".join),
    ),
    max_leaves=8,
)
comparisons = st.lists(st.tuples(amounts, st.sampled_from(["<", "<=", ">", ">=", "==", "!="])), min_size=1, max_size=3)
conditions = st.recursive(
    st.tuples(comparisons, amounts).map(lambda c: " ".join(f"{left} {sign}" for left, sign in c[0]) + f" {c[1]}"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("not {}".format),
    ),
    max_leaves=6,
)


def in_python(text: str, values: dict[str, Any]) -> Any:
    """The text as a Python expression; ZeroDivisionError where Python comes to a division by zero."""
    sides = {
        side: SimpleNamespace(**{name.split(".")[1]: value for name, value in values.items() if name.startswith(side)})
        for side in ("best", "baseline")
    }
    return eval(text, {"__builtins__": {}}, sides)


@given(conditions, figures)
@example("1 / 0 < 1 or 1 < 2", FIGURES | {"best.sharpe": 1.0})
@example("2 - 3 - 4 < 8 / 4 / 2 <= 1 != 2 and not 1 > 2 or 3 < 2", FIGURES | {"best.sharpe": 1.0})
def test_it_is_worth_what_python_says(text: str, values: dict[str, Any]) -> None:
    assume(len(text) <= MAX_LENGTH)
    found = holds(text, values)
    try:
        expected = in_python(text, values)
    except ZeroDivisionError:
        return  # what Python never came to may still decide, below
    if found is None:  # a part that Python never looked at, or one that grew out of bounds
        assert "/" in text or "*" in text
    else:
        assert found is expected


@given(amounts, figures)
def test_a_number_is_pythons_to_the_last_bit(text: str, values: dict[str, Any]) -> None:
    assume(len(text) <= MAX_LENGTH - 20)
    try:
        expected = float(in_python(text, values))
    except (ZeroDivisionError, OverflowError):
        expected = math.nan
    if math.isfinite(expected):
        assert holds(f"{text} == {expected!r}", values) is True
    else:
        assert holds(f"{text} == 0", values) is None


truths = st.recursive(
    st.sampled_from(["1 < 2", "2 < 1", "best.sharpe < 0"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.just("and"), inner),
        st.tuples(inner, st.just("or"), inner),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=12,
)


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return tree
    parts = (part if part in ("and", "or", "not") else written(part) for part in tree)
    return f"({' '.join(parts)})"


def by_kleene(tree: Any) -> float:
    """1 is true, 0 false, a half cannot be told: `and` is the least, `or` the greatest, `not` what is left to 1."""
    if isinstance(tree, str):
        return {"1 < 2": 1.0, "2 < 1": 0.0, "best.sharpe < 0": 0.5}[tree]
    if tree[0] == "not":
        return 1 - by_kleene(tree[1])
    return (min if tree[1] == "and" else max)(by_kleene(tree[0]), by_kleene(tree[2]))


@given(truths)
def test_what_cannot_be_told_goes_through_and_or_and_not_as_kleene_has_it(tree: Any) -> None:
    assert holds(written(tree)) is {1.0: True, 0.0: False, 0.5: None}[by_kleene(tree)]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found: object = holds(text)
    except UsageError as refused:
        found = refused.code
    assert found in (True, False, None, "USAGE")


@given(
    st.lists(
        st.sampled_from(
            ["best.sharpe", "best.return_pct", "1", "0.5", "<", "==", "and", "or", "not", "(", ")", "-", "/"]
        ),
        max_size=20,
    )
)
def test_any_words_are_read_or_refused_as_python_does(words: list[str]) -> None:
    """What is read, Python reads too; what Python takes beyond it (a number for a condition) is refused."""
    text = " ".join(words)
    try:
        found = holds(text, FIGURES | {"best.sharpe": 0.5})
    except UsageError:
        return
    compile(text, "condition", "eval")
    assert found in (True, False, None)
