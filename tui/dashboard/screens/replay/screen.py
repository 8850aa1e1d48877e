"""Replay: a strategy over a dataset bar by bar through the real path, with its levels, signals and orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.replay.chart import ZOOMS, View, candles_of, other_drawing, view_of
from tui.dashboard.screens.replay.session import (
    COLUMNS,
    EMPTY,
    HURRY,
    NO_WAY_BACK,
    QUIET,
    Beating,
    Every,
    LogLine,
    Pace,
    Session,
    ended,
    standing,
)
from tui.dashboard.widgets.chart import Chart
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.price_chart import PriceChart
from tui.dashboard.widgets.table import DeskTable
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.drivers.replay import Step
    from engine.errors import PapertapeError
    from tui.dashboard.screens.replay.new_replay import ReadyReplay

STEP, LOOK = "step", "look"
TABLE = "replay-table"


class ReplayScreen(DeskScreen):
    """The replay's status, chart and log. The replay continues while another screen is shown."""

    NAME = "replay"
    CSS_PATH = "replay.tcss"
    AUTO_FOCUS = "DeskTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("n", "begin", "new", "strategy, data, workspace: a form", "replay.new", show=True),
        bound(
            "space", "play", "play", "bar after bar at the speed that is set; again: pause", "replay.play", show=True
        ),
        bound("full_stop", "step", "step", "one step; z sets how many bars", "replay.step", show=True),
        bound("z", "turn_step", "step size", "a step is 1, 10 or 100 bars", "replay.step_size"),
        bound("plus,equals_sign", "faster", "faster", "more bars a second", "replay.faster"),
        bound("minus", "slower", "slower", "fewer bars a second", "replay.slower"),
        bound("e", "hurry", "to the end", "the remaining bars, as fast as possible", "replay.end", show=True),
        bound("escape", "pause", "pause", "pause; what was traded stays", "replay.pause"),
        bound("0", "restart", "start", "not possible: the journal is append-only", "replay.restart"),
        bound("v", "turn_symbol", "symbol", "the chart of the spec's next symbol", "replay.symbol"),
        bound("left_square_bracket", "zoom(-1)", "closer", "fewer bars on the chart", "replay.closer"),
        bound("right_square_bracket", "zoom(1)", "wider", "more bars on the chart", "replay.wider"),
        bound("t", "trace", "trace", "the line's whole way, from signal to fill", "replay.trace"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.every: Every = self.set_interval
        """What beats while it plays; a test gives it another."""
        self._session: Session | None = None
        self._view: View | None = None
        self._pace, self._zoom = Pace(), 2
        self._beating: Beating | None = None
        self._is_hurrying = False

    def compose_body(self) -> ComposeResult:
        """The replay's status over its charts and its log."""
        yield Static("", id="standing", markup=False)
        yield PriceChart(id="prices")
        yield Chart(id="others")
        yield TablePane(COLUMNS, lambda line: str(line.number), noun="line", empty=EMPTY, opens=_is_traced, id="replay")

    def on_mount(self) -> None:
        """Show how to begin, since nothing is replayed yet."""
        self._show_log()
        self._draw()

    @property
    def table(self) -> DeskTable[LogLine]:
        """The table of log lines."""
        return self._pane.table

    @property
    def is_playing(self) -> bool:
        """Whether the replay is playing."""
        return self._beating is not None or self._is_hurrying

    @property
    def at_work(self) -> str | None:
        """The workspace of a replay that is playing; None when none is."""
        return self._session.replay.workspace.name if self.is_playing and self._session is not None else None

    @property
    def _pane(self) -> TablePane[LogLine]:
        return self.query_one("#replay", TablePane)

    def on_resize(self) -> None:
        """Redraw: another size has room for other things."""
        self._stand()

    def show_again(self) -> None:
        """Redraw the charts too: the theme may have changed."""
        super().show_again()
        self._stand()
        self._draw()

    def action_begin(self) -> None:
        """Open the form of a replay; a replay that plays is paused."""
        from tui.dashboard.screens.replay.new_replay import NewReplayDialog

        self.action_pause()
        self.app.push_screen(NewReplayDialog(), lambda begun: self._begin(begun) if begun else None)

    def action_play(self) -> None:
        """Play at the chosen speed, or pause a replay that plays."""
        if self.is_playing:
            self.action_pause()
        elif self._may_go_on():
            self._beating = self.every(self._pace.seconds, self._beat)
            self._stand()

    def action_pause(self) -> None:
        """Pause the replay, also on its way to the end."""
        if self._beating is not None:
            self._beating.stop()
        self._beating, self._is_hurrying = None, False
        self._stand()

    def action_step(self) -> None:
        """Take one step; a replay that plays is paused."""
        self.action_pause()
        if self._may_go_on() and not self._loader.is_loading(STEP):
            self._take(self._pace.step)

    def action_turn_step(self) -> None:
        """Change the length of a step."""
        self._pace.turn_step()
        self._stand()

    def action_faster(self) -> None:
        """Play more bars a second."""
        self._change_speed(1)

    def action_slower(self) -> None:
        """Play fewer bars a second."""
        self._change_speed(-1)

    def action_hurry(self) -> None:
        """Play the remaining bars at full speed."""
        self.action_pause()
        if self._may_go_on():
            self._is_hurrying = True
            self._stand()
            self._take(HURRY)

    def action_restart(self) -> None:
        """Say why a replay cannot be restarted."""
        self.app.say(NO_WAY_BACK)

    def action_turn_symbol(self) -> None:
        """Show the next symbol's chart."""
        if self._session is not None:
            self._session.turn_symbol()
            self._look()

    def action_zoom(self, by: int) -> None:
        """More or fewer bars on the chart."""
        self._zoom = min(len(ZOOMS) - 1, max(0, self._zoom + by))
        self._look()

    @on(DeskTable.Chosen, f"#{TABLE}")
    def action_trace(self) -> None:
        """Show the trace from signal to fill; a signal without an intent has none."""
        from tui.dashboard.screens.trace import TraceDialog

        line = self.table.current
        if line is not None and line.correlation_id is not None:
            self.app.push_screen(TraceDialog(line.correlation_id))

    def _may_go_on(self) -> bool:
        """Whether there is something to replay; says what is missing."""
        if self._session is None:
            self.app.say("no replay is under way: n begins one")
        elif self._session.replay.is_over:
            self.app.say(ended(self._session))
        else:
            return True
        return False

    def _begin(self, begun: ReadyReplay) -> None:
        self._session = Session(begun.replay)
        for warning in begun.warnings:
            self.app.warn(warning)
        self.app.show_workspace(begun.replay.workspace.id)
        self.app.refresh_now()
        self._pane.say(QUIET)
        self._show_log()
        self._look()
        if begun.replay.is_over:
            self.app.say(ended(self._session))

    def _change_speed(self, by: int) -> None:
        self._pace.change(by)
        if self._beating is not None:
            self._beating.stop()
            self._beating = self.every(self._pace.seconds, self._beat)
        self._stand()

    def _beat(self) -> None:
        """Play the bars of a beat; skip it while the one before is under way."""
        if self._beating is not None and not self._loader.is_loading(STEP):
            self._take(self._pace.bars)

    def _take(self, count: int) -> None:
        """The next bars, then how the chart looks. Never cancelled: what it traded is to be seen."""
        session, most = self._session, ZOOMS[self._zoom]
        if session is None:
            return
        symbol = session.symbol
        self.load(
            lambda _, watch: (session.replay.step(count, watch), view_of(session.replay, symbol, most)),
            lambda step: self._took(session, *step),
            group=STEP,
            failed=self._failed,
            in_turn=True,
            acts=True,
        )

    def _took(self, session: Session, steps: list[Step], view: View) -> None:
        if session is not self._session:
            return  # another replay was begun meanwhile
        if session.take(steps):
            self._show_log()
        self.app.refresh_now()  # the marks at least are others
        if session.replay.is_over:
            self.action_pause()
            self.app.say(ended(session))
        elif self._is_hurrying:
            self._take(HURRY)
        self._stand()
        self._show_view(view)

    def _failed(self, error: PapertapeError) -> None:
        self.action_pause()
        self.app.tell(error)

    def _look(self) -> None:
        """Draw the chart of another symbol, or of more or fewer bars."""
        session, most = self._session, ZOOMS[self._zoom]
        if session is None:
            return
        symbol = session.symbol
        self._stand()
        self.load(lambda _, __: view_of(session.replay, symbol, most), self._show_view, group=LOOK)

    def _show_view(self, view: View) -> None:
        if self._session is not None and view.symbol == self._session.symbol:
            self._view = view
            self._draw()

    def _show_log(self) -> None:
        """Show the newest lines; a cursor on the newest line stays on the newest."""
        log = self._session.log if self._session else None
        follows = self.table.cursor_row == 0
        self._pane.show(log.newest() if log else [], log.count if log else 0)
        if follows and self.table.row_count:
            self.table.move_cursor(row=0, animate=False)

    def _stand(self) -> None:
        if self._session is not None:
            going = "▶▶ to the end" if self._is_hurrying else "▶ playing" if self.is_playing else "Ⅱ paused"
            going = "■ at the end" if self._session.replay.is_over else going
            shown = standing(self._session, self._pace, going, Palette.of(self.app), self.size.width)
            self.query_one("#standing", Static).update(shown)

    def _draw(self) -> None:
        """The price chart, and the other levels below it when there are any."""
        prices, others = self.query_one("#prices", PriceChart), self.query_one("#others", Chart)
        prices.display, others.display = self._view is not None, False
        if self._view is None or self._session is None:
            return
        palette, marks = Palette.of(self.app), self._session.marks[self._view.symbol]
        candles, below = candles_of(self._view, marks, palette), other_drawing(self._view, palette)
        if candles is None:
            prices.say(Text(f"{safe_text(self._view.symbol)}  the chart begins with the first bar", palette.muted))
        else:
            prices.show(candles)
        others.display = below is not None
        if below is not None:
            others.show(below.title, below.series, below.axes)


def _is_traced(line: LogLine) -> bool:
    """Whether a line has a trace to open: a signal without an intent has none."""
    return line.correlation_id is not None
