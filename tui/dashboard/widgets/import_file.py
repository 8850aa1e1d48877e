"""The import of a chosen file that papertape does not read as it is: what it would do, before it is done."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from tui.dashboard.widgets.dialog import Field, FormDialog, labelled
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from storage.market_files.importing import Import
    from storage.market_files.importing.offering import Offer

_FIELDS = (
    Field("zone", "time zone", why="of times without an offset, such as America/New_York; empty: UTC"),
    Field("format", "time format", why="such as %d/%m/%Y %H:%M; empty: told by the file"),
)


def import_dialog(path: Path, offer: Offer) -> FormDialog[str]:
    """A form that shows what the import of `path` would do; it closes with the new file as `--data` takes it."""

    def work(_: Desk, values: Mapping[str, str]) -> str:
        from tui.shared.files import write_whole

        write_whole(offer.out, _imported(path, offer.out, values).content, instead="choose it as it is")
        return shlex.quote(str(offer.out))

    def foresee(_: Desk, values: Mapping[str, str]) -> RenderableType:
        return _said(_imported(path, offer.out, values))

    title = f"{path.name} is {offer.called}, and is not read as it is"
    facts = [("import makes", offer.out.name)]
    return FormDialog(title, facts, _FIELDS, "Import", work, foresee=foresee, doing="importing…")


def _imported(path: Path, out: Path, values: Mapping[str, str]) -> Import:
    from storage.market_files.importing import ImportOptions, import_files

    options = ImportOptions(zone=values["zone"].strip(), time_format=values["format"].strip())
    return import_files([path], out, options)


def _said(imported: Import) -> RenderableType:
    """How many bars it comes to, and the report's lines."""
    lines = [("comes to", f"{figures.counted(imported.bar_count, 'bar')}, {imported.timeframe}")]
    lines += [line for report in imported.files for line in report.lines()]
    return labelled([(label, Text(safe_text(text))) for label, text in lines])
