"""Help: commands under the headings of what they are for, and shown without parsing a value.

Typer would load pydantic to parse even an option that was not given; a help page needs none of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from tui.shared.output import RESET, Tone
from tui.shared.text import colour_wanted

HELP_OPTIONS = ("--help", "-h")
_BEFORE_COMMANDS = frozenset({"-w", "--workspace", "--db"})
_HEADING = re.compile(r"^(\S[^\n]*:)$", re.MULTILINE)


class _WithExample:
    """Help that ends with an example as it would be typed."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The epilog's lines under a heading of their own."""
        epilog: str | None = getattr(self, "epilog", None)
        if epilog:
            with formatter.section("Example"):
                for line in epilog.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class PlainCommand(_WithExample, TyperCommand):
    """A command whose help ends with its example."""


class SectionedGroup(_WithExample, TyperGroup):
    """A group whose help lists its commands by section."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each section's commands under its heading, in the order of registration."""
        sections: dict[str, list[tuple[Any, Any]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                section = getattr(command, "rich_help_panel", None)
                sections.setdefault(section if isinstance(section, str) else "Commands", []).append((name, command))
        widest = max(len(name) for rows in sections.values() for name, _ in rows)
        for section, rows in sections.items():
            with formatter.section(section):
                limit = formatter.width - 6 - widest
                formatter.write_dl([(name.ljust(widest), command.get_short_help_str(limit)) for name, command in rows])


def help_page(root: Any, arguments: Sequence[str], program: str) -> str | None:
    """The help of the command that the arguments name, when they ask for it; None when they do not."""
    if not any(argument in HELP_OPTIONS for argument in arguments):
        return None
    command, context, skip = root, _context(root, program, None), False
    for argument in arguments:
        if argument in HELP_OPTIONS or not hasattr(command, "commands"):
            break
        if skip or argument.startswith("-"):
            skip = argument in _BEFORE_COMMANDS and not skip
            continue
        if argument not in command.commands:
            return None
        command = command.commands[argument]
        context = _context(command, argument, context)
    return decorated(command.get_help(context))


def _context(command: Any, name: str, parent: Any) -> Any:
    return typer.Context(command, info_name=name, parent=parent, **command.context_settings)


def decorated(page: str) -> str:
    """The help page, its headings strong where colour is wanted."""
    if not colour_wanted(sys.stdout):
        return page
    return _HEADING.sub(rf"{Tone.STRONG.value}\1{RESET}", page)
