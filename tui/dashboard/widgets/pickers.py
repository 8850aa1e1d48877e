"""Choosing a workspace or market data from a list that is narrowed by typing."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import NotFoundError
from engine.policy.workspace import as_uuid
from tui.dashboard.widgets.dialog import DeskDialog
from tui.shared import figures
from tui.shared.inputs import SAMPLE
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from engine.policy.workspace import Workspace
    from storage.market_files.importing.offering import Offer


_ACCOUNT_NAME = 40


class WorkspacePicker(DeskDialog[UUID]):
    """Closes with the id of the chosen workspace."""

    def __init__(self, current: UUID) -> None:
        super().__init__()
        self._current = current
        self._all: list[Workspace] = []
        self._listed: list[Workspace] = []

    def compose(self) -> ComposeResult:
        """An input, and the workspaces that match it."""
        with Vertical(classes="dialog"):
            yield Static(Text("Workspace", "bold"), classes="dialog-title")
            yield Input(placeholder="name, or the UUID of a backtest", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Read the workspaces off the event loop."""
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
        self._listed = [workspace for workspace in self._all if wanted in workspace.name.casefold()]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            Option(_account_line(workspace, here=workspace.id == self._current)) for workspace in self._listed
        )
        options.highlighted = 0 if self._listed else None

    @on(Input.Submitted)
    def _take(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.dismiss(self._listed[highlighted].id)
            return
        named = self.query_one(Input).value.strip()
        known = as_uuid(named)

        def take(workspace_id: UUID) -> None:
            self.dismiss(workspace_id)

        self.loader.load(
            lambda desk, _: desk.accounts.overview(known or named).workspace.id, take, group="take", acts=True
        )

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index].id)

    def _show(self, workspaces: list[Workspace]) -> None:
        self._all = workspaces
        self._narrow()


def _account_line(workspace: Workspace, *, here: bool) -> Text:
    name = fit(safe_text(workspace.name), _ACCOUNT_NAME)
    details = f"  started with {figures.money(workspace.starting_equity)}, {workspace.trading_state.value}"
    return Text.assemble("● " if here else "  ", (name, "bold"), (details, "dim"))


ENDINGS = (".csv", ".csv.gz", ".parquet", ".tsv", ".zip", ".csv.xz", ".csv.bz2", ".feather")
MOST_LISTED = 500
_FILE_NAME = 90


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the list: a sample, a directory to go into, or a data file."""

    name: str
    note: str
    directory: Path | None = None
    data: str = ""
    file: Path | None = None


class FilePicker(DeskDialog[str]):
    """Closes with a file or a sample as `--data` takes it, quoted where it has spaces."""

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self._directory = (directory or Path.cwd()).absolute()
        self._all: list[Choice] = []
        self._listed: list[Choice] = []

    def compose(self) -> ComposeResult:
        """The directory, an input, and the choices that match it."""
        with Vertical(classes="dialog wide"):
            yield Static("", id="where", markup=False)
            yield Input(placeholder="part of a name, or a path; Enter takes the line below", compact=True)
            yield OptionList(markup=False)
            yield Static("", id="listed", markup=False)

    def on_mount(self) -> None:
        """Read the directory off the event loop."""
        self._go(self._directory)

    def on_key(self, event: events.Key) -> None:
        """The arrows move in the list while the input has the focus."""
        if event.key in {"up", "down"} and self.query_one(Input).has_focus:
            options = self.query_one(OptionList)
            options.action_cursor_down() if event.key == "down" else options.action_cursor_up()
            event.stop()

    def _go(self, directory: Path) -> None:
        self.loader.load(lambda _, __: (directory, choices(directory)), lambda listing: self._show(*listing))

    def _show(self, directory: Path, choices_there: list[Choice]) -> None:
        self._directory, self._all = directory, choices_there
        self.query_one("#where", Static).update(Text(f"Data: {safe_text(directory)}", "bold"))
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self._narrow()

    @on(Input.Changed)
    def _narrow(self) -> None:
        wanted = self.query_one(Input).value.casefold().strip()
        matching = [choice for choice in self._all if wanted in choice.name.casefold()]
        self._listed = matching[:MOST_LISTED]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_file_line(choice)) for choice in self._listed)
        options.highlighted = 0 if self._listed else None
        counts = (
            f"{figures.whole(len(self._listed))} of {figures.whole(len(matching))}"
            if len(matching) > MOST_LISTED
            else ""
        )
        self.query_one("#listed", Static).update(counts or f"{', '.join(ENDINGS)} and directories")

    @on(Input.Submitted)
    def _take(self) -> None:
        typed = Path(self.query_one(Input).value.strip()).expanduser()
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self._choose(self._listed[at])
        else:
            self.loader.load(lambda _, __: choice_of(self._directory / typed), self._choose)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(self._listed[event.option_index])

    def _choose(self, choice: Choice) -> None:
        if choice.directory is not None:
            self._go(choice.directory)
        elif choice.file is None:
            self.dismiss(choice.data)
        else:
            path = choice.file
            self.loader.load(lambda _, __: _offer(path), lambda offer: self._take_or_import(choice, offer))

    def _take_or_import(self, choice: Choice, offer: Offer | None) -> None:
        """Close with the file, or with what an import makes of it, if a person says so."""
        if offer is None or choice.file is None:
            self.dismiss(choice.data)
            return
        from tui.dashboard.widgets.import_file import import_dialog

        def imported(made: str | None) -> None:
            if made is not None:
                self.dismiss(made)

        self.app.push_screen(import_dialog(choice.file, offer), imported)


def choices(directory: Path) -> list[Choice]:
    """The samples, the directory above, the directories and data files in it; FILE_NOT_FOUND. Blocks."""
    from storage.samples import SAMPLES

    listed = [Choice(f"{SAMPLE}{name}", "bundled, daily", data=f"{SAMPLE}{name}") for name in SAMPLES]
    listed.append(Choice("../", "the directory above", directory.parent))
    try:
        inside = sorted(directory.iterdir(), key=lambda path: (path.is_file(), path.name))
        listed += [_choice(path) for path in inside if _is_offered(path)]
    except OSError as error:
        why = error.strerror or str(error)
        raise NotFoundError(
            "FILE_NOT_FOUND", f"{directory} cannot be read: {why}", hint="choose another directory"
        ) from error
    return listed


def _offer(path: Path) -> Offer | None:
    from storage.market_files.importing.offering import offer

    return offer(path)


def choice_of(path: Path) -> Choice:
    """A path that was typed; FILE_NOT_FOUND."""
    try:
        there = path.exists()
    except (OSError, ValueError):  # too long, or with a null character
        there = False
    if not there:
        raise NotFoundError("FILE_NOT_FOUND", f"{path} does not exist", hint="check the path")
    return _choice(path.resolve())


def _choice(path: Path) -> Choice:
    if path.is_dir():
        return Choice(f"{path.name}/", "", path)
    return Choice(path.name, f"{figures.whole(path.stat().st_size)} bytes", data=shlex.quote(str(path)), file=path)


def _is_offered(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return path.is_dir() or (path.is_file() and path.name.lower().endswith(ENDINGS))


def _file_line(choice: Choice) -> Text:
    return Text.assemble((fit(safe_text(choice.name), _FILE_NAME), "bold"), (f"  {choice.note}", "dim"))
