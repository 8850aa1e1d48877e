"""Datasets of run plans: loading a run's data again, and keeping uploads under their sha256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import ConflictError
from engine.market.bars import Dataset
from engine.payloads import damaged
from engine.ports import Watch
from engine.shapes import TEXT, WORDS, Each, Shape, Such, fault_in
from storage.market_files import Source, load_dataset
from storage.samples import sample_of, sample_path
from storage.sqlite.connection.faults import fault_of_system
from storage.system import make_private

DIRECTORY = "datasets"
_TOLD: Shape = {
    "sources": Each(Each(WORDS, length=2)),
    "symbols": Such((list, type(None)), lambda found: fault_in(found or [], Each(TEXT))),
    "session_tz": TEXT,
    **dict.fromkeys(("from", "to", "unnamed"), WORDS),
}
_SAMPLE = "sample:"  # no absolute path begins so


def loading(
    sources: Sequence[Source],
    *,
    symbols: Sequence[str] | None = None,
    session_tz: str = "UTC",
    start: str | None = None,
    end: str | None = None,
    cut: str | None = None,
    unnamed: str | None = None,
) -> dict[str, Any]:
    """The arguments of `load_dataset` as JSON: what RUN_STARTED keeps as `data`.

    Paths are made absolute; a bundled sample is kept by its name, since an installation may move. `from` is the cut, as
    it was when `--from` meant one: a run plan of that time keeps it. The window's start is `start`.
    """
    return {
        "sources": [[symbol, _name_of(path.expanduser().absolute())] for symbol, path in sources],
        "symbols": None if symbols is None else list(symbols),
        "session_tz": session_tz,
        "from": cut,
        "start": start,
        "to": end,
        "unnamed": unnamed,
    }


def load_again(data: Mapping[str, Any], watch: Watch | None = None) -> Dataset:
    """The dataset that `loading` described. Raises what `load_dataset` raises, and DATABASE_ERROR.

    RUN_NOT_RESUMABLE where a program that ran the plan did not say where its data are.
    """
    if "sources" not in data:
        raise ConflictError(
            "RUN_NOT_RESUMABLE",
            "this run plan was started by a program that did not record where its data are",
            hint="resume it from that program, or run the plan again",
        )
    if why := fault_in(dict(data), _TOLD):
        raise damaged("what the run plan says of its data", f"it{why}")
    return load_dataset(
        [(symbol, _path_of(name)) for symbol, name in data["sources"]],
        symbols=data["symbols"],
        session_tz=data["session_tz"],
        start=data.get("start"),
        end=data["to"],
        cut=data["from"],
        unnamed=data["unnamed"],
        watch=watch,
        stored=True,
    )


def _name_of(path: Path) -> str:
    sample = sample_of(path)
    return str(path) if sample is None else f"{_SAMPLE}{sample}"


def _path_of(name: str) -> Path:
    return sample_path(name.removeprefix(_SAMPLE)) if name.startswith(_SAMPLE) else Path(name)


def keep_dataset(content: bytes, database: Path, suffix: str = ".csv") -> Path:
    """Keep an uploaded file beside the database, named by its sha256; the same bytes are kept once.

    The file is written whole before it gets its name, so a file of that name is complete. Only its owner may read it.
    Raises DATABASE_ERROR if nothing can be written beside the database.
    """
    kept = database.parent / DIRECTORY / f"{hashlib.sha256(content).hexdigest()}{suffix}"
    try:
        make_private(kept.parent)
        if not kept.exists():
            _write_whole(content, kept)
    except OSError as error:
        raise fault_of_system(error, kept) from error
    return kept


def _write_whole(content: bytes, kept: Path) -> None:
    handle, partial = tempfile.mkstemp(dir=kept.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(kept)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
