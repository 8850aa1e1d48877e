"""A report as a file: its name's ending says in which format; the file is written completely or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.errors import ConflictError, UsageError
from tui.shared.files import write_whole

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.market.bars import Dataset
    from tui.report.content import Report

Encode = Callable[["Report"], bytes]


def write_plan_report(
    desk: Desk, run_plan_id: str | UUID, path: str | Path, dataset: Dataset | None = None, *, force: bool = False
) -> Path:
    """Write a run plan's report to a .html file (the extra `report`) or a .md file; return its path.

    Equity is computed again on `dataset`, which must be that of the plan; without one, the files that the plan was
    started on are read again. Where either cannot be done, the report has no curves and says so. `force` replaces a
    file that exists. RUN_PLAN_NOT_FOUND, USAGE for another ending, EXTRA_MISSING, FILE_EXISTS, FILE_NOT_FOUND.
    """
    from tui.report.plan import plan_report

    path = Path(path)
    encode = encoder_for(path)
    report, _ = plan_report(
        desk, desk.plans.get(run_plan_id), loader_of_files if dataset is None else lambda _: dataset
    )
    write_whole(path, encode(report), force=force, instead=_INSTEAD)
    return path


def write_account_report(
    desk: Desk, path: str | Path, workspace: str | UUID | None = None, *, force: bool = False
) -> Path:
    """Write the report of an account, or of a backtest's, as `write_plan_report` does. WORKSPACE_NOT_FOUND."""
    from tui.report.account import account_report

    path = Path(path)
    encode = encoder_for(path)
    write_whole(path, encode(account_report(desk, workspace)), force=force, instead=_INSTEAD)
    return path


_INSTEAD = "give force=True to replace it"


def loader_of_files(told: Mapping[str, Any]) -> Dataset:
    """The bars that a run plan was started on, read again. RUN_NOT_RESUMABLE where they came from no file."""
    from storage.datasets import load_again

    if "sources" not in told:
        raise ConflictError(
            "RUN_NOT_RESUMABLE", "the run plan's bars came from a program, not from a file", hint="give the dataset"
        )
    return load_again(told)


def encoder_for(path: Path) -> Encode:
    """What makes the bytes of a file of this name; UsageError for an ending other than .html or .md.

    The encoder of .html raises EXTRA_MISSING where the extra `report` is not installed.
    """
    encode = _ENCODERS.get(path.suffix.lower())
    if encode is None:
        ends = path.suffix or "nothing that says how"
        raise UsageError("USAGE", f"the report {path} ends in {ends}", hint="name a .html or a .md file")
    return encode


def _as_html(report: Report) -> bytes:
    from tui.report.html import as_html

    return as_html(report)


def _as_markdown(report: Report) -> bytes:
    from tui.report.markdown import as_markdown

    return as_markdown(report)


_ENCODERS: Mapping[str, Encode] = {".html": _as_html, ".md": _as_markdown}
