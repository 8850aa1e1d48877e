"""Textual's lists of options, mended: a page up or down where no line is laid out yet has nowhere to begin from.

It looks for the line of the option that is highlighted and ends the application where there is none: keys in a burst
come before the list is laid out, and a terminal of one line has no room for it. Lists are in the palette and in the
selects of forms too, where no list of our own could take their place.
"""

from __future__ import annotations

from textual.widgets import OptionList

_moved = OptionList._move_page


def _move_page(self: OptionList, direction: int) -> None:
    if (self.highlighted or 0) in self._index_to_line:
        _moved(self, direction)  # type: ignore[arg-type]


def mend() -> None:
    """For every list of this process."""
    OptionList._move_page = _move_page  # type: ignore[method-assign, assignment]
