"""`--fail-if`: a condition on a sweep's result, such as `best.return_pct < 0 or best.trade_count < 30`.

    condition  = all {"or" all}
    all        = one {"and" one}
    one        = {"not"} comparison
    comparison = sum {("<" | "<=" | ">" | ">=" | "==" | "!=") sum}     as in Python, 0 < a < 1 is 0 < a and a < 1
    sum        = product {("+" | "-") product}
    product    = sign {("*" | "/") sign}
    sign       = {"+" | "-"} atom
    atom       = number | ("best" | "baseline") "." figure | "(" condition ")"

It is read by a parser of its own, from the words of `fail_if_tokens` into the nodes of `fail_if_nodes`, and refused
before anything runs.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.errors import UsageError
from tui.commands.fail_if_nodes import (
    AllOf,
    AnyOf,
    Chain,
    Condition,
    Figure,
    Figures,
    Negated,
    Node,
    Not,
    Number,
    Product,
    Sum,
)
from tui.commands.fail_if_tokens import EXAMPLE, OPTION, Token, fault, tokens_of

MAX_LENGTH = 1_000
MAX_DEPTH = 32
"""Parentheses within one another: beyond it Python's own stack would be what ends the reading."""
_COMPARING = ("<", "<=", ">", ">=", "==", "!=")


class Verdict(NamedTuple):
    """Whether the condition holds (None: it cannot be told), and a sentence with the figures that decided."""

    holds: bool | None
    because: str


@dataclass(frozen=True, slots=True)
class FailIf:
    """A condition that has been read, and the figures it names."""

    text: str
    condition: Condition
    names: tuple[str, ...]

    def verdict(self, figures: Figures) -> Verdict:
        """The condition on these figures; the sentence names those that have no value when it cannot be told."""
        holds = self.condition.holds(figures)
        if holds is None:
            absent = [name for name in self.names if figures[name] is None]
            why = f"{' and '.join(absent)} has no value" if absent else "it divides by zero or grows out of bounds"
            return Verdict(None, f"'{self.text}' cannot be told: {why}")
        told = ", ".join(f"{name} is {_shown(figures[name])}" for name in self.names)
        return Verdict(holds, f"'{self.text}' is {str(holds).lower()}" + (f": {told}" if told else ""))


def read_condition(text: str, names: Collection[str]) -> FailIf:
    """The condition that a text says about figures of these names; UsageError says what is wrong with it, and where."""
    if len(text) > MAX_LENGTH:
        raise UsageError("USAGE", f"{OPTION} is longer than {MAX_LENGTH:,} characters", hint="say it shorter")
    return _Reader(text, names).read()


@dataclass(slots=True)
class _Reader:
    """Recursive descent over the tokens; each method reads what the grammar's rule of its name says."""

    text: str
    names: Collection[str]
    _tokens: list[Token] = field(default_factory=list)
    _next: int = 0
    _depth: int = 0
    _named: dict[str, None] = field(default_factory=dict)

    def read(self) -> FailIf:
        self._tokens = list(tokens_of(self.text))
        first, whole = self._peek(), self._condition()
        if self._peek().kind != "end":
            raise self._fault(f"{self._peek().text!r} is one too many")
        return FailIf(self.text, self._as_truth(whole, "the whole", first), tuple(self._named))

    def _condition(self) -> Node:
        return self._joined("or", self._all, AnyOf)

    def _all(self) -> Node:
        return self._joined("and", self._one, AllOf)

    def _joined(self, word: str, part: Callable[[], Node], kind: Callable[[tuple[Condition, ...]], Condition]) -> Node:
        """Parts with a word between them; a lone part may be a number still."""
        first_at = self._peek()
        first = part()
        if self._peek().text != word:
            return first
        parts = [self._as_truth(first, f"the left of {word!r}", first_at)]
        while self._took(word):
            parts.append(self._truth(part, f"the right of {word!r}"))
        return kind(tuple(parts))

    def _one(self) -> Node:
        inverted = 0
        while self._took("not"):
            inverted += 1
        if not inverted:
            return self._comparison()
        condition = self._truth(self._comparison, "what 'not' stands before")
        return Not(condition) if inverted % 2 else condition

    def _comparison(self) -> Node:
        first_at = self._peek()
        first = self._sum()
        if self._peek().text not in _COMPARING:
            return first
        links = []
        left = self._as_number(first, first_at)
        while self._peek().text in _COMPARING:
            sign = self._take().text
            right = self._number(self._sum)
            links.append((left, sign, right))
            left = right
        return Chain(tuple(links))

    def _sum(self) -> Node:
        return self._chained(("+", "-"), self._product, Sum)

    def _product(self) -> Node:
        return self._chained(("*", "/"), self._sign, Product)

    def _chained(
        self, signs: tuple[str, str], part: Callable[[], Node], kind: Callable[[tuple[tuple[str, Number], ...]], Number]
    ) -> Node:
        """Parts with one of two signs between them, the first under the first sign; a lone part may be a condition."""
        first_at = self._peek()
        first = part()
        if self._peek().text not in signs:
            return first
        parts = [(signs[0], self._as_number(first, first_at))]
        while self._peek().text in signs:
            parts.append((self._take().text, self._number(part)))
        return kind(tuple(parts))

    def _sign(self) -> Node:
        signs = ""
        while self._peek().text in ("+", "-"):
            signs += self._take().text
        if not signs:
            return self._atom()
        number = self._number(self._atom)
        return Negated(number) if signs.count("-") % 2 else number

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._literal(token)
        if token.kind == "name":
            return self._figure(token)
        if token.text == "(":
            return self._parenthesised(token)
        raise self._fault(f"a number, a figure or '(' belongs where {token.text!r} stands", token)

    def _parenthesised(self, opening: Token) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault(f"more than {MAX_DEPTH} parentheses within one another", opening)
        inner = self._condition()
        if not self._took(")"):
            raise self._fault("this '(' is not closed", opening)
        self._depth -= 1
        return inner

    def _literal(self, token: Token) -> Number:
        value = float(token.text)
        if not math.isfinite(value):
            raise self._fault(f"{token.text} is too large a number", token)
        return Figure(None, value)

    def _figure(self, token: Token) -> Number:
        if token.text not in self.names:
            near = difflib.get_close_matches(token.text, self.names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(self.names)}"
            raise self._fault(f"there is no {token.text!r}", token, hint)
        self._named[token.text] = None
        return Figure(token.text)

    def _truth(self, part: Callable[[], Node], what: str) -> Condition:
        token = self._peek()
        return self._as_truth(part(), what, token)

    def _number(self, part: Callable[[], Node]) -> Number:
        token = self._peek()
        return self._as_number(part(), token)

    def _as_truth(self, node: Node, what: str, token: Token) -> Condition:
        if isinstance(node, Condition):
            return node
        raise self._fault(f"{what} is a number, not a condition", token, "compare it, as in best.return_pct < 0")

    def _as_number(self, node: Node, token: Token) -> Number:
        if isinstance(node, Number):
            return node
        raise self._fault("a condition stands where a number belongs", token, EXAMPLE)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _took(self, text: str) -> bool:
        found = self._peek().kind == "sign" and self._peek().text == text
        if found:
            self._take()
        return found

    def _fault(self, why: str, token: Token | None = None, hint: str = EXAMPLE) -> UsageError:
        return fault(self.text, (token or self._peek()).at, why, hint)


def _shown(value: float | None) -> str:
    return "without a value" if value is None else f"{value:.6g}"
