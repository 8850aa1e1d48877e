"""Plain functions over columns, and what numba makes of them when there is work enough to pay for it.

Loading numba takes a few tenths of a second, and compiling a kernel for the first time a second or two; a small sweep
is done before that. What numba compiles is kept beside the source, or in the user's cache where that cannot be written
to, or not at all. Both forms do the same operations in the same order (no fast-math, no fused multiply-add): which
of them ran shows in no result.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any, Final

_LOADING = threading.RLock()


class Kernel:
    """A function that can be compiled; `uses` are the functions it calls, which are compiled with it.

    `known_as` is the name by which others call it, where their plain form calls another that gives the same. With
    `inline` its text is put into its callers': where a call would cost more than what is done in it.

    The function takes scalars, tuples and anything that can be indexed, and must stay within what numba compiles in
    its nopython mode.
    """

    _worthwhile = False
    _numba: Any = None

    def __init__(
        self, function: Callable[..., Any], uses: tuple[Kernel, ...] = (), *, inline: bool = False, known_as: str = ""
    ) -> None:
        self.plain: Final = function
        self._uses, self._inline = uses, inline
        self._known_as = known_as or function.__name__
        self._compiled: Callable[..., Any] | None = None

    @property
    def compiled(self) -> Callable[..., Any] | None:
        """The compiled form, once `expect_much_work` was called and if numba is there; else None."""
        if not Kernel._worthwhile:
            return None
        with _LOADING:
            if self._compiled is None:
                self._compiled = self._compile()
            return self._compiled

    @cached_property
    def _digest(self) -> str:
        """Of all that is compiled: the function, the numbers it takes from its module, the functions that it uses."""
        source = _function(self.plain)
        numbers = {
            name: value
            for name in source.__code__.co_names
            if isinstance(value := source.__globals__.get(name), (int, float, str, tuple))
        }
        parts = (_written(source.__code__), repr(numbers), *(used._digest for used in self._uses))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _compile(self) -> Callable[..., Any]:
        source = _function(self.plain)
        namespace = dict(source.__globals__)
        for used in self._uses:
            namespace[used._known_as] = used.compiled
        twin = FunctionType(source.__code__, namespace, source.__name__, source.__defaults__)
        # what numba keeps is known by this name and the function's own file alone: it would go on with what it compiled
        # of a function in another file that has changed since
        twin.__qualname__, twin.__module__ = f"{source.__qualname__}_{self._digest}", source.__module__
        try:
            made = Kernel._numba.njit(nogil=True, cache=True, inline="always" if self._inline else "never")(twin)
        except RuntimeError:  # there is no place to keep it
            made = Kernel._numba.njit(nogil=True, inline="always" if self._inline else "never")(twin)
        return made  # type: ignore[no-any-return]


def _function(plain: Callable[..., Any]) -> FunctionType:
    assert isinstance(plain, FunctionType)  # noqa: S101 - for the type checker
    return plain


def _written(code: CodeType) -> str:
    """A function's code as text: the same wherever its file lies."""
    inner = [_written(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return repr((code.co_code, code.co_names, code.co_varnames, inner))


def expect_much_work() -> bool:
    """Load numba, if it can be; from then on kernels give their compiled form. Whether they do."""
    with _LOADING:
        if not Kernel._worthwhile:
            try:
                import numba  # noqa: PLC0415 - its import takes longer than a small sweep
            except ImportError:
                return False
            Kernel._numba, Kernel._worthwhile = numba, True
        return True


def is_loaded() -> bool:
    """Whether kernels give their compiled form."""
    return Kernel._worthwhile
