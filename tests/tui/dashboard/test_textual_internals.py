"""Textual's private names: those that the dashboard uses are listed here, and stand in one file."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from textwrap import dedent
from typing import Any

import tui
from tui.dashboard import textual_internals

PRIVATE = {
    "_cell_render_cache",
    "_clear_caches",
    "_close_messages_no_wait",
    "_column_locations",
    "_css_update_count",
    "_data",
    "_driver",
    "_exit",
    "_exit_renderables",
    "_fatal_error",
    "_get_styles_to_render_cell",
    "_handle_exception",
    "_header_row_key",
    "_index_to_line",
    "_move_page",
    "_notifications",
    "_pseudo_class_state",
    "_refresh_notifications",
    "_render_cell",
    "_row_locations",
    "_show_hover_cursor",
    "_update_count",
    "_update_dimensions",
    "_wrap_and_format",
}
OWN = Path(textual_internals.__file__)
OURS_OF_OTHERS = {"_exit"}
"""`os._exit`."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_in(tree: ast.AST, of: str | None = None) -> set[str]:
    """Private functions that are defined, and private attributes that are used (of the variable `of` alone)."""
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and of in (None, getattr(node.value, "id", ""))
    }
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in used | defined if private(name)}


def own_names(kind: type[Any]) -> set[str]:
    """The private names that a class gives or asks of itself."""
    return names_in(ast.parse(dedent(inspect.getsource(kind))), of="self")


@cache
def given_by(base: type[Any]) -> frozenset[str]:
    """The private names that a class of Textual has."""
    return frozenset(filter(private, vars(base))) | own_names(base)


def textual_names(kind: type[Any]) -> set[str]:
    """The private names of the Textual classes that a class inherits from."""
    bases = [base for base in kind.__mro__ if base.__module__.startswith("textual")]
    return set().union(*(given_by(base) for base in bases))


def test_the_file_uses_just_the_private_names_that_are_listed() -> None:
    tree = ast.parse(OWN.read_text(encoding="utf-8"))
    own = {"_move_page_safely", "_wrap_into_a_column", "_column_order"}
    assert names_in(tree) - own == PRIVATE


def test_no_class_of_another_file_uses_a_private_name_of_textual() -> None:
    found = []
    for module in walk_packages(tui.__path__, "tui."):
        if module.name in {"tui.__main__", textual_internals.__name__}:  # the first would run
            continue
        for name, kind in vars(import_module(module.name)).items():
            if inspect.isclass(kind) and kind.__module__ == module.name:
                inherited = textual_names(kind)
                used = own_names(kind) & inherited if inherited else set()
                found += [f"{module.name}.{name}.{private_name}" for private_name in used]
    assert found == []


def test_no_other_file_reads_a_private_name_of_another_object() -> None:
    found = []
    for file in Path(tui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if file != OWN and isinstance(node, ast.Attribute) and private(node.attr):
                of_itself = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
                of_super = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super"
                if not (of_itself or of_super or node.attr in OURS_OF_OTHERS):
                    found.append(f"{file.name}:{node.lineno} {node.attr}")
    assert found == []
