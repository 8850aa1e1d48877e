"""commands.md: every command with its arguments, options and example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

from typer.models import ArgumentInfo

from docs.reference.markdown import MADE, table
from tui.commands.app import PROGRAM, root
from tui.commands.calls import SHARED


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command, as its function declares it."""

    name: str
    info: Any
    """Typer's `ArgumentInfo` or `OptionInfo`"""
    kind: Any
    default: Any

    @property
    def is_argument(self) -> bool:
        """It has a place instead of a name."""
        return isinstance(self.info, ArgumentInfo)

    @property
    def required(self) -> bool:
        """It has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> list[str]:
        """What it may be, where it is one of a few."""
        kinds = [self.kind, *get_args(self.kind)]
        return [str(each.value) for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for each in kind]

    @property
    def value(self) -> str:
        """How help names its value; nothing for a flag."""
        if self.kind is bool:
            return ""
        return self.info.metavar or ("|".join(self.choices) if 0 < len(self.choices) < 8 else self.name.upper())

    @property
    def called(self) -> str:
        """Its name as it is typed, with its value."""
        if self.is_argument:
            return f"`{self.value}`"
        # the first name given to Typer's Option stands where its default would
        names = [name for name in (self.info.default, *(self.info.param_decls or ())) if isinstance(name, str)]
        names = names or [f"--{self.name.replace('_', '-')}"]
        shown = ", ".join(f"`{name}`" for name in names)
        return f"{shown} `{self.value}`" if self.value else shown

    @property
    def meaning(self) -> str:
        """Its help, with the default where there is one to show."""
        text = " ".join((self.info.help or "").split())
        text += f" One of {', '.join(self.choices)}." if len(self.choices) >= 8 else ""
        if self.required:
            return text if self.is_argument else f"{text} Required."
        hidden = self.default in (None, False) or self.default == [] or self.info.show_default is False
        return text if hidden else f"{text} Default: `{self.default}`."


def commands() -> Iterator[str]:
    """Every command with its arguments, options and example, in the order of `papertape --help`."""
    shared = [Parameter(name, *_declared(option), None) for name, option in SHARED.items()]
    yield from ("# Commands", "", MADE, "")
    yield from (
        "Every command takes these; before the command's name they work too.",
        "",
        *table(("option", "meaning"), ((each.called, each.meaning) for each in shared)),
        "A `-w` that names no workspace is exit 6 in every command, whether it has a use for one or not. `demo` has a"
        " workspace of its own and takes none. To `run` and `plan list` the flag alone means a workspace, not"
        " `PAPERTAPE_WORKSPACE`.",
        "",
        "What a command prints with `--json` is in [json.md](json.md); exit codes are in [errors.md](errors.md).",
        "",
    )
    for path, command in _registered((PROGRAM,), root):
        yield from _command(" ".join(path), command)


def _registered(path: tuple[str, ...], app: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of an app and of those added to it, with the words that call it."""
    for command in app.registered_commands:
        if not command.hidden:
            yield (*path, command.name), command
    for group in app.registered_groups:
        name = group.name if isinstance(group.name, str) and group.name else None
        yield from _registered((*path, name) if name else path, group.typer_instance)


def _command(path: str, command: Any) -> Iterator[str]:
    declared = inspect.signature(command.callback).parameters.values()
    own = [each for each in declared if each.name not in {*SHARED, "context"}]
    parameters = [Parameter(each.name, *_declared(each.annotation), each.default) for each in own]
    arguments = [each for each in parameters if each.is_argument]
    options = [each for each in parameters if not each.is_argument]
    needed = [each.called.replace("`", "") for each in options if each.required]
    usage = [path, *(each.value for each in arguments), *needed]
    yield from (f"## `{path}`", "", *_paragraphs(command.help or inspect.getdoc(command.callback) or ""))
    yield from ("```text", " ".join(usage), "```", "")
    for title, rows in (("argument", arguments), ("option", options)):
        if rows:
            yield from table((title, "meaning"), ((each.called, each.meaning) for each in rows))
    for example in re.findall(r"(?m)^\s*(papertape .*)$", command.epilog or ""):
        yield from (f"Example: `{example}`", "")


def _declared(annotation: Any) -> tuple[Any, Any]:
    """Typer's description of a parameter, and its type, from `Annotated[type, description]`."""
    kind, info = get_args(annotation)[:2]
    return info, kind


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.replace("\b", "").split("\n\n"):
        yield from (" ".join(paragraph.split()), "")
