"""Dialogs: labelled facts, a question that is asked once, and a form that does its work before it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.console import RenderableType
from rich.style import StyleType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from tui.dashboard.keys import bound
from tui.dashboard.loading import Loader
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from tui.dashboard.app import DashboardApp


def labelled(lines: Sequence[tuple[str, Text]], style: StyleType = "dim") -> Table:
    """A grid with a label on each line in `style`, and the values aligned."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in lines:
        grid.add_row(Text(label, style), value)
    return grid


Result = TypeVar("Result")

Facts = Sequence[tuple[str, str]]
"""Lines of a label and a value; made safe when they are shown."""


class LeftOnce(ModalScreen[Result]):
    """A screen over the others that closes once, however often it is asked to: keys come in bursts.

    What stands over it, a question about it, goes with it.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with the result; do nothing when it was closed before."""
        stack = self.app.screen_stack
        if self not in stack:
            return AwaitComplete()
        for above in reversed(stack[stack.index(self) + 1 :]):
            above.dismiss(None)
        return super().dismiss(result)


class DeskDialog(LeftOnce[Result | None]):
    """A dialog over the screen. Esc leaves it with None. `load` as on a screen; it ends with the dialog."""

    app: DashboardApp
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("escape", "leave", "cancel", "nothing is done", "dialog.cancel", show=True),
        bound("ctrl+c", "app.quit", "quit", "leave the dashboard", "dialog.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.loader = Loader(self)

    def action_leave(self) -> None:
        """Close the dialog without doing anything."""
        self.dismiss(None)


def fact_lines(facts: Facts) -> Table:
    """The facts below each other, their values aligned."""
    return labelled([(label, Text(safe_text(value))) for label, value in facts])


class Confirm(DeskDialog[bool]):
    """A question with its consequences; True only when it was said yes to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("y", "confirm", "yes", "do it", "dialog.yes", show=True),
        bound("n", "leave", "no", "do nothing", "dialog.no", show=True),
    ]

    def __init__(self, question: str, facts: Facts = (), *, yes: str = "Yes") -> None:
        super().__init__()
        self._question, self._facts, self._yes = question, facts, yes

    def compose(self) -> ComposeResult:
        """The question; `Cancel` has the focus."""
        with Vertical(classes="dialog"):
            yield Static(Text(safe_text(self._question), "bold"), classes="dialog-title")
            yield Static(fact_lines(self._facts), classes="facts")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no")
                yield Button(self._yes, id="yes", variant="warning")

    def on_mount(self) -> None:
        """Focus `Cancel`, so that Enter alone changes nothing."""
        self.query_one("#no").focus()

    @on(Button.Pressed, "#yes")
    def action_confirm(self) -> None:
        """Answer yes and close the dialog."""
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def _say_no(self) -> None:
        self.dismiss(None)


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form, filled in with `value`."""

    key: str
    label: str
    value: str = ""
    why: str = ""


class FormDialog(DeskDialog[Result]):
    """Facts, inputs and one button. `work` runs off the loop with what the inputs hold, by key.

    The dialog goes with its result when the work is done. An error stays in it, with the inputs as they are: what is
    tried again is the same thing, under the same id. `foresee` says what the work would come to, each time that the
    inputs change; it runs off the loop too.
    """

    def __init__(
        self,
        title: str,
        facts: Facts,
        fields: Sequence[Field],
        button: str,
        work: Callable[[Desk, Mapping[str, str]], Result],
        *,
        foresee: Callable[[Desk, Mapping[str, str]], RenderableType] | None = None,
        doing: str = "working…",
    ) -> None:
        super().__init__()
        self._title, self._facts, self._fields, self._button = title, facts, fields, button
        self._do, self._foresee, self._doing = work, foresee, doing

    def compose(self) -> ComposeResult:
        """Facts, inputs, the error if there was one, the button."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(Text(safe_text(self._title), "bold"), classes="dialog-title")
            yield Static(fact_lines(self._facts), classes="facts")
            for field in self._fields:
                with Horizontal(classes="field"):
                    yield Label(field.label, markup=False)
                    entry = Input(field.value, id=f"field-{field.key}", compact=True)
                    entry.tooltip = Text(field.why) if field.why else None
                    yield entry
            if self._foresee is not None:
                yield Static("", id="foreseen", markup=False)
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._button, id="submit", variant="primary")

    def on_mount(self) -> None:
        """The first input, or the button when there is none: Enter does it either way."""
        self.query_one("Input, #submit").focus()
        self._look_ahead()

    def action_leave(self) -> None:
        """Close, but not while the work is under way: its outcome must be shown."""
        if not self.loader.is_loading("work"):
            self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_leave()

    @on(Button.Pressed, "#submit")
    @on(Input.Submitted)
    def _submit(self) -> None:
        if self.loader.is_loading("work"):
            return
        values = self._values()
        self.carry_out(self._do, values)

    def carry_out(self, work: Callable[[Desk, Mapping[str, str]], Result], values: Mapping[str, str]) -> None:
        """Do the work off the loop; the dialog stays until it is done."""
        self.query_one("#problem", Static).update(self._doing)
        self.loader.load(lambda desk, _: work(desk, values), self._done, group="work", failed=self._refused, acts=True)

    @on(Input.Changed)
    def _look_ahead(self) -> None:
        foresee, values = self._foresee, self._values()
        if foresee is not None:
            self.loader.load(
                lambda desk, _: foresee(desk, values), self._foreseen, group="foresee", failed=self._cannot_foresee
            )

    def _foreseen(self, shown: RenderableType) -> None:
        self.query_one("#foreseen", Static).update(shown)

    def _cannot_foresee(self, error: PapertapeError) -> None:
        self._foreseen(Text("\n".join(lines_of(error))))

    def _values(self) -> dict[str, str]:
        """What the inputs hold, by key."""
        return {field.key: self.query_one(f"#field-{field.key}", Input).value for field in self._fields}

    def _done(self, result: Result) -> None:
        self.dismiss(result)

    def _refused(self, error: PapertapeError) -> None:
        self.query_one("#problem", Static).update("\n".join(lines_of(error)))


class QuitQuestion(Confirm):
    """Yes leaves the dashboard; so does ctrl+c or ctrl+q a second time."""

    def __init__(self, sweeps: int, replays: Sequence[str]) -> None:
        super().__init__("Leave while this is under way?", what_ends(sweeps, replays), yes="Leave")


def what_ends(sweeps: int, replays: Sequence[str]) -> Facts:
    """What stops when the dashboard is left, and what is kept."""
    facts = []
    if sweeps:
        facts = [
            (figures.counted(sweeps, "sweep"), "stopped; finished variants are kept"),
            ("afterwards", "`papertape plan resume`, or r on its screen, resumes it"),
        ]
    for name in replays:
        facts += [("replay", f"ends where it is; what it traded stays in {name}")]
    return facts
