"""The standard output is for a command's answer alone.

Whatever else prints, a person's own strategy above all, is put on the standard error: with `--json` the output is one
document whatever a strategy says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

_kept: list[TextIO] = []


def answers() -> TextIO:
    """Where the answer of the command goes."""
    return _kept[-1] if _kept else sys.stdout


@contextmanager
def answers_alone() -> Iterator[None]:
    """While a command works: what is printed goes to the standard error, and `answers` to the standard output."""
    _kept.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()
