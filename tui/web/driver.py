"""How a served dashboard talks: as Textual's driver for the web does, and it does not outlive its reader."""

from __future__ import annotations

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class ServedDriver(WebDriver):
    """Textual's own stops listening when the other end has gone, and leaves the application running for ever."""

    def run_input_thread(self) -> None:
        """Listen to the end, and then leave."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self.send_message(ExitApp())
