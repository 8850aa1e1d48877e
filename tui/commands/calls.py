"""One command's call: the options that every command takes, and what it does with them.

`@command(...)` registers a function whose first parameter is a `Call` and adds `--workspace`, `--db` and `--json`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from engine.errors import UsageError
from tui.commands.groups import PlainCommand
from tui.shared.failures import unwritten
from tui.shared.output import Page, answers, answers_alone, write_document
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from storage.settings import Settings

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
