"""Files that exist completely or not at all: each is written beside its path, then moved there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from secrets import token_hex

from engine.errors import ConflictError, NotFoundError, SystemFault

_DISK_FAILED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def write_new(path: Path, text: str) -> Path:
    """Write a new text file for a command that replaces none; return its path."""
    write_whole(path, text.encode(), instead="remove it")
    return path


def write_whole(path: Path, content: bytes, *, force: bool = False, instead: str = "say --force to replace it") -> None:
    """Write a file that is not there yet, or with `force` in place of the one that is.

    FILE_EXISTS when it is there and may not be replaced (`instead` is what one may do about it), FILE_NOT_FOUND when
    its place cannot be written to, FILE_NOT_WRITTEN when the disk is full or failed. Whoever reads the path meanwhile
    finds what was there before, or all of the new.
    """
    beside = path.parent / f".{path.name}.{token_hex(4)}.tmp"
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put(beside, path, force=force)
    except FileExistsError as error:
        raise ConflictError(
            "FILE_EXISTS", f"{path} exists", hint=f"name another file with --to, or {instead}"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        if getattr(error, "errno", None) in _DISK_FAILED:
            raise SystemFault(
                "FILE_NOT_WRITTEN",
                f"{path} could not be written: {reason}",
                hint="free some space or name another place with --to; nothing was written",
            ) from error
        raise NotFoundError(
            "FILE_NOT_FOUND", f"{path} cannot be written: {reason}", hint="name another place with --to"
        ) from error
    finally:
        _forget(beside)


def _put(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        beside.replace(path)
        return
    try:
        path.hardlink_to(beside)  # unlike a renaming, it refuses when somebody made the file meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(str(path)) from None
        beside.replace(path)


def _forget(beside: Path) -> None:
    try:
        beside.unlink(missing_ok=True)
    except (OSError, ValueError):  # what could not be made need not be removed
        return
