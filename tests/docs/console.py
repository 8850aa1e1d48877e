"""Pages whose console blocks are run: what a page shows is what the commands print.

A line `$ command` in a ```console block is a step (it goes on after a backslash), the lines below it what it prints,
standard error included. A line `...` stands for any lines, `...` within one for any text; UUIDs and times of the wall
clock are alike. A fenced block whose first line is `# name.py` (or .toml) is that file, written when its turn comes.
All steps of a page run in one shell, in a directory of their own. A block below `<!-- not run: why -->` is passed over.

    python -m tests.docs.console     writes what was really printed where a page differs
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *("README.md", "docs/first-hour.md", "docs/statistics.md", "docs/ports.md"),
    "docs/concepts/market-data.md",
    "docs/bring-your-data.md",
)
ANY = "..."
_MARK = "@@step"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NOW = re.compile(r"20(2[4-9]|[3-9]\d)-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_RULE = re.compile("─+")
_FILE = re.compile(r"# ([\w.-]+\.(?:py|toml|json))")


@dataclass
class Step:
    """A command of a page, or a file to be written (`command` is then a here document); `line` counts from 1."""

    line: int
    command: str
    shown: list[str] = field(default_factory=list)
    is_file: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a step printed, and how it ended."""

    step: Step
    printed: list[str]
    code: int

    @property
    def as_shown(self) -> bool:
        return self.step.is_file or matches(self.step.shown, self.printed)


def steps_of(page: Path) -> list[Step]:
    """The steps of a page, in order."""
    steps: list[Step] = []
    for kind, first, body in _blocks(page.read_text(encoding="utf-8").splitlines()):
        named = _FILE.fullmatch(body[0]) if body else None
        if named:
            text = "\n".join(body)
            steps.append(Step(first, f"cat > {named[1]} <<'PAPERTAPE_FILE'\n{text}\nPAPERTAPE_FILE", is_file=True))
        elif kind == "console":
            steps += _console_steps(first, body)
    return steps


def _blocks(lines: list[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Each fenced block that is run: its kind, the number of its first line, its lines."""
    start, skipped = 0, False
    for number, line in enumerate(lines, 1):
        if not start and line.startswith("<!-- not run"):
            skipped = True
        elif not start and line.startswith("```"):
            start = number
        elif start and line == "```":
            if not skipped:
                yield lines[start - 1][3:], start + 1, lines[start : number - 1]
            start, skipped = 0, False


def _console_steps(first: int, body: list[str]) -> Iterator[Step]:
    step: Step | None = None
    goes_on = False
    for number, line in enumerate(body, first):
        if step is not None and goes_on:
            step.command += "\n" + line
        elif line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(number, line[2:])
        elif step is not None:
            step.shown.append(line)
            continue
        goes_on = line.endswith("\\")
    if step is not None:
        yield step


def run(page: Path, room: Path) -> list[Outcome]:
    """Run a page's steps in `room`, which has the samples and a home of its own."""
    steps = steps_of(page)
    work = room / "papertape"
    shutil.copytree(ROOT / "storage" / "samples", work / "storage" / "samples")
    script = "".join(f"{step.command}\n__code=$?; echo; echo {_MARK} $__code; (exit $__code)\n" for step in steps)
    (room / "script").write_text(script, encoding="utf-8")
    ran = subprocess.run(
        ["bash", str(room / "script")],
        cwd=work,
        env=environment(room),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return list(_outcomes(steps, ran.stdout))


def _outcomes(steps: list[Step], output: str) -> Iterator[Outcome]:
    parts = re.split(rf"\n{_MARK} (\d+)\n", output)
    assert len(parts) == 2 * len(steps) + 1, output
    for step, printed, code in zip(steps, parts[0::2], parts[1::2], strict=False):
        lines = printed.removesuffix("\n").split("\n")
        yield Outcome(step, [] if lines == [""] else lines, int(code))


def environment(room: Path) -> dict[str, str]:
    """A home of its own, UTF-8, no colour, and `papertape` and `python` of this checkout first in the path."""
    programs = room / "bin"
    for name, arguments in (("papertape", "-m tui"), ("python", ""), ("python3", "")):
        programs.mkdir(parents=True, exist_ok=True)
        shim = programs / name
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    home = room / "home"
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
    }


def matches(shown: list[str], printed: list[str]) -> bool:
    """Whether what a page shows is what was printed."""
    pattern = "".join(r"(?:.*\n)*" if line.strip() == ANY else _line_pattern(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{alike(line)}\n" for line in printed)) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in alike(line).split(ANY))


def alike(line: str) -> str:
    """The line without what differs from run to run, and without spaces at its end.

    A column of times is narrower when all of them are on whole minutes, and its rule with it.
    """
    return _RULE.sub("─", _NOW.sub("<now>", _UUID.sub("<uuid>", line))).rstrip()


def told(outcome: Outcome) -> str:
    """For whoever mends a page."""
    printed = "\n".join(outcome.printed)
    shown = "\n".join(outcome.step.shown)
    place = f"line {outcome.step.line}: $ {outcome.step.command}"
    return f"{place}\nprinted (exit {outcome.code}):\n{printed}\nthe page shows:\n{shown}"


def update(page: Path) -> int:
    """Put what was printed where the page shows something else; how many steps that were."""
    with tempfile.TemporaryDirectory() as room:
        wrong = [outcome for outcome in run(page, Path(room)) if not outcome.as_shown]
    lines = page.read_text(encoding="utf-8").splitlines()
    for outcome in reversed(wrong):
        at = outcome.step.line + outcome.step.command.count("\n")
        lines[at : at + len(outcome.step.shown)] = [line.rstrip() for line in outcome.printed]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(wrong)


if __name__ == "__main__":
    for name in sys.argv[1:] or PAGES:
        print(f"{name}: {update(ROOT / name)} outputs written")
