"""One of a few, in one line: the arrows or space go to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from tui.dashboard.keys import bound


class Choice(Static, can_focus=True):
    """Of `options` (a value, and what is shown for it) the first is chosen to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("space,right,l,down,j", "turn(1)", "other", "the next one of the few there are", "choice.next"),
        bound("left,h,up,k", "turn(-1)", "other", "the one before", "choice.before"),
    ]

    class Changed(Message):
        """Another one was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The choice, for `@on` selectors."""
            return self.choice

    def __init__(self, options: Sequence[tuple[str, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__("", id=id, markup=False)
        self._options, self._index = tuple(options), 0

    @property
    def value(self) -> str:
        """The one that is chosen."""
        return self._options[self._index][0]

    @value.setter
    def value(self, wanted: str) -> None:
        index = next(index for index, (value, _) in enumerate(self._options) if value == wanted)
        if index != self._index:
            self._index = index
            self._paint()
            self.post_message(self.Changed(self))

    def on_mount(self) -> None:
        """The first of them."""
        self._paint()

    def on_click(self, event: events.Click) -> None:
        """The mouse turns it too."""
        event.stop()
        self.action_turn(1)

    def action_turn(self, step: int) -> None:
        """To the next, round and round."""
        self.value = self._options[(self._index + step) % len(self._options)][0]

    def _paint(self) -> None:
        self.update(Text.assemble("◂ ", self._options[self._index][1], " ▸"))
