"""The line of keys below every screen. One widget: Textual's footer makes one of each key, all anew at every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

if TYPE_CHECKING:
    from textual import events
    from textual.screen import Screen


class KeyLine(Static):
    """The keys that work now and what they do, each to be clicked; a tooltip says why one would."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key"}

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        """Told of other keys by the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Why one would press the key under the mouse."""
        why = event.style.meta.get("why", "")
        self.tooltip = Text(why) if why else None

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and screen.app.app_focus:
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        shown: dict[str, Text] = {}
        key_style = self.get_component_rich_style("key-line--key", partial=True)
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in shown:
                click = {"@click": f"app.simulate_key('{binding.key}')", "why": tooltip or binding.description}
                key = self.app.get_key_display(binding)
                words = Text.assemble((f" {key} ", key_style), f"{binding.description} ", style=Style(meta=click))
                if not enabled:
                    words.stylize("dim")
                shown[binding.action] = words
        self.update(Text(no_wrap=True, overflow="ellipsis").join(shown.values()))
