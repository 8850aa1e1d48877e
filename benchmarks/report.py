"""Figures as the Markdown tables and the chart of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.chart import chart
from benchmarks.children import ROOT

PAGE, CHART = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- begin: figures by `python -m benchmarks.sweeps` -->", "<!-- end: figures -->"
NAMES = {"papertape": "papertape", "vectorbt": "vectorbt", "backtesting": "backtesting.py"}


def markdown(found: dict[str, Any]) -> str:
    """All tables."""
    parts = [_heading(found), *_beside(found), *_owed(found), *_cold(found), *_commands(found), *_curves(found)]
    return "\n\n".join(parts)


def write_docs(found: dict[str, Any]) -> None:
    """The tables between the page's markers, and the chart beside it when there are curves."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(found)}\n\n{END}{after}", encoding="utf-8")
    if "curves" in found:
        CHART.write_text(chart(found["curves"], NAMES), encoding="utf-8")


def _heading(found: dict[str, Any]) -> str:
    on = found["machine"]
    versions = {
        name: text
        for each in found["beside"]
        for tool in each["tools"].values()
        for name, text in tool["versions"].items()
    }
    listed = ", ".join(f"{name} {text}" for name, text in sorted(versions.items()))
    return (
        f"Taken on {on['date']}: {on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}; "
        f"load average at the start {on['load']}. {listed}."
    )


def _beside(found: dict[str, Any]) -> Iterator[str]:
    """Ratios first."""
    rivals = list(found["beside"][0]["agreement"]) if found["beside"] else []
    if not rivals:
        return
    head = ["sweep", *(f"{NAMES[tool]} takes" for tool in rivals), *(NAMES[tool] for tool in ("papertape", *rivals))]
    rows = []
    for each in found["beside"]:
        tools = each["tools"]
        ours = tools["papertape"]["best_s"]
        ratios = [f"**{_ratio(tools[tool]['best_s'] / ours)}**" for tool in rivals]
        cells = [_with_mark(tools[tool], each["variants"]) for tool in ("papertape", *rivals)]
        rows.append([f"{each['work']}, {each['variants']} variants", *ratios, *cells])
    yield "### Beside other tools\n\n" + _table(head, rows)
    rows = [
        [
            f"{each['work']}",
            NAMES[tool],
            _seconds(one["best_s"]),
            _seconds(one["median_s"]),
            _seconds(one["cold_s"]),
            f"{one['peak_mb']:,.0f} MB",
        ]
        for each in found["beside"]
        for tool, one in each["tools"].items()
    ]
    yield _table(["sweep", "tool", "best", "median", "import and first call", "peak memory"], rows)
    rows = [
        [
            each["work"],
            NAMES[tool],
            f"{one['compared']}",
            f"{one['trades']:,}",
            f"{one['counts_differ']}",
            f"{one['worst_equity']:.1e}",
        ]
        for each in found["beside"]
        for tool, one in each["agreement"].items()
    ]
    yield "Do they agree with papertape, variant for variant?\n\n" + _table(
        [
            "sweep",
            "tool",
            "variants compared",
            "trades in them",
            "trade counts that differ",
            "ending equity differs by at most",
        ],
        rows,
    )


def _owed(found: dict[str, Any]) -> Iterator[str]:
    rows = []
    for each in found["owed"]:
        variants = "" if each["variants"] is None else f", {each['variants']:,} variants"
        what, peak = f"{each['what']}: {each['work']}{variants}", f"{each['peak_mb']:,.0f} MB"
        if each["unit"]:
            least, rate, unit = each["least_rate"], each["rate"], each["unit"]
            target = "" if least is None else f"{_rate(least)} {unit}"
            taken, met = f"{_rate(rate)} {unit}", least is None or rate >= least
        else:
            target, taken = _owed_seconds(each["most_s"]), _seconds(each["best_s"])
            met = each["most_s"] is None or each["best_s"] <= each["most_s"]
        rows.append([what, target, taken, _seconds(each["median_s"]), _verdict(target, met), peak])
    yield "### Against what is owed\n\n" + _table(["what", "target", "best", "median", "", "peak memory"], rows)


def _cold(found: dict[str, Any]) -> Iterator[str]:
    rows = [
        [
            f"{each['what']}: {each['work']}, {each['variants']:,} variants",
            _seconds(each["never_compiled"]["first_s"]),
            _seconds(each["kept"]["first_s"]),
            _seconds(each["kept"]["import_s"]),
        ]
        for each in found["cold"]
    ]
    if rows:
        head = ["first call of a process", "nothing compiled before", "compiled code kept", "imports, in addition"]
        yield "### Cold\n\n" + _table(head, rows)


def _commands(found: dict[str, Any]) -> Iterator[str]:
    if not found["commands"]:
        return
    rows, parts = [], []
    stages = list(dict.fromkeys(stage for each in found["commands"] for stage in each["stages"]))
    for each in found["commands"]:
        what, best = f"{each['name']}, {each['variants']:,} variants", min(each["seconds"])
        target = _owed_seconds(each["most_s"])
        verdict = _verdict(target, each["most_s"] is None or best <= each["most_s"])
        rows.append(
            [
                what,
                target,
                _seconds(best),
                verdict,
                f"{each['csv_mb']:,.1f} MB",
                f"{each['peak_mb']:,.0f} MB",
            ]
        )
        parts.append([what, *(_seconds(each["stages"].get(stage, 0.0)) for stage in stages)])
    yield "### As a command\n\n" + _table(
        ["`papertape plan run --journal summary`, process start to exit", "target", "best", "", "CSV", "peak memory"],
        rows,
    )
    yield "Where the time goes (medians):\n\n" + _table(["", *stages], parts)


def _curves(found: dict[str, Any]) -> Iterator[str]:
    if "curves" not in found:
        return
    for axis, points in found["curves"].items():
        tools = list(points[0]["seconds"])
        fixed = "variants" if axis == "bars" else "bars"
        rows = [[f"{each[axis]:,}", *(_seconds(each["seconds"][tool]) for tool in tools)] for each in points]
        title = f"### Growth over {axis}, {points[0][fixed]:,} {fixed}"
        yield title + "\n\n" + _table([axis, *(NAMES[tool] + _scaled(tool, found) for tool in tools)], rows)


def _owed_seconds(most: float | None) -> str:
    return "" if most is None else _seconds(most)


def _verdict(target: str, met: bool) -> str:
    return "" if not target else "met" if met else "**missed**"


def _scaled(tool: str, found: dict[str, Any]) -> str:
    sample = found["curves_sampled"].get(tool)
    return "" if sample is None else f" (extrapolated from {sample} variants)"


def _with_mark(tool: dict[str, Any], variants: int) -> str:
    scaled = tool["compared"] < variants
    return _seconds(tool["best_s"]) + (f" (extrapolated from {tool['compared']} variants)" if scaled else "")


def _ratio(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def _seconds(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:,.0f} s"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def _rate(rate: float) -> str:
    return f"{rate / 1e6:,.0f} million" if rate >= 1e7 else f"{float(f'{rate:.3g}'):,.0f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
