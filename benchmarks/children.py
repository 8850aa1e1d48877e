"""Every measurement in a process of its own, so that none inherits what another has loaded, compiled or kept."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PER_MB = 2**20 if sys.platform == "darwin" else 2**10


class ChildError(Exception):
    """A process that measures ended without a result; the message is what it said, `code` how it ended."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Ended:
    """A command from its start to its exit: wall seconds, CPU seconds and the most memory it held."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    code: int
    printed: str


def ask(
    module: str, question: Mapping[str, Any], environment: Mapping[str, str] | None = None, python: str = sys.executable
) -> dict[str, Any]:
    """What `python -m module` answers to a question, both JSON."""
    done = subprocess.run(
        [python, "-m", module],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode:
        raise ChildError(f"{module} ended with {done.returncode}: {done.stderr.strip()[-2000:]}", done.returncode)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def answer(measure: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """What such a module does: read the question, print the answer with the process's peak memory as its last line."""
    found = measure(json.load(sys.stdin))
    print(json.dumps({**found, "peak_mb": peak_mb()}))


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command; its output is taken away by a pipe, as by any reader."""
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    cpu = usage.ru_utime + usage.ru_stime
    return Ended(seconds, cpu, usage.ru_maxrss / _PER_MB, child.returncode, printed)


def directory_of_caches() -> tempfile.TemporaryDirectory[str]:
    """An empty place for compiled code, removed at the end."""
    return tempfile.TemporaryDirectory(prefix="papertape-compiled-")


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MB


def repeated(
    call: Callable[[], Any],
    *,
    least: int = 3,
    most: int = 25,
    budget: float = 4.0,
    before: Callable[[], object] = lambda: None,
) -> list[float]:
    """Seconds of each of several calls: as many as the budget (seconds) lets, within bounds; `before` is not timed."""
    taken: list[float] = []
    while len(taken) < least or (len(taken) < most and sum(taken) < budget):
        before()
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return taken
