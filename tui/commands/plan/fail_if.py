"""What a sweep's exit code says: whether anything succeeded, and whether `--fail-if` holds of what came of it."""

from __future__ import annotations

import ast
import difflib
import math
import operator
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import OutcomeError, UsageError

if TYPE_CHECKING:
    from engine.sweeps.results import PlanResult, VariantResult

SCORE = "objective_score"
P_NOISE = "plan.p_noise"
PROBABILITIES = ("p_luck", "pbo", "dsr")
OPTION = "--fail-if"
EXAMPLE = "write it as in 'best.return_pct < 0 or best.trade_count < 30'"
MAX_LENGTH = 1_000
MAX_DEPTH = 32
"""Parentheses within one another. It bounds the recursion here: chains without parentheses are read in loops."""

Figures = Mapping[str, float | None]
"""`best.return_pct` to its value; None where the variant does not have it."""

_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_COMBINE: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FOREIGN = re.compile(r"[^A-Za-z0-9_.()<>=!+\-*/\s]|(?<![<>=!])=(?!=)|!(?!=)|[^\x00-\x7f]")
"""A character outside the syntax, or one that stands for another word in other languages."""
_INSTEAD = {"=": "==", "&": "and", "|": "or", "!": "not"}


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of `--fail-if`, or none."""

    condition: FailIf | None

    @classmethod
    def read(cls, text: str | None) -> Gate:
        """The condition in a text; UsageError says what is wrong with it."""
        return cls(None if text is None else read_condition(text, figure_names()))

    def test(self, result: PlanResult) -> ConditionResult | None:
        """What the condition comes to on a result; None without one."""
        return None if self.condition is None else self.condition.test(figures_of(result))

    def document(self, result: PlanResult) -> dict[str, Any] | None:
        """The condition and whether it holds, as `--json` prints it."""
        tested = self.test(result)
        if self.condition is None or tested is None:
            return None
        return {"condition": self.condition.text, "holds": tested.holds, "because": tested.because}

    def error(self, result: PlanResult) -> OutcomeError | None:
        """The error that a script should stop for; None when there is none."""
        tested, where = self.test(result), f"run plan {result.run_plan_id}"
        holds = "" if tested is None or tested.holds is False else f"--fail-if {tested.because}"
        way_on = self._way_on(result) if tested is not None and tested.holds is None else None
        hint = way_on or f"`papertape plan show {result.run_plan_id}` shows all of it"
        if not any(variant.status == "succeeded" for variant in result.results):
            why = f"no variant succeeded: {_counted(result)}" + (f"; {holds}" if holds else "")
            return OutcomeError("NO_VARIANT_SUCCEEDED", f"{where}: {why}", hint=hint)
        return OutcomeError("FAIL_IF_HOLDS", f"{where}: {holds}", hint=hint) if holds else None

    def _way_on(self, result: PlanResult) -> str | None:
        """Which command or option gives a figure that is not there yet; None when there is none."""
        names = () if self.condition is None else self.condition.names
        sides = {name.partition(".")[0] for name in names}
        if result.holdout is None and "holdout" in sides:
            return "`--holdout` keeps sessions from the sweep, and `plan open` trades them"
        if result.holdout is not None and not result.holdout.opened and "holdout" in sides:
            return f"the holdout is sealed: give this condition to `papertape plan open {result.run_plan_id}`"
        if result.walk_forward is None and "walk_forward" in sides:
            return "`--walk-forward` gives the figures of one"
        if result.noise is None and P_NOISE in names:
            return f"give this condition to `papertape plan noise {result.run_plan_id}`"
        return None


def figure_names() -> list[str]:
    """Every figure that a condition may name."""
    from engine.account.metrics import METRICS
    from engine.statistics.holding import HoldingMetrics

    of_variants = [f"{side}.{name}" for side in ("best", "baseline") for name in (*METRICS, SCORE)]
    of_plan = [f"plan.{name}" for name in PROBABILITIES]
    outside = [f"{side}.{name}" for side in ("holdout", "walk_forward") for name in METRICS]
    return [*of_variants, *of_plan, P_NOISE, *(f"benchmark.{name}" for name in HoldingMetrics.model_fields), *outside]


def figures_of(result: PlanResult) -> dict[str, float | None]:
    """The figures of the best variant, the baseline, the plan and its benchmark; None where there is no such one.

    Those of the holdout are the best variant's on it, those of the walk-forward its tests' as one account's.
    """
    best = next((variant for variant in result.results if variant.variant_id == result.best_variant_id), None)
    baseline = next((variant for variant in result.results if "baseline" in variant.tags), None)
    of_variants = {"best": best, "baseline": baseline}
    holdout, walk = result.holdout, result.walk_forward
    of_plan = {
        "plan": result.statistics,
        "benchmark": result.benchmark,
        "holdout": None if holdout is None else holdout.best,
        "walk_forward": None if walk is None else walk.out_of_sample,
    }
    sides = {**{side: _figures(variant) for side, variant in of_variants.items()}, **of_plan}
    named = ((name, *name.split(".")) for name in figure_names())
    found = {name: getattr(sides[side], figure, None) for name, side, figure in named}
    return {**found, P_NOISE: None if result.noise is None else result.noise.p_noise}


def _figures(variant: VariantResult | None) -> SimpleNamespace | None:
    """A variant's metrics and its score."""
    if variant is None:
        return None
    metrics = {} if variant.metrics is None else vars(variant.metrics)
    return SimpleNamespace(**metrics, **{SCORE: variant.objective_score})


