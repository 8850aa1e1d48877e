"""Draws the screenshots: real commands in a pseudo-terminal of 100 columns, their output as SVG.

    python -m docs.screenshots.make

The commands run in a home of their own: a picture is the same on every machine but for ids and wall clock times.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS, LINES = 100, 200

BLACK, WHITE = (24, 26, 31), (216, 219, 226)
RED, GREEN, YELLOW, BLUE = (232, 93, 93), (98, 190, 112), (226, 184, 92), (97, 160, 235)
MAGENTA, CYAN, GREY = (190, 130, 220), (86, 182, 194), (110, 116, 128)
COLOURS = [RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN]
THEME = TerminalTheme(BLACK, WHITE, [BLACK, *COLOURS, WHITE], [GREY, *COLOURS, WHITE])

# rich's own format loads its fonts from a server
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />\
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True)
class Shot:
    """A picture: what is run first, unseen, and the commands that are shown with what they print."""

    name: str
    before: tuple[str, ...]
    shown: tuple[str, ...]


SHOTS = (
    Shot("demo", (), ("papertape demo --headless",)),
    Shot(
        "by-hand",
        ("papertape workspace create paper",),
        (
            "papertape execute -w paper --action OPEN_LONG --symbol GOOG --quantity 10 --fill-price 187.20",
            "papertape policy set -w paper max_order_notional=1000",
            "papertape execute -w paper --action OPEN_LONG --symbol GOOG --quantity 10 --fill-price 187.20",
            "papertape mark -w paper GOOG 190",
            "papertape events -w paper --limit 10",
        ),
    ),
)


def draw(shot: Shot) -> str:
    """The picture as SVG."""
    with tempfile.TemporaryDirectory() as home:
        for command in shot.before:
            in_terminal(command, home)
        parts = [Text.from_ansi(f"\x1b[1m$ {command}\x1b[0m\n{in_terminal(command, home)}") for command in shot.shown]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for part in parts:
        console.print(part)
    return console.export_svg(title="papertape", theme=THEME, code_format=FORMAT, unique_id=f"papertape-{shot.name}")


def in_terminal(command: str, home: str) -> str:
    """What a command prints on a terminal of `COLUMNS` columns, then what it says on the standard error.

    That one is no terminal: how much of a progress bar is seen depends on the machine's mood.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with tempfile.TemporaryFile() as errors:
        arguments = [sys.executable, "-m", "tui", *command.split()[1:]]
        running = subprocess.Popen(  # noqa: S603
            arguments, cwd=ROOT, env=environment(home), stdin=terminal, stdout=terminal, stderr=errors
        )
        os.close(terminal)
        read = bytearray()
        while chunk := _read(controller):
            read += chunk
        running.wait()
        os.close(controller)
        errors.seek(0)
        read += errors.read()
    return read.decode().replace("\r\n", "\n").rstrip()


def environment(home: str) -> dict[str, str]:
    """A home of its own, colour, UTF-8."""
    return {
        "HOME": home,
        "XDG_DATA_HOME": f"{home}/data",
        "XDG_CONFIG_HOME": f"{home}/config",
        "PATH": os.environ.get("PATH", os.defpath),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 1 << 16)
    except OSError:  # Linux says so when the terminal's last user has gone
        return b""


def main() -> None:
    """Draw every picture."""
    for shot in SHOTS:
        (HERE / f"{shot.name}.svg").write_text(draw(shot), encoding="utf-8")


if __name__ == "__main__":
    main()
