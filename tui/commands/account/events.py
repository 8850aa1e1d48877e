"""`events`: the journal, to read and to follow."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from engine.vocabulary import EventType
from tui.commands.calls import Call, command
from tui.commands.progress import on_signals
from tui.shared.failures import has_lost_its_reader
from tui.shared.output import answers, write_line
from tui.shared.text import fit, pad, safe_text, width_of
from tui.shared.words import said_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.desk.journal import EventView, Journal
    from engine.ports import EventFilter

PAGE = 1_000
"""Events read at once."""
POLL_SECONDS = 0.2
ROOMY = 100
"""Columns from which on there is room for wider gaps."""

app = typer.Typer()


@command(app, "events", example="papertape events --type ORDER_FILLED --limit 20", panel="Look")
def events(
    call: Call,
    type: Annotated[  # noqa: A002 - the option's own name
        list[EventType] | None,
        typer.Option("--type", metavar="TYPE", help="Only this type, such as ORDER_FILLED; may be repeated."),
    ] = None,
    correlation: Annotated[
        str | None, typer.Option("--correlation", metavar="ID", help="Only events of this correlation id.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the newest N.", show_default=False)
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep printing what any process adds, until Ctrl-C.")
    ] = False,
) -> None:
    """The journal, in the order of its events.

    With --json one document a line (JSON Lines)."""
    from engine.ports import EventFilter

    where = EventFilter(types=tuple(event_type.value for event_type in type or ()), correlation_id=correlation)
    stop = threading.Event()
    with call.desk() as desk, on_signals(stop.set) if follow else nullcontext():
        reader = _Reader(desk.journal, where, _printer(json_lines=call.json), stop)
        version = desk.journal.data_version()
        reader.start(limit)
        if follow:
            reader.follow(version)


class _Reader:
    """Reads a journal forward, page by page, and hands every event on."""

    def __init__(
        self, journal: Journal, where: EventFilter, emit: Callable[[EventView], None], stop: threading.Event
    ) -> None:
        self._journal, self._where, self._emit, self._stop = journal, where, emit, stop
        self._seen = 0

    def start(self, limit: int | None) -> None:
        """Print the events so far, or the newest `limit` of them."""
        if limit is None:
            self._drain()
        else:
            self._hand_on(self._journal.events(where=self._where, limit=limit))

    def follow(self, version: int) -> None:
        """Print new events as soon as they are written, until told to stop."""
        while not self._stop.wait(POLL_SECONDS):
            if has_lost_its_reader(answers()):
                raise BrokenPipeError  # as the next line would find, were there one
            now = self._journal.data_version()
            if now != version:
                version = now
                self._drain()

    def _drain(self) -> None:
        while not self._stop.is_set():
            page = self._journal.events(where=replace(self._where, after=self._seen), limit=PAGE)
            self._hand_on(page)
            if len(page) < PAGE:
                return

    def _hand_on(self, page: list[EventView]) -> None:
        for event in page:
            self._emit(event)
            answers().flush()  # whoever reads our lines sees each as soon as it is there
            self._seen = event.seq


def _printer(*, json_lines: bool) -> Callable[[EventView], None]:
    if json_lines:
        return write_line
    width = width_of(answers()) if answers().isatty() else None
    print(_line(("seq", "time (UTC)", "event", "symbol", "what"), width), file=answers())
    return lambda event: print(line_of(event, width), file=answers())


def line_of(event: EventView, width: int | None) -> str:
    """One event on one line, cut to so many cells; whole without a width."""
    when = f"{event.ts:%Y-%m-%d %H:%M:%S}"
    return _line((str(event.seq), when, event.event_type.value, event.symbol or "", said_by(event)), width)


def _line(cells: tuple[str, str, str, str, str], width: int | None) -> str:
    seq, when, event_type, symbol, what = map(safe_text, cells)
    if width is not None:
        symbol = fit(symbol, 6)
    gap = "  " if width is not None and width >= ROOMY else " "
    head = [pad(seq, 6, right=True), pad(when, 19), pad(event_type, 21), pad(symbol, 6)]
    line = gap.join([*head, what]).rstrip()
    return line if width is None else fit(line, width)