def _counted(result: PlanResult) -> str:
    statuses = [variant.status for variant in result.results]
    return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))


class ConditionResult(NamedTuple):
    """Whether the condition holds (None: it cannot be told), and a sentence with the figures that decided."""

    holds: bool | None
    because: str


@dataclass(frozen=True, slots=True)
class FailIf:
    """A condition that has been checked, and the figures that it names, in order."""

    text: str
    condition: ast.expr
    names: tuple[str, ...]

    def test(self, figures: Figures) -> ConditionResult:
        """The condition on these figures; the sentence names those that have no value when it cannot be told."""
        holds = _holds(self.condition, figures)
        if holds is None:
            absent = [name for name in self.names if figures[name] is None]
            why = f"{' and '.join(absent)} has no value" if absent else "it divides by zero or grows out of bounds"
            return ConditionResult(None, f"'{self.text}' cannot be told: {why}")
        told = ", ".join(f"{name} is {_shown(figures[name])}" for name in self.names)
        return ConditionResult(holds, f"'{self.text}' is {str(holds).lower()}" + (f": {told}" if told else ""))


def read_condition(text: str, names: Collection[str]) -> FailIf:
    """Parse a condition on figures with these names; UsageError says what is wrong, and where."""
    if len(text) > MAX_LENGTH:
        raise UsageError("USAGE", f"{OPTION} is longer than {MAX_LENGTH:,} characters", hint="shorten it")
    checker = _Checker(text, names)
    condition = checker.parsed()
    checker.truth(condition, "the condition")
    return FailIf(text, condition, tuple(checker.named))


class _Checker:
    """Refuses whatever is not a condition, and collects the figures that are named."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = text
        self.names = names
        self.named: dict[str, None] = {}

    def parsed(self) -> ast.expr:
        """The text as Python reads it."""
        self._check_characters()
        self._check_depth()
        line = re.sub(r"\s", " ", self.text)
        indent = len(line) - len(line.lstrip())
        try:
            with warnings.catch_warnings():  # Python warns of `1or 2`, and reads it
                warnings.simplefilter("ignore")
                expression = ast.parse(line[indent:], mode="eval").body
        except SyntaxError as error:
            raise self._unreadable(error, indent) from None
        for node in ast.walk(expression):
            if isinstance(node, ast.expr):
                node.col_offset += indent
        return expression

    def truth(self, node: ast.expr, what: str) -> None:
        """Check that the node is a condition made of allowed parts."""
        while _inverts(node):
            node, what = node.operand, "what follows 'not'"  # type: ignore[attr-defined]
        if isinstance(node, ast.BoolOp):
            word = "and" if isinstance(node.op, ast.And) else "or"
            for place, part in enumerate(node.values):
                self.truth(part, f"the {'right' if place else 'left'} of '{word}'")
        elif isinstance(node, ast.Compare):
            self._comparison(node)
        else:
            self.number(node)
            raise self._fault(node, f"{what} is a number, not a condition", "compare it, as in best.return_pct < 0")

    def number(self, node: ast.expr) -> None:
        """Check that the node is a number made of allowed parts."""
        for operator_, operand in _terms(node):
            if operator_ is not None and type(operator_) not in _COMBINE:
                raise self._fault(operand, "only + - * / combine numbers")
            self._atom(_unsigned(operand)[1])

    def _atom(self, node: ast.expr) -> None:
        if isinstance(node, ast.BinOp):
            self.number(node)
        elif isinstance(node, ast.Constant):
            self._literal(node)
        elif isinstance(node, ast.Attribute | ast.Name):
            self._figure(node)
        elif isinstance(node, ast.BoolOp | ast.Compare) or _inverts(node):
            raise self._fault(node, "a condition stands where a number belongs")
        else:
            raise self._fault(node, "a number, a figure or a condition in parentheses belongs here")

    def _comparison(self, node: ast.Compare) -> None:
        if not all(type(sign) in _COMPARE for sign in node.ops):
            raise self._fault(node, f"numbers are compared with {' '.join(('<', '<=', '>', '>=', '==', '!='))}")
        for side in (node.left, *node.comparators):
            self.number(side)

    def _literal(self, node: ast.Constant) -> None:
        if type(node.value) not in (int, float):
            raise self._fault(node, f"{node.value!r} is not a number")
        if _amount(node, {}) is None:
            raise self._fault(node, f"{ast.get_source_segment(self.text, node) or 'this'} is too large a number")

    def _figure(self, node: ast.expr) -> None:
        name = ast.unparse(node)
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"the figures are {', '.join(self.names)}"
            raise self._fault(node, f"there is no figure {name!r}", hint)
        self.named[name] = None

    def _check_characters(self) -> None:
        if foreign := _FOREIGN.search(self.text):
            char = foreign[0]
            hint = f"write {_INSTEAD[char]!r}" if char in _INSTEAD else EXAMPLE
            raise self._fault(foreign.start(), f"{char!r} means nothing here", hint)

    def _check_depth(self) -> None:
        depth = 0
        for place, char in enumerate(self.text):
            depth += (char == "(") - (char == ")")
            if depth > MAX_DEPTH:
                raise self._fault(place, f"more than {MAX_DEPTH} parentheses within one another")

    def _unreadable(self, error: SyntaxError, indent: int) -> UsageError:
        """What Python's parser stopped at."""
        at = (error.offset or 0) - 1 + indent
        word = None if error.lineno != 1 or at < indent else re.compile(r"\s*(\w+|\S)").match(self.text, at)
        if word is None:
            return self._fault(len(self.text.rstrip()), "the condition ends too early")
        if "never closed" in error.msg:
            return self._fault(at, "this '(' is not closed")
        return self._fault(word.start(1), f"{word[1]!r} does not belong here")

    def _fault(self, where: ast.expr | int, why: str, hint: str = EXAMPLE) -> UsageError:
        at = where if isinstance(where, int) else where.col_offset
        return UsageError("USAGE", f"{OPTION} '{self.text}', character {at + 1}: {why}", hint=hint)


