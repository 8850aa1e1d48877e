"""Textual, mended where keys in a burst or a terminal of few cells end an application.

A list of options that pages looks for the line of the option that is highlighted, and there is none before it is laid
out or where it has no room. Text that is wrapped into no column at all divides by none. Both are in lists of the
palette and of forms' selects too, where no widget of our own could take their place.
"""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.widgets import OptionList

_moved, _wrapped = OptionList._move_page, Content._wrap_and_format


def _move_page(self: OptionList, direction: Any) -> None:
    if (self.highlighted or 0) in self._index_to_line:
        _moved(self, direction)


def _wrap_and_format(self: Content, width: int, *rest: Any, **named: Any) -> Any:
    least = 1 + 2 * named.get("line_pad", 0)
    return _wrapped(self, max(least, width), *rest, **named)


def mend() -> None:
    """For every widget of this process; a second time is nothing."""
    OptionList._move_page = _move_page  # type: ignore[method-assign]
    Content._wrap_and_format = _wrap_and_format  # type: ignore[method-assign]
