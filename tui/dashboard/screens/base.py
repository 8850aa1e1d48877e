"""The base of every screen: header, body and key line; it is told of changes and reads off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen

from tui.dashboard.live import AccountChanged, JournalGrew
from tui.dashboard.loading import Advanced, Loader
from tui.dashboard.textual_internals import mark_styles_current
from tui.dashboard.widgets.event_pane import EventPane
from tui.dashboard.widgets.header import DeskHeader
from tui.dashboard.widgets.keys import KeyLine
from tui.dashboard.widgets.table import DeskTable, Order

if TYPE_CHECKING:
    from textual import events

    from engine.desk import Desk
    from engine.desk.accounts import Overview
    from engine.errors import PapertapeError
    from engine.ports import Watch
    from tui.dashboard.app import DashboardApp
    from tui.dashboard.live import Reading

Found = TypeVar("Found")


class DeskScreen(Screen[None]):
    """A screen in the registry. It composes its body, and overrides `account_changed` and `journal_grew`.

    Both are called on the event loop when it is shown, as soon as there is something it has not seen, and while it is
    shown; `NAME` is its name in the registry.
    """

    app: DashboardApp
    NAME: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        mark_styles_current(self)
        self.app.desk_screens.append(self)
        self._seen: Reading | None = None
        self._is_coloured = True
        self._loader = Loader(self)

    def compose(self) -> ComposeResult:
        """The header, the screen's own body, and the line of keys."""
        yield DeskHeader(self.NAME)
        yield from self.compose_body()
        yield KeyLine()

    def compose_body(self) -> ComposeResult:
        """The widgets between header and key line."""
        raise NotImplementedError

    @property
    def at_work(self) -> str | None:
        """The name of work in progress that would end with the dashboard; None when there is none."""
        return None

    def account_changed(self, overview: Overview) -> None:
        """Show the account: it has changed, or the theme has."""

    def journal_grew(self, head: int) -> None:
        """The journal, of all workspaces, has events that were not seen yet; tables of events count or show them."""
        for pane in self.query(EventPane):
            pane.grew(head)

    def load(
        self,
        call: Callable[[Desk, Watch], Found],
        show: Callable[[Found], None],
        *,
        group: str = "load",
        failed: Callable[[PapertapeError], None] | None = None,
        advanced: Advanced | None = None,
        in_turn: bool = False,
        acts: bool = False,
    ) -> None:
        """`Loader.load`: run `call` in a thread, show its result on the loop, an error as a toast."""
        self._loader.load(call, show, group=group, failed=failed, advanced=advanced, in_turn=in_turn, acts=acts)

    @property
    def overview(self) -> Overview | None:
        """The account as it was read last; None before the first reading."""
        return self.app.live.reading.overview if self.app.live.reading else None

    def remembered_order(self, table: str) -> Order | None:
        """The order that a table (by its id) was given in an earlier run."""
        return Order.parse(self.app.prefs.get("order", table))

    def catch_up(self) -> None:
        """Show the clock, and tell this screen of what it has not seen."""
        for header in self.query(DeskHeader):
            header.show(self.app.live, self.app.surroundings.clock())
        reading, before = self.app.live.reading, self._seen
        if not self.is_mounted or reading is None or reading is before:
            return
        self._seen = reading
        if before is None or before.overview.journal_head != reading.overview.journal_head:
            self.post_message(JournalGrew(reading.overview.journal_head))
        if before is None or _account(before) != _account(reading):
            self.post_message(AccountChanged(reading.overview))

    async def has_caught_up(self) -> None:
        """Return once the screen was told of the newest reading and has requested what it shows of it."""
        self.catch_up()
        told = asyncio.Event()
        self.call_later(told.set)  # behind the messages of catching up
        await told.wait()

    def show_again(self) -> None:
        """Redraw everything: the theme may have changed."""
        self._seen = None
        for pane in self.query(EventPane):
            pane.read_again()
        for line in self.query(KeyLine):
            line.show()
        self.catch_up()

    def other_colours(self) -> None:
        """Another theme was chosen: redraw now, or when the screen is shown again."""
        self._is_coloured = False
        if self.app.desk_screen is self:
            self._colour()

    def _colour(self) -> None:
        if not self._is_coloured:
            self._is_coloured = True
            self.show_again()

    def on_screen_resume(self, _: events.ScreenResume) -> None:
        """The screen is shown, or a dialog over it was closed."""
        self._colour()
        self.call_after_refresh(self.catch_up)

    @on(AccountChanged)
    def _tell_account(self, event: AccountChanged) -> None:
        self.account_changed(event.overview)

    @on(JournalGrew)
    def _tell_journal(self, event: JournalGrew) -> None:
        self.journal_grew(event.head)

    @on(DeskTable.Ordered)
    def _remember_order(self, event: DeskTable.Ordered) -> None:
        if event.table.id:
            self.app.remember("order", event.table.id, str(event.order))


def _account(reading: Reading) -> tuple[object, ...]:
    """The parts of a reading that make a change of the account."""
    overview = reading.overview
    return overview.workspace, overview.head, overview.state
