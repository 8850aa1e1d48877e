"""How the source is laid out, in figures: `python -m benchmarks.house`, or `make house`.

Counts the modules of `engine`, `storage`, `tui` and `api`: their lines, folders, functions, comments and docstrings,
and the circles among their imports (those for the type checker alone left out). Exit 1 when there is a circle.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "storage", "tui", "api")
LONG_FUNCTION, SHORT_MODULE, FULL_FOLDER, FEW_WORDS = 50, 60, 15, 4

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """A source file with its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """All of them, empty ones too."""
        return self.text.count("\n")

    @property
    def comments(self) -> int:
        """Lines with a comment, except those that speak to a tool."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        said = (token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)
        return sum(1 for text in said if not text.startswith(("noqa", "type:")))

    def functions(self) -> Iterator[Function]:
        """Functions and methods, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def docstrings(self) -> Iterator[tuple[int, str]]:
        """Every docstring of the module, with the line of what it describes."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Module | ast.ClassDef | Function) and (text := ast.get_docstring(node)):
                yield getattr(node, "lineno", 1), text


def modules(root: Path = ROOT) -> list[Module]:
    """Every module of the packages but empty `__init__` files."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
            if path.name != "__init__.py" or len(tree.body) > 1:
                found.append(Module(path, text, tree))
    return found


def circles() -> list[list[str]]:
    """Modules that import one another, a circle each."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    imports = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    found = []
    while circle := _circle(imports):
        found.append(circle)
        imports[circle[1]].discard(circle[0])
    return found


def _circle(imports: Mapping[str, set[str]]) -> list[str]:
    """One circle, each module imported by the next."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]
        return nodes
    return []


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Names to the left, values beside them."""
    wide = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{wide}}  {value}" for name, value in rows)


def figures(found: Sequence[Module]) -> list[tuple[str, str]]:
    """What is measured, in words."""
    lines = sorted(module.lines for module in found)
    lengths = [each.end_lineno - each.lineno + 1 for module in found for each in module.functions() if each.end_lineno]
    folders = Counter(module.path.parent.relative_to(ROOT).as_posix() for module in found)
    full = [f"{name} {count}" for name, count in folders.most_common() if count > FULL_FOLDER]
    short = [text for module in found for _, text in module.docstrings() if len(text.split()) <= FEW_WORDS]
    over = sum(length > LONG_FUNCTION for length in lengths)
    annotated = sum(each.returns is not None for module in found for each in module.functions())
    comments = sum(module.comments for module in found)
    return [
        ("modules", f"{len(found)}"),
        ("lines", f"{sum(lines):,}: {sum(lines) / len(found):.0f} a module, median {median(lines):.0f}"),
        (f"modules under {SHORT_MODULE} lines", f"{sum(each < SHORT_MODULE for each in lines)}"),
        ("folders", f"{len(folders)}; over {FULL_FOLDER} modules: {', '.join(full) or 'none'}"),
        ("functions", f"{len(lengths):,}, median {median(lengths):.0f} lines, {over} over {LONG_FUNCTION}"),
        ("annotated", f"{annotated / len(lengths):.1%} of the functions"),
        ("comments", f"{comments / sum(lines) * 100:.1f} per 100 lines"),
        (f"docstrings of {FEW_WORDS} words or fewer", f"{len(short)}"),
    ]


def main() -> int:
    """Print the figures, and the circles of imports where there are any."""
    found = circles()
    print(table([*figures(modules()), ("circles of imports", f"{len(found)}")]))
    for circle in found:
        print("  " + " <- ".join(circle))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
