"""Help: every command has an example that works, and no help page loads anything heavy."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from tests.tui.console import Console
from tui.commands.app import PROGRAM, root

HEAVY = ("pandas", "numpy", "sqlmodel", "sqlalchemy", "textual", "pydantic", "plotext", "alembic", "rich")
PROBE = (
    "import json, sys; from tui.__main__ import main; code = main();"
    f" print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)"
)


def commands(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every group and command below, with its path."""
    yield path, node
    for name, below in getattr(node, "commands", {}).items():
        yield from commands(below, (*path, name))


ALL = dict(commands(typer.main.get_command(root)))
LEAVES = {path: node for path, node in ALL.items() if not hasattr(node, "commands")}
SECTION_9 = {
    *{("workspace", name) for name in ("create", "list", "show")},
    *{(name,) for name in ("execute", "state", "positions", "trades", "equity", "events", "reconcile", "reset")},
    *{(name,) for name in ("trading-state", "mark", "evaluate", "run", "doctor", "demo")},
    *{("policy", "show"), ("policy", "set"), ("data", "check"), ("data", "import"), ("spec", "new")},
    *{("strategy", name) for name in ("list", "show", "new", "check")},
    *{("plan", name) for name in ("generate", "run", "list", "show", "trades", "export", "resume", "cancel")},
}


def test_every_command_of_the_specification_is_there() -> None:
    assert LEAVES.keys() >= SECTION_9


def probe(console: Console, *arguments: str) -> tuple[str, int, list[str]]:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        env=console.environment(),
        cwd=console.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, loaded = json.loads(ran.stderr.splitlines()[-1])
    return ran.stdout, code, loaded


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_loads_nothing_heavy(console: Console, path: tuple[str, ...]) -> None:
    out, code, loaded = probe(console, *path, "--help")
    assert code == 0
    assert loaded == []
    assert "Usage: papertape" in out
    assert "Example" in out
    assert not console.db.exists()


@pytest.mark.parametrize("arguments", [(), ("--version",), ("-h",), ("--db", "x", "state", "--help")], ids=" ".join)
def test_what_shows_without_a_desk_is_light_too(console: Console, arguments: tuple[str, ...]) -> None:
    out, code, loaded = probe(console, *arguments)
    assert code == 0
    assert out.startswith(("Usage: papertape", "papertape "))
    assert not {*loaded} - {"pydantic"}  # Typer takes it to parse options that were not given
    assert not console.db.exists()


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_reads_well_at_80_columns(console: Console, path: tuple[str, ...]) -> None:
    page = console.ok(*path, "--help").out
    before, _, example = page.partition("Example:\n")
    assert max(map(len, before.splitlines())) <= 80
    assert example.startswith("  papertape ")
    assert "..." not in before.replace("COMMAND [ARGS]...", "").replace("{KEY=VALUE}...", "").replace(
        "{[SYMBOL=]FILE}...", ""
    )  # nothing is cut


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_takes_the_shared_options(path: tuple[str, ...]) -> None:
    options = {option for parameter in LEAVES[path].params for option in parameter.opts}
    assert {"--workspace", "-w", "--db", "--json"} <= options


def test_every_example_works(console: Console) -> None:
    """In one home, in an order in which each finds what it needs."""
    examples = [line for node in ALL.values() for line in (node.epilog or "").splitlines()]
    stop_a_sweep(console)
    first = (
        "papertape plan cancel",
        "papertape plan resume",
        "papertape strategy new",
        "papertape spec new",
        "papertape run",
        "papertape execute",
    )
    last = ("papertape plan open", "papertape policy set", "papertape trading-state")
    ranks = {example: _rank(example, first, last) for example in examples}
    for example in sorted(dict.fromkeys(examples), key=lambda each: ranks[each]):
        program, *arguments = shlex.split(example)
        assert program == PROGRAM
        if arguments[:2] == ["plan", "open"]:
            keep_a_holdout(console)
        ran = console.run(*arguments)
        assert ran.code == 0, ran


def stop_a_sweep(console: Console) -> None:
    """What `plan resume last` and `plan cancel last` find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.commands.progress.Watched.stopped", lambda watch: watch._what == "running the sweep")
        flags = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
        assert console.run("plan", "run", *flags).code == 1


def keep_a_holdout(console: Console) -> None:
    """What `plan open last` finds."""
    flags = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG", "--holdout", "20%")
    assert console.run("plan", "run", *flags).code == 0


def _rank(example: str, first: tuple[str, ...], last: tuple[str, ...]) -> int:
    for rank, start in enumerate(first):
        if example.startswith(start):
            return rank - len(first)
    return 1 if example.startswith(last) else 0


def test_help_of_what_is_not_there_is_wrong_usage(console: Console) -> None:
    assert console.run("nonsense", "--help").code == 2
    assert console.run("workspace", "nonsense", "--help").code == 2


def test_alone_it_shows_the_help_until_there_is_a_dashboard(console: Console) -> None:
    ran = console.ok()
    assert ran.out == console.ok("--help").out
    assert console.run("--json").code == 2


def test_the_version(console: Console) -> None:
    assert console.ok("--version").out.startswith("papertape ")


def test_completion_is_shown_and_completes(console: Console) -> None:
    console.extra |= {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = console.spawn("--show-completion", "bash")
    assert script.code == 0
    assert "_PAPERTAPE_COMPLETE=complete_bash" in script.out
    console.extra |= {"_PAPERTAPE_COMPLETE": "complete_bash", "COMP_WORDS": "papertape workspace ", "COMP_CWORD": "2"}
    assert console.spawn().out.split() == ["create", "list", "show"]
    console.extra |= {"COMP_WORDS": "papertape trading-state H", "COMP_CWORD": "2"}
    assert console.spawn().out.split() == ["HALTED"]
