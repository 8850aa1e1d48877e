"""Fields of forms: a choice of a few, words that are completed, prices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from engine.errors import InvalidError
from tui.dashboard.keys import bound


class Choice(Static, can_focus=True):
    """Of `options` (a value, and what is shown for it) the first is chosen to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("space,right,l,down,j", "turn(1)", "other", "the next option", "choice.next"),
        bound("left,h,up,k", "turn(-1)", "other", "the option before", "choice.before"),
    ]

    class Changed(Message):
        """Another option of `choice` was chosen."""

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
        """Show the option that is chosen, at first the first one."""
        self._paint()

    def on_click(self, event: events.Click) -> None:
        """A click chooses the next option."""
        event.stop()
        self.action_turn(1)

    def action_turn(self, step: int) -> None:
        """Choose the next option; after the last, the first."""
        self.value = self._options[(self._index + step) % len(self._options)][0]

    def _paint(self) -> None:
        self.update(Text.assemble("◂ ", self._options[self._index][1], " ▸"))


class Completing(Input):
    """`known` are the words, the likelier first; `offered` is what → puts into the empty field.

    What was completed and then deleted back to what was typed stays so: a new word may begin as a known one does.
    With `when_alone` Enter takes a word only where no other begins so; Tab and → take the one that is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bound(
            "tab", "complete_and_go", "complete", "complete the word in grey, then to the next field", "field.complete"
        )
    ]

    def __init__(self, known: Sequence[str] = (), *, when_alone: bool = False, **as_input: Any) -> None:
        super().__init__(compact=True, suggester=_Shown(self), **as_input)
        self.known, self.offered = tuple(known), ""
        self._when_alone = when_alone
        self._meant: str | None = None

    @property
    def begun(self) -> list[str]:
        """The words that begin with what is typed."""
        typed = self.value.strip().casefold()
        return [word for word in self.known if word.casefold().startswith(typed)] if typed else []

    @property
    def completion(self) -> str | None:
        """The completion that is shown in grey behind the cursor."""
        begun = [] if self.value == self._meant else self.begun
        return None if not begun or self.value in begun else begun[0]

    def complete(self) -> None:
        """Put the completion into the field."""
        word = self.completion
        if word is not None:
            self._meant, self.value = self.value, word
            self.cursor_position = len(word)

    def entered(self) -> None:
        """Enter was pressed: complete the word, unless several words could be meant."""
        if not self._when_alone or len(self.begun) == 1:
            self.complete()

    def action_complete_and_go(self) -> None:
        """Complete the word and go to the next field."""
        self.complete()
        self.screen.focus_next()

    async def action_submit(self) -> None:
        """Complete the word, then submit the field."""
        self.entered()
        await super().action_submit()

    def action_cursor_right(self, select: bool = False) -> None:
        """Move right; at the end of the text take the completion."""
        if self.offered and not self.value:
            self.value = self.offered
        elif self.cursor_at_end and not select:
            self.complete()
        else:
            super().action_cursor_right(select)


class _Shown(Suggester):
    """Suggests to Textual what the field would complete."""

    def __init__(self, field: Completing) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._field = field

    async def get_suggestion(self, value: str) -> str | None:
        """The field's completion, while it still holds this."""
        return self._field.completion if value == self._field.value else None


def parse_price(text: str, code: str) -> float:
    """A price above zero; thousands separators are fine. The error `code` says what is wrong with the text."""
    try:
        price = float(text.replace(",", "").strip())
    except ValueError:
        price = math.nan
    if not math.isfinite(price) or price <= 0:
        raise InvalidError(code, f"{text.strip()!r} is not a price", hint="give a number above zero")
    return price
