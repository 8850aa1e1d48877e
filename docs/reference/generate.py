"""Writes the pages and tables that are made from the code: `python -m docs.reference.generate [--check]`.

With `--check` nothing is written: exit 1 names the pages that are stale. `tests/docs/test_reference.py` does the same.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic_core import PydanticUndefined
from textual.binding import Binding
from typer.models import ArgumentInfo

from engine import errors
from engine.account.metrics import METRICS, Unit
from engine.errors import CODES, DataError, InvalidError, PapertapeError, SystemFault
from engine.policy.limits import Limits, kind_of
from engine.policy.rules import ENTRY_RULES
from storage.settings import Settings
from tui.commands.app import PROGRAM, root
from tui.commands.calls import SHARED
from tui.dashboard.keys import every_binding
from tui.shared.failures import ANYTHING_ELSE, DONE, EXIT_CODES, READER_GONE, code_of_signal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MADE = "Made by `python -m docs.reference.generate` from the code. Do not edit."
BAR = "\\|"
UP_TO_HERE = "<!-- up to here -->"


def pages() -> dict[str, str]:
    """Every page that is made, by its name."""
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "commands.md": commands,
        "errors.md": error_codes,
        "settings.md": settings,
    }
    made = {name: "\n".join(make()).rstrip() + "\n" for name, make in makers.items()}
    return made | {name: _with_tables(name, rows) for name, rows in TABLES.items()}


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table and the empty line below it."""
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        cells = (cell.replace("|", BAR) for cell in row)
        yield f"| {' | '.join(cells)} |".replace("  ", " ")
    yield ""


# pages of which some tables are made


def rules() -> Iterator[str]:
    """The policy's rules in their order, and what sets each."""
    halted, reducing = "`HALTED`: everything", "`REDUCING`: entries"
    rows = [("`trading_state`", f"{halted}; {reducing}", "the command `trading-state`")]
    for rule in ENTRY_RULES:
        keys = ", ".join(f"`{key}`" for key in rule.keys)
        rows.append((f"`{rule.name}`", rule.meaning, keys or "always on"))
    return table(("rule", "refuses", "set by `policy set`"), rows)


def limits() -> Iterator[str]:
    """The fields of a policy as JSON has them."""
    kinds = {int: "integer or null", float: "number or null", tuple: "array or null", str: "text"}
    rows = [("`trading_state`", "text", "`ACTIVE`, `REDUCING` or `HALTED`")]
    for key, field in Limits.model_fields.items():
        rows.append((f"`{key}`", kinds[kind_of(key)], field.description or ""))
    return table(("field", "type", "meaning"), rows)


def metrics() -> Iterator[str]:
    """The metrics of a run and of a variant as JSON has them."""
    rows = []
    for name, metric in METRICS.items():
        kind = "integer" if metric.unit is Unit.COUNT else "number"
        needs = f"; null without {metric.needs}" if metric.needs else ""
        rows.append((f"`{name}`", kind + (" or null" if needs else ""), metric.meaning + needs))
    return table(("field", "type", "meaning"), rows)


TABLES: dict[str, dict[str, Callable[[], Iterator[str]]]] = {
    "json.md": {"limits": limits, "metrics": metrics},
    "../concepts/policy.md": {"rules": rules},
}
"""By page, from here, the tables that stand on it, each between two comments that name it."""


def _with_tables(name: str, tables: Mapping[str, Callable[[], Iterator[str]]]) -> str:
    text = (HERE / name).read_text(encoding="utf-8")
    for title, rows in tables.items():
        begin = f"<!-- {title}: made by `python -m docs.reference.generate` -->\n"
        before, begins, rest = text.partition(begin)
        _, ends, after = rest.partition(UP_TO_HERE)
        if not begins or not ends:
            raise ValueError(f"docs/reference/{name} has no place for its table of {title}")
        text = before + begin + "\n".join(rows()) + UP_TO_HERE + after
    return text


# commands.md


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


# errors.md


def error_codes() -> Iterator[str]:
    """Exit codes, and every error code with its kind."""
    yield from ("# Errors and exit codes", "", MADE, "")
    yield from (
        "An error is one line on the standard error, `error CODE: what, where, and what to do`, with up to 20 faults",
        "of a file indented below it. With `--json` the standard output has",
        '`{"success": false, "error": …, "error_code": …}` too. Scripts branch on the exit code for the kind, and on',
        "the code for the cause.",
        "",
        "## Exit codes",
        "",
    )
    codes = [(str(code), said, kind.__name__) for kind, code, said in EXIT_CODES]
    yield from table(
        ("exit", "meaning", "class"),
        [
            (str(DONE), "done", ""),
            (str(ANYTHING_ELSE), "anything else", "all others"),
            *codes,
            (str(READER_GONE), "nobody reads the output any more, as in `papertape events | head -1`", ""),
            (", ".join(map(str, DASHBOARD_ENDED)), "SIGHUP, SIGINT, SIGQUIT or SIGTERM ended the dashboard", ""),
        ],
    )
    yield SIGNALS
    yield from ("## Codes", "")
    found = kinds_of_codes()
    rows = ((f"`{code}`", *_kind_and_exit(found.get(code)), said) for code, said in CODES.items())
    yield from table(("code", "class", "exit", "meaning"), rows)
    if len(found) < len(CODES):
        yield "A code without a class is known and not raised by anything yet."


DASHBOARD_ENDED = [code_of_signal(number) for number in (1, 2, 3, 15)]

