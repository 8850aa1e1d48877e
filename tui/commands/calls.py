"""One command's call: how it is declared, the options that every command takes, what it does with them, and its help.

Commands stand under the headings of what they are for. Help is shown without parsing a value: Typer would load pydantic
to parse even an option that was not given, and a help page needs none of them.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from engine.errors import UsageError
from tui.shared.failures import unwritten
from tui.shared.output import RESET, Page, Tone, answers, answers_alone, write_document
from tui.shared.text import colour_wanted, safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from storage.settings import Settings

HELP_OPTIONS = ("--help", "-h")
_BEFORE_COMMANDS = frozenset({"-w", "--workspace", "--db"})
_HEADING = re.compile(r"^(\S[^\n]*:)$", re.MULTILINE)
WorkspaceOption = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="NAME|UUID",
        help="The workspace (PAPERTAPE_WORKSPACE; else `default`, made on first use).",
        show_default=False,
    ),
]
DbOption = Annotated[
    str | None,
    typer.Option("--db", metavar="FILE", help="Another database file (PAPERTAPE_DB).", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document; all else goes to stderr.")]

SHARED: dict[str, Any] = {"workspace": WorkspaceOption, "db": DbOption, "json": JsonOption}


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
            skip = argument in _BEFORE_COMMANDS and not skip  # the word after -w or --db names no command
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


@dataclass(frozen=True, slots=True)
class Call:
    """The shared options of one call. `workspace` and `db` are what was given as a flag, None when nothing was."""

    workspace: str | None = None
    db: str | None = None
    json: bool = False

    def settings(self) -> Settings:
        """The settings: file, environment, and above them the flags of this call."""
        from storage.settings import Settings

        given = {"workspace": self.workspace, "db": self.db}
        return Settings(**{name: value for name, value in given.items() if value is not None})

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk over the database; its default workspace is the one this call means."""
        from storage.desk import open_desk

        with open_desk(self.settings()) as desk:
            yield desk

    def check_workspace(self) -> None:
        """WORKSPACE_NOT_FOUND when the flag -w names none; no database is made to look into."""
        if self.workspace is None:
            return
        if self.settings().db.exists():
            with self.desk() as desk:
                desk.accounts.require()
            return
        from engine.desk.accounts import not_found
        from engine.policy.workspace import DEFAULT_NAME

        if self.workspace != DEFAULT_NAME:
            raise not_found(self.workspace)

    def answer(self, document: Any, show: Callable[[Page], None]) -> None:
        """The result: `document` with `--json`, else what `show` puts on the page; ANSWER_NOT_WRITTEN."""
        try:
            if self.json:
                write_document(document)
            else:
                show(Page())
            answers().flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritten(error) from error

    def warn(self, sentences: Iterable[str], kind: str = "warning") -> None:
        """Print sentences on stderr that a person should know of."""
        for sentence in sentences:
            print(f"{kind}: {safe_text(sentence)}", file=sys.stderr)


def command(
    app: typer.Typer,
    name: str,
    *,
    example: str,
    panel: str | None = None,
    dashes_are_values: bool = False,
    without_workspace: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose function takes a `Call` first; its help ends with the example.

    `dashes_are_values`: an argument may be a negative number, which the command then refuses for what it is.
    `without_workspace`: the command has no use for the workspace of -w, which must be there all the same.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        settings = {"ignore_unknown_options": dashes_are_values}
        added = app.command(name, cls=PlainCommand, epilog=example, rich_help_panel=panel, context_settings=settings)
        added(_with_shared_options(function, checks_workspace=without_workspace))
        return function

    return register


def _with_shared_options(function: Callable[..., None], *, checks_workspace: bool) -> Callable[..., None]:
    """The function as Typer sees it; a parameter of a dataclass stands for its fields, each an option."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    groups: dict[str, Any] = {
        parameter.name: parameter.annotation for parameter in own if is_dataclass(parameter.annotation)
    }

    @wraps(function)
    def called(**values: Any) -> None:
        context = values.pop("context")
        call = _call_of(context, {name: values.pop(name) for name in SHARED})
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        with answers_alone(json=call.json):
            if checks_workspace:
                call.check_workspace()
            function(call, **values)

    parameters = [option for parameter in own for option in _options(parameter)]
    parameters += [_parameter(name, option, False if name == "json" else None) for name, option in SHARED.items()]
    parameters.append(_parameter("context", typer.Context))
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _options(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    annotation = parameter.annotation
    if not is_dataclass(annotation):
        return [_parameter(parameter.name, annotation, parameter.default)]
    hints = get_type_hints(annotation, include_extras=True)
    return [_parameter(field.name, hints[field.name], _default(field)) for field in fields(annotation)]


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return inspect.Parameter.empty if field.default_factory is MISSING else field.default_factory()


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _call_of(context: typer.Context, given: dict[str, Any]) -> Call:
    """The command's own options above those that stood before the command."""
    before = context.find_root().params
    for name, value in given.items():
        if "" in (value, before.get(name)):  # an unset variable in a script must not mean the default account
            raise UsageError("USAGE", f"--{name} is empty", hint="name one, or leave the option out")
    return Call(**{name: value or before.get(name) or value for name, value in given.items()})
