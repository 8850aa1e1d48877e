"""A long call that a person watches: how far it is, in a line of text, and a brake."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from engine.ports import Watch

_WIDTH = 20
_FULL, _REST = "█", "░"


def progress_text(what: str, done: int, total: int, hint: str = "") -> Text:
    """`replaying ██████░░░░  60 %  600,000 of 1,000,000, esc stops`."""
    share = min(1.0, done / total) if total > 0 else 0.0
    full = int(share * _WIDTH)
    bar = _FULL * full + _REST * (_WIDTH - full)
    said = f"{what} {bar} {int(share * 100):>3} %  {done:,} of {total:,}"
    return Text(f"{said}, {hint}" if hint else said)


class Brake:
    """A watch that a person can stop; the call then ends by itself, with its own word of what was done."""

    def __init__(self, watch: Watch, pulled: threading.Event) -> None:
        self._watch, self._pulled = watch, pulled

    def advance(self, done: int, total: int) -> None:
        """As the watch takes it."""
        self._watch.advance(done, total)

    def stopped(self) -> bool:
        """Whether somebody pulled it, or nobody waits any more."""
        return self._pulled.is_set() or self._watch.stopped()
