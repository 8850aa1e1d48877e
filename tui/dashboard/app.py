"""The application: opens the desk behind its first frame, looks for what is new, and leads from screen to screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from platformdirs import user_downloads_path
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.css.query import NoMatches
from textual.events import DeliveryComplete, DeliveryFailed, Event, InputEvent, Key
from textual.filter import DimFilter, LineFilter
from textual.notifications import Notify
from textual.theme import ThemeProvider
from textual.widgets import Input
from textual.worker import WorkerFailed

from tui.dashboard.colours import DARK, DIM, FALLBACK, THEMES
from tui.dashboard.keys import bound, every_binding, key_lines, unknown_names
from tui.dashboard.live import Live, Reading, read_account
from tui.dashboard.loading import Loader, collect_at_leisure, keep_what_is_there
from tui.dashboard.opening import NAME, WORKSPACES, Opened, Prefs, open_behind
from tui.dashboard.palette import DeskCommands, Palette
from tui.dashboard.registry import SCREENS
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.sweeps import Sweeps
from tui.dashboard.textual_internals import QuietApp, patch_textual
from tui.shared.failures import as_papertape_error, lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.theme import Theme

    from engine.desk import Desk
    from engine.errors import PapertapeError
    from storage.settings import Settings
    from tui.dashboard.opening import Surroundings

_STYLES = [Path(__file__).with_name("screens") / entry.name / f"{entry.name}.tcss" for entry in SCREENS]
STYLES = [path for path in _STYLES if path.exists()]
"""The stylesheets of the screens that have one, where `CSS_PATH` of each finds its own."""
DIM_FILTER = DimFilter(DIM)
MOST_TOASTS = 3
"""Toasts that are shown at once; the oldest makes room."""


class DashboardApp(QuietApp):
    """`settings_of` says which database; `workspace` is what was asked for by name, None to go on where one was.

    `failure` is why it could not open, and `crash` what ended it unforeseen, for the command line to tell. The desk is
    open from the first reading on.
    """

    TITLE = NAME
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {DeskCommands}
    DEFAULT_MODE = SCREENS[0].name
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {entry.name: entry.maker() for entry in SCREENS}
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            bound(entry.key, f"show_screen('{entry.name}')", entry.title, entry.why, f"app.{entry.name}")
            for entry in SCREENS
        ),
        bound("w", "pick_workspace", "workspace", "show another account", "app.workspace", show=True),
        bound("r", "read_now", "read now", "read the database at once", "app.read"),
        Binding(
            "ctrl+p",
            "command_palette",
            "palette",
            tooltip="every action by its name; themes too",
            priority=True,
            id="app.palette",
        ),
        bound("question_mark", "keys", "keys", "what the keys do here", "app.keys", show=True),
        bound("q,ctrl+c", "quit", "quit", "leave the dashboard; nothing is lost", "app.quit", show=True),
    ]

    def __init__(self, settings_of: Callable[[], Settings], surroundings: Surroundings, workspace: str | None) -> None:
        patch_textual()
        self.prefs = Prefs(surroundings.prefs)
        super().__init__()
        self.surroundings = surroundings
        self.live = Live()
        self.sweeps = Sweeps(self)
        self.desk_screens: list[DeskScreen] = []
        """Every screen that was made, whether it is shown or not"""
        self.owing: set[Loader] = set()
        """Those that could not read something, and try again"""
        self.failure: PapertapeError | None = None
        self.crash: BaseException | None = None
        self._settings_of, self._named = settings_of, workspace
        self._opened: Opened | None = None
        self._workspace: UUID | None = None
        self._loader = Loader(self)
        self._told_clashes: set[str] = set()
        self._touched_at = time.monotonic()
        self._offer_our_themes()

    def _offer_our_themes(self) -> None:
        """Offer our own themes only: our colours are not tested for readability on Textual's."""
        brought = list(self.available_themes)
        for theme in THEMES:
            self.register_theme(theme)
        chosen = self.prefs.get("theme", "name")
        self.theme = chosen if chosen in {theme.name for theme in THEMES} else DARK
        for name in brought:
            self.unregister_theme(name)

    @property
    def desk(self) -> Desk | None:
        """The desk; None until it is open."""
        return self._opened.desk if self._opened else None

    @property
    def desk_screen(self) -> DeskScreen:
        """The screen that is shown, below any dialog."""
        return cast(DeskScreen, self.screen_stack[0])

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours, for the moment before our theme is set."""
        return FALLBACK

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, with a dimmed text that can be read."""
        return [DIM_FILTER if isinstance(known, DimFilter) else known for known in super().get_line_filters()]

    async def on_event(self, event: Event) -> None:
        """A letter typed ahead of a field comes back from what had the focus before: it belongs into the field.

        Without this it would be a key of the screen's, and `x` of a word cancel a run.
        """
        if isinstance(event, InputEvent):
            self._touched_at = time.monotonic()
        if isinstance(event, Key) and event.is_forwarded:
            field = self.focused
            if isinstance(field, Input) and field.check_consume_key(event.key, event.character):
                field.post_message(Key(event.key, event.character))
                return
        await super().on_event(event)

    def on_mount(self) -> None:
        """The frame first; the desk opens once it is painted."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.set_terminal_title(NAME)
        self.call_after_refresh(lambda: self.run_worker(self._open(), group="open"))

    def on_unmount(self) -> None:
        """The application was left; its threads may still be at work."""
        self.surroundings.left()

    def on_notify(self, event: Notify) -> None:
        """Show one more notification; at most `MOST_TOASTS` are on the screen at once."""
        event.prevent_default()
        self.show_notification(event.notification, MOST_TOASTS)

    def end_with(self, error: Exception) -> None:
        """Leave after an unforeseen exception, and keep it for the command line to report."""
        if self.is_left and isinstance(error, NoMatches):
            return  # it was left while a screen was being made: its widgets never came
        if self.crash is None:
            self.crash = error.error if isinstance(error, WorkerFailed) else error
        super().end_with(error)

    def close(self) -> None:
        """Close the database; called after the application and its workers have ended."""
        if self._opened is not None:
            self._opened.desk.close()

    def tell(self, error: PapertapeError) -> None:
        """Show an error in the words of the command line."""
        self.notify("\n".join(lines_of(error)), severity="error", markup=False, timeout=10)

    def say(self, sentence: str) -> None:
        """Tell the person that something was done."""
        self.notify(safe_text(sentence), markup=False)

    def warn_from_thread(self, sentence: str) -> None:
        """The same as `warn`, from a call that is not on the event loop."""
        self.call_from_thread(self.warn, sentence)

    def warn(self, sentence: str) -> None:
        """Show a warning; nothing has stopped because of it."""
        self.notify(safe_text(sentence), severity="warning", markup=False, timeout=10)

    def remember(self, section: str, key: str, value: str) -> None:
        """Keep a choice for the next run."""

        async def keep() -> None:
            try:
                await asyncio.to_thread(self.prefs.keep, section, key, value)
            except OSError as error:
                self.warn(f"the choice is not remembered: {error}")

        self.run_worker(keep(), group=f"remember {section} {key}")

    def set_terminal_title(self, title: str) -> None:
        """Set the title of the terminal's window or tab (OSC 2)."""
        self.write_to_terminal(f"\x1b]2;{safe_text(title)}\x07")

    def show_workspace(self, workspace: UUID) -> None:
        """Show another account from now on."""
        self._workspace = workspace
        if self._opened is not None:
            self.remember(WORKSPACES, self._opened.database, str(workspace))
        self.refresh_now()

    def refresh_now(self) -> None:
        """Read the database; while a read is under way, read once more after it."""
        workspace, before = self._workspace, self.live.reading
        if workspace is not None:
            self._loader.load(
                lambda desk, _: read_account(desk, workspace, before),
                self._was_read,
                group="poll",
                failed=self._cannot_read,
                in_turn=True,
                acts=True,
            )
        self.desk_screen.catch_up()
        collect_at_leisure(time.monotonic() - self._touched_at)

    async def action_show_screen(self, name: str) -> None:
        """Switch to a screen of the registry."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        await self.switch_mode(name)

    async def action_quit(self) -> None:
        """Leave the dashboard. While a sweep or a replay is under way, which would end with it, ask first."""
        from tui.dashboard.widgets.dialog import QuitQuestion

        playing = [screen.at_work for screen in self.desk_screens if screen.at_work is not None]
        if isinstance(self.screen, QuitQuestion) or not (self.sweeps.at_work or playing):
            self.exit()
        else:
            self.push_screen(QuitQuestion(self.sweeps.at_work, playing), lambda yes: self.exit() if yes else None)

    def save_picture(self) -> None:
        """Save the screen as an SVG file in the folder for downloads; in a browser it is a download."""
        self.run_worker(self._save_picture(), group="picture")

    def on_delivery_complete(self, event: DeliveryComplete) -> None:
        """A picture is saved: say where."""
        event.prevent_default()
        self.say("the picture is saved" if event.path is None else f"the picture is {event.path}")

    def on_delivery_failed(self, event: DeliveryFailed) -> None:
        """A picture could not be written: say why."""
        self._not_saved(event.exception)

    def action_read_now(self) -> None:
        """Read the database now; the action of a key."""
        self.refresh_now()

    def action_pick_workspace(self) -> None:
        """Open the list of workspaces to switch to."""
        from tui.dashboard.widgets.pickers import WorkspacePicker

        if self._workspace is not None:
            self.push_screen(WorkspacePicker(self._workspace), lambda it: self.show_workspace(it) if it else None)

    def action_command_palette(self) -> None:
        """Open the command palette, unless it is open already."""
        if self.use_command_palette and not CommandPalette.is_open(cast("App[object]", self)):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Open the palette of themes."""
        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_keys(self) -> None:
        """Open the help of the screen that is shown."""
        from tui.dashboard.widgets.keys import HelpDialog

        title = next(entry.title for entry in SCREENS if entry.name == self.desk_screen.NAME)
        self.push_screen(HelpDialog(title, key_lines(self.desk_screen)))

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Warn, once, that two actions are on the same key."""
        names = " and ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
        if names not in self._told_clashes:
            self._told_clashes.add(names)
            self.warn(f"[keys] in the config file: {names} are on the same key, the default stays")

    async def _open(self) -> None:
        try:
            opened = await asyncio.to_thread(open_behind, self._settings_of, self._named, self.prefs)
        except Exception as error:
            self.failure = as_papertape_error(error)
            self.exit()
            return
        self._opened, self._workspace = opened, opened.workspace
        self.set_keymap(opened.keymap)
        if opened.is_read_only:
            self.warn(f"{opened.database} is read-only: everything can be read; changes are refused")
        self.refresh_now()
        if self.surroundings.poll_seconds is not None:
            self.set_interval(self.surroundings.poll_seconds, self.refresh_now)
        self.run_worker(self._look_ahead(opened.keymap), group="look ahead")

    async def _look_ahead(self, keymap: dict[str, str]) -> None:
        """Import the other screens while nobody waits for them, and look whether the config file's keys are known."""
        for entry in SCREENS:
            await asyncio.to_thread(entry.load)
        self.stylesheet.read_all(STYLES)  # else a screen's first visit parses all stylesheets anew
        keep_what_is_there()
        if keymap:
            for sentence in unknown_names(keymap, await asyncio.to_thread(every_binding)):
                self.warn(sentence)

    async def _save_picture(self) -> None:
        folder = user_downloads_path()
        try:
            if not self.is_web:
                await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            self._not_saved(error)
        else:
            self.deliver_screenshot(path=str(folder))

    def _not_saved(self, error: BaseException) -> None:
        self.warn(f"the picture is not saved: {error}")

    def _was_read(self, reading: Reading) -> None:
        if reading.overview.workspace.id != self._workspace:
            return  # another workspace was chosen meanwhile
        before = self.live.reading
        self.live.confirm(reading, self.surroundings.clock())
        if before is None or before.overview.workspace.name != reading.overview.workspace.name:
            self.set_terminal_title(f"{NAME}: {reading.overview.workspace.name}")
        self.desk_screen.catch_up()
        self.owing = {loader for loader in tuple(self.owing) if loader.try_again()}

    def _cannot_read(self, error: PapertapeError) -> None:
        if self.live.fault is None:
            self.tell(error)
        self.live.fault = error
        self.desk_screen.catch_up()

    def _theme_changed(self, theme: Theme) -> None:
        self.remember("theme", "name", theme.name)
        for screen in self.desk_screens:
            screen.other_colours()
