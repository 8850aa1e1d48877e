"""A run plan's variants as a file; an existing file is replaced only after a question."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from textual.widgets import Input

from engine.errors import PapertapeError
from tui.dashboard.widgets.dialog import Confirm, Field, FormDialog
from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk import Desk
    from tui.dashboard.screens.run_plan.view import PlanView

WRITING = "writing… the dialog stays until the file is there"


class ExportDialog(FormDialog[str]):
    """Asks for the file; closes with a sentence that says what was written."""

    def __init__(self, view: PlanView) -> None:
        detail = view.detail
        facts = [("run plan", str(detail.run_plan_id)), ("variants", figures.whole(detail.variants))]
        facts.append(("as", ".csv or .parquet: a row a variant; .json: the whole result"))
        to = Field("to", "file", str(Path.cwd() / f"run-plan-{view.short_id}.csv"), "ends in .csv, .json or .parquet")
        super().__init__("Export", facts, [to], "Write", partial(export, detail.run_plan_id, False), doing=WRITING)
        self._run_plan_id = detail.run_plan_id

    def _refused(self, error: PapertapeError) -> None:
        """Ask before an existing file is replaced; every other error stays in the form."""
        super()._refused(error)
        if error.code == "FILE_EXISTS":
            facts = [("file", error.message)]
            self.app.push_screen(Confirm("Replace the file?", facts, yes="Replace"), self._replace)

    def _replace(self, said_yes: bool | None) -> None:
        if said_yes:
            values = {"to": self.query_one("#field-to", Input).value}
            self.carry_out(partial(export, self._run_plan_id, True), values)


def export(run_plan_id: UUID, force: bool, desk: Desk, values: Mapping[str, str]) -> str:
    """Write the file; what was written."""
    from tui.shared.files import encoder_for, write_whole
    from tui.shared.output import plain

    path = Path(values["to"].strip()).expanduser()
    encode = encoder_for(path)
    result = desk.plans.result(run_plan_id)
    write_whole(path, encode(plain(result)), force=force)
    return f"{path} written, {figures.counted(len(result.results), 'variant')}"
