"""The question before the dashboard is left while something is at work in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.dashboard.widgets.dialog import Confirm
from tui.shared import figures

if TYPE_CHECKING:
    from tui.dashboard.widgets.dialog import Facts


class QuitQuestion(Confirm):
    """Yes leaves; so does what asked for it (ctrl+c, ctrl+q), a second time."""

    def __init__(self, sweeps: int, replays: Sequence[str]) -> None:
        super().__init__("Leave while this is under way?", what_ends(sweeps, replays), yes="Leave")


def what_ends(sweeps: int, replays: Sequence[str]) -> Facts:
    """What stops when the dashboard is left, and what stays of it."""
    facts = []
    if sweeps:
        facts = [
            (figures.counted(sweeps, "sweep"), "stopped and kept as far as done"),
            ("afterwards", "`papertape plan resume`, or r on its screen, goes on"),
        ]
    for name in replays:
        facts += [("replay", f"ends where it is; what it traded stays in {name}")]
    return facts
