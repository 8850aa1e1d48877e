"""What the command palette offers: screens, workspace, theme, and the actions of the screen below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding

from tui.dashboard.registry import SCREENS

MOVES = ("cursor_", "scroll_", "page_")

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

    from tui.dashboard.app import DashboardApp


def commands(app: DashboardApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The screen's own actions first."""
    for node, binding in _actions(screen):
        title = binding.description[:1].upper() + binding.description[1:]
        yield SystemCommand(title, binding.tooltip, partial(app.run_action, binding.action, node))
    for entry in SCREENS:
        yield SystemCommand(f"Go to {entry.title}", entry.why, partial(app.action_show_screen, entry.name))
    yield SystemCommand("Switch workspace", "another account, by name or UUID", app.action_pick_workspace)
    yield SystemCommand("Theme", "light, dark, high contrast and more; remembered", app.action_change_theme)
    yield SystemCommand("Read now", "look at the database at once", app.refresh_now)
    yield SystemCommand("Keys", "what works here, with a word of why", app.action_keys)
    yield SystemCommand("Save a picture", "of this screen, as an SVG file", app.deliver_screenshot)
    yield SystemCommand("Quit", "leave the dashboard", app.action_quit)


def _actions(screen: Screen[Any]) -> Iterable[tuple[DOMNode, Binding]]:
    """The named bindings that work here, each once; not those of the whole application, nor mere moves."""
    found: dict[str, tuple[DOMNode, Binding]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id and active.enabled and active.node is not screen.app and not binding.action.startswith(MOVES):
            found.setdefault(binding.id, (active.node, binding))
    return found.values()
