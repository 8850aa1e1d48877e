"""What can be imported, offered where a person has chosen a file that papertape does not read as it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from engine.errors import DataError, PapertapeError
from storage.market_files.csv.lines import first_bytes
from storage.market_files.dialects.heads import find
from storage.market_files.importing.joining import join
from storage.market_files.importing.opening import open_texts
from storage.market_files.importing.options import ImportOptions
from storage.market_files.importing.reading import read_text
from storage.market_files.looks import import_command, import_target
from storage.market_files.parquet import MAGIC
from storage.market_files.reading import has_foreign_form
from storage.market_files.sources import read_bytes
from storage.market_files.table import FaultLog

_ASKS = {
    "--drop null-rows": "--drop null-rows",
    "'%d/%m/%Y' or '%m/%d/%Y'": "--time-format '%d/%m/%Y'",
    "--timezone ZONE (and --ambiguous": "--timezone ZONE --ambiguous infer",
}
"""By what a refusal says, what a person has to say."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a file is, and the file beside it, not there yet, that an import would write."""

    called: str
    out: Path


def offer(path: Path) -> Offer | None:
    """The import of a file that papertape does not read as it is; None if it does, or if no import would help.

    Raises NotFoundError if the file cannot be read.
    """
    raw = read_bytes(path)
    if not has_foreign_form(raw, str(path)):
        return None
    try:
        text = open_texts(str(path), raw)[0]
    except DataError:
        return None  # the refusal of the file itself says what it is
    found = find(text.content, text.name)
    return None if found is None else Offer(found.form.called, _free(import_target(path)))


def import_hint(raw: bytes, log: FaultLog) -> str:
    """The command that imports a CSV whose rows are refused, with what else must be said; empty if none would help.

    Its first lines are imported to see it, if the first fault is among them.
    """
    head = first_bytes(raw)
    lines = head[: head.rfind(b"\n") + 1] or head
    if raw.startswith(MAGIC) or not 0 < log.first_row <= lines.count(b"\n") + 1:
        return ""
    try:
        join(read_text(open_texts(log.file, lines)[0], ImportOptions()), ImportOptions())
    except DataError as error:
        said = "\n".join((*error.faults, error.hint))
        missing = next((flag for words, flag in _ASKS.items() if words in said), None)
        return "" if missing is None else f"`{import_command(log.file).strip('`')} {missing}`"
    except PapertapeError:
        return ""
    return import_command(log.file)


def _free(path: Path) -> Path:
    """The path, or the first one numbered after it that does not exist."""
    stem = path.name.removesuffix(".csv")
    numbered = (path.with_name(f"{stem}-{number}.csv") for number in count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())
