"""Choosing a workspace: the accounts by name, narrowed by typing; a UUID opens a closed world or a variant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.policy.workspace import as_uuid
from tui.dashboard.widgets.dialog import DeskDialog
from tui.shared import figures
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from engine.policy.workspace import Workspace

_NAME = 40


class WorkspacePicker(DeskDialog[UUID]):
    """Leaves with the id of the workspace that was chosen."""

    def __init__(self, current: UUID) -> None:
        super().__init__()
        self._current = current
        self._all: list[Workspace] = []
        self._listed: list[Workspace] = []

    def compose(self) -> ComposeResult:
        """An input, and the accounts that it leaves."""
        with Vertical(classes="dialog"):
            yield Static(Text("Workspace", "bold"), classes="dialog-title")
            yield Input(placeholder="name, or the UUID of a closed world", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """The accounts, read off the loop."""
        self.loader.load(lambda desk, _: desk.accounts.all(), self._show)

    def on_key(self, event: events.Key) -> None:
        """The arrows move in the list while the input has the focus."""
        if event.key in {"up", "down"} and self.query_one(Input).has_focus:
            options = self.query_one(OptionList)
            options.action_cursor_down() if event.key == "down" else options.action_cursor_up()
            event.stop()

    @on(Input.Changed)
    def _narrow(self) -> None:
        wanted = self.query_one(Input).value.casefold().strip()
        self._listed = [each for each in self._all if wanted in each.name.casefold()]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_line(each, here=each.id == self._current)) for each in self._listed)
        options.highlighted = 0 if self._listed else None

    @on(Input.Submitted)
    def _take(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.dismiss(self._listed[highlighted].id)
            return
        named = self.query_one(Input).value.strip()
        known = as_uuid(named)
        self.loader.load(
            lambda desk, _: desk.accounts.overview(known or named).workspace.id, self.dismiss, group="take", acts=True
        )

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index].id)

    def _show(self, found: list[Workspace]) -> None:
        self._all = found
        self._narrow()


def _line(workspace: Workspace, *, here: bool) -> Text:
    name = fit(safe_text(workspace.name), _NAME)
    said = f"  started with {figures.money(workspace.starting_equity)}, {workspace.trading_state.value}"
    return Text.assemble("● " if here else "  ", (name, "bold"), (said, "dim"))
