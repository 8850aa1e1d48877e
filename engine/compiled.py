"""Plain functions over columns, and what numba makes of them when there is work enough to pay for it.

Loading numba takes a few tenths of a second, and compiling a kernel for the first time a second or two; a small sweep
is done before that. What numba compiles is kept beside the source, or in the user's cache where that cannot be written
to, or not at all. Both forms do the same operations in the same order (no fast-math, no fused multiply-add): which
of them ran shows in no result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import FunctionType
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

    def _compile(self) -> Callable[..., Any]:
        source = self.plain
        assert isinstance(source, FunctionType)  # noqa: S101 - for the type checker
        namespace = dict(source.__globals__)
        for used in self._uses:
            namespace[used._known_as] = used.compiled
        twin = FunctionType(source.__code__, namespace, source.__name__, source.__defaults__)
        twin.__qualname__, twin.__module__ = source.__qualname__, source.__module__
        try:
            made = Kernel._numba.njit(nogil=True, cache=True, inline="always" if self._inline else "never")(twin)
        except RuntimeError:  # there is no place to keep it
            made = Kernel._numba.njit(nogil=True, inline="always" if self._inline else "never")(twin)
        return made  # type: ignore[no-any-return]


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
