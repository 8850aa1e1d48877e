"""The standard output is for a command's answer alone.

Whatever else prints, a person's own strategy above all, is put on the standard error: with `--json` the output is one
document whatever a strategy says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import NamedTuple, TextIO


class _Kept(NamedTuple):
    stream: TextIO
    is_json: bool


_kept: list[_Kept] = []


def answers() -> TextIO:
    """Where the answer of the command goes."""
    return _kept[-1].stream if _kept else sys.stdout


def are_json() -> bool:
    """Whether the command at work answers in JSON."""
    return bool(_kept) and _kept[-1].is_json


@contextmanager
def answers_alone(*, json: bool) -> Iterator[None]:
    """While a command works: what is printed goes to the standard error, and `answers` to the standard output."""
    _kept.append(_Kept(sys.stdout, json))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()
