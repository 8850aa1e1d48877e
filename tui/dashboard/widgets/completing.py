"""A field whose words are mostly known: what stands in grey behind the cursor is taken with Tab, → or Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from tui.dashboard.keys import bound


class Completing(Input):
    """`known` are the words, the likelier first; `offered` is what → puts into the empty field.

    What was completed and then deleted back to what was typed stays so: a new word may begin as a known one does.
    With `when_alone` Enter takes a word only where no other begins so; Tab and → take the one that is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("tab", "complete_and_go", "complete", "take what stands in grey, and to the next field", "field.complete")
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
        """The word that stands in grey."""
        begun = [] if self.value == self._meant else self.begun
        return None if not begun or self.value in begun else begun[0]

    def complete(self) -> None:
        """Take it."""
        found = self.completion
        if found is not None:
            self._meant, self.value = self.value, found
            self.cursor_position = len(found)

    def entered(self) -> None:
        """Enter was pressed in it: the same, unless other words could be meant as well."""
        if not self._when_alone or len(self.begun) == 1:
            self.complete()

    def action_complete_and_go(self) -> None:
        """Take it, and go on."""
        self.complete()
        self.screen.focus_next()

    async def action_submit(self) -> None:
        """Take it, and tell of what stands here then."""
        self.entered()
        await super().action_submit()

    def action_cursor_right(self, select: bool = False) -> None:
        """At the end take what is offered."""
        if self.offered and not self.value:
            self.value = self.offered
        elif self.cursor_at_end and not select:
            self.complete()
        else:
            super().action_cursor_right(select)


class _Shown(Suggester):
    """What Textual draws behind the cursor is what the field would take."""

    def __init__(self, field: Completing) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._field = field

    async def get_suggestion(self, value: str) -> str | None:
        """The field's completion, while it still holds this."""
        return self._field.completion if value == self._field.value else None