def _holds(node: ast.expr, figures: Figures) -> bool | None:
    inverted = False
    while isinstance(node, ast.UnaryOp):
        node, inverted = node.operand, not inverted
    if isinstance(node, ast.BoolOp):
        decide = _every if isinstance(node.op, ast.And) else _some
        value = decide([_holds(part, figures) for part in node.values])
    elif isinstance(node, ast.Compare):
        amounts = [_amount(side, figures) for side in (node.left, *node.comparators)]
        value = _every([_compared(*pair) for pair in zip(amounts, node.ops, amounts[1:], strict=False)])
    else:
        raise TypeError(f"{ast.dump(node)} was not checked")
    return value if value is None else value is not inverted


def _amount(node: ast.expr, figures: Figures) -> float | None:
    total = 0.0
    for sign, operand in _terms(node):
        minus, inner = _unsigned(operand)
        value = _amount(inner, figures) if isinstance(inner, ast.BinOp) else _known(inner, figures)
        if value is None or (isinstance(sign, ast.Div) and value == 0):
            return None
        value = -value if minus else value
        total = value if sign is None else _COMBINE[type(sign)](total, value)
    return total if math.isfinite(total) else None


def _known(node: ast.expr, figures: Figures) -> float | None:
    if not isinstance(node, ast.Constant):
        return figures[ast.unparse(node)]
    try:
        return float(node.value)  # type: ignore[arg-type]  # `_literal` has seen that it is a number
    except OverflowError:
        return None


def _terms(node: ast.expr) -> Iterator[tuple[ast.operator | None, ast.expr]]:
    """`a + b - c` from left to right, each part with the operator before it; the first has none.

    A product within a sum is one part: it is nested to the right of its operator, or it is the first part's chain.
    """
    chain: list[tuple[ast.operator | None, ast.expr]] = []
    while isinstance(node, ast.BinOp):
        chain.append((node.op, node.right))
        node = node.left
    return iter([(None, node), *reversed(chain)])


def _unsigned(node: ast.expr) -> tuple[bool, ast.expr]:
    """Whether the signs before a number amount to a minus, and the number without them."""
    minus = False
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        minus ^= isinstance(node.op, ast.USub)
        node = node.operand
    return minus, node


def _inverts(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _compared(left: float | None, sign: ast.cmpop, right: float | None) -> bool | None:
    return None if left is None or right is None else _COMPARE[type(sign)](left, right)


def _every(truths: list[bool | None]) -> bool | None:
    return False if False in truths else (None if None in truths else True)


def _some(truths: list[bool | None]) -> bool | None:
    return True if True in truths else (None if None in truths else False)


def _shown(value: float | None) -> str:
    return "without a value" if value is None else f"{value:.6g}"
