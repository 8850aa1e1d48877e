"""The whole command line under one root, and one command's run from its arguments to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands.account import accounts, events, execute, look, policy, workspaces
from tui.commands.calls import Call, DbOption, JsonOption, SectionedGroup, WorkspaceOption, decorated, help_page
from tui.commands.demo import demo
from tui.commands.plan import plans, trials
from tui.commands.strategy import data, evaluate, run, specs, strategies
from tui.commands.system import doctor, serve
from tui.commands.system.web import HostOption, KnownOption, PortOption, WebCall, WebOption, serve_dashboard
from tui.shared.failures import ANYTHING_ELSE, DONE, as_papertape_error, close_quietly, prepare_streams, tell, unwritten

PROGRAM = "papertape"
JSON_FLAG = "--json"
_INTERRUPTED = 130

root = typer.Typer(
    cls=SectionedGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="papertape demo\npapertape run --strategy sma_cross --symbol GOOG --data sample:GOOG",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        except PackageNotFoundError:  # run from a checkout that was never installed
            typer.echo(f"{PROGRAM} (not installed)")
        raise typer.Exit


@root.callback(invoke_without_command=True)
def papertape(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    db: DbOption = None,
    json: JsonOption = False,
    web: WebOption = False,
    host: HostOption = None,
    port: PortOption = None,
    i_know: KnownOption = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A paper-trading desk: strategies, policy and paper broker over one journal.

    Without a command it opens the dashboard; without a terminal it prints this page.
    """
    call, browser = Call(workspace, db, json), WebCall(web, host, port, i_know)
    browser.check(context.invoked_subcommand)
    if web:
        serve_dashboard(call, browser)
    elif context.invoked_subcommand is None:
        _open_dashboard(context, call)


def _open_dashboard(context: typer.Context, call: Call) -> None:
    """Open the dashboard, or print the help when there is no terminal."""
    from tui.dashboard.start import has_terminal, open_dashboard

    if call.json:
        raise UsageError("USAGE", "--json without a command", hint="`papertape --help` lists the commands")
    if has_terminal():
        open_dashboard(call)
    else:
        typer.echo(decorated(context.get_help()))


def _add_commands() -> None:
    for module in (demo, workspaces, look, events, execute, accounts, policy):
        _add(module)
    for module in (run, plans, trials, evaluate, strategies, specs, data, doctor, serve):
        _add(module)


def _add(module: Any) -> None:
    name = getattr(module, "NAME", None)
    if name is None:
        root.add_typer(module.app)
    else:
        root.add_typer(
            module.app,
            name=name,
            help=module.HELP,
            rich_help_panel=module.PANEL,
            cls=SectionedGroup,
            epilog=module.EXAMPLE,
        )


_add_commands()


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code of the process. It raises nothing."""
    prepare_streams()
    code = DONE
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        gone = close_quietly()
        return gone if code == DONE else code  # a failure was told on the standard error
    except OSError as error:
        close_quietly()
        return code if code != DONE else tell(unwritten(error), json=False)  # what failed has said so
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    try:
        command = typer.main.get_command(root)
        page = help_page(command, arguments, PROGRAM)
        if page is not None:
            print(page)
            return DONE
        result = command.main(args=list(arguments), prog_name=PROGRAM, standalone_mode=False)
        if result == _INTERRUPTED:
            raise KeyboardInterrupt
    except BrokenPipeError:
        raise
    except SystemExit as leaving:  # completion scripts leave this way
        if isinstance(leaving.__context__, BrokenPipeError):  # Typer takes it for a failure
            raise leaving.__context__ from None
        return leaving.code if isinstance(leaving.code, int) else ANYTHING_ELSE
    except (Exception, KeyboardInterrupt) as error:
        return tell(as_papertape_error(error), json=JSON_FLAG in arguments)
    return result if isinstance(result, int) else DONE