SIGNALS = """\
A command whose output is closed before its end (`| head`) says nothing more: it exits with 0 when all was written, else
with 141, as other programs do. What it had to do is done.

Ctrl-C, SIGTERM and SIGHUP ask a long command to stop after the step under way; it ends with `CANCELLED`. A second
Ctrl-C or SIGTERM ends it at once. `events --follow`, `serve` and `--web` end with 0. The dashboard leaves, gives the
terminal back as it was, and exits with 128 and the number of the signal; `q` and Ctrl-C in it are keys, and exit with
0. Elsewhere SIGTERM and SIGHUP do what they always do: what was not committed never happened.
"""


DECIDED_LATER: dict[str, type[PapertapeError]] = {
    "INVALID_DATA": DataError,
    "STRATEGY_LOOKS_AHEAD": InvalidError,
    "PACKAGE_SHADOWED": SystemFault,
}
"""Codes that are not written where they are raised; the last is told before the class of errors can be imported."""


def kinds_of_codes() -> dict[str, type[PapertapeError]]:
    """The class of each code that anything raises, or the one above those; ValueError when there is none above."""
    raised = {code: {kind} for code, kind in DECIDED_LATER.items()}
    for room in ("engine", "storage", "tui"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for code, kind in _raised_in(ast.parse(path.read_text(encoding="utf-8"))):
                raised.setdefault(code, set()).add(DECIDED_LATER.get(code, kind))
    found = {}
    for code, kinds in raised.items():
        above = [kind for kind in kinds if all(issubclass(each, kind) for each in kinds)]
        if not above:
            raise ValueError(f"{code} is raised as {', '.join(sorted(kind.__name__ for kind in kinds))}")
        found[code] = above[0]
    return found


def _raised_in(tree: ast.AST) -> Iterator[tuple[str, type[PapertapeError]]]:
    """Calls of an error class with a code, and of a parser that is told its code."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        kind = getattr(errors, node.func.id, None) if isinstance(node.func, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, PapertapeError):
            yield from ((code, kind) for code in _codes_in(node.args[:1]))
        yield from (
            (code, InvalidError) for word in node.keywords if word.arg == "code" for code in _codes_in([word.value])
        )


def _codes_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and node.value in CODES:
            yield str(node.value)


def _kind_and_exit(kind: type[PapertapeError] | None) -> tuple[str, str]:
    if kind is None:
        return "", ""
    return kind.__name__, str(next((code for one, code, _ in EXIT_CODES if issubclass(kind, one)), ANYTHING_ELSE))


# settings.md


SETTINGS_INTRO = """\
The strongest first: a flag (`--db`, `--workspace`), an environment variable, the settings file, the default.

The settings file is `config.toml` in the directory `papertape` of your configuration directory, or the file that
`PAPERTAPE_CONFIG` names. Paths in it are relative to it. An unknown key or a wrong value is `INVALID_SETTINGS`, and
nothing is done.
"""

SETTINGS_REST = """\
An example:

```toml
workspace = "paper"
strategies = ["strategies/dip.py"]
```

A file of strategies is Python. It runs with your rights when a strategy that does not ship is looked up, and when
strategies are listed. List only files that you have read.

## Other variables

| variable | meaning |
| --- | --- |
| `PAPERTAPE_CONFIG` | the settings file |
| `PAPERTAPE_DEBUG` | `1`: an error is followed by its traceback |
| `NO_COLOR` | anything: no colour |
| `COLUMNS` | the width of a terminal, where it does not say |

## What the system gives

Directories that papertape makes are for their user alone (mode 0700), whatever the umask is; those that are there stay
as they are. A command needs 12 file descriptors (`ulimit -n`), the service and `--web` some 45; with fewer it is
`TOO_MANY_FILES`, and nothing is made. A document, JSON or TOML, is nested 100 levels deep at most.
"""

KEYS_INTRO = """\
## Keys

The table `[keys]` gives an action of the dashboard another key, or several with commas between them:

```toml
[keys]
"positions.close" = "ctrl+k"
"table.down" = "j,down,ctrl+n"
```

The name of an action is in the first column below; `?` shows those of the screen that is shown. Keys are written as in
the second column. A name that is not here is told of when the dashboard opens, and nothing else is the worse for it.
"""


def settings() -> Iterator[str]:
    """Every setting with its environment variable, default and meaning."""
    yield from ("# Settings", "", MADE, "", SETTINGS_INTRO)
    prefix = Settings.model_config.get("env_prefix") or ""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default if field.default is not PydanticUndefined else None
        shown = f"`{default}`" if default else ""
        rows.append((f"`{name}`", f"`{prefix}{name}`".upper(), shown, field.description or ""))
    yield from table(("setting", "environment", "default", "meaning"), rows)
    yield SETTINGS_REST
    yield KEYS_INTRO
    yield from table(("action", "keys", "does", "why"), map(_key_row, every_binding().items()))


def _key_row(named: tuple[str, Binding]) -> tuple[str, ...]:
    name, binding = named
    return f"`{name}`", f"`{binding.key}`", binding.description, str(binding.tooltip)


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are stale."""
    stale = [name for name, text in pages().items() if not _is_fresh(HERE / name, text)]
    if "--check" in arguments:
        sys.stderr.writelines(f"docs/reference/{name} is stale: python -m docs.reference.generate\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(pages()[name], encoding="utf-8")
    return 0


def _is_fresh(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
