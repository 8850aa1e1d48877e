"""Keys: every binding has an id under which the config file can give it another key, and a word of why."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen


def bound(keys: str, action: str, does: str, why: str, name: str, *, show: bool = False) -> Binding:
    """A binding of one or more keys (`j,down`). `name` is what `[keys]` in the config file calls it."""
    return Binding(keys, action, does, show=show, tooltip=why, id=name)


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """A line of the help: the keys of one action, its name in the config file, and why one would want it."""

    where: str
    keys: str
    does: str
    why: str
    name: str


def key_lines(screen: Screen[Any]) -> list[KeyHelp]:
    """The keys that work on a screen now, those of what has the focus first, those of everywhere last."""
    gathered: dict[tuple[str, str], tuple[list[str], Binding]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system and binding.id:
            shown, _ = gathered.setdefault((_where(active.node, screen), binding.id), ([], binding))
            shown.append(screen.app.get_key_display(binding))
    lines = [
        KeyHelp(where, " ".join(dict.fromkeys(keys)), binding.description, binding.tooltip, name)
        for (where, name), (keys, binding) in gathered.items()
    ]
    order = {HERE: 0, FOCUSED: 1, EVERYWHERE: 2}
    return sorted(lines, key=lambda line: order[line.where])


HERE, FOCUSED, EVERYWHERE = "This screen", "Where the cursor is", "Everywhere"


def _where(node: DOMNode, screen: Screen[Any]) -> str:
    if node is screen.app:
        return EVERYWHERE
    return HERE if node is screen else FOCUSED


WHERE_NAMES_ARE = "? shows the names of a screen, docs/reference/settings.md all of them"


def unknown_names(keymap: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """A sentence for each name in `[keys]` that no binding has."""
    names = sorted(known)
    sentences = []
    for name in keymap:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            sentences.append(f"[keys] in the config file: there is no action {name!r}; {hint}{WHERE_NAMES_ARE}")
    return sentences


def bindings_of(widget_class: type[Any]) -> Iterator[Binding]:
    """The named bindings of a class and of what it inherits, its own first."""
    for parent in widget_class.__mro__:
        for binding in parent.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                yield binding


def every_binding() -> dict[str, Binding]:
    """Every named binding of the dashboard by its name, in the order of names. Imports all of its modules."""
    from importlib import import_module
    from pkgutil import walk_packages

    import tui.dashboard as package

    bindings: dict[str, Binding] = {}
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(import_module(module.name)).values():
            if inspect.isclass(value):
                bindings |= {binding.id: binding for binding in bindings_of(value) if binding.id}
    return dict(sorted(bindings.items()))
