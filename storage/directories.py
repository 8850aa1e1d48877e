"""Directories that papertape makes: for its user alone, whatever the umask, the missing ones above them too.

`Path.mkdir(parents=True)` gives the mode to the last one only; the others would take what the umask leaves.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

PRIVATE = 0o700


def make_private(directory: Path) -> None:
    """See that it is there. One that is there already stays as its owner made it. OSError when it cannot be made."""
    missing = [directory, *directory.parents]
    while missing and missing[-1].is_dir():
        missing.pop()
    for each in reversed(missing):
        _make(each)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=PRIVATE)
    except FileExistsError:  # another process was first, or it is something else
        if not stat.S_ISDIR(directory.stat().st_mode):  # which raises of a link that leads in a circle
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory)) from None
        return
    if directory.stat().st_mode & 0o777 != PRIVATE:  # the umask took from it
        directory.chmod(PRIVATE)
