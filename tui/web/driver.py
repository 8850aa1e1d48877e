"""The driver of a served dashboard: Textual's driver for the web, which also ends with its reader."""

from __future__ import annotations

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class ServedDriver(WebDriver):
    """Textual's own stops listening when the other end has gone, but leaves the application running."""

    def run_input_thread(self) -> None:
        """Listen until the other end has gone, then end the application."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self.send_message(ExitApp())
