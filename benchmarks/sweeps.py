"""Sweeps: papertape beside vectorbt and backtesting.py, against what is owed, and how each grows.

    python -m benchmarks.sweeps                     everything; minutes, and 8 GB for vectorbt's largest
    python -m benchmarks.sweeps --quick             small data: does everything run and agree?
    python -m benchmarks.sweeps --no-rivals         papertape alone
    python -m benchmarks.sweeps --curves --json FILE --docs
    python -m benchmarks.sweeps --from FILE --docs  what docs/performance.md shows, from figures taken before

The rivals come with the extra `bench`. Every measurement is a process of its own. Exit 1 when tools disagree on a trade
count or on an ending equity, 0 else: a figure that falls short is printed as such and is no failure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import plans, report
from benchmarks.agreement import compare
from benchmarks.children import ChildError, ask, directory_of_caches
from benchmarks.commands import measured
from benchmarks.plans import Beside, Owed, Plan
from benchmarks.work import Work

RIVALS = ("vectorbt", "backtesting")
_CURVE_SAMPLE = 3


def beside(each: Beside, rivals: tuple[str, ...]) -> dict[str, Any]:
    """One sweep through all tools, and whether they agree."""
    question = {"work": each.work.document(), "least": 3, "sample": each.sample}
    answers = {tool: ask(f"benchmarks.rivals.with_{tool}", question) for tool in ("papertape", *rivals)}
    ours = answers["papertape"]["results"]
    return {
        "work": each.work.name,
        "variants": len(each.work.variants),
        "tools": {tool: _figures(answer) for tool, answer in answers.items()},
        "agreement": {
            tool: {**asdict(found), "holds": found.holds}
            for tool, found in ((tool, compare(ours, answers[tool]["results"])) for tool in rivals)
        },
    }


def owed(each: Owed) -> dict[str, Any]:
    """One call against what is owed."""
    question = {"work": each.work.document(), **each.question}
    answer = ask("benchmarks.calls", question)
    best, median = min(answer["seconds"]), statistics.median(answer["seconds"])
    variants = answer.get("variants")
    amount = answer.get("events") or answer["variants"] * each.work.bars * each.work.symbols
    return {
        "what": each.what,
        "work": each.work.name,
        "variants": variants,
        "best_s": best,
        "median_s": median,
        "first_s": answer["first_s"],
        "import_s": answer["import_s"],
        "peak_mb": answer["peak_mb"],
        "most_s": each.most_s,
        "rate": amount / best if each.unit else None,
        "least_rate": each.least_rate,
        "unit": each.unit,
    }


def cold(each: Owed) -> dict[str, Any]:
    """The first call of a process: with nothing compiled before, and with the compiled code kept from that."""
    question = {"work": each.work.document(), **each.question, "least": 1}
    with directory_of_caches() as place:
        first, second = (ask("benchmarks.calls", question, {"NUMBA_CACHE_DIR": place}) for _ in range(2))
    keys = ("import_s", "first_s")
    return {
        "what": each.what,
        "work": each.work.name,
        "variants": first["variants"],
        "never_compiled": {key: first[key] for key in keys},
        "kept": {key: second[key] for key in keys},
    }


def curve(works: list[Work], rivals: tuple[str, ...]) -> list[dict[str, Any]]:
    """Each tool's best seconds at each point; backtesting.py's are scaled from a few variants."""
    points = []
    for work in works:
        question = {"work": work.document(), "least": 2, "sample": _CURVE_SAMPLE}
        tools = {tool: ask(f"benchmarks.rivals.with_{tool}", question) for tool in ("papertape", *rivals)}
        seconds = {tool: min(answer["seconds"]) for tool, answer in tools.items()}
        points.append({"bars": work.bars, "variants": len(work.variants), "seconds": seconds})
    return points


def machine() -> dict[str, Any]:
    """What the figures were taken on, and when."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def take(plan: Plan, rivals: tuple[str, ...], *, curves: bool) -> dict[str, Any]:
    """All figures; each part is told of on stderr when it begins."""
    found: dict[str, Any] = {"machine": machine(), "beside": [], "owed": [], "commands": []}
    for each in plan.beside:
        _say(f"{each.work.name}, all tools")
        found["beside"].append(beside(each, rivals))
    for call in plan.owed:
        _say(f"{call.what}: {call.work.name}")
        found["owed"].append(owed(call))
    _say("the first call of a process")
    found["cold"] = [cold(call) for call in plan.owed if _is_first_call(call)]
    for work, most_s in plan.commands:
        _say(f"plan run: {work.name}")
        found["commands"].append({**measured(work), "most_s": most_s})
    if curves:
        _say("growth curves")
        found["curves_sampled"] = {"backtesting": _CURVE_SAMPLE} if "backtesting" in rivals else {}
        found["curves"] = {
            "bars": curve(plan.curve_bars, rivals),
            "variants": curve(plan.curve_variants, rivals),
        }
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little data: a check, no figures to be shown")
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True, help="beside the others")
    parser.add_argument("--curves", action="store_true", help="growth over bars and over variants too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="taken", help="do not measure: take such a file")
    parser.add_argument("--docs", action="store_true", help="put tables and chart into docs/performance.md")
    asked = parser.parse_args()
    absent = [name for name in RIVALS if asked.rivals and not asked.taken and find_spec(name) is None]
    if absent:
        parser.error(f"{' and '.join(absent)} not installed: pip install 'papertape[bench]', or --no-rivals")
    try:
        found = _found(asked)
    except ChildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(report.markdown(found))
    if asked.docs:
        report.write_docs(found)
    return _verdict(found)


def _found(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.taken:
        taken: dict[str, Any] = json.loads(asked.taken.read_text(encoding="utf-8"))
        return taken
    plan = plans.quick() if asked.quick else plans.whole()
    return take(plan, RIVALS if asked.rivals else (), curves=asked.curves)


def _verdict(found: dict[str, Any]) -> int:
    """0 when all tools agree."""
    bad = [
        f"{tool} on {each['work']}: {one['counts_differ']} of {one['compared']} trade counts differ, "
        f"equity by up to {one['worst_equity']:g}, {one['trades']} trades compared"
        for each in found["beside"]
        for tool, one in each["agreement"].items()
        if not one["holds"]
    ]
    for line in bad:
        print(f"error: {line}", file=sys.stderr)
    return int(bool(bad))


def _is_first_call(each: Owed) -> bool:
    return bool(each.question["case"] == "call" and each.question["workers"] == 1)


def _figures(answer: dict[str, Any]) -> dict[str, Any]:
    """A tool's, without its results."""
    return {
        "best_s": min(answer["seconds"]),
        "median_s": statistics.median(answer["seconds"]),
        "cold_s": answer["import_s"] + answer["first_s"],
        "peak_mb": answer["peak_mb"],
        "compared": len(answer["results"]),
        "versions": answer["versions"],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
