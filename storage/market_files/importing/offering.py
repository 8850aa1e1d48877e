"""What can be imported, offered where a person has chosen a file that papertape does not read as it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from engine.errors import DataError
from storage.market_files.dialects.heads import find
from storage.market_files.importing.opening import open_texts
from storage.market_files.looks import import_target
from storage.market_files.reading import has_foreign_form
from storage.market_files.sources import read_bytes


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


def _free(path: Path) -> Path:
    """The path, or the first one numbered after it that does not exist."""
    stem = path.name.removesuffix(".csv")
    numbered = (path.with_name(f"{stem}-{number}.csv") for number in count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())
