"""Keys: every binding has an id under which the config file can give it another key, and a word of why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen


def bound(keys: str, action: str, does: str, why: str, name: str, *, show: bool = False) -> Binding:
    """A binding of one or more keys (`j,down`). `name` is what `[keys]` in the config file calls it."""
    return Binding(keys, action, does, show=show, tooltip=why, id=name)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A line of the help: the keys of one action, what it does and why one would want it."""

    where: str
    keys: str
    does: str
    why: str


def key_lines(screen: Screen[Any]) -> list[KeyLine]:
    """The keys that work on a screen now, those of what has the focus first, those of everywhere last."""
    gathered: dict[tuple[str, str], tuple[list[str], Binding]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system and binding.id:
            shown, _ = gathered.setdefault((_where(active.node, screen), binding.id), ([], binding))
            shown.append(screen.app.get_key_display(binding))
    lines = [
        KeyLine(where, " ".join(dict.fromkeys(keys)), binding.description, binding.tooltip)
        for (where, _), (keys, binding) in gathered.items()
    ]
    order = {HERE: 0, FOCUSED: 1, EVERYWHERE: 2}
    return sorted(lines, key=lambda line: order[line.where])


HERE, FOCUSED, EVERYWHERE = "This screen", "Where the cursor is", "Everywhere"


def _where(node: DOMNode, screen: Screen[Any]) -> str:
    if node is screen.app:
        return EVERYWHERE
    return HERE if node is screen else FOCUSED


def unknown_names(keymap: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """A sentence for each name in `[keys]` that no binding has."""
    names = sorted(known)
    sentences = []
    for name in keymap:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else "the help (?) shows what there is"
            sentences.append(f"[keys] in the config file: there is no action {name!r}; {hint}")
    return sentences


def names_of(*classes: type[App[Any]] | type[DOMNode]) -> set[str]:
    """The names of all bindings of these classes and of what they inherit."""
    found = set()
    for each in classes:
        for parent in each.__mro__:
            for binding in parent.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    found.add(binding.id)
    return found
