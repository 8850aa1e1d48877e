"""What strategies run on: a spec, from a file or from flags, and a dataset, from files or the bundled samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands.calls import Call
from tui.commands.progress import watching
from tui.shared.inputs import UNCHECKED, is_checked, is_file, source_of, unchecked

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.market.bars import Dataset
    from engine.policy.limits import Limits
    from engine.strategies.base import Strategy
    from engine.strategies.registry import Registry
    from engine.strategies.spec import ExecutionSpec


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """The options that say which bars are read."""

    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="[SYMBOL=]FILE",
            help="A CSV, CSV.gz or Parquet file of bars; may be repeated. sample:GOOG is a bundled one.",
            show_default=False,
        ),
    ]
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Trade from this date or time on; earlier bars are history."),
    ] = None
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Up to this date or time.")] = None
    cut: Annotated[
        str | None, typer.Option("--cut", metavar="TIME", help="Drop the bars before this date or time.")
    ] = None
    session_tz: Annotated[
        str | None,
        typer.Option("--session-tz", metavar="ZONE", help="The zone whose days are sessions (default: the account's)."),
    ] = None

    def zone(self, account: Limits) -> str:
        """The zone whose days are sessions: the one named, else the account's."""
        if self.session_tz == "":  # an unset variable in a script
            raise UsageError("USAGE", "--session-tz is empty", hint="name a zone, or leave the option out")
        return account.session_tz if self.session_tz is None else self.session_tz

    def load(self, call: Call, symbols: list[str] | None, session_tz: str) -> tuple[Dataset, str]:
        """The bars and their spacing's name; warnings go to stderr, every fault of the files into one error."""
        from storage.market_files import infer_timeframe, load_dataset

        sources = [source_of(text, symbols or ()) for text in self.data]
        with watching("reading the data") as watch:
            dataset = load_dataset(
                sources,
                symbols=symbols,
                session_tz=session_tz,
                start=self.start,
                end=self.end,
                cut=self.cut,
                watch=watch,
            )
        call.warn(dataset.warnings)
        return dataset, infer_timeframe(dataset)


@dataclass(frozen=True, kw_only=True)
class SpecOptions:
    """Which strategy, on what, and how: a spec file, or flags."""

    spec: Annotated[str | None, typer.Option("--spec", metavar="FILE", help="A spec file, TOML or JSON.")] = None
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy", metavar="NAME|FILE.py:NAME|MODULE:NAME", help="Instead of a spec file: the strategy …"
        ),
    ] = None
    symbol: Annotated[
        list[str], typer.Option("--symbol", metavar="SYMBOL", help="… a symbol; may be repeated …", show_default=False)
    ] = field(default_factory=list)
    set: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="… and a parameter, such as entry.lookback_days=55; may be repeated.",
            show_default=False,
        ),
    ] = field(default_factory=list)
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", metavar="NAME", help="The bars' spacing (default: the data's).")
    ] = None

    def read(self, call: Call, desk: Desk) -> ExecutionSpec:
        """The spec; a strategy named by its file or module is registered with the desk."""
        return self._read(call, desk, tells=False)

    def read_to_run(self, call: Call, desk: Desk) -> ExecutionSpec:
        """The spec; of a strategy of one's own that passed no check as it stands, a note says so."""
        spec = self._read(call, desk, tells=True)
        if self.strategy is None or not names_code(self.strategy):
            call.warn(unchecked(desk.research.registry, spec.strategy_id), "note")
        return spec

    def _read(self, call: Call, desk: Desk, *, tells: bool) -> ExecutionSpec:
        self._refuse_both()
        if self.spec is not None:
            from storage.spec_files import read_spec

            return read_spec(Path(self.spec))
        return self._from_flags(call, desk, tells)

    def _from_flags(self, call: Call, desk: Desk, tells: bool) -> ExecutionSpec:
        from storage.spec_files import spec_from_flags

        if self.strategy is None or not self.symbol:
            raise UsageError(
                "USAGE", "no spec is named", hint="give --spec FILE, or --strategy NAME with --symbol SYMBOL"
            )
        registry = desk.research.registry
        key = key_in(call, registry, self.strategy, tells=tells)
        return spec_from_flags(key, self.symbol, self.set, self.timeframe, registry)

    def _refuse_both(self) -> None:
        flags = {
            "--strategy": self.strategy,
            "--symbol": self.symbol,
            "--set": self.set,
            "--timeframe": self.timeframe,
        }
        given = [name for name, value in flags.items() if value]
        if self.spec is not None and given:
            raise UsageError(
                "USAGE", f"{', '.join(given)} beside --spec", hint="write it into the file, or drop --spec"
            )


def load_any(call: Call, data: list[str]) -> Dataset:
    """The bars of files, whatever their symbols; a lone file that does not say has the one that its name suggests."""
    from storage.market_files import load_dataset
    from storage.market_files.sources import stem_symbol

    sources = [source_of(text) for text in data]
    with watching("reading the data") as watch:
        unnamed = stem_symbol(sources[0][1]) if len(sources) == 1 else None
        dataset = load_dataset(sources, watch=watch, unnamed=unnamed)
    call.warn(dataset.warnings)
    return dataset


def key_in(call: Call, registry: Registry, name: str, *, tells: bool = False) -> str:
    """The key of the strategy that a name, `file.py`, `file.py:Name` or `package.module:Name` says.

    A class of a file or module joins the registry. With `tells` the note of its rights says, too, when its source as
    it is now has passed no check.
    """
    return registry.add(class_in(call, name, tells=tells), name).key if names_code(name) else name


def class_in(call: Call, name: str, *, tells: bool = False) -> type[Strategy[Any]]:
    """Run the file or module and return the class that the name says; a note says that it is a program."""
    from storage.strategies.loading import load_module_ref, load_source, split_module_ref, split_ref
    from storage.strategies.source import read_module, read_source

    module = split_module_ref(name)
    source = read_source(split_ref(name)[0]) if module is None else read_module(module[0])
    is_unchecked = tells and source is not None and not is_checked(source.sha256)
    note_rights(call, name, UNCHECKED if is_unchecked else "")
    if module is None and source is not None:
        return load_source(source, split_ref(name)[1])  # what was hashed is what runs
    return load_module_ref(name)


def note_rights(call: Call, name: str, more: str = "") -> None:
    """Print the note that a strategy's file is a program, and whatever else is known of it."""
    from storage.strategies.files import rights_notice

    call.warn([f"{rights_notice(name)}; {more}" if more else rights_notice(name)], "note")


def names_code(name: str) -> bool:
    """Whether a strategy is named by its file or module, not by its key."""
    from storage.strategies.loading import split_module_ref

    return is_file(name) or split_module_ref(name) is not None
