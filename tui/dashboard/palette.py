"""The command palette: the actions of what is shown first, then what works everywhere, then every other screen's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.worker import WorkerCancelled, WorkerFailed

from tui.dashboard.keys import bindings_of
from tui.dashboard.registry import SCREENS, ScreenEntry
from tui.dashboard.widgets.dialog import LeftOnce

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.screen import Screen

    from tui.dashboard.app import DashboardApp

MOVES = ("cursor_", "scroll_", "page_")
IN_WHY = 0.01
"""The score of a command whose title has not the words that were typed, but whose word of why has."""


class Palette(CommandPalette, LeftOnce[None]):
    """Textual's palette, which several Escape keys at once leave only once."""


class Command(NamedTuple):
    """A command; of those that match equally, one with a higher `weight` comes first."""

    title: str
    why: str
    run: Callable[[], Any]
    weight: float = 1.0


class DeskCommands(Provider):
    """What the palette finds: by an abbreviation of the title, or by words of the description."""

    async def discover(self) -> Hits:
        """List every command, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.why)

    async def search(self, query: str) -> Hits:
        """Yield the commands whose title or description matches the query."""
        matcher, words = self.matcher(query), query.casefold().split()
        for command in self._commands():
            score = matcher.match(command.title)
            if score == 0 and all(word in f"{command.title} {command.why}".casefold() for word in words):
                score = IN_WHY
            if score > 0:
                yield Hit(score * command.weight, matcher.highlight(command.title), command.run, help=command.why)

    def _commands(self) -> Iterator[Command]:
        return commands(cast("DashboardApp", self.app), self.screen)


def commands(app: DashboardApp, screen: Screen[Any]) -> Iterator[Command]:
    """Every command that is possible now: those of the focused widget first, those of other screens last."""
    for node, binding in _actions(screen):
        title = binding.description[:1].upper() + binding.description[1:]
        yield Command(title, binding.tooltip, partial(app.run_action, binding.action, node))
    for entry in SCREENS:
        yield Command(f"Go to {entry.title}", entry.why, partial(app.action_show_screen, entry.name))
    yield Command("Switch workspace", "another account, by name or UUID", app.action_pick_workspace)
    yield Command("Theme", "light, dark, high contrast; remembered", app.action_change_theme)
    yield Command("Read now", "read the database at once", app.refresh_now)
    yield Command("Keys", "what the keys do here", app.action_keys)
    yield Command("Save a picture", "of this screen, an SVG file among your downloads", app.save_picture)
    yield Command("Quit", "leave the dashboard", app.action_quit)
    for entry in SCREENS:
        if screen is not app.desk_screen or entry.name != app.desk_screen.NAME:
            yield from _elsewhere(app, entry)


def _actions(screen: Screen[Any]) -> Iterable[tuple[DOMNode, Binding]]:
    """The named bindings that work here, each once; not those of the whole application, nor mere moves."""
    actions: dict[str, tuple[DOMNode, Binding]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id and active.enabled and active.node is not screen.app and not binding.action.startswith(MOVES):
            actions.setdefault(binding.id, (active.node, binding))
    return actions.values()


def _elsewhere(app: DashboardApp, entry: ScreenEntry) -> Iterator[Command]:
    """The actions of a screen that is not shown."""
    for binding in bindings_of(entry.load()):
        title = f"{entry.title}: {binding.description}"
        yield Command(title, binding.tooltip, partial(_go_and_do, app, entry, title, binding.action), weight=0.5)


def _go_and_do(app: DashboardApp, entry: ScreenEntry, title: str, action: str) -> None:
    app.run_worker(_do_there(app, entry, title, action), group="palette")


async def _do_there(app: DashboardApp, entry: ScreenEntry, title: str, action: str) -> None:
    """Switch to the screen, let it read what it shows, then do it; unless the person has gone on meanwhile."""
    before = set(app.workers)
    await app.action_show_screen(entry.name)
    screen = app.desk_screen
    await screen.has_caught_up()
    while reading := [worker for worker in app.workers if worker not in before and worker.node.screen is screen]:
        before |= set(reading)
        for worker in reading:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()
    if app.screen is screen and not await app.run_action(action, screen):
        app.say(f"{title} is not possible now")
