"""What the dashboard costs whoever looks at it: its first paint, every screen's opening, every table's longest stall.

    python -m benchmarks.dashboard                      a million events, 200 run plans, one of 5,000 variants
    python -m benchmarks.dashboard --db big.db     the database is kept there, and made only when it is not
    python -m benchmarks.dashboard --quick              little of everything: to see that it works

Every measurement is of a process of its own on a terminal of its own, as a person has it: the work in its threads, the
frames written, the database looked at two and a half times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import dashboard_report as report
from benchmarks.children import ChildError
from benchmarks.dashboard_terminal import Size, on_terminal, own_home, succeeded
from benchmarks.dashboard_world import QUICK, WHOLE, build, contents

TITLE, READ = b"Positions", b"as of "
"""What the first frame has, and what the first reading of the database adds to it."""


def first_paint(db: Path, room: Path, times: int, size: Size) -> dict[str, list[dict[str, float]]]:
    """`papertape` alone, so many times: from the process's start to its first frame, and to the account's figures."""
    environment = own_home(room) | {"PAPERTAPE_DB": str(db), "PAPERTAPE_WORKSPACE": "desk"}
    found: dict[str, list[dict[str, float]]] = {"frame": [], "account": []}
    for nth in range(times + 1):
        ran = on_terminal(["-m", "tui"], environment, size=size, look_for=(TITLE, READ), then=b"q")
        succeeded(ran, "papertape")
        if nth == 0:
            continue  # the machine is warm from here on
        for name, words in (("frame", TITLE), ("account", READ)):
            seen = ran.sights[words]
            found[name].append({"seconds": seen.seconds, "cpu_seconds": seen.cpu_seconds})
    return found


def sitting(db: Path, room: Path, rounds: int, size: Size, *, why: bool) -> dict[str, Any]:
    """What `benchmarks.dashboard_session` measured."""
    answer = room / "answer.json"
    answer.unlink(missing_ok=True)
    arguments = ["-m", "benchmarks.dashboard_session", str(db), str(answer), str(rounds), *(["--why"] if why else [])]
    succeeded(on_terminal(arguments, own_home(room), size=size), "the sitting")
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise ChildError(found["error"])
    return found


def take(db: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures: every list is of one figure, measured again and again."""
    load = os.getloadavg()
    size = asked.size
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        _say("first paint")
        paint = first_paint(db, room, 3 if asked.quick else 12, size)
        sittings = []
        for nth in range(times := 1 if asked.quick else asked.sittings):
            _say(f"sitting {nth + 1} of {times}")
            sittings.append(sitting(db, room, 1 if asked.quick else 2, size, why=asked.why))
    return {
        "machine": report.machine(load),
        "terminal": list(size),
        "database": contents(db),
        "paint": paint,
        "sittings": sittings,
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little data: a check, no figures to be shown")
    parser.add_argument("--db", type=Path, metavar="FILE", help="make the database there, unless it is there already")
    parser.add_argument("--size", type=_size, default=(120, 40), metavar="COLUMNSxLINES", help="of the terminal")
    parser.add_argument("--sittings", type=int, default=3, help="how often the whole is measured")
    parser.add_argument("--why", action="store_true", help="say what the event loop did in its longest stalls")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="taken", help="do not measure: take such a file")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/performance.md")
    asked = parser.parse_args()
    try:
        found = _found(asked)
    except ChildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(report.markdown(found))
    if asked.why:
        print(report.reasons(found))
    if asked.docs:
        report.write_docs(found)
    return 0


def _found(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.taken:
        taken: dict[str, Any] = json.loads(asked.taken.read_text(encoding="utf-8"))
        return taken
    with _database(asked) as db:
        return take(db, asked)


@contextmanager
def _database(asked: argparse.Namespace) -> Iterator[Path]:
    """The one that was named, or one for this run alone."""
    with tempfile.TemporaryDirectory() as name:
        db: Path = asked.db or Path(name) / "dashboard.db"
        if not db.exists():
            size = QUICK if asked.quick else WHOLE
            _say(f"making {size.events:,} events and {size.plans} run plans in {db}")
            began = time.perf_counter()
            build(db, size)
            _say(f"made in {time.perf_counter() - began:.0f} s")
        yield db


def _size(text: str) -> Size:
    columns, _, lines = text.partition("x")
    return int(columns), int(lines)


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
