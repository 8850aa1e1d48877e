"""Files of a run plan: all its variants, and its report. One that exists is replaced after a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from textual.widgets import Input

from engine.errors import PapertapeError
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.dialog import Confirm, Facts, Field, FormDialog
from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk import Desk
    from tui.dashboard.screens.run_plan.view import PlanView

WRITING = "writing… the dialog stays until the file is there"


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence that says what was written, and one for each thing that is left out of it."""

    sentence: str
    left_out: Sequence[str] = ()


Write = Callable[["Desk", Path, bool], Written]
"""Writes the file; only when the last argument is true does it replace one that exists. Blocks."""


class FileDialog(FormDialog[Written]):
    """Asks for the file, filled in with a proposal; closes with what was written."""

    def __init__(self, title: str, facts: Facts, proposed: str, endings: str, write: Write) -> None:
        to = Field("to", "file", str(Path.cwd() / proposed), f"ends in {endings}")
        super().__init__(title, facts, [to], "Write", partial(_write, write, False), doing=WRITING)
        self._write = write

    def _refused(self, error: PapertapeError) -> None:
        """Ask before an existing file is replaced; every other error stays in the form."""
        super()._refused(error)
        if error.code == "FILE_EXISTS":
            self.app.push_screen(Confirm("Replace the file?", [("file", error.message)], yes="Replace"), self._replace)

    def _replace(self, said_yes: bool | None) -> None:
        if said_yes:
            self.carry_out(partial(_write, self._write, True), {"to": self.query_one("#field-to", Input).value})


def _write(write: Write, force: bool, desk: Desk, values: Mapping[str, str]) -> Written:
    return write(desk, Path(values["to"].strip()).expanduser(), force)


def export_dialog(view: PlanView) -> FileDialog:
    """A dialog that writes all variants to a file."""
    detail = view.detail
    facts = [("run plan", str(detail.run_plan_id)), ("variants", figures.whole(detail.variants))]
    facts.append(("as", ".csv or .parquet: a row a variant; .json: the whole result"))
    name = f"run-plan-{view.short_id}.csv"
    return FileDialog("Export", facts, name, ".csv, .json or .parquet", partial(_export, detail.run_plan_id))


def _export(run_plan_id: UUID, desk: Desk, path: Path, force: bool) -> Written:
    from tui.shared.files import encoder_for, write_whole
    from tui.shared.output import plain

    encode = encoder_for(path)
    result = desk.plans.result(run_plan_id)
    write_whole(path, encode(plain(result)), force=force)
    return Written(f"{path} written, {figures.counted(len(result.results), 'variant')}")


def report_dialog(view: PlanView) -> FileDialog:
    """A dialog that writes the run plan's report."""
    facts = [
        ("run plan", str(view.detail.run_plan_id)),
        ("holds", "the verdict, charts, figures, trades, and the commands that reproduce it"),
        ("as", ".html: charts to hover over, in one file to send; .md: their figures as tables"),
    ]
    name = f"run-plan-{view.short_id}.html"
    return FileDialog("Write the report", facts, name, ".html or .md", partial(_report, view.detail.run_plan_id))


def _report(run_plan_id: UUID, desk: Desk, path: Path, force: bool) -> Written:
    from tui.report.files import encoder_for
    from tui.report.plan import plan_report
    from tui.shared.files import write_whole

    encode = encoder_for(path)
    made, missing = plan_report(desk, desk.plans.get(run_plan_id), load_told)
    content = encode(made)
    write_whole(path, content, force=force)
    return Written(f"{path} written, {figures.whole(len(content))} bytes", missing)
