"""errors.md: exit codes, and every error code with its class."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.reference.markdown import MADE, table
from engine import errors
from engine.errors import CODES, DataError, InvalidError, PapertapeError, SystemFault
from tui.shared.failures import ANYTHING_ELSE, DONE, EXIT_CODES, READER_GONE, code_of_signal

ROOT = Path(__file__).resolve().parents[2]


def error_codes() -> Iterator[str]:
    """Exit codes, and every error code with its kind."""
    yield from ("# Errors and exit codes", "", MADE, "")
    yield from (
        "An error is one line on the standard error, `error CODE: what, where, and what to do`, with up to 20 faults",
        "of a file indented below it. With `--json` the standard output has",
        '`{"success": false, "error": …, "error_code": …}` too. Scripts branch on the exit code for the kind, and on',
        "the code for the cause.",
        "",
        "## Exit codes",
        "",
    )
    codes = [(str(code), said, kind.__name__) for kind, code, said in EXIT_CODES]
    yield from table(
        ("exit", "meaning", "class"),
        [
            (str(DONE), "done", ""),
            (str(ANYTHING_ELSE), "anything else", "all others"),
            *codes,
            (str(READER_GONE), "nobody reads the output any more, as in `papertape events | head -1`", ""),
            (", ".join(map(str, DASHBOARD_ENDED)), "SIGHUP, SIGINT, SIGQUIT or SIGTERM ended the dashboard", ""),
        ],
    )
    yield SIGNALS
    yield from ("## Codes", "")
    found = kinds_of_codes()
    rows = ((f"`{code}`", *_kind_and_exit(found.get(code)), said) for code, said in CODES.items())
    yield from table(("code", "class", "exit", "meaning"), rows)
    if len(found) < len(CODES):
        yield "A code without a class is known and not raised by anything yet."


DASHBOARD_ENDED = [code_of_signal(number) for number in (1, 2, 3, 15)]

SIGNALS = """\
A command whose output is closed before its end (`| head`) says nothing more: it exits with 0 when all was written, else
with 141, as other programs do. What it had to do is done.

Ctrl-C, SIGTERM and SIGHUP ask a long command to stop after the step under way; it ends with `CANCELLED`. A second
Ctrl-C or SIGTERM ends it at once. `events --follow`, `serve` and `--web` end with 0. The dashboard leaves, gives the
terminal back as it was, and exits with 128 and the number of the signal; `q` and Ctrl-C in it are keys, and exit with
0. Elsewhere SIGTERM and SIGHUP do what they always do: what was not committed never happened.
"""


DECIDED_LATER: dict[str, type[PapertapeError]] = {
    "INVALID_DATA": DataError,
    "STRATEGY_LOOKS_AHEAD": InvalidError,
    "PACKAGE_SHADOWED": SystemFault,
}
"""Codes that are not written where they are raised; the last is told before the class of errors can be imported."""


def kinds_of_codes() -> dict[str, type[PapertapeError]]:
    """The class of each code that anything raises, or the one above those; ValueError when there is none above."""
    raised = {code: {kind} for code, kind in DECIDED_LATER.items()}
    for room in ("engine", "storage", "tui"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for code, kind in _raised_in(ast.parse(path.read_text(encoding="utf-8"))):
                raised.setdefault(code, set()).add(DECIDED_LATER.get(code, kind))
    found = {}
    for code, kinds in raised.items():
        above = [kind for kind in kinds if all(issubclass(each, kind) for each in kinds)]
        if not above:
            raise ValueError(f"{code} is raised as {', '.join(sorted(kind.__name__ for kind in kinds))}")
        found[code] = above[0]
    return found


def _raised_in(tree: ast.AST) -> Iterator[tuple[str, type[PapertapeError]]]:
    """Calls of an error class with a code, and of a parser that is told its code."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        kind = getattr(errors, node.func.id, None) if isinstance(node.func, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, PapertapeError):
            yield from ((code, kind) for code in _codes_in(node.args[:1]))
        yield from (
            (code, InvalidError) for word in node.keywords if word.arg == "code" for code in _codes_in([word.value])
        )


def _codes_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and node.value in CODES:
            yield str(node.value)


def _kind_and_exit(kind: type[PapertapeError] | None) -> tuple[str, str]:
    if kind is None:
        return "", ""
    return kind.__name__, str(next((code for one, code, _ in EXIT_CODES if issubclass(kind, one)), ANYTHING_ELSE))
