"""The dashboard's figures as Markdown tables, each with its target beside it."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.children import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- begin: figures by `python -m benchmarks.dashboard` -->", "<!-- end: figures of the dashboard -->"
PAINT, OPEN, STALL = 0.6, 0.3, 0.1
"""Targets, in seconds: the first frame, a screen's opening, the event loop's longest stall."""


def machine(load: Sequence[float]) -> dict[str, Any]:
    """What the figures were taken on; `load` is the load average before they were."""
    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": ", ".join(f"{each:.1f}" for each in load),
    }


def markdown(found: dict[str, Any]) -> str:
    """All tables."""
    return "\n\n".join([_heading(found), *_paints(found), *_openings(found), *_stalls(found)])


def write_docs(found: dict[str, Any], page: Path = PAGE) -> None:
    """The tables between the page's markers."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no markers for the dashboard's figures")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(found)}\n\n{END}{after}", encoding="utf-8")


def reasons(found: dict[str, Any]) -> str:
    """What the event loop was seen doing while a beat was overdue, most often first."""
    lines = []
    for sitting in found["sittings"]:
        for what, stacks in sitting["why"].items():
            lines += [f"\n{what}", *(f"    {stack}" for stack in stacks)]
    return "\n".join(lines)


def missed(found: dict[str, Any]) -> list[str]:
    """What took longer than it may even when it was quickest."""
    lines = markdown(found).splitlines()
    return [line.split("|")[1].strip() for line in lines if line.startswith("|") and "**missed**" in line]


def _heading(found: dict[str, Any]) -> str:
    on, holds, (columns, lines) = found["machine"], found["database"], found["terminal"]
    return (
        f"Taken on {on['date']}: {on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}; "
        f"load average at the start {on['load']}. A terminal of {columns}x{lines}; {holds['events']:,} events, "
        f"{holds['run_plans']} run plans, the largest of {holds['variants']:,} variants, "
        f"{holds['positions']} positions held in a workspace of {holds['fills']:,} fills."
    )


def _paints(found: dict[str, Any]) -> Iterator[str]:
    rows = [
        _row(what, target, [each["seconds"] for each in taken], [each["cpu_seconds"] for each in taken])
        for what, target, taken in (
            ("the first frame", PAINT, found["paint"]["frame"]),
            ("the account's figures in it", None, found["paint"]["account"]),
        )
    ]
    head = ["`papertape`, from process start", "target", "best", "median", "", "CPU"]
    yield "### Dashboard: first paint\n\n" + _table(head, rows)


def _openings(found: dict[str, Any]) -> Iterator[str]:
    rows = []
    for name in found["sittings"][0]["again"]:
        for visit, taken in (
            ("first visit", [each["first"][name] for each in found["sittings"] if name in each["first"]]),
            ("again", [one for each in found["sittings"] for one in each["again"][name]]),
        ):
            if taken:
                shown, cpu = [each["shown"] for each in taken], [each["shown_cpu"] for each in taken]
                complete = min(each["complete"] for each in taken)
                stall = min(each["stall"]["seconds"] for each in taken)
                row = _row(f"{_title(name)}, {visit}", OPEN, shown, cpu)
                rows.append([*row, _ms(complete), _ms(stall)])
    head = ["from a screen's key to its content", "target", "best", "median", "", "CPU", "all of it", "longest stall"]
    yield "### Dashboard: opening a screen\n\n" + _table(head, rows)


def _stalls(found: dict[str, Any]) -> Iterator[str]:
    stalls: dict[str, list[dict[str, float]]] = {}
    for each in found["sittings"]:
        for action in each["actions"]:
            stalls.setdefault(f"{_title(action['screen'])}: {action['what']}", []).append(action["stall"])
    head = ["the event loop's longest stall", "target", "best", "median", "worst", "of it our own", ""]
    yield "### Dashboard: stalls\n\n" + _table(head, [_stall(what, taken) for what, taken in stalls.items()])


def _stall(what: str, taken: Sequence[dict[str, float]]) -> list[str]:
    """No stall may be too long, so the verdict is on the worst: on the part of it that this process worked."""
    seconds = [one["seconds"] for one in taken]
    own = max(min(one["seconds"], one["process_cpu"]) for one in taken)
    verdict = "met" if own <= STALL else "**missed**"
    figures = (STALL, min(seconds), statistics.median(seconds), max(seconds), own)
    return [what, *map(_ms, figures), verdict]


def _row(what: str, target: float | None, seconds: Sequence[float], cpu: Sequence[float]) -> list[str]:
    """The verdict is on the best; the CPU time is that of the best too."""
    best, used = min(zip(seconds, cpu, strict=True))
    verdict = "" if target is None else "met" if best <= target else "**missed**"
    shown = "" if target is None else _ms(target)
    return [what, shown, _ms(best), _ms(statistics.median(seconds)), verdict, _ms(used)]


def _title(name: str) -> str:
    return name.replace("_", " ")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
